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
 * colour would begin there (g3_close_row).
 *
 * This pays where there are many changes. Rows with few of them are coded as T.4 tells it after
 * all, from the list of their changes (walk_2d.c). Every row has a list, but masks only those with
 * many changes: where one of two rows has none, their lists are walked.
 */
#include "g3/kernel.h"
#include "g3/masks_2d.h"
#include "g3/runs.h"
#include "g3/walk_2d.h"

/* By halves of halves, as not every machine counts bits itself. */
static inline unsigned count(uint64_t w)
{
    w -= w >> 1 & UINT64_C(0x5555555555555555);
    w = (w & UINT64_C(0x3333333333333333)) + (w >> 2 & UINT64_C(0x3333333333333333));
    w = (w + (w >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (unsigned)(w * UINT64_C(0x0101010101010101) >> 56);
}

/* Puts a word's codes; returns where the last one ends. */
static inline unsigned put_word(struct g3_sink *sink, const struct masks *m, unsigned i, unsigned x,
                                unsigned a0)
{
    enum { ROOM_FOR_ONE = 56 - 7 };
    struct g3_sink s = *sink;
    uint64_t run = m->run[i], bit0 = m->bit0[i], bit1 = m->bit1[i], bit2 = m->bit2[i];
    for (uint64_t all = m->all[i]; all; all &= all - 1) {
        unsigned at = (unsigned)__builtin_ctzll(all);
        unsigned mode = (bit0 >> at & 1) | (bit1 >> at & 1) << 1 | (bit2 >> at & 1) << 2;
        if (run >> at & 1) {
            g3_drain(&s);
            if (!(mode & 2))
                g3_put(&s, G3_HORIZONTAL_WORD, G3_HORIZONTAL_BITS);
            g3_put_run(&s, mode & 1, x + at - a0);
        } else {
            s.acc |= g3_mode_codes[mode].word >> s.bits;
            s.bits += g3_mode_codes[mode].bits;
        }
        if (s.bits > ROOM_FOR_ONE)
            g3_drain(&s);
        a0 = x + at;
    }
    g3_drain(&s);
    *sink = s;
    return a0;
}

static inline void put_masks(struct g3_sink *s, const struct masks *m, unsigned x, unsigned *a0)
{
    for (uint64_t words = m->words; words; words &= words - 1) {
        unsigned i = (unsigned)__builtin_ctzll(words), from = x + i * 64;
        if (m->run[i] | m->bit0[i] | m->bit1[i] | m->bit2[i]) {
            *a0 = put_word(s, m, i, from, *a0);
        } else {
            g3_put_v0(s, count(m->all[i]));
            *a0 = from + 63 - (unsigned)__builtin_clzll(m->all[i]);
        }
    }
}

void g3_row_2d_scalar(struct g3_sink *s, const struct g3_row *above, const struct g3_row *row,
                      unsigned width)
{
    row_2d(s, above, row, width, put_masks);
}

void g3_load_scalar(const uint8_t *row, unsigned width, struct g3_row *out)
{
    g3_load_words(row, width, out, 0);
}

/* A white row's masks are not needed: the first row is walked. */
void g3_keep_white(struct g3_encoder *e)
{
    for (unsigned i = 0; i < 2; i++) {
        e->rows[i].masks.change[0] = 0;
        memset(e->rows[i].masks.closing, 0, sizeof e->rows[i].masks.closing);
    }
    struct g3_kept *above = &e->rows[e->reference];
    above->masked = false;
    above->codes = 1;
    above->line.change[0] = 0;
    g3_close_line(&above->line, 0, e->width);
    memset(e->before, 0, sizeof e->before);
}

/* Makes a row whose line is there the one before. */
static void keep(struct g3_encoder *e, const uint8_t *row)
{
    const struct g3_kernel *kernel = g3_kernel_used();
    struct g3_kept *kept = &e->rows[e->reference ^= 1];
    kept->masked = kept->codes > e->width / kernel->walked;
    if (kept->masked)
        kernel->load(row, e->width, &kept->masks);
    memcpy(e->before, row, (e->width + 7) / 8);
}

void g3_keep_row(struct g3_encoder *e, const uint8_t *row)
{
    if (memcmp(e->before, row, (e->width + 7) / 8) != 0)
        keep(e, row);
}

void g3_put_row_2d(struct g3_encoder *e, struct g3_sink *s, const uint8_t *row)
{
    const struct g3_kept *above = &e->rows[e->reference];
    struct g3_kept *kept = &e->rows[e->reference ^ 1];
    if (memcmp(e->before, row, (e->width + 7) / 8) == 0) {
        /* Each of its changes and its edge are V0. */
        g3_put_v0(s, above->codes);
        return;
    }
    kept->codes = g3_find_changes(row, e->width, &kept->line) + 1;
    keep(e, row);
    if (above->masked && kept->masked)
        g3_kernel_used()->row_2d(s, &above->masks, &kept->masks, e->width);
    else
        g3_walk_2d(s, &above->line, &kept->line, e->width);
}
