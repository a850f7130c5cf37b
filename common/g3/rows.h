/*
 * Inside the decoder: what the rows of one and of two dimensions share, the look-up of runs.
 */
#ifndef G3_ROWS_H
#define G3_ROWS_H

#include "g3/codes.h"
#include "g3/decode.h"

/*
 * Run codes by the next 12 (white) or 13 (black) bits: length in the low 4 bits, run above. A
 * run of 64 or more is a make-up code. 0: no such code.
 */
enum { G3_WHITE_BITS = 12, G3_BLACK_BITS = 13 };
extern const uint16_t g3_white_codes[1 << G3_WHITE_BITS];
extern const uint16_t g3_black_codes[1 << G3_BLACK_BITS];

/* The entry of the run code that bits start with, 0 where there is none. */
static inline unsigned g3_lookup(uint64_t bits, unsigned colour)
{
    return colour ? g3_black_codes[bits >> (64 - G3_BLACK_BITS)]
                  : g3_white_codes[bits >> (64 - G3_WHITE_BITS)];
}

/*
 * Adds a change at a0. A run of no pels within a row takes the change before it away again, so
 * that the line stays strictly ascending and its parity stays the colour.
 */
static inline unsigned g3_add_change(uint16_t *change, unsigned n, unsigned a0)
{
    if (n && change[n - 1] == a0)
        return n - 1;
    change[n] = (uint16_t)a0;
    return n + 1;
}

/* Remembers the zeros a code ended with: they may be the first ones of an EOL. */
static inline void g3_use_code(struct g3_decoder *d, unsigned bits)
{
    d->last_zeros = (unsigned)__builtin_ctzll(d->in.bits >> (64 - bits));
    g3_skip(&d->in, bits);
}

/* The same for the last code that a quick loop used, if it used any. */
static inline void g3_note_last(struct g3_decoder *d, uint64_t code, unsigned bits)
{
    if (bits)
        d->last_zeros = (unsigned)__builtin_ctzll(code >> (64 - bits));
}

/* A run by table, with at most one make-up code, from a register that has the bits. Returns the
 * bits used, 0 where the careful way must look. */
static inline unsigned g3_quick_run(uint64_t bits, unsigned colour, unsigned *run)
{
    unsigned e = g3_lookup(bits, colour), used = 0, big = 0;
    *run = 0;
    if (e >= 64 << 4) {
        used = e & 15;
        big = e >> 4;
        e = g3_lookup(bits << used, colour);
        if (e >= 64 << 4)
            return 0;
    }
    *run = big + (e >> 4);
    return e ? used + (e & 15) : 0;
}

/* One whole run, its make-up codes included, added to d->run as they come. */
enum g3_row_result g3_careful_run(struct g3_decoder *d, unsigned colour);

#endif
