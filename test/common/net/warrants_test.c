#include "check.h"
#include "net/warrants.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* A connection from one end of this machine to the other: its accepted end. */
static int connection(const char *from, int *client)
{
    union {
        struct sockaddr any;
        struct sockaddr_in in;
    } a = {.in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof a.in;
    int listening = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_INT(bind(listening, &a.any, n), 0);
    CHECK_INT(listen(listening, 1), 0);
    getsockname(listening, &a.any, &n);
    *client = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in source = {.sin_family = AF_INET};
    inet_pton(AF_INET, from, &source.sin_addr);
    CHECK_INT(bind(*client, (struct sockaddr *)&source, sizeof source), 0);
    CHECK_INT(connect(*client, &a.any, n), 0);
    int fd = accept(listening, NULL, NULL);
    close(listening);
    return fd;
}

/* A worker's word is worth nothing, a connection its peer's address. */
static void relaying(void)
{
    struct networks nets = {0};
    struct why why = {""};
    int client[2], ends[2];
    CHECK_INT(networks_add(&nets, "127.0.0.9/32", &why), ERR_NONE);
    struct warrants w = {.relay = &nets};
    int stranger = connection("127.0.0.1", &client[0]), friend = connection("127.0.0.9", &client[1]);
    CHECK(!warrants_may_relay(&w, -1));
    CHECK(!warrants_may_relay(&w, stranger));
    CHECK(warrants_may_relay(&w, friend));
    /* What is no connection, or one without an address. */
    CHECK_INT(pipe(ends), 0);
    CHECK(!warrants_may_relay(&w, ends[0]));
    close(ends[0]);
    close(ends[1]);
    CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    CHECK(!warrants_may_relay(&w, ends[0]));
    close(ends[0]);
    close(ends[1]);
    warrants_note_login(&w);
    CHECK(warrants_may_relay(&w, -1));
    close(stranger);
    close(friend);
    close(client[0]);
    close(client[1]);
}

static void give(struct warrants *w, const char *lines)
{
    warrants_give(w, span_str(lines), ">@=");
}

/* Nothing is queued for a path that the clerk has not named before. */
static void paths(void)
{
    struct warrants w = {.relay = NULL};
    CHECK(!warrants_have(&w, "<a@b.example>\n"));
    give(&w, "12\n>a@b.example\n@x@y.example");
    CHECK(warrants_have(&w, "<a@b.example>\n"));
    CHECK(warrants_have(&w, "<a@b.example>"));
    CHECK(warrants_have(&w, "Rfull\n<a@b.example>\nNsuccess\n<x@y.example>\n"));
    CHECK(!warrants_have(&w, "<a@b.example>\n<victim@else.example>\n"));
    CHECK(!warrants_have(&w, "<12>\n"));
    CHECK(!warrants_have(&w, "Rfull\n"));
    CHECK(!warrants_have(&w, ""));
    give(&w, "=FAX=+1555@us.example");
    CHECK(warrants_have(&w, "FAX=+1555@us.example"));
    CHECK(!warrants_have(&w, "FAX=+1556@us.example"));
    warrants_release(&w);
}

/* Whatever they are called: none takes another's place before so many others have come. */
static void many_paths(void)
{
    struct warrants w = {.relay = NULL};
    char text[64];
    unsigned had = 0;
    for (int i = 0; i < WARRANTS_MAX; i++) {
        snprintf(text, sizeof text, "@user%d@far.example", i);
        give(&w, text);
    }
    for (int i = 0; i < WARRANTS_MAX; i++) {
        snprintf(text, sizeof text, "<user%d@far.example>\n", i);
        had += warrants_have(&w, text);
    }
    CHECK_INT(had, WARRANTS_MAX);
    give(&w, "@one@more.example");
    CHECK(warrants_have(&w, "<one@more.example>"));
    CHECK(!warrants_have(&w, "<user0@far.example>"));
    CHECK(warrants_have(&w, "<user1@far.example>"));
    warrants_release(&w);
}

/* Paths of one FNV-1a hash, as anybody can find them: the difference of two octets is made up by
 * others behind them. */
static void paths_that_hash_alike(void)
{
    struct warrants w = {.relay = NULL};
    static const char one[] = "8yn0iYCKYHlIj4-BwPqk", other[] = "GReLUrM4wMqfg9yzV3KQ";
    give(&w, "@8yn0iYCKYHlIj4-BwPqk");
    CHECK(warrants_have(&w, one));
    CHECK(!warrants_have(&w, other));
    warrants_release(&w);
}

/* Each is good for one notice, to that sender, about that path, from that worker. */
static void notices(void)
{
    struct warrants w = {.relay = NULL};
    static const char both[] = "E1\n<a@us.example>\nNsuccess\nAdelivered\n<@x:b@us.example>\n";
    CHECK(!warrants_take_notice(&w, "s@x", "<a@us.example>\n"));
    warrants_give_notice(&w, "s@x", "a@us.example");
    CHECK(!warrants_take_notice(&w, "victim@x", "<a@us.example>\n"));
    CHECK(!warrants_take_notice(&w, "s@x", "<c@us.example>\n"));
    CHECK(!warrants_take_notice(&w, "s@x", "E1\n"));
    CHECK(!warrants_take_notice(&w, "s@x", "<\n"));
    CHECK(!warrants_have(&w, "<a@us.example>\n"));
    CHECK(warrants_take_notice(&w, "s@x", "<a@us.example>\n"));
    CHECK(!warrants_take_notice(&w, "s@x", "<a@us.example>\n"));
    /* Two sessions may have said the same. */
    for (int i = 0; i < 2; i++) {
        warrants_give_notice(&w, "", "a@us.example");
        warrants_give_notice(&w, "", "@x:b@us.example");
    }
    CHECK(warrants_take_notice(&w, "", both));
    CHECK(warrants_take_notice(&w, "", both));
    CHECK(!warrants_take_notice(&w, "", both));
    /* One path does not stand for two. */
    warrants_give_notice(&w, "s@x", "a@us.example");
    CHECK(!warrants_take_notice(&w, "s@x", "<a@us.example>\n<a@us.example>\n"));
    warrants_release(&w);
}

int main(void)
{
    RUN(relaying);
    RUN(paths);
    RUN(many_paths);
    RUN(paths_that_hash_alike);
    RUN(notices);
    return check_done();
}
