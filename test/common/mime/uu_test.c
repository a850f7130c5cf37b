#include "check.h"
#include "mime/uu.h"

static void begin_lines(void)
{
    struct span name;
    bool base64;
    CHECK(uu_is_begin(span_str("begin 644 a b.tif"), &base64, &name) && !base64);
    CHECK(span_eq(name, span_str("a b.tif")));
    CHECK(uu_is_begin(span_str("begin-base64 0644 x"), &base64, &name) && base64);
    CHECK(!uu_is_begin(span_str("begin 644"), &base64, &name));
    CHECK(!uu_is_begin(span_str("begin 64 x"), &base64, &name));
    CHECK(!uu_is_begin(span_str("begin 698 x"), &base64, &name));
    CHECK(!uu_is_begin(span_str("begin the day"), &base64, &name));
    CHECK(!uu_is_begin(span_str("begin 644 "), &base64, &name));
}

static void lines(void)
{
    uint8_t out[UU_LINE_MAX];
    size_t n;
    CHECK(uu_decode_line(span_str("#0V%T"), out, &n) && n == 3 && memcmp(out, "Cat", 3) == 0);
    /* Blanks at the end that a gateway took; a check character too many. */
    CHECK(uu_decode_line(span_str("#0V "), out, &n) && n == 3);
    CHECK(uu_decode_line(span_str("#0V"), out, &n) && n == 3 && out[2] == 0);
    CHECK(uu_decode_line(span_str("#0V%TX"), out, &n) && n == 3);
    CHECK(uu_decode_line(span_str("`"), out, &n) && n == 0);
    CHECK(!uu_decode_line(span_str("#0V%TXXXXX"), out, &n));
    CHECK(!uu_decode_line(span_str("hello"), out, &n));
    CHECK(!uu_decode_line(span_str(""), out, &n));
}

static void longest_line(void)
{
    char line[86];
    uint8_t out[UU_LINE_MAX];
    size_t n;
    memset(line, '_', sizeof line);
    CHECK(uu_decode_line(span_of(line, 85), out, &n) && n == 63 && out[62] == 0xff);
}

static void ends(void)
{
    CHECK(uu_is_end(span_str("end"), false) && uu_is_end(span_str("end "), false));
    CHECK(!uu_is_end(span_str("ending"), false) && !uu_is_end(span_str("===="), false));
    CHECK(uu_is_end(span_str("===="), true));
}

int main(void)
{
    RUN(begin_lines);
    RUN(lines);
    RUN(longest_line);
    RUN(ends);
    return check_done();
}
