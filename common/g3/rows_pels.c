/*
 * A one-dimensional row straight from code to pels: each look-up gives the pels of some three
 * codes. No instruction set helps here: what counts is the latency of shift, look-up, shift, and
 * that the table fits into the nearest cache.
 */
#include "g3/rows.h"
#include "g3/sink.h"
#include "g3/windows.h"

/* Where a row stands: x pels are in row, and of these the last 64 in `last`, the last lowest. */
struct pels {
    uint8_t *row;
    unsigned x, width;
    uint64_t last;
    const uint64_t *windows; /* of the colour of the next run */
    uint64_t entry;          /* used last; 0 after a run by its code */
};

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

static inline void store_be64(uint8_t *p, uint64_t w)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    w = __builtin_bswap64(w);
#endif
    memcpy(p, &w, sizeof w);
}

/* Eight bytes that end where x lies, but never start before the row: width is 64 at least. */
static inline void store_last(const struct pels *p)
{
    unsigned end = (p->x + 7) & ~7u;
    end = end < 64 ? 64 : end;
    store_be64(p->row + end / 8 - 8, p->last << (end - p->x));
}

/* One run by its codes, for what the windows do not tell: black and long, or of no pels. */
static bool add_run(struct g3_bits *in, struct pels *p)
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
    p->entry = 0;
    p->windows = g3_windows[!black];
    uint64_t ones = black ? UINT64_MAX : 0;
    for (; run > 32; run -= 32) {
        p->x += 32;
        p->last = p->last << 32 | (uint32_t)ones;
        if (black && p->row)
            store_last(p);
    }
    p->x += run;
    p->last = p->last << run | (ones & ((UINT64_C(1) << run) - 1));
    if (black && p->row && p->x)
        store_last(p);
    return true;
}

/* What the next window tells. False, and nothing used: the row ends before, or it tells nothing. */
static inline __attribute__((always_inline)) bool add_window(struct g3_bits *in, struct pels *p,
                                                             bool painted)
{
    uint64_t e = p->windows[in->bits >> (64 - G3_WINDOW_BITS)];
    unsigned x = p->x + ((uint32_t)e >> G3_WINDOW_PELS);
    if (x > p->width)
        return false;
    g3_skip(in, e & 63);
    p->x = x;
    p->entry = e;
    if (painted) {
        p->last = (p->last << (e >> G3_WINDOW_SHIFT & 63) << 1) + (e >> G3_WINDOW_PATTERN);
        store_last(p);
    }
    p->windows = g3_windows[(e & G3_WINDOW_BLACK) != 0];
    return true;
}

/* 5 windows of 11 bits are in the 56 that a refill gives. */
static inline __attribute__((always_inline)) bool add_windows(struct g3_bits *in, struct pels *p,
                                                              bool painted)
{
    g3_refill_fast(in);
    return add_window(in, p, painted) && add_window(in, p, painted) &&
           add_window(in, p, painted) && add_window(in, p, painted) && add_window(in, p, painted);
}

static inline __attribute__((always_inline)) bool decode(struct g3_bits *from, unsigned width,
                                                         uint8_t *row)
{
    struct g3_bits in = *from;
    struct pels p = {row, 0, width, 0, g3_windows[0], 0};
    while (in.end - in.at >= 8) {
        if (add_windows(&in, &p, row != NULL))
            continue;
        if (p.x == width && !(p.entry & G3_WINDOW_OPEN)) {
            *from = in;
            return true;
        }
        struct g3_bits rest = in;
        struct pels sum = p;
        if (!add_run(&rest, &sum))
            return false;
        in = rest;
        p = sum;
    }
    return false;
}

bool g3_row_pels(const struct g3_decoder *d, struct g3_bits *in, uint8_t *row)
{
    unsigned width = d->width;
    if (width < 64 || in->end - in->at < 8)
        return false;
    if (row)
        memset(row, 0, (width + 7) / 8);
    g3_refill_fast(in);
    if (in->bits >> d->blank_shift == d->blank) {
        g3_skip(in, 64 - d->blank_shift);
        return true;
    }
    return row ? decode(in, width, row) : decode(in, width, NULL);
}
