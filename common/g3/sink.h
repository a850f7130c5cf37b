/*
 * Where coded bits go on their way out of the encoder, and the two ways to code a row into it.
 */
#ifndef G3_SINK_H
#define G3_SINK_H

#include "bytes/endian.h"
#include "g3/codes.h"
#include "g3/g3.h"

#include <string.h>

/* A code word and its length. */
struct g3_code {
    uint16_t word;
    uint8_t bits;
};

/* By colour, white first, and run. */
extern const struct g3_code g3_terminating[2][64];

/* By colour and run / 64; [0] has no bits, so that a short run's code needs no branch. */
extern const struct g3_code g3_make_up[2][G3_MAKE_UP_MAX / 64 + 1];

/* The bits on their way out: fewer than 8 wait, at the left of acc, when nothing is being put. */
struct g3_sink {
    uint64_t acc;
    unsigned bits;
    uint8_t *out;
};

/* Writes the whole bytes; the store may reach 8 bytes beyond them. */
static inline void g3_drain(struct g3_sink *s)
{
    put_be64(s->out, s->acc);
    s->out += s->bits >> 3;
    /* bits is under 64: with at most 7 waiting, at most 56 are put between two drains. */
    s->acc <<= s->bits & 56;
    s->bits &= 7;
}

/* Bits 1 to 32 of a word, to be drained before more than 56 have come. */
static inline void g3_put(struct g3_sink *s, uint32_t word, unsigned bits)
{
    s->acc |= (uint64_t)word << (64 - bits - s->bits);
    s->bits += bits;
}

/* A run of up to 2623 pels is at most 12 + 13 bits. */
static inline void g3_put_run(struct g3_sink *s, unsigned colour, unsigned run)
{
    while (run >= G3_MAKE_UP_MAX + 64) {
        const struct g3_code *most = &g3_make_up[colour][G3_MAKE_UP_MAX / 64];
        g3_drain(s);
        g3_put(s, most->word, most->bits);
        run -= G3_MAKE_UP_MAX;
        g3_drain(s);
    }
    const struct g3_code *big = &g3_make_up[colour][run >> 6];
    const struct g3_code *small = &g3_terminating[colour][run & 63];
    g3_put(s, (uint32_t)big->word << small->bits | small->word, (unsigned)big->bits + small->bits);
}

/* Codes a row by its runs (T.4 4.1), drained. */
void g3_put_row_1d(struct g3_encoder *e, struct g3_sink *s, const uint8_t *row);

/* Codes a row by what differs from the row before (T.4 4.2), drained. */
void g3_put_row_2d(struct g3_encoder *e, struct g3_sink *s, const uint8_t *row);

/* Keeps a row that was just coded by its runs for a next one that will not be. */
void g3_keep_row(struct g3_encoder *e, const uint8_t *row);

/* Makes the row above the first one, which T.4 imagines white. */
void g3_keep_white(struct g3_encoder *e);

#endif
