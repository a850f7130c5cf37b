#include "net/url.h"
#include "check.h"

static struct url url;

static void takes_apart(void)
{
    CHECK(url_parse("smtp://mail.example", &url, NULL) == ERR_NONE);
    CHECK_INT(url.scheme, URL_SMTP);
    CHECK_STR(url.host, "mail.example");
    CHECK_INT(url.port, 25);
    CHECK_STR(url.user, "");
    CHECK(url_parse("imaps://alice%40x.example@[::1]:1993/INBOX/%C3%A9", &url, NULL) == ERR_NONE);
    CHECK_STR(url.user, "alice@x.example");
    CHECK_STR(url.host, "[::1]");
    CHECK_INT(url.port, 1993);
    CHECK_STR(url.path, "INBOX/\xc3\xa9");
    CHECK(url_implicit_tls(&url));
    CHECK(url_parse("lmtp:///run/lmtp.sock", &url, NULL) == ERR_NONE);
    CHECK_STR(url.host, "");
    CHECK_STR(url.path, "/run/lmtp.sock");
}

static void every_scheme_has_its_port(void)
{
    static const char *const urls[] = {"smtp://h",  "smtps://h", "lmtp://h", "pop3://h",
                                       "pop3s://h", "imap://h",  "imaps://h"};
    static const unsigned ports[] = {25, 465, 24, 110, 995, 143, 993};
    for (int i = 0; i < URL_SCHEMES; i++) {
        CHECK(url_parse(urls[i], &url, NULL) == ERR_NONE);
        CHECK_INT(url.scheme, i);
        CHECK_INT(url.port, ports[i]);
    }
}

static void refuses(void)
{
    static const char *const bad[] = {"",
                                      "mail.example",
                                      "http://mail.example",
                                      "smtp://",
                                      "smtp:///x",
                                      "lmtp://",
                                      "lmtp:///",
                                      "smtp://alice:secret@mail.example",
                                      "smtp://al%0d%0aice@mail.example",
                                      "smtp://mail.example:0",
                                      "smtp://mail.example:65536",
                                      "smtp://mail example"};
    struct why why;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        why.text[0] = '\0';
        if (url_parse(bad[i], &url, &why) != ERR_USAGE || !why.text[0]) {
            CHECK(!"refused");
            printf("# %s\n", bad[i]);
        }
        CHECK(strstr(why.text, "secret") == NULL);
    }
}

int main(void)
{
    RUN(takes_apart);
    RUN(every_scheme_has_its_port);
    RUN(refuses);
    return check_done();
}
