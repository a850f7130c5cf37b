/* Random bytes as a sealed CMS message, and as the header around one. */
#include "seal/cms_split.h"
#include "seal/wrapper.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void as_header(struct span s)
{
    struct buf a, b;
    enum wrapper_coding coding;
    char boundary[WRAPPER_BOUNDARY_MAX + 1];
    bool binary;
    buf_init(&a, 1 << 20);
    buf_init(&b, 1 << 20);
    (void)wrapper_sealed(s, &coding, NULL);
    (void)wrapper_signed(s, &coding, boundary, NULL);
    (void)wrapper_signature(s, &coding, NULL);
    if (!wrapper_divide(s, &a, &b, &binary, NULL)) {
        buf_clear(&a);
        (void)wrapper_join(s, buf_span(&b), &a, &binary, NULL);
    }
    buf_release(&a);
    buf_release(&b);
}

static enum err give(void *ctx, void *p, size_t n, size_t *got, struct why *why)
{
    struct span *in = ctx;
    (void)why;
    *got = in->n < 7 ? in->n : in->n / 2 < n ? in->n / 2 : n;
    if (*got)
        memcpy(p, in->p, *got);
    *in = span_skip(*in, *got);
    return ERR_NONE;
}

static enum err take(void *ctx, const void *p, size_t n, struct why *why)
{
    (void)p;
    (void)why;
    *(size_t *)ctx += n;
    return ERR_NONE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = span_of(data, size);
    size_t taken = 0;
    struct buf rest;
    buf_init(&rest, 1 << 16);
    (void)cms_split(&(struct cms_source){give, &in}, &(struct cms_sink){take, &taken}, &rest, NULL);
    if (taken > size)
        __builtin_trap();
    buf_release(&rest);
    as_header(span_of(data, size));
    return 0;
}
