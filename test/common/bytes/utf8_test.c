#include "bytes/utf8.h"
#include "check.h"

static void reads_each_length(void)
{
    uint32_t point;
    CHECK_INT(utf8_char(span_str("A"), &point), 1);
    CHECK_INT(point, 'A');
    CHECK_INT(utf8_char(span_str("\xce\xa9"), &point), 2);
    CHECK_INT(point, 0x3a9);
    CHECK_INT(utf8_char(span_str("\xe6\x97\xa5"), &point), 3);
    CHECK_INT(point, 0x65e5);
    CHECK_INT(utf8_char(span_str("\xf4\x8f\xbf\xbf"), &point), 4);
    CHECK_INT(point, 0x10ffff);
}

static void refuses_overlong_surrogate_and_cut(void)
{
    static const char *const bad[] = {"\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf",
                                      "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80", "\xff",
                                      "\xe6\x97", ("\xe6\x97" "a")};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_INT(utf8_char(span_str(bad[i]), NULL), 0);
        CHECK(!utf8_valid(span_str(bad[i])));
    }
    CHECK(utf8_valid(span_str("\xc3\xa9t\xc3\xa9")));
    CHECK(utf8_valid(span_str("")));
}

static void copies_are_cut_between_characters(void)
{
    char out[6];
    utf8_copy(span_str("ab"), out, sizeof out);
    CHECK_STR(out, "ab");
    utf8_copy(span_str("abc\xe6\x97\xa5"), out, sizeof out);
    CHECK_STR(out, "abc");
    utf8_copy(span_str("ab\xe6\x97\xa5"), out, sizeof out);
    CHECK_STR(out, "ab\xe6\x97\xa5");
    utf8_copy(span_str("\xff\xffxyzw"), out, sizeof out);
    CHECK_STR(out, "\xff\xffxyz");
    utf8_copy(span_of(NULL, 0), out, 1);
    CHECK_STR(out, "");
}

static void put_is_the_reverse(void)
{
    static const uint32_t points[] = {0, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff};
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        uint8_t out[4];
        uint32_t back;
        size_t n = utf8_put(points[i], out);
        CHECK_INT(utf8_char(span_of(out, n), &back), n);
        CHECK_INT(back, points[i]);
    }
}

int main(void)
{
    RUN(put_is_the_reverse);
    RUN(reads_each_length);
    RUN(refuses_overlong_surrogate_and_cut);
    RUN(copies_are_cut_between_characters);
    return check_done();
}
