#include "check.h"
#include "mailbox/imap_response.h"

struct log {
    char text[4096];
    size_t n;
};

static void add(struct log *l, const char *before, struct span s, const char *after)
{
    l->n += (size_t)snprintf(l->text + l->n, sizeof l->text - l->n, "%s%.*s%s", before, (int)s.n,
                             s.n ? (const char *)s.p : "", after);
}

/* Everything that comes, as text: response; <size:mail> and ! for an error. */
static bool feed(struct imap_parser *p, struct span bytes, struct log *l)
{
    struct imap_event ev;
    char size[32];
    imap_push(p, bytes);
    for (;;) {
        if (imap_next(p, &ev)) {
            add(l, "!", span_str(""), "");
            return false;
        }
        if (ev.kind == IMAP_NEED_MORE)
            return true;
        snprintf(size, sizeof size, "<%llu:", (unsigned long long)ev.size);
        if (ev.kind == IMAP_BODY_BEGIN)
            add(l, size, span_str(""), "");
        else
            add(l, "", ev.text, ev.kind == IMAP_RESPONSE ? ";" : ev.kind == IMAP_BODY_END ? ">" : "");
    }
}

static void check_responses(const char *bytes, size_t n, const char *want)
{
    for (size_t cut = 0; cut <= n + 1; cut++) {
        struct imap_parser p;
        static struct log l;
        memset(&l, 0, sizeof l);
        imap_init(&p);
        if (cut > n) {
            for (size_t i = 0; i < n && feed(&p, span_of(bytes + i, 1), &l); i++)
                ;
        } else if (feed(&p, span_of(bytes, cut), &l)) {
            feed(&p, span_of(bytes + cut, n - cut), &l);
        }
        imap_release(&p);
        if (strcmp(l.text, want) != 0) {
            printf("# cut at %zu\n", cut);
            CHECK_STR(l.text, want);
            return;
        }
    }
}

#define RESPONSES(bytes, want) check_responses(bytes, sizeof(bytes) - 1, want)

static void gathers_lines(void)
{
    RESPONSES("* OK hi\r\nA1 OK done\r\n", "* OK hi;A1 OK done;");
    RESPONSES("\r\n* x\n", ";* x;");
    RESPONSES("* x {5} y\r\n", "* x {5} y;");
    RESPONSES("* x {}\r\n", "* x {};");
}

static void keeps_literals_in_the_response(void)
{
    RESPONSES("* A {3}\r\na\r\nb {1}\r\n)\r\nA1 OK\r\n", "* A {3}\r\na\r\nb {1}\r\n);A1 OK;");
    RESPONSES("* A {0}\r\n)\r\n", "* A {0}\r\n);");
}

static void gives_mails_as_they_come(void)
{
    RESPONSES("* 1 FETCH (UID 7 BODY[] {6}\r\na\r\nb\r\n)\r\nA1 OK\r\n",
              "<6:a\nb\n>* 1 FETCH (UID 7 BODY[] \"\");A1 OK;");
    RESPONSES("* 1 FETCH (body[] {0}\r\n UID 7)\r\n", "<0:>* 1 FETCH (body[] \"\" UID 7);");
    RESPONSES("* 1 FETCH (RFC822 {3}\r\n)\r\n)\r\n", "<3:)\n>* 1 FETCH (RFC822 \"\");");
    RESPONSES("* 1 FETCH (BODY[] {5}\r\na\r\rb\n)\r\n", "<5:a\r\rb\n>* 1 FETCH (BODY[] \"\");");
    RESPONSES("* 1 FETCH (BODY[] {2}\r\na\r)\r\n", "<2:a\r>* 1 FETCH (BODY[] \"\");");
}

static void refuses_absurd_sizes(void)
{
    RESPONSES("* A {99999999999999999999999}\r\n", "!");
    RESPONSES("* A {400000}\r\n", "!");
}

static void a_response_without_end_is_an_error(void)
{
    struct imap_parser p;
    static struct log l;
    static char line[65536];
    bool good = true;
    unsigned fed = 0;
    imap_init(&p);
    memset(line, 'x', sizeof line);
    for (; fed < 100 && good; fed++)
        good = feed(&p, span_of(line, sizeof line), &l);
    CHECK(!good);
    CHECK(fed <= IMAP_RESPONSE_MAX / sizeof line + 1);
    CHECK(p.response.cap <= IMAP_RESPONSE_MAX);
    imap_release(&p);
}

static void reads_tokens(void)
{
    struct span s = span_str("* 12 FETCH (FLAGS (\\Seen) X \"a\\\"b\" {2}\r\n)( BODY[H (F)] NIL)");
    static const enum imap_token_kind want[] = {
        IMAP_ATOM, IMAP_ATOM,   IMAP_ATOM,   IMAP_OPEN, IMAP_ATOM, IMAP_OPEN,  IMAP_ATOM, IMAP_CLOSE,
        IMAP_ATOM, IMAP_STRING, IMAP_STRING, IMAP_ATOM, IMAP_ATOM, IMAP_CLOSE, IMAP_END,  IMAP_END};
    static const char *const text[] = {"*", "12", "FETCH", "(", "FLAGS", "(", "\\Seen", ")", "X",
                                       "a\\\"b", ")(", "BODY[H (F)]", "NIL", ")", "", ""};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        struct imap_token t = imap_token(&s);
        CHECK_INT(t.kind, want[i]);
        CHECK(span_eq(t.text, span_str(text[i])));
    }
}

static void refuses_bad_tokens(void)
{
    static const char *const bad[] = {"\"open", "\"esc\\", "{3}\r\nab", "{x}\r\n", "{3}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct span s = span_str(bad[i]);
        CHECK(imap_token(&s).kind == IMAP_BAD || i == 3);
    }
}

static void skips_values(void)
{
    struct span s = span_str("(a (b \")\") {1}\r\n)) c");
    CHECK(imap_skip(&s));
    CHECK(imap_skip(&s));
    CHECK(!imap_skip(&s));
    s = span_str("(a (b)");
    CHECK(!imap_skip(&s));
    s = span_str(")");
    CHECK(!imap_skip(&s));
}

int main(void)
{
    RUN(gathers_lines);
    RUN(keeps_literals_in_the_response);
    RUN(gives_mails_as_they_come);
    RUN(refuses_absurd_sizes);
    RUN(a_response_without_end_is_an_error);
    RUN(reads_tokens);
    RUN(refuses_bad_tokens);
    RUN(skips_values);
    return check_done();
}
