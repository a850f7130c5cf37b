/*
 * A one-dimensional row straight from code to pels: each look-up gives the pels of some three
 * codes. Nothing here depends on the instruction set: it is the latency of shift, look-up, shift
 * that counts, and the table lies in the first cache.
 */
#include "g3/rows.h"
#include "g3/windows.h"

/* Where a row stands. Of the last 64 pels all are in `last`, the last one lowest, and in row. */
struct pels {
    uint8_t *row;
    unsigned x, width;
    uint64_t last;
};

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

/* One run by its codes, for what the windows do not tell: black or long or of no pels. */
static bool add_run(struct g3_bits *in, struct pels *p, bool black)
{
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
    uint64_t ones = black ? UINT64_MAX : 0;
    if (!p->row) {
        p->x += run;
        return true;
    }
    for (; run > 32; run -= 32) {
        p->x += 32;
        p->last = p->last << 32 | (uint32_t)ones;
        if (black)
            store_last(p);
    }
    p->x += run;
    p->last = p->last << run | (ones & ((UINT64_C(1) << run) - 1));
    if (black && p->x)
        store_last(p);
    return true;
}

static inline __attribute__((always_inline)) bool paint(struct g3_bits *bits, unsigned width,
                                                        uint8_t *row)
{
    struct g3_bits in = *bits;
    struct pels p = {row, 0, width, 0};
    const uint64_t *windows = g3_windows[0];
    uint64_t e = 0;
    while (in.end - in.at >= 8) {
        g3_refill_fast(&in);
        for (unsigned i = 0; i < 5; i++) {
            uint64_t next = windows[in.bits >> (64 - G3_WINDOW_BITS)];
            unsigned x = p.x + ((uint32_t)next >> G3_WINDOW_PELS);
            if (x > width)
                goto by_code;
            e = next;
            g3_skip(&in, e & 63);
            p.x = x;
            if (row) {
                p.last = (p.last << (e >> G3_WINDOW_SHIFT & 63) << 1) + (e >> G3_WINDOW_PATTERN);
                store_last(&p);
            }
            windows = g3_windows[(e & G3_WINDOW_BLACK) != 0];
        }
        continue;
    by_code:
        if (p.x == width && !(e & G3_WINDOW_OPEN)) {
            *bits = in;
            return true;
        }
        bool black = windows != g3_windows[0];
        if (!add_run(&in, &p, black))
            return false;
        e = 0;
        windows = g3_windows[!black];
    }
    return false;
}

bool g3_row_pels(struct g3_bits *in, unsigned width, uint8_t *row)
{
    if (width < 64)
        return false;
    if (!row)
        return paint(in, width, NULL);
    memset(row, 0, (width + 7) / 8);
    return paint(in, width, row);
}
