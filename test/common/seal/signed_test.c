#include "check.h"
#include "seal/signed.h"

static const char mail[] = "preamble\n--b-not\n--b\nContent-Type: text/plain\n\nhello\r\n--bx\n--b -\n-\n--\n"
                           "last\rline\n\n--b  \nA: b\n\nsignature\n--b--\nepilogue\n--b\n";
static const char content[] = "Content-Type: text/plain\r\n\r\nhello\r\n--bx\r\n--b -\r\n-\r\n--\r\n"
                              "last\rline\r\n";
static const char signature[] = "A: b\r\n\r\nsignature";

/* Pushed in pieces of step bytes, the first of cut. */
static enum err run(struct span in, size_t cut, size_t step, struct buf *c, struct buf *s)
{
    struct signed_mail m;
    enum err e = ERR_NONE;
    signed_begin(&m, span_str("b"));
    while (in.n && !e) {
        e = signed_push(&m, span_take(in, cut), c, s, NULL);
        in = span_skip(in, cut);
        cut = step;
    }
    return e ? e : signed_end(&m, NULL);
}

static void check(struct span in, size_t cut, size_t step)
{
    struct buf c, s;
    buf_init(&c, 10000);
    buf_init(&s, 10000);
    CHECK_INT(run(in, cut, step, &c, &s), ERR_NONE);
    CHECK_STR(buf_cstr(&c), content);
    CHECK_STR(buf_cstr(&s), signature);
    buf_release(&c);
    buf_release(&s);
}

static void takes_apart_wherever_it_is_cut(void)
{
    struct span in = span_str(mail);
    check(in, in.n, 1);
    check(in, 1, 1);
    for (size_t cut = 1; cut < in.n; cut++)
        check(in, cut, in.n);
}

static void takes_crlf_as_well(void)
{
    struct buf crlf;
    buf_init(&crlf, 10000);
    for (const char *p = mail; *p; p++) {
        if (*p == '\n' && p[-1] != '\r')
            CHECK(!buf_add_byte(&crlf, '\r'));
        CHECK(!buf_add_byte(&crlf, (uint8_t)*p));
    }
    for (size_t cut = 1; cut < crlf.len; cut++)
        check(buf_span(&crlf), cut, crlf.len);
    buf_release(&crlf);
}

static enum err refuse(const char *text)
{
    struct buf c, s;
    buf_init(&c, 10000);
    buf_init(&s, 10000);
    enum err e = run(span_str(text), 1, 1, &c, &s);
    buf_release(&c);
    buf_release(&s);
    return e;
}

static void refuses_what_is_not_two_parts(void)
{
    CHECK_INT(refuse(""), ERR_DATA);
    CHECK_INT(refuse("hello\n"), ERR_DATA);
    CHECK_INT(refuse("--b\nx\n"), ERR_DATA);
    CHECK_INT(refuse("--b\nx\n--b\ny\n"), ERR_DATA);
    CHECK_INT(refuse("--b\nx\n--b--\n"), ERR_DATA);
    CHECK_INT(refuse("--b--\n"), ERR_DATA);
    CHECK_INT(refuse("--b\nx\n--b\ny\n--b\nz\n--b--\n"), ERR_DATA);
    CHECK_INT(refuse("--b\nx\n--b\ny\n--b-"), ERR_DATA);
    CHECK_INT(refuse("--b\nx\n--b\ny\n--b--"), ERR_NONE);
}

static void empty_parts_are_empty(void)
{
    struct buf c, s;
    buf_init(&c, 100);
    buf_init(&s, 100);
    CHECK_INT(run(span_str("--b\n--b\n--b--\n"), 3, 2, &c, &s), ERR_NONE);
    CHECK(c.len == 0 && s.len == 0);
    CHECK_INT(run(span_str("--b\n\n\n--b\n--b--\n"), 3, 2, &c, &s), ERR_NONE);
    CHECK_STR(buf_cstr(&c), "\r\n");
    buf_release(&c);
    buf_release(&s);
}

static void a_long_boundary_and_long_lines(void)
{
    struct signed_mail m;
    struct buf c, s, in;
    char boundary[SIGNED_BOUNDARY_MAX + 1];
    memset(boundary, 'b', SIGNED_BOUNDARY_MAX);
    boundary[SIGNED_BOUNDARY_MAX] = '\0';
    buf_init(&in, 100000);
    buf_init(&c, 200000);
    buf_init(&s, 1000);
    CHECK(!buf_add_format(&in, "--%s\n--", boundary));
    for (int i = 0; i < 20000; i++)
        CHECK(!buf_add_byte(&in, 'b'));
    /* A boundary with more blanks behind it than anybody writes is content. */
    CHECK(!buf_add_format(&in, "\n--%s%200s\n--%s\nx\n--%s--\n", boundary, "", boundary, boundary));
    signed_begin(&m, span_str(boundary));
    CHECK(!signed_push(&m, buf_span(&in), &c, &s, NULL));
    CHECK(!signed_end(&m, NULL));
    CHECK_INT(c.len, 2 + 20000 + 2 + 2 + SIGNED_BOUNDARY_MAX + 200);
    CHECK_STR(buf_cstr(&s), "x");
    buf_release(&in);
    buf_release(&c);
    buf_release(&s);
}

int main(void)
{
    RUN(takes_apart_wherever_it_is_cut);
    RUN(takes_crlf_as_well);
    RUN(refuses_what_is_not_two_parts);
    RUN(empty_parts_are_empty);
    RUN(a_long_boundary_and_long_lines);
    return check_done();
}
