#include "bytes/span.h"
#include "check.h"

static void compares(void)
{
    CHECK(span_eq(span_str("ab"), span_str("ab")));
    CHECK(!span_eq(span_str("ab"), span_str("aB")));
    CHECK(span_eq_nocase(span_str("ab"), span_str("aB")));
    CHECK(span_starts(span_str("abc"), span_str("ab")));
    CHECK(!span_starts(span_str("a"), span_str("ab")));
    CHECK(span_eq(span_of(NULL, 0), span_str("")));
}

static void cuts(void)
{
    CHECK(span_eq(span_trim(span_str(" \t a b\r\n")), span_str("a b")));
    CHECK(span_eq(span_trim(span_str(" \t ")), span_str("")));
    CHECK(span_eq(span_skip(span_str("abc"), 5), span_str("")));
    CHECK(span_eq(span_take(span_str("abc"), 2), span_str("ab")));
    CHECK_INT(span_find(span_str("abc"), 'c'), 2);
    CHECK_INT(span_find(span_str("abc"), 'x'), 3);
}

static void copies_only_what_fits_and_has_no_nul(void)
{
    char out[4] = "xxx";
    CHECK(span_copy(span_str("abc"), out, sizeof out));
    CHECK_STR(out, "abc");
    CHECK(!span_copy(span_str("abcd"), out, sizeof out));
    CHECK_STR(out, "");
    CHECK(!span_copy(span_of("a\0b", 3), out, sizeof out));
}

static void reads_numbers(void)
{
    uint64_t v = 7;
    CHECK(span_number(span_str("18446744073709551615"), UINT64_MAX, &v));
    CHECK(v == UINT64_MAX);
    CHECK(!span_number(span_str("18446744073709551616"), UINT64_MAX, &v));
    CHECK(!span_number(span_str("11"), 10, &v));
    CHECK(!span_number(span_str(""), 10, &v));
    CHECK(!span_number(span_str("1 "), 10, &v));
    CHECK(!span_number(span_str("-1"), 10, &v));
}

int main(void)
{
    RUN(compares);
    RUN(cuts);
    RUN(copies_only_what_fits_and_has_no_nul);
    RUN(reads_numbers);
    return check_done();
}
