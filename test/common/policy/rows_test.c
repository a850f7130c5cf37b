#include "policy/rows.h"

#include "check.h"

static struct why why;

static void sections_and_values(void)
{
    struct rows r;
    struct row_line l;
    rows_init(&r, span_str("# note\n\n [user 12] \r\nname = a = b \n[sender 12 a b]\nx="));
    CHECK_INT(rows_next(&r, &l, &why), ERR_NONE);
    CHECK_INT(l.event, ROW_SECTION);
    CHECK_INT(l.number, 3);
    CHECK(span_eq(l.kind, span_str("user")) && span_eq(l.one, span_str("12")) && l.two.n == 0);
    CHECK_INT(rows_next(&r, &l, &why), ERR_NONE);
    CHECK(span_eq(l.one, span_str("name")) && span_eq(l.two, span_str("a = b")));
    CHECK_INT(rows_next(&r, &l, &why), ERR_NONE);
    CHECK(span_eq(l.two, span_str("a b")));
    CHECK_INT(rows_next(&r, &l, &why), ERR_NONE);
    CHECK(span_eq(l.one, span_str("x")) && l.two.n == 0);
    CHECK_INT(rows_next(&r, &l, &why), ERR_NONE);
    CHECK_INT(l.event, ROW_END);
}

static void wrong_lines_are_named(void)
{
    static const char *const bad[] = {"[", "[]", "[user]", "[ ]", "x", "= y", "[user 1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct rows r;
        struct row_line l;
        rows_init(&r, span_str(bad[i]));
        CHECK_INT(rows_next(&r, &l, &why), ERR_DATA);
        CHECK(strncmp(why.text, "line 1: ", 8) == 0);
    }
    struct rows r;
    struct row_line l;
    rows_init(&r, span_of("a\0=b", 4));
    CHECK_INT(rows_next(&r, &l, &why), ERR_DATA);
}

/* Every byte, at every place of a value, comes back. */
static void values_survive_the_way(void)
{
    struct buf out, back;
    buf_init(&out, 1000);
    buf_init(&back, 1000);
    for (unsigned c = 1; c < 256; c++) {
        for (size_t at = 0; at < 4; at++) {
            char value[] = "a b ";
            value[at] = (char)c;
            buf_clear(&out);
            buf_clear(&back);
            CHECK_INT(rows_add_section(&out, "user", "1", NULL), ERR_NONE);
            CHECK_INT(rows_add_value(&out, "k", span_str(value)), ERR_NONE);
            struct rows r;
            struct row_line l;
            rows_init(&r, buf_span(&out));
            CHECK_INT(rows_next(&r, &l, &why), ERR_NONE);
            CHECK_INT(rows_next(&r, &l, &why), ERR_NONE);
            CHECK_INT(l.event, ROW_VALUE);
            CHECK_INT(rows_value(l.two, &back), ERR_NONE);
            CHECK(span_eq(buf_span(&back), span_str(value)));
        }
    }
    buf_clear(&back);
    CHECK_INT(rows_value(span_str("\\"), &back), ERR_DATA);
    CHECK_INT(rows_value(span_str("\\x"), &back), ERR_DATA);
    buf_release(&out);
    buf_release(&back);
}

int main(void)
{
    RUN(sections_and_values);
    RUN(wrong_lines_are_named);
    RUN(values_survive_the_way);
    return check_done();
}
