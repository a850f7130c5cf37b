#include "g3/rows.h"

#define SPREAD(table_bits, run, bits, word)                                                       \
    [(word) << ((table_bits) - (bits)) ... (((word) + 1) << ((table_bits) - (bits))) - 1] =       \
        (run) << 4 | (bits),
#define WHITE(run, bits, word) SPREAD(G3_WHITE_BITS, run, bits, word)
#define BLACK(run, bits, word) SPREAD(G3_BLACK_BITS, run, bits, word)
const uint16_t g3_white_codes[1 << G3_WHITE_BITS] = {
    G3_WHITE_TERMINATING(WHITE) G3_WHITE_MAKE_UP(WHITE) G3_COMMON_MAKE_UP(WHITE)
};
const uint16_t g3_black_codes[1 << G3_BLACK_BITS] = {
    G3_BLACK_TERMINATING(BLACK) G3_BLACK_MAKE_UP(BLACK) G3_COMMON_MAKE_UP(BLACK)
};

/*
 * What text mostly is: a white run of 1 to 63 and a black one of 1 to 14 by one look-up of 13
 * bits. Length in the low 4 bits, white run in 6 above, black above that; 0: look twice. Pairs
 * that are longer lie behind the table, each in a place of its own, and are never looked up.
 */
enum { PAIR_BITS = 13 };
#define PAIR_FITS(bits, black) (G3_PAIR_BITS(bits, black) <= PAIR_BITS)
#define PAIR_PLACE(run, bits, word, black)                                                        \
    (PAIR_FITS(bits, black) * ((word) << ((PAIR_BITS - G3_PAIR_BITS(bits, black)) & 15)) +        \
     !PAIR_FITS(bits, black) * ((1 << PAIR_BITS) + (run) * 16 + (black)))
#define PAIR(run, bits, word, black)                                                              \
    [PAIR_PLACE(run, bits, G3_PAIR_WORD(word, black), black) ...                                  \
     PAIR_PLACE(run, bits, G3_PAIR_WORD(word, black) + 1, black) - PAIR_FITS(bits, black)] =      \
        ((run) > 0) * ((black) << 10 | (run) << 4 | G3_PAIR_BITS(bits, black) % 16),
#define PAIRS(run, bits, word) G3_PAIRS(PAIR, run, bits, word)
static const uint16_t pairs[(1 << PAIR_BITS) + 64 * 16] = {G3_WHITE_TERMINATING(PAIRS)};

enum g3_row_result g3_careful_run(struct g3_decoder *d, unsigned colour)
{
    for (;;) {
        g3_refill(&d->in);
        if (d->in.have < G3_CODE_BITS && !d->finished)
            return G3_ROW_MORE;
        unsigned e = g3_lookup(d->in.bits, colour);
        if (e == 0 || (e & 15) > d->in.have)
            return G3_ROW_BAD;
        g3_use_code(d, e & 15);
        d->run += e >> 4;
        if (d->run > d->width - d->a0)
            return G3_ROW_BAD;
        if (e >> 4 < 64)
            return G3_ROW_WHOLE;
    }
}

/*
 * Pairs of runs while eight bytes can be read at once: at most 46 bits a pair, and a refill gives
 * 56. Stops, with nothing of the pair used, before anything unusual: a run of nothing, a run
 * beyond the width, two make-up codes in a row, no code.
 */
static void quick_1d(struct g3_decoder *d)
{
    struct g3_bits in = d->in;
    uint16_t *change = d->lines[d->reference ^ 1].change + 1;
    unsigned a0 = d->a0, n = d->n, width = d->width, run, last_bits = 0;
    uint64_t last = 0;
    while (in.end - in.at >= 8) {
        g3_refill_fast(&in);
        /* Four pairs of 13 bits, of the 56. */
        for (unsigned i = 0; i < 4; i++) {
            unsigned e = pairs[in.bits >> (64 - PAIR_BITS)], a2 = a0 + (e >> 4 & 63) + (e >> 10);
            if (e == 0 || a2 >= width)
                break;
            change[n] = (uint16_t)(a0 + (e >> 4 & 63));
            change[n + 1] = (uint16_t)a2;
            n += 2;
            a0 = a2;
            last = in.bits;
            last_bits = e & 15;
            g3_skip(&in, e & 15);
        }
        if (in.end - in.at < 8)
            break;
        g3_refill_fast(&in);
        unsigned used = g3_quick_run(in.bits, 0, &run);
        if (used == 0 || run > width - a0 || (run == 0 && n))
            break;
        uint64_t rest = in.bits << used;
        unsigned a1 = a0 + run;
        change[n] = (uint16_t)a1;
        if (a1 == width) {
            last = in.bits;
            last_bits = used;
            g3_skip(&in, used);
            a0 = a1;
            n++;
            break;
        }
        unsigned more = g3_quick_run(rest, 1, &run);
        if (more == 0 || run > width - a1 || run == 0)
            break;
        a0 = a1 + run;
        change[n + 1] = (uint16_t)a0;
        n += 2;
        last = rest;
        last_bits = more;
        g3_skip(&in, used + more);
        if (a0 == width)
            break;
    }
    d->in = in;
    d->a0 = a0;
    d->n = n;
    g3_note_last(d, last, last_bits);
}

enum g3_row_result g3_decode_1d(struct g3_decoder *d)
{
    uint16_t *change = d->lines[d->reference ^ 1].change + 1;
    while (d->a0 < d->width) {
        if (d->run == 0 && (d->n & 1) == 0) {
            quick_1d(d);
            if (d->a0 == d->width)
                break;
        }
        enum g3_row_result r = g3_careful_run(d, d->n & 1);
        if (r != G3_ROW_WHOLE)
            return r;
        d->a0 += d->run;
        d->run = 0;
        d->n = g3_add_change(change, d->n, d->a0);
    }
    return G3_ROW_WHOLE;
}
