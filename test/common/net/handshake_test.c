#include "net/handshake.h"
#include "check.h"

static char shown[512];

static const char *mask(const char *line, bool from_server)
{
    handshake_mask(span_str(line), from_server, shown, sizeof shown);
    return shown;
}

static void secrets_are_masked(void)
{
    CHECK_STR(mask("EHLO me.example\r\n", false), "EHLO me.example");
    CHECK_STR(mask("AUTH PLAIN\r\n", false), "AUTH PLAIN");
    CHECK_STR(mask("AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n", false), "AUTH PLAIN ********");
    CHECK_STR(mask("AGFsaWNlAHNlY3JldA==\r\n", false), "********");
    CHECK_STR(mask("PASS secret\r\n", false), "********");
    CHECK_STR(mask("USER alice\r\n", false), "********");
    CHECK_STR(mask("APOP alice 0123456789abcdef\r\n", false), "********");
    CHECK_STR(mask("A001 CAPABILITY\r\n", false), "A001 CAPABILITY");
    CHECK_STR(mask("A002 LOGIN alice secret\r\n", false), "A002 LOGIN ********");
    CHECK_STR(mask("A002 AUTHENTICATE PLAIN AGFs\r\n", false), "A002 AUTHENTICATE PLAIN ********");
    CHECK_STR(mask("334 PDEyMzQ1QGhvc3Q+\r\n", true), "334 ********");
    CHECK_STR(mask("+ PDEyMzQ1QGhvc3Q+\r\n", true), "+ ********");
    CHECK_STR(mask("235 2.7.0 ok\r\n", true), "235 2.7.0 ok");
}

static void hear(struct handshake *h, const char *text)
{
    struct span rest = span_str(text);
    while (rest.n) {
        size_t n = span_find(rest, '\n');
        handshake_line(h, span_take(rest, n + 1));
        rest = span_skip(rest, n + 1);
    }
}

static void is(struct handshake *h, const char *want)
{
    CHECK_STR(buf_cstr(&h->capabilities) ? (const char *)h->capabilities.data : "", want);
}

static void what_was_said_before_starttls_is_void(void)
{
    struct handshake h;
    handshake_init(&h, URL_SMTP);
    hear(&h, "220 hello\r\n250-x\r\n250-SIZE 1\r\n250 STARTTLS\r\n");
    is(&h, "x\nSIZE 1\nSTARTTLS\n");
    CHECK(!h.started_tls);
    hear(&h, "220 go\r\n");
    is(&h, "");
    CHECK(h.started_tls);
    hear(&h, "250-x\r\n250 AUTH PLAIN\r\n334 \r\n235 2.7.0 in\r\n");
    is(&h, "x\nAUTH PLAIN\n");
    CHECK(handshake_logged_in(&h));
    CHECK_INT(handshake_code(&h), 235);
    handshake_release(&h);
}

static void capabilities_of_pop3_and_imap(void)
{
    struct handshake h;
    handshake_init(&h, URL_POP3);
    hear(&h, "+OK hi\r\n+OK\r\nTOP\r\nSTLS\r\n.\r\n");
    is(&h, "TOP\nSTLS\n");
    hear(&h, "+OK Begin TLS\r\n+OK\r\nTOP\r\nUIDL\r\n.\r\n+OK in\r\n");
    is(&h, "TOP\nUIDL\n");
    handshake_release(&h);
    handshake_init(&h, URL_IMAP);
    hear(&h, "* OK [CAPABILITY IMAP4rev1 STARTTLS] hi\r\n");
    is(&h, "IMAP4rev1\nSTARTTLS\n");
    hear(&h, "* CAPABILITY IMAP4rev1 IDLE\r\nA1 OK done\r\n");
    is(&h, "IMAP4rev1\nIDLE\n");
    handshake_release(&h);
}

static void endless_lists_stay_bounded(void)
{
    struct handshake h;
    handshake_init(&h, URL_SMTP);
    for (int i = 0; i < 100000; i++)
        hear(&h, "250-XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX\r\n");
    CHECK(h.capabilities.len <= HANDSHAKE_MAX);
    handshake_release(&h);
}

int main(void)
{
    RUN(secrets_are_masked);
    RUN(what_was_said_before_starttls_is_void);
    RUN(capabilities_of_pop3_and_imap);
    RUN(endless_lists_stay_bounded);
    return check_done();
}
