#include "check.h"
#include "smtp/content.h"

static struct content content;
static char mail[200000];

/* Feeds text in pieces of step bytes; what comes out is in mail. Returns how much was taken. */
static size_t feed(const char *text, size_t n, size_t step)
{
    struct buf out;
    size_t taken = 0, length = 0;
    content_init(&content);
    buf_init(&out, 4096);
    while (taken < n && content.state != CONTENT_ENDED) {
        enum err e;
        size_t piece = n - taken < step ? n - taken : step;
        size_t used = content_push(&content, span_of(text + taken, piece), &out, &e);
        CHECK_INT(e, ERR_NONE);
        taken += used;
        memcpy(mail + length, out.data ? out.data : (uint8_t *)"", out.len);
        length += out.len;
        buf_clear(&out);
    }
    mail[length] = '\0';
    buf_release(&out);
    return taken;
}

/* Whole, and split at every byte. taken 0: all of it is taken. */
static void check_both(const char *text, const char *want, size_t taken)
{
    taken = taken ? taken : strlen(text);
    CHECK_INT(feed(text, strlen(text), 1 << 20), taken);
    CHECK_STR(mail, want);
    CHECK_INT(feed(text, strlen(text), 1), taken);
    CHECK_STR(mail, want);
}

static void ends_at_the_mark(void)
{
    check_both("Subject: a\r\n\r\ntext\r\n.\r\nQUIT\r\n", "Subject: a\n\ntext\n", 23);
    CHECK_INT(content.state, CONTENT_ENDED);
    CHECK_INT(content.octets, 20);
    CHECK(!content.bare);
}

static void empty_mail(void)
{
    check_both(".\r\n", "", 3);
    CHECK_INT(content.octets, 0);
}

static void dots(void)
{
    check_both("a: b\r\n\r\n..\r\n..x\r\n.y\r\nz.\r\n...\r\n.\r\n", "a: b\n\n.\n.x\ny\nz.\n..\n", 0);
}

static void return_path_goes(void)
{
    check_both("Return-Path: <x>\r\nA: b\r\nRETURN-PATH : <y>\r\n\tmore\r\n and more\r\nC: d\r\n\r\n"
               "Return-Path: stays\r\n.\r\n",
               "A: b\nC: d\n\nReturn-Path: stays\n", 0);
}

static void received_is_counted(void)
{
    feed("Received: a\r\nX-Received: b\r\nreceived: c\r\n\r\nReceived: d\r\n.\r\n", 60, 3);
    CHECK_INT(content.received, 2);
}

static void folded_names(void)
{
    check_both("A\r\n: b\r\nReturn-Path\r\nLongerThanSixteenOctets: x\r\n\r\n.\r\n",
               "A\n: b\nReturn-Path\nLongerThanSixteenOctets: x\n\n", 0);
}

/* Every ending that some program takes for the end: none of them is, and the mail is bad. */
static void smuggling(void)
{
    static const char *const endings[] = {
        "\n.\n",     "\n.\r\n",   "\r\n.\n",     "\r.\r",      "\r.\r\n",    "\r\n.\r",
        "\n.\r",     "\r.\n",     "\r\n.\r\r\n", "\r\r\n.\r\n", "\n\n.\r\n",  "\r\n\n.\r\n",
        "\n\r.\r\n", "\r\n\r.\r\n",
    };
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        char text[200];
        int n = snprintf(text, sizeof text,
                         "Subject: a\r\n\r\ntext%sMAIL FROM:<evil@x>\r\nDATA\r\nmore\r\n.\r\n",
                         endings[i]);
        size_t inner = strlen("Subject: a\r\n\r\ntext") + strlen(endings[i]);
        for (size_t step = 1; step <= 64; step = step == 1 ? 64 : step + 1) {
            size_t taken = feed(text, (size_t)n, step);
            /* CR CR LF . CR LF: the second CR LF is a line's end, what follows is the true end. */
            bool true_end = strstr(endings[i], "\r\n.\r\n") != NULL;
            CHECK_INT(taken, true_end ? inner : (size_t)n);
            CHECK(content.bare);
            CHECK_INT(content.state, CONTENT_ENDED);
        }
    }
}

/* What drops NULs would find an end here. */
static void nul_makes_it_bad(void)
{
    static const char *const lines[] = {"\r\n#.\r\n", "\r\n.#\r\n", "\r\n.\r#\n", "#", "\r\n#\r\n.\r\n"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        char text[100];
        int n = snprintf(text, sizeof text, "a: b\r\n\r\ntext%sNOOP\r\n.\r\n", lines[i]);
        bool true_end = strstr(lines[i], "\r\n.\r\n") != NULL;
        for (char *c = text; (c = strchr(c, '#')) != NULL;)
            *c = '\0';
        for (size_t step = 1; step <= 64; step++) {
            CHECK_INT(feed(text, (size_t)n, step), true_end ? n - (int)strlen("NOOP\r\n.\r\n") : n);
            CHECK(content.bare);
        }
    }
}

static void nothing_out_once_bare(void)
{
    feed("a: b\r\n\r\none\ntwo\r\nthree\r\n.\r\n", 28, 1 << 20);
    CHECK(content.bare);
    CHECK(!strstr(mail, "three"));
}

static void long_lines_are_kept(void)
{
    static char text[100100];
    memset(text, 'x', 100000);
    strcpy(text + 100000, "\r\n.\r\n");
    feed(text, strlen(text), 7777);
    CHECK_INT(strlen(mail), 100001);
    CHECK_INT(content.octets, 100002);
}

static void muted_counts_on(void)
{
    struct buf out;
    enum err e;
    buf_init(&out, 4096);
    content_init(&content);
    content_mute(&content);
    CHECK_INT(content_push(&content, span_str("abc\r\n.\r\n"), &out, &e), 8);
    CHECK_INT(out.len, 0);
    CHECK_INT(content.octets, 5);
    buf_release(&out);
}

int main(void)
{
    RUN(ends_at_the_mark);
    RUN(empty_mail);
    RUN(dots);
    RUN(return_path_goes);
    RUN(received_is_counted);
    RUN(folded_names);
    RUN(smuggling);
    RUN(nul_makes_it_bad);
    RUN(nothing_out_once_bare);
    RUN(long_lines_are_kept);
    RUN(muted_counts_on);
    return check_done();
}
