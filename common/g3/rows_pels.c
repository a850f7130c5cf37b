/*
 * A one-dimensional row straight from code to pels: each look-up gives the pels of some three
 * codes. No instruction set helps here: what counts is the latency of shift, look-up, shift, and
 * that the table fits into the nearest cache.
 */
#include "g3/pels.h"
#include "g3/sink.h"

void g3_expect_blank(struct g3_decoder *d)
{
    unsigned tens = d->width >> 6;
    d->blank = 2;
    d->blank_shift = 63;
    if (tens > G3_MAKE_UP_MAX / 64)
        return;
    const struct g3_code *big = &g3_make_up[0][tens], *small = &g3_terminating[0][d->width & 63];
    d->blank = (unsigned)big->word << small->bits | small->word;
    d->blank_shift = 64U - big->bits - small->bits;
}

bool g3_add_run(struct g3_bits *in, struct g3_pels *p)
{
    bool black = p->windows != g3_windows[0];
    unsigned run = 0, e;
    do {
        g3_refill(in);
        e = g3_lookup(in->bits, black);
        if (e == 0 || (e & 15) > in->have)
            return false;
        g3_skip(in, e & 15);
        run += e >> 4;
        if (run > p->width - p->x)
            return false;
    } while (e >= 64 << 4);
    p->windows = g3_windows[!black];
    uint64_t ones = black ? UINT64_MAX : 0;
    for (; run > 32; run -= 32) {
        p->x += 32;
        p->last = p->last << 32 | (uint32_t)ones;
        if (black && p->row)
            g3_store_last(p);
    }
    p->x += run;
    p->last = p->last << run | (ones & ((UINT64_C(1) << run) - 1));
    if (black && p->row && p->x)
        g3_store_last(p);
    return true;
}

/* What the next window tells. False, and nothing used: the row ends before, or it tells nothing. */
static inline __attribute__((always_inline)) bool add_window(struct g3_bits *in, struct g3_pels *p,
                                                             uint64_t *entry, bool painted)
{
    uint64_t e = p->windows[in->bits >> (64 - G3_WINDOW_BITS)];
    unsigned x = p->x + ((uint32_t)e >> G3_WINDOW_PELS);
    if (x > p->width)
        return false;
    g3_skip(in, e & 63);
    p->x = x;
    if (painted) {
        p->last = (p->last << (e >> G3_WINDOW_SHIFT & 63) << 1) + (e >> G3_WINDOW_PATTERN);
        g3_store_last(p);
    }
    p->windows = g3_windows[(e & G3_WINDOW_BLACK) != 0];
    *entry = e;
    return true;
}

static inline __attribute__((always_inline)) bool decode(struct g3_bits in, unsigned width,
                                                         uint8_t *row, struct g3_place *end)
{
    struct g3_pels p = {row, 0, width, 0, g3_windows[0]};
    uint64_t entry = 0; /* the last one used */
    bool painted = row != NULL;
    while (in.end - in.at >= 8) {
        /* 5 windows of 11 bits are in the 56 that a refill gives. */
        g3_refill_fast(&in);
        if (add_window(&in, &p, &entry, painted) && add_window(&in, &p, &entry, painted) &&
            add_window(&in, &p, &entry, painted) && add_window(&in, &p, &entry, painted) &&
            add_window(&in, &p, &entry, painted))
            continue;
        if (p.x == width && !(entry & G3_WINDOW_OPEN)) {
            *end = g3_here(&in);
            return true;
        }
        struct g3_bits rest = in;
        struct g3_pels sum = p;
        if (!g3_add_run(&rest, &sum))
            return false;
        in = rest;
        p = sum;
        entry = 0;
    }
    return false;
}

bool g3_row_pels(const struct g3_decoder *d, struct g3_place from, uint8_t *row,
                 struct g3_place *end)
{
    unsigned width = d->width;
    if (width < G3_PELS_WIDTH_MIN || width > G3_PELS_WIDTH_MAX || d->in.end - from.byte < 8)
        return false;
    struct g3_bits in = {.end = d->in.end};
    g3_go_to(&in, from);
    if (row)
        memset(row, 0, (width + 7) / 8);
    if (in.bits >> d->blank_shift == d->blank) {
        *end = g3_beyond(from, 64 - d->blank_shift);
        return true;
    }
    return row ? decode(in, width, row, end) : decode(in, width, NULL, end);
}
