/* The resolver against a name server that misbehaves as told (test/lib/fake-dns). */
#include "check.h"
#include "net/resolver.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static char directory[] = "/tmp/faxpipe-resolver.XXXXXX";
static char server[64], server6[64];

static const char zone[] =
    "example.org MX 10 mx.example.org\n"
    "example.org MX 20 b.example.net\n"
    "example.org !secure\n"
    "mx.example.org A 127.0.0.2\n"
    "mx.example.org AAAA ::1\n"
    "alias.example CNAME mx.example.org\n"
    "broken.example !servfail\n"
    "lost.example !nxdomain\n"
    "mute.example !silent\n"
    "noise.example !garbage\n"
    "cut.example MX 10 mx.example.org\n"
    "cut.example !truncate\n"
    "id.example A 127.0.0.3\n"
    "id.example !wrong-id\n"
    "spoof.example A 127.0.0.4\n"
    "spoof.example !spoof\n"
    "xn--mller-kva.example A 127.0.0.5\n";

static void write_file(const char *name, const char *text)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *f = fopen(path, "w");
    if (f) {
        fputs(text, f);
        fclose(f);
    }
}

static size_t read_file(const char *name, char *out, size_t size)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(out, 1, size - 1, f) : 0;
    if (f)
        fclose(f);
    out[n] = '\0';
    return n;
}

static pid_t start(void)
{
    char port[16];
    if (!mkdtemp(directory))
        exit(1);
    write_file("zone", zone);
    pid_t child = fork();
    if (child == 0) {
        execl("test/lib/fake-dns", "fake-dns", directory, (char *)NULL);
        _exit(1);
    }
    for (int i = 0; i < 200 && !read_file("port", port, sizeof port); i++)
        usleep(50000);
    snprintf(server, sizeof server, "127.0.0.1:%s", port);
    snprintf(server6, sizeof server6, "[::1]:%s", port);
    return child;
}

static struct resolver *resolver(const char *at)
{
    struct resolver_options o = {.server = at};
    struct resolver *r;
    CHECK_INT(resolver_open(&o, &r, NULL), ERR_NONE);
    return r;
}

static bool asked(const char *line)
{
    char text[65536];
    read_file("questions", text, sizeof text);
    return strstr(text, line) != NULL;
}

static void hosts(void)
{
    struct resolver *r = resolver(server);
    struct dns_answer a;
    struct dns_record record;
    CHECK_INT(resolver_ask(r, "Example.org", DNS_MX, &a, NULL), ERR_NONE);
    CHECK(dns_answer_next(&a, &record));
    CHECK_STR(record.name, "mx.example.org");
    CHECK(dns_answer_next(&a, &record));
    CHECK_INT(record.preference, 20);
    CHECK(!dns_answer_next(&a, &record));
    CHECK(asked("udp MX example.org do\n"));
    resolver_close(r);
}

/* A server on loopback is believed, and only one that is. */
static void validated(void)
{
    struct resolver *r = resolver(server);
    struct dns_answer a;
    CHECK_INT(resolver_ask(r, "example.org", DNS_MX, &a, NULL), ERR_NONE);
    CHECK(a.secure);
    CHECK_INT(resolver_ask(r, "mx.example.org", DNS_A, &a, NULL), ERR_NONE);
    CHECK(!a.secure);
    resolver_close(r);
}

static void over_ipv6(void)
{
    char port[16];
    struct dns_answer a;
    struct dns_record record;
    if (access("/proc/net/if_inet6", R_OK) != 0 || !read_file("port", port, sizeof port))
        return;
    struct resolver *r = resolver(server6);
    CHECK_INT(resolver_ask(r, "mx.example.org", DNS_AAAA, &a, NULL), ERR_NONE);
    CHECK(dns_answer_next(&a, &record) && record.data.n == 16 && record.data.p[15] == 1);
    CHECK_INT(resolver_ask(r, "example.org", DNS_MX, &a, NULL), ERR_NONE);
    CHECK(a.secure);
    resolver_close(r);
}

static void nothing_there(void)
{
    struct resolver *r = resolver(server);
    struct dns_answer a;
    struct dns_record record;
    CHECK_INT(resolver_ask(r, "mx.example.org", DNS_MX, &a, NULL), ERR_NONE);
    CHECK_INT(a.rcode, DNS_OK);
    CHECK(!dns_answer_next(&a, &record));
    CHECK_INT(resolver_ask(r, "lost.example", DNS_MX, &a, NULL), ERR_NONE);
    CHECK_INT(a.rcode, DNS_NO_DOMAIN);
    CHECK_INT(resolver_ask(r, "unknown.example", DNS_A, &a, NULL), ERR_NONE);
    CHECK_INT(a.rcode, DNS_NO_DOMAIN);
    CHECK_INT(resolver_ask(r, "a.Invalid.", DNS_A, &a, NULL), ERR_NONE);
    CHECK_INT(a.rcode, DNS_NO_DOMAIN);
    CHECK(!asked("a.invalid"));
    resolver_close(r);
}

static void of_the_moment(void)
{
    struct resolver *r = resolver(server);
    struct dns_answer a;
    struct why why;
    CHECK_INT(resolver_ask(r, "broken.example", DNS_MX, &a, &why), ERR_AGAIN);
    CHECK_STR(why.text, "broken.example: no name server has an answer now");
    CHECK_INT(resolver_ask(r, "mute.example", DNS_MX, &a, NULL), ERR_AGAIN);
    CHECK_INT(resolver_ask(r, "noise.example", DNS_MX, &a, NULL), ERR_AGAIN);
    resolver_close(r);
    r = resolver("127.0.0.1:1"); /* nobody there */
    CHECK_INT(resolver_ask(r, "example.org", DNS_MX, &a, NULL), ERR_AGAIN);
    resolver_close(r);
}

static void by_tcp(void)
{
    struct resolver *r = resolver(server);
    struct dns_answer a;
    struct dns_record record;
    CHECK_INT(resolver_ask(r, "cut.example", DNS_MX, &a, NULL), ERR_NONE);
    CHECK(dns_answer_next(&a, &record));
    CHECK(asked("tcp MX cut.example"));
    resolver_close(r);
}

static void answers_of_others(void)
{
    struct resolver *r = resolver(server);
    struct dns_answer a;
    struct dns_record record;
    CHECK_INT(resolver_ask(r, "id.example", DNS_A, &a, NULL), ERR_NONE);
    CHECK(dns_answer_next(&a, &record) && record.data.p[3] == 3);
    CHECK_INT(resolver_ask(r, "spoof.example", DNS_A, &a, NULL), ERR_NONE);
    CHECK(dns_answer_next(&a, &record) && record.data.p[3] == 4);
    resolver_close(r);
}

static void by_another_name(void)
{
    struct resolver *r = resolver(server);
    struct dns_answer a;
    struct dns_record record;
    CHECK_INT(resolver_ask(r, "alias.example", DNS_A, &a, NULL), ERR_NONE);
    CHECK_STR(a.name, "mx.example.org");
    CHECK(dns_answer_next(&a, &record) && record.data.p[3] == 2);
    resolver_close(r);
}

static void names(void)
{
    char out[DNS_NAME], label[80];
    CHECK_INT(resolver_name("Example.ORG.", out, NULL), ERR_NONE);
    CHECK_STR(out, "example.org");
    CHECK_INT(resolver_name("m\xc3\xbcller.example", out, NULL), ERR_NONE);
    CHECK_STR(out, "xn--mller-kva.example");
    CHECK_INT(resolver_name("M\xc3\x9cller.example", out, NULL), ERR_NONE);
    CHECK_STR(out, "xn--mller-kva.example");
    CHECK_INT(resolver_name("_25._tcp.a.example", out, NULL), ERR_NONE);
    CHECK_INT(resolver_name("a..example", out, NULL), ERR_DATA);
    CHECK_INT(resolver_name(".example", out, NULL), ERR_DATA);
    CHECK_INT(resolver_name("a/../b", out, NULL), ERR_DATA);
    CHECK_INT(resolver_name("", out, NULL), ERR_DATA);
    CHECK_INT(resolver_name(".", out, NULL), ERR_DATA);
    CHECK_INT(resolver_name("a b.example", out, NULL), ERR_DATA);
    CHECK_INT(resolver_name("\xff.example", out, NULL), ERR_DATA);
    memset(label, 'a', sizeof label);
    memcpy(label, "\xc3\xbc", 2);
    label[79] = '\0';
    CHECK_INT(resolver_name(label, out, NULL), ERR_DATA);
}

static void servers_that_are_none(void)
{
    static const char *const bad[] = {"", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", "ns:53",
                                      "[::1]", "::1:x", "127.0.0.1:53x"};
    struct resolver *r;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct resolver_options o = {.server = bad[i]};
        CHECK_INT(resolver_open(&o, &r, NULL), ERR_CONFIG);
        CHECK(!r);
    }
}

int main(void)
{
    char command[200];
    setenv("RES_OPTIONS", "timeout:1 attempts:1", 1);
    pid_t child = start();
    RUN(hosts);
    RUN(validated);
    RUN(over_ipv6);
    RUN(nothing_there);
    RUN(of_the_moment);
    RUN(by_tcp);
    RUN(answers_of_others);
    RUN(by_another_name);
    RUN(names);
    RUN(servers_that_are_none);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    snprintf(command, sizeof command, "rm -r %s", directory);
    return check_done() || system(command);
}
