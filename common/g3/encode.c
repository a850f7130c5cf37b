#include "g3/sink.h"

static void put_eol(struct g3_sink *s, unsigned flags)
{
    if (flags & G3_ALIGN_EOL) {
        unsigned fill = (4 - s->bits) & 7;
        s->bits += fill;
    }
    g3_put(s, 1, G3_EOL_BITS);
    g3_drain(s);
}

void g3_encoder_init(struct g3_encoder *e, enum g3_coding coding, unsigned width, unsigned k,
                     unsigned flags)
{
    e->pending = 0;
    e->pending_bits = 0;
    e->coding = coding;
    e->width = width;
    e->k = k ? k : 1;
    e->flags = flags;
    e->until_1d = 0;
    e->reference = 0;
    /* The imaginary row above the first is white. */
    if (coding != G3_MH)
        g3_keep_white(e);
}

/*
 * The dearest codes a pel: vertical, 7 bits, one pel on; horizontal over two pels, 12. Once a row
 * come EOL, fill and tag (20), a white run of none before the first (14), a last run of none (19),
 * 7 bits that waited, and 8 bytes of slack behind a drain.
 */
size_t g3_row_bound(unsigned width)
{
    return (size_t)width + 64;
}

/*
 * A page's rows mostly lie one behind the other: those that come next are asked for, since a
 * row is coded in less time than memory answers. Where nothing lies it is no more than a wish.
 */
static inline void foresee_rows(const uint8_t *row, unsigned width)
{
    enum { AHEAD = 1024, CACHE_LINE = 64 };
    uintptr_t at = (uintptr_t)row + AHEAD;
    for (unsigned i = 0; i < width / 8; i += CACHE_LINE)
        __builtin_prefetch((const void *)(at + i));
}

size_t g3_encode_row(struct g3_encoder *e, const uint8_t *row, uint8_t *out)
{
    struct g3_sink s = {e->pending, e->pending_bits, out};
    foresee_rows(row, e->width);
    bool two_d = e->coding == G3_MMR || (e->coding == G3_MR && e->until_1d > 0);
    if (e->coding != G3_MMR && !(e->flags & G3_NO_EOL))
        put_eol(&s, e->flags);
    if (e->coding == G3_MR) {
        g3_put(&s, !two_d, 1);
        g3_drain(&s);
        e->until_1d = two_d ? e->until_1d - 1 : e->k - 1;
    }
    if (two_d)
        g3_put_row_2d(e, &s, row);
    else
        g3_put_row_1d(e, &s, row);
    if (e->coding == G3_MR && !two_d && e->until_1d > 0)
        g3_keep_row(e, row);
    if (e->flags & G3_ALIGN_ROW) {
        s.bits = (s.bits + 7) & 8;
        g3_drain(&s);
    }
    e->pending = s.acc;
    e->pending_bits = s.bits;
    return (size_t)(s.out - out);
}

size_t g3_encode_flush(struct g3_encoder *e, uint8_t *out)
{
    size_t n = e->pending_bits != 0;
    if (n)
        *out = (uint8_t)(e->pending >> 56);
    e->pending = 0;
    e->pending_bits = 0;
    return n;
}

size_t g3_encode_end(struct g3_encoder *e, uint8_t *out)
{
    struct g3_sink s = {e->pending, e->pending_bits, out};
    for (int i = 0; i < (e->coding == G3_MMR ? 2 : 6); i++) {
        put_eol(&s, e->coding == G3_MMR ? 0 : e->flags);
        if (e->coding == G3_MR) {
            g3_put(&s, 1, 1);
            g3_drain(&s);
        }
    }
    e->pending = s.acc;
    e->pending_bits = s.bits;
    size_t n = (size_t)(s.out - out);
    return n + g3_encode_flush(e, s.out);
}
