/*
 * Two-dimensional rows (T.4 4.2, T.6) without a walk from code to code.
 *
 * T.4 tells the coding of a row as a loop: from a0 find a1, b1 and b2, choose a mode, move a0.
 * Nearly all of it can be told of each pel by itself, from the bits around it, and so of 64 pels
 * at once with the operations of a machine word, or of 512 with those of a vector:
 *
 * 1. A mask has a 1 where a row's colour changes. Every change of the row that is coded is an a1
 *    or an a2; what lies between a0 and a1 is no change of it, so that a0, as far as b1 is
 *    concerned, is simply the change before.
 * 2. Where the rows differ just left of a1, b1 is the last change of the row above if that lies
 *    right of a0; else it is the second one from a1 on. Where they do not differ, it is the first
 *    one from a1 on. Either is seen by moving the masks by up to three pels, since more is not a
 *    vertical mode. Whether the last change lies right of a0 is whether the last change of either
 *    row was one of the row above alone: the carry of an addition finds it.
 * 3. A pass code ends at a change of the row above alone that follows another such change and
 *    leaves the rows alike; then b1 and b2 are these two.
 * 4. Changes without a vertical mode start a horizontal code, and the change that follows ends
 *    it, so that of several in a row every other one starts one: their parity, counted from the
 *    last change of the other kind, again by an addition's carry.
 *
 * The only thing left to walk is the list of the codes found so. A run of a horizontal code begins
 * where the code before it in that list ended.
 *
 * The row's edge is a change of both rows. A last horizontal code of which it is the a1 has a
 * second run of no pels. Where the row above has no change before the edge, b1 is the edge whatever
 * colour would begin there (g3_closing).
 */
#include "g3/kernel.h"
#include "g3/words_2d.h"

void g3_load_scalar(const uint8_t *row, unsigned width, struct g3_row *out)
{
    g3_load_words(row, width, out, 0);
}

/* By halves of halves, as not every machine counts bits itself. */
static inline unsigned count(uint64_t w)
{
    w -= w >> 1 & UINT64_C(0x5555555555555555);
    w = (w & UINT64_C(0x3333333333333333)) + (w >> 2 & UINT64_C(0x3333333333333333));
    w = (w + (w >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (unsigned)(w * UINT64_C(0x0101010101010101) >> 56);
}

void g3_row_2d_scalar(struct g3_sink *s, const struct g3_row *above, const struct g3_row *row,
                      unsigned width)
{
    g3_row_2d_words(s, above, row, width, g3_put_coded, count);
}

void g3_keep_white(struct g3_encoder *e)
{
    struct g3_row *above = &e->rows[e->reference];
    unsigned edge = e->width / 64;
    e->rows[0].change[0] = e->rows[1].change[0] = 0;
    memset(above->pels, 0, edge * sizeof *above->pels);
    memset(above->pels + edge, 0xff, (G3_ROW_WORDS - edge) * sizeof *above->pels);
    above->pels[edge] <<= e->width % 64;
    memset(above->change, 0, sizeof above->change);
    above->change[1 + edge] = UINT64_C(1) << e->width % 64;
}

void g3_keep_row(struct g3_encoder *e, const uint8_t *row)
{
    g3_kernel_used()->load(row, e->width, &e->rows[e->reference ^ 1]);
}

void g3_put_row_2d(struct g3_encoder *e, struct g3_sink *s, const uint8_t *row)
{
    const struct g3_kernel *k = g3_kernel_used();
    k->load(row, e->width, &e->rows[e->reference ^ 1]);
    k->row_2d(s, &e->rows[e->reference], &e->rows[e->reference ^ 1], e->width);
}
