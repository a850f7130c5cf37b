/* Random bytes as the body of a multipart/signed mail: whole and in pieces they give the same, and
 * what is signed has its line ends as they were hashed. */
#include "seal/signed.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err take(struct span in, struct span boundary, size_t step, struct buf *content,
                     struct buf *signature)
{
    struct signed_mail s;
    enum err e = ERR_NONE;
    signed_begin(&s, boundary);
    while (in.n && !e) {
        e = signed_push(&s, span_take(in, step), content, signature, NULL);
        in = span_skip(in, step);
    }
    return e ? e : signed_end(&s, NULL);
}

static void check_ends(struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '\n' && (i == 0 || s.p[i - 1] != '\r'))
            __builtin_trap();
}

/* The first byte says how many of those behind it are the boundary, the second the step. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf a, b, c, d;
    if (size < 2 || size > 1 << 16)
        return 0;
    size_t n = data[0] % SIGNED_BOUNDARY_MAX;
    struct span boundary = span_take(span_of(data + 2, size - 2), n);
    struct span in = span_skip(span_of(data + 2, size - 2), n);
    buf_init(&a, 1 << 20);
    buf_init(&b, 1 << 20);
    buf_init(&c, 1 << 20);
    buf_init(&d, 1 << 20);
    enum err whole = take(in, boundary, in.n ? in.n : 1, &a, &b);
    enum err pieces = take(in, boundary, 1 + data[1] % 16, &c, &d);
    if (whole != pieces ||
        (!whole && (!span_eq(buf_span(&a), buf_span(&c)) || !span_eq(buf_span(&b), buf_span(&d)))))
        __builtin_trap();
    check_ends(buf_span(&a));
    if (a.len > 2 * in.n)
        __builtin_trap();
    buf_release(&a);
    buf_release(&b);
    buf_release(&c);
    buf_release(&d);
    return 0;
}
