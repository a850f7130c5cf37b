#include "check.h"
#include "mailbox/pop3_reply.h"

/* Everything that comes, as text: +ok; -err; |line; bytes, $ for an end, ! for an error. */
struct session {
    struct pop3_parser p;
    const char *expect; /* what the replies answer: s, l, m */
    char log[4096];
    size_t n;
};

static void add(struct session *s, const char *before, struct span text, const char *after)
{
    s->n += (size_t)snprintf(s->log + s->n, sizeof s->log - s->n, "%s%.*s%s", before, (int)text.n,
                             text.n ? (const char *)text.p : "", after);
}

static void expect_next(struct session *s)
{
    if (*s->expect)
        pop3_expect(&s->p, *s->expect == 's'   ? POP3_SINGLE
                           : *s->expect == 'l' ? POP3_LIST
                                               : POP3_MAIL);
}

static void note(struct session *s, const struct pop3_event *ev)
{
    static const char *const before[] = {"", "+", "-", "|", "", "$"};
    bool mark = ev->kind == POP3_OK || ev->kind == POP3_ERR || ev->kind == POP3_LINE;
    add(s, before[ev->kind], ev->text, mark ? ";" : "");
    if (ev->kind == POP3_END || ev->kind == POP3_ERR || (ev->kind == POP3_OK && *s->expect == 's')) {
        s->expect++;
        expect_next(s);
    }
}

static bool feed(struct session *s, struct span bytes)
{
    struct pop3_event ev;
    pop3_push(&s->p, bytes);
    for (;;) {
        if (pop3_next(&s->p, &ev)) {
            add(s, "!", span_str(""), "");
            return false;
        }
        if (ev.kind == POP3_NEED_MORE)
            return true;
        note(s, &ev);
    }
}

/* Whole, cut in two at every byte, and byte by byte: always the same. */
static void check_replies(const char *expect, const char *bytes, size_t n, const char *want)
{
    for (size_t cut = 0; cut <= n + 1; cut++) {
        static struct session s;
        memset(&s, 0, sizeof s);
        s.expect = expect;
        pop3_init(&s.p);
        expect_next(&s);
        if (cut > n) {
            for (size_t i = 0; i < n && feed(&s, span_of(bytes + i, 1)); i++)
                ;
        } else if (feed(&s, span_of(bytes, cut))) {
            feed(&s, span_of(bytes + cut, n - cut));
        }
        if (strcmp(s.log, want) != 0) {
            printf("# cut at %zu\n", cut);
            CHECK_STR(s.log, want);
            return;
        }
    }
}

#define REPLIES(expect, bytes, want) check_replies(expect, bytes, sizeof(bytes) - 1, want)

static void reads_status_lines(void)
{
    REPLIES("ss", "+OK welcome\r\n-ERR no such thing\r\n", "+welcome;-no such thing;");
    REPLIES("s", "+OK\r\n", "+;");
    REPLIES("s", "+ok lower\n", "+lower;");
    REPLIES("s", "+OKAY\r\n", "!");
    REPLIES("s", "220 smtp\r\n", "!");
    REPLIES("s", "\r\n", "!");
}

static void reads_lists(void)
{
    REPLIES("ls", "+OK 2\r\n1 abc\r\n2 d\r\n.\r\n+OK\r\n", "+2;|1 abc;|2 d;$+;");
    REPLIES("l", "+OK\r\n.\r\n", "+;$");
    REPLIES("l", "+OK\r\n..x\r\n.\r\n", "+;|.x;$");
    REPLIES("ls", "-ERR no\r\n+OK\r\n", "-no;+;");
}

static void reads_mails(void)
{
    REPLIES("ms", "+OK\r\nA: b\r\n\r\nx\r\n.\r\n+OK\r\n", "+;A: b\n\nx\n$+;");
    REPLIES("m", "+OK\r\n.\r\n", "+;$");
    REPLIES("m", "+OK\r\n..\r\n...x\r\n.\r\n", "+;.\n..x\n$");
    REPLIES("m", "+OK\r\n\r\n\r\n.\r\n", "+;\n\n$");
}

static void only_crlf_dot_crlf_ends_a_mail(void)
{
    REPLIES("m", "+OK\r\na\n.\n.\r\nb\r\n.\r\n", "+;a\n.\n.\nb\n$");
    REPLIES("m", "+OK\r\na\r.\rb\r\r\n.\rc\r\n.\r\n", "+;a\r.\rb\r\n\rc\n$");
    REPLIES("m", "+OK\r\n.\ra\r\n.\r\n", "+;\ra\n$");
    REPLIES("m", "+OK\r\nx.\r\n.\r\n", "+;x.\n$");
}

static void bytes_that_nobody_asked_for_are_an_error(void)
{
    REPLIES("s", "+OK\r\n+OK\r\n", "+;!");
    REPLIES("l", "+OK\r\n.\r\n.\r\n", "+;$!");
}

static void a_line_without_end_is_an_error(void)
{
    static char line[3 * POP3_LINE_MAX];
    static struct session s;
    memset(line, 'x', sizeof line);
    s.expect = "l";
    pop3_init(&s.p);
    expect_next(&s);
    CHECK(feed(&s, span_str("+OK\r\n")));
    CHECK(!feed(&s, span_of(line, sizeof line)));
}

int main(void)
{
    RUN(reads_status_lines);
    RUN(reads_lists);
    RUN(reads_mails);
    RUN(only_crlf_dot_crlf_ends_a_mail);
    RUN(bytes_that_nobody_asked_for_are_an_error);
    RUN(a_line_without_end_is_an_error);
    return check_done();
}
