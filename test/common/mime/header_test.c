#include "check.h"
#include "mime/header.h"

static struct span str(const char *s)
{
    return span_str(s);
}

static void decoded(const char *raw, const char *want)
{
    struct buf out;
    buf_init(&out, 4096);
    CHECK_INT(header_decode(str(raw), NULL, &out), ERR_NONE);
    CHECK_STR(buf_cstr(&out), want);
    buf_release(&out);
}

static void param(const char *raw, const char *name, const char *want)
{
    struct buf out;
    buf_init(&out, 4096);
    enum err e = header_param(str(raw), name, NULL, &out);
    if (want) {
        CHECK_INT(e, ERR_NONE);
        CHECK_STR(buf_cstr(&out), want);
    } else {
        CHECK_INT(e, ERR_NO);
    }
    buf_release(&out);
}

static void fields_and_folding(void)
{
    struct span rest = str("From x y\nA: 1\r\nB :\n 2\r\n\t3\nC:\n\nbody: no\n");
    struct header_field f;
    struct buf out;
    buf_init(&out, 100);
    CHECK(header_next(&rest, &f) && span_eq(f.name, str("A")) && span_eq(f.raw, str(" 1")));
    CHECK(header_next(&rest, &f) && span_eq(f.name, str("B")));
    CHECK_INT(header_unfold(f.raw, &out), ERR_NONE);
    CHECK_STR(buf_cstr(&out), "2\t3");
    CHECK(header_next(&rest, &f) && span_eq(f.name, str("C")) && f.raw.n == 0);
    CHECK(!header_next(&rest, &f));
    buf_release(&out);
}

static void finding(void)
{
    struct span raw, block = str("A: 1\nb: 2\na: 3\n");
    CHECK(header_find(block, "B", &raw) && span_eq(raw, str(" 2")));
    CHECK(header_find(block, "a", &raw) && span_eq(raw, str(" 1")));
    CHECK(!header_find(block, "c", &raw));
    CHECK_INT(header_count(block, "A"), 2);
    CHECK(header_is_field(str("x-y: z")) && !header_is_field(str("x y: z")) &&
          !header_is_field(str(": z")) && !header_is_field(str("xy")));
}

/* The examples of RFC 2047 §8, and what senders make of it. */
static void encoded_words(void)
{
    decoded("=?US-ASCII?Q?Keith_Moore?= <moore@cs>", "Keith Moore <moore@cs>");
    decoded("=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=\r\n"
            " =?ISO-8859-1?Q?u_understand_the_example.?=",
            "If you can read this you understand the example.");
    decoded("(=?ISO-8859-1?Q?a?= b)", "(a b)");
    decoded("=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=", "ab");
    decoded("=?ISO-8859-1?Q?a_b?=", "a b");
    decoded("=?utf-8*de?q?Gr=C3=BC=C3=9Fe?=", "Gr\xc3\xbc\xc3\x9f" "e");
    /* A character cut in two between words. */
    decoded("=?utf-8?q?=C3?= =?utf-8?q?=BC?=", "\xc3\xbc");
    decoded("=?iso-8859-1?q?=FC?=", "\xc3\xbc");
    decoded("=?utf-8?b?w7w?=", "\xc3\xbc");
}

static void what_is_no_encoded_word(void)
{
    decoded("=?x", "=?x");
    decoded("=?utf-8?z?abc?=", "=?utf-8?z?abc?=");
    decoded("=?utf-8?q?a b?=", "=?utf-8?q?a b?=");
    decoded("=?utf-8?q?abc", "=?utf-8?q?abc");
    decoded("=??q?abc?=", "=??q?abc?=");
    decoded("=?=?=?=", "=?=?=?=");
}

static void undeclared_bytes_and_control(void)
{
    decoded("na\xefve", "na\xc3\xafve");
    decoded("na\xc3\xafve", "na\xc3\xafve");
    decoded("=?utf-8?q?=1B[31m=07?=", " [31m ");
    decoded("=?utf-8?q?a=0D=0Ab?=", "a  b");
    decoded("=?utf-8?q?=C2=9B?=", "  ");
}

static void values(void)
{
    struct buf out;
    buf_init(&out, 100);
    CHECK_INT(header_value(str(" (c(d)) Image/TIFF (x); a=b"), &out), ERR_NONE);
    CHECK_STR(buf_cstr(&out), "image/tiff");
    buf_clear(&out);
    CHECK_INT(header_value(str("ATTACHMENT;x=y"), &out), ERR_NONE);
    CHECK_STR(buf_cstr(&out), "attachment");
    buf_clear(&out);
    CHECK_INT(header_value(str(" ; x"), &out), ERR_NO);
    buf_release(&out);
}

static void parameters(void)
{
    param("a/b; x=1; y=\"2;z=3\"", "y", "2;z=3");
    param("a/b; x=1; y=\"2;z=3\"", "z", NULL);
    param("a/b; X = \"q\\\"r\"", "x", "q\"r");
    param("text/plain; charset=us-ascii (Plain text)", "charset", "us-ascii");
    param("a/b; name=my fax.tif; x=y", "name", "my fax.tif");
    param("a/b; name=\"fo\r\n o\"", "name", "fo o");
    param("a/b; name=\"=?iso-8859-1?Q?f=E4x?=.tif\"", "name", "f\xc3\xa4x.tif");
    param("a/b; =x; ;; name", "name", NULL);
    param("a/b; name=\"open", "name", "open");
    param("a/b; name=", "name", "");
}

/* The examples of RFC 2231 §3 to §4.1. */
static void rfc2231(void)
{
    param("message/external-body; access-type=URL; URL*0=\"ftp://\";\n"
          " URL*1=\"cs.utk.edu/pub/moore/x\"", "url", "ftp://cs.utk.edu/pub/moore/x");
    param("application/x-stuff; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A", "title",
          "This is ***fun***");
    param("application/x-stuff; title*0*=us-ascii'en'This%20is%20even%20more%20;\n"
          " title*1*=%2A%2A%2Afun%2A%2A%2A%20; title*2=\"isn't it!\"", "title",
          "This is even more ***fun*** isn't it!");
    /* Out of order; a gap ends it; the extended form wins over the plain. */
    param("a/b; n*1=b; n*0=a", "n", "ab");
    param("a/b; n*0=a; n*2=c", "n", "a");
    param("a/b; n=plain; n*=utf-8''%C3%BC", "n", "\xc3\xbc");
    param("a/b; n*=iso-8859-1''%FC", "n", "\xc3\xbc");
    param("a/b; n*=%41%zz", "n", "A%zz");
}

/* A megabyte of the worst takes no time to speak of: this would not end if it were quadratic. */
static void linear_on_hostile_input(void)
{
    static const char *const pieces[] = {"=?a?q?", "(", "\"\\", "; n*1=x", "=?utf-8?q?a?= ", ";"};
    struct buf in, out;
    buf_init(&in, 1 << 20);
    buf_init(&out, 1 << 24);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        buf_clear(&in);
        while (buf_add_str(&in, pieces[i]) == ERR_NONE)
            ;
        buf_clear(&out);
        CHECK_INT(header_decode(buf_span(&in), NULL, &out), ERR_NONE);
        buf_clear(&out);
        header_param(buf_span(&in), "n", NULL, &out);
        header_value(buf_span(&in), &out);
    }
    buf_release(&in);
    buf_release(&out);
}

int main(void)
{
    RUN(fields_and_folding);
    RUN(finding);
    RUN(encoded_words);
    RUN(what_is_no_encoded_word);
    RUN(undeclared_bytes_and_control);
    RUN(values);
    RUN(parameters);
    RUN(rfc2231);
    RUN(linear_on_hostile_input);
    return check_done();
}
