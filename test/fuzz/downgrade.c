/* A mail made fit for seven bits: whole and in pieces the same, 7-bit, and stable. */
#include "mime/downgrade.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err pass(struct mime_downgrade *d, struct span in, size_t step, struct buf *out)
{
    enum err e = ERR_NONE;
    for (; in.n && !e; in = span_skip(in, step)) {
        /* In memory of its own, so that reading past a piece shows. */
        struct span piece = span_take(in, step);
        uint8_t *own = malloc(piece.n);
        memcpy(own, piece.p, piece.n);
        e = mime_downgrade_push(d, span_of(own, piece.n), out, NULL);
        free(own);
    }
    return e ? e : mime_downgrade_end(d, out, NULL);
}

static enum err down(struct span in, bool keep_8bit, size_t step, struct buf *out)
{
    struct mime_downgrade d;
    buf_init(out, 64 << 20);
    mime_downgrade_init(&d, keep_8bit);
    enum err e = pass(&d, in, step, out);
    if (out->len)
        abort();
    if (!e && (e = pass(&d, in, step, out)) != ERR_NONE)
        abort();
    mime_downgrade_release(&d);
    return e;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf a, b;
    if (size < 2)
        return 0;
    struct span in = span_of(data + 1, size - 1);
    bool keep = data[0] & 1;
    enum err e = down(in, keep, in.n, &a);
    if (down(in, keep, (data[0] >> 1) + 1u, &b) != e)
        abort();
    if (!e && (a.len != b.len || (a.len && memcmp(a.data, b.data, a.len) != 0)))
        abort();
    for (size_t i = 0; !e && !keep && i < a.len; i++)
        if (a.data[i] > 127)
            abort();
    buf_release(&a);
    buf_release(&b);
    return 0;
}
