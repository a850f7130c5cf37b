#include "bytes/buf.h"
#include "check.h"

static void keeps_to_its_cap(void)
{
    struct buf b;
    buf_init(&b, 5);
    CHECK(buf_add_str(&b, "abc") == ERR_NONE);
    CHECK(buf_add_str(&b, "def") == ERR_DATA);
    CHECK_INT(b.len, 3);
    CHECK(buf_add_str(&b, "de") == ERR_NONE);
    CHECK(span_eq(buf_span(&b), span_str("abcde")));
    CHECK(buf_add_byte(&b, 'f') == ERR_DATA);
    /* The terminator does not count against the cap. */
    CHECK_STR(buf_cstr(&b), "abcde");
    buf_release(&b);
}

static void refuses_sizes_that_overflow(void)
{
    struct buf b;
    uint8_t *room;
    buf_init(&b, SIZE_MAX);
    CHECK(buf_add_str(&b, "x") == ERR_NONE);
    CHECK(buf_reserve(&b, SIZE_MAX, &room) == ERR_DATA);
    CHECK(buf_reserve(&b, SIZE_MAX / 2, &room) == ERR_OS);
    CHECK_INT(b.len, 1);
    buf_release(&b);
}

static void formats_up_to_the_last_byte(void)
{
    struct buf b;
    buf_init(&b, 4);
    CHECK(buf_add_format(&b, "%d", 12345) == ERR_DATA);
    CHECK_INT(b.len, 0);
    CHECK(buf_add_format(&b, "%d", 1234) == ERR_NONE);
    CHECK(span_eq(buf_span(&b), span_str("1234")));
    buf_release(&b);
}

static void consumes_from_the_front(void)
{
    struct buf b;
    buf_init(&b, 100);
    buf_add_str(&b, "abcdef");
    buf_consume(&b, 2);
    CHECK(span_eq(buf_span(&b), span_str("cdef")));
    buf_consume(&b, 0);
    buf_consume(&b, 9);
    CHECK_INT(b.len, 0);
    buf_release(&b);
    CHECK_STR(buf_cstr(&b), "");
    buf_wipe(&b);
    CHECK(b.data == NULL);
}

int main(void)
{
    RUN(keeps_to_its_cap);
    RUN(refuses_sizes_that_overflow);
    RUN(formats_up_to_the_last_byte);
    RUN(consumes_from_the_front);
    return check_done();
}
