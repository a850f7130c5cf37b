/*
 * Inside the decoder: the bits that come in, and the rows in them (rows_1d.c, rows_2d.c). decode.c
 * does all that lies between rows: EOLs, damage, the end.
 */
#ifndef G3_DECODE_H
#define G3_DECODE_H

#include "bytes/endian.h"
#include "g3/g3.h"

#include <string.h>

enum g3_row_result { G3_ROW_WHOLE, G3_ROW_MORE, G3_ROW_BAD };

/*
 * Decode on in the row that d stands in, into the line that is not the reference, n changes so
 * far. WHOLE: the runs reach the width exactly. MORE: the bytes are used up within the row.
 * BAD: a code that does not exist, runs beyond the width, or the end of all bytes.
 */
enum g3_row_result g3_decode_1d(struct g3_decoder *d);
enum g3_row_result g3_decode_2d(struct g3_decoder *d);

/*
 * The pels of a one-dimensional row that starts there, packed into row (NULL: only checked), and
 * where its codes end, if all of it and eight bytes more are in the span and it adds up to the
 * width. False: look in steps; row is anything.
 */
bool g3_row_pels(const struct g3_decoder *d, struct g3_place from, uint8_t *row,
                 struct g3_place *end);

/* Once a page: how an all white row is coded, which many are and which needs no decoding. */
void g3_expect_blank(struct g3_decoder *d);

/* Uses up n bits, n <= have <= 63. */
static inline void g3_skip(struct g3_bits *in, unsigned n)
{
    in->bits <<= n;
    in->have -= n;
}

/* Room for eight bytes at `at`: 56 bits or more at once, without a branch. */
static inline void g3_refill_fast(struct g3_bits *in)
{
    in->bits |= get_be64(in->at) >> in->have;
    in->at += (63 - in->have) >> 3;
    in->have |= 56;
}

/* The place where the bits at hand begin, which may be in the span before. */
static inline struct g3_place g3_here(const struct g3_bits *in)
{
    return (struct g3_place){in->at - (in->have + 7) / 8, -in->have & 7};
}

static inline struct g3_place g3_beyond(struct g3_place at, size_t bits)
{
    bits += at.bit;
    return (struct g3_place){at.byte + bits / 8, bits & 7};
}

/* 57 bits or more from there on, where eight bytes are. */
static inline uint64_t g3_bits_at(struct g3_place at)
{
    return get_be64(at.byte) << at.bit;
}

/* The same, to go on from there; in->end stays. */
static inline void g3_go_to(struct g3_bits *in, struct g3_place at)
{
    in->bits = g3_bits_at(at);
    in->at = at.byte + 7;
    in->have = 56 - at.bit;
}

/* 56 to 63 bits, or all that the span has. */
static inline void g3_refill(struct g3_bits *in)
{
    if (in->have >= 56)
        return;
    if (in->end - in->at >= 8) {
        g3_refill_fast(in);
        return;
    }
    while (in->have < 56 && in->at != in->end) {
        in->bits |= (uint64_t)*in->at++ << (56 - in->have);
        in->have += 8;
    }
}

#endif
