#include "check.h"
#include "text/convert.h"

/* Whole and split at every byte. */
static void expect(const char *charset, const char *in, size_t n, const char *want)
{
    for (size_t split = 0; split <= n; split++) {
        struct text_stream *s;
        struct buf out;
        buf_init(&out, 1 << 16);
        CHECK_INT(text_stream_open(span_str(charset), &s), ERR_NONE);
        CHECK_INT(text_stream_add(s, span_of(in, split), &out), ERR_NONE);
        CHECK_INT(text_stream_add(s, span_of(in + split, n - split), &out), ERR_NONE);
        CHECK_INT(text_stream_end(s, &out), ERR_NONE);
        CHECK_STR(buf_cstr(&out), want);
        text_stream_close(s);
        buf_release(&out);
    }
}

#define EXPECT(charset, in, want) expect(charset, in, sizeof(in) - 1, want)

static void charsets(void)
{
    EXPECT("iso-8859-1", "Gr\xfc\xdf" "e", "Gr\xc3\xbc\xc3\x9f" "e");
    EXPECT("ISO-8859-15", "\xa4", "\xe2\x82\xac");
    EXPECT("windows-1252", "\x80", "\xe2\x82\xac");
    EXPECT("koi8-r", "\xc1", "\xd0\xb0");
    EXPECT("iso-2022-jp", "\x1b$BF|K\\\x1b(B!", "\xe6\x97\xa5\xe6\x9c\xac!");
    EXPECT("shift_jis", "\x93\xfa\x96\x7b", "\xe6\x97\xa5\xe6\x9c\xac");
    EXPECT("utf-16le", "a\0\xfc\0", "a\xc3\xbc");
}

static void utf8_and_what_is_not(void)
{
    EXPECT("utf-8", "a\xc3\xbc\xe2\x82\xac\xf0\x9f\x93\xa0z", "a\xc3\xbc\xe2\x82\xac\xf0\x9f\x93\xa0z");
    EXPECT("", "na\xefve \x80", "na\xc3\xafve \xe2\x82\xac");
    EXPECT("us-ascii", "\xc3", "\xc3\x83");
    EXPECT("no-such-charset", "a\xc3\xbc", "a\xc3\xbc");
    EXPECT("utf-8//TRANSLIT", "a", "a");
    EXPECT("utf-8", "", "");
}

static void what_cannot_be_converted(void)
{
    EXPECT("iso-2022-jp", "a\xff" "b", "a\xef\xbf\xbd" "b");
    EXPECT("shift_jis", "a\x93", "a\xef\xbf\xbd");
}

static void over_the_cap(void)
{
    struct buf out;
    buf_init(&out, 3);
    CHECK_INT(text_convert(span_str("utf-8"), span_str("abcd"), &out), ERR_DATA);
    buf_release(&out);
}

int main(void)
{
    RUN(charsets);
    RUN(utf8_and_what_is_not);
    RUN(what_cannot_be_converted);
    RUN(over_the_cap);
    return check_done();
}
