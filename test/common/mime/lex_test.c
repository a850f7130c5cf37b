#include "check.h"
#include "mime/lex.h"

static void skips_blanks_and_comments(void)
{
    CHECK(span_eq(lex_skip(span_str(" \t\r\n (a (b) \\) c)(d) x (y)")), span_str("x (y)")));
    CHECK_INT(lex_skip(span_str("(open")).n, 0);
    CHECK_INT(lex_skip(span_str("")).n, 0);
}

static void lengths(void)
{
    CHECK_INT(lex_comment(span_str("(a(b)c)d")), 7);
    CHECK_INT(lex_comment(span_str("(a\\)b)c")), 6);
    CHECK_INT(lex_comment(span_str("(a(b)")), 5);
    CHECK_INT(lex_quoted(span_str("\"a\\\"b\"c")), 6);
    CHECK_INT(lex_quoted(span_str("\"a")), 2);
    CHECK_INT(lex_quoted(span_str("\"a\\")), 3);
    CHECK_INT(lex_token(span_str("image/tiff")), 5);
    CHECK_INT(lex_token(span_str(" x")), 0);
    CHECK_INT(lex_token(span_of("a\0b", 3)), 1);
}

static void unquotes(void)
{
    struct buf out;
    buf_init(&out, 100);
    CHECK_INT(lex_unquote(span_str("\"a\\\"b\r\n c\""), &out), ERR_NONE);
    CHECK_STR(buf_cstr(&out), "a\"b c");
    buf_clear(&out);
    CHECK_INT(lex_unquote(span_str("(a \\) (b))"), &out), ERR_NONE);
    CHECK_STR(buf_cstr(&out), "a ) (b)");
    buf_clear(&out);
    CHECK_INT(lex_unquote(span_str("\"open"), &out), ERR_NONE);
    CHECK_STR(buf_cstr(&out), "open");
    buf_release(&out);
}

static void cleans(void)
{
    struct buf out;
    buf_init(&out, 100);
    buf_add_str(&out, "\x1b[x\x1b\x7f\xc2\x9b\xc3\xbc\xc2\xa0");
    lex_clean(&out, 3);
    CHECK_STR(buf_cstr(&out), "\x1b[x    \xc3\xbc\xc2\xa0");
    buf_release(&out);
}

int main(void)
{
    RUN(skips_blanks_and_comments);
    RUN(lengths);
    RUN(unquotes);
    RUN(cleans);
    return check_done();
}
