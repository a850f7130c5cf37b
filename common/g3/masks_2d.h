/*
 * The steps of encode_2d.c, told once for kernels of every width. Who includes this has defined
 * what is below, or nothing, and then goes by the machine word.
 *
 *     WIDE               the attributes of a function that uses the type
 *     wide               the type, one or more words, that & | ^ and ~ work on
 *     WIDE_WORDS         how many
 *     wide_zero()
 *     wide_load(p), wide_store(p, w)
 *     wide_any(w)        a bit for each word that is not 0
 *     wide_left(w, l)    for each word the one to its left, where l is what lies left of w
 *     WIDE_RIGHT(w, l, n), WIDE_LEFT(w, r, n)
 *                        the pels moved by n (1 to 3), with what comes in from their neighbours
 *     wide_sum(a, b, &carry)
 *                        a + b + carry as one long number, and what it carries; b is part of a
 *     wide_parity(w, &all)
 *                        of each pel and all to its left the parity, and of all
 */
#ifndef G3_MASKS_2D_H
#define G3_MASKS_2D_H

#include "g3/words_2d.h"

#ifndef WIDE
#define WIDE G3_INLINE
typedef uint64_t wide;
enum { WIDE_WORDS = 1 };
#define wide_zero() UINT64_C(0)
#define wide_load(p) (*(p))
#define wide_store(p, w) (*(p) = (w))
#define wide_any(w) ((w) != 0)
#define wide_left(w, l) (l)
#define WIDE_RIGHT(w, l, n) ((w) << (n) | (l) >> (64 - (n)))
#define WIDE_LEFT(w, r, n) ((w) >> (n) | (r) << (64 - (n)))

WIDE wide wide_sum(wide a, wide b, unsigned *carry)
{
    wide sum = a + b, all = sum + *carry;
    *carry = (sum < a) | (all < sum);
    return all;
}

WIDE wide wide_parity(wide w, unsigned *all)
{
    w ^= w << 1;
    w ^= w << 2;
    w ^= w << 4;
    w ^= w << 8;
    w ^= w << 16;
    w ^= w << 32;
    *all = (unsigned)(w >> 63);
    return w;
}
#endif

/* Words of a row between two emptyings of the masks; a single one stays in registers. */
enum { WORDS_AT_ONCE = WIDE_WORDS == 1 ? 1 : 64 };

/*
 * Where codes end, and which: the bits of g3_mode_codes for the codes of table 4/T.4; of a run's
 * code its colour in bit0, and bit1 set for the second one. `words` tells which words have any.
 */
struct masks {
    uint64_t words;
    uint64_t all[WORDS_AT_ONCE], run[WORDS_AT_ONCE];
    uint64_t bit0[WORDS_AT_ONCE], bit1[WORDS_AT_ONCE], bit2[WORDS_AT_ONCE];
};

/* What the words so far leave to the next ones. */
struct left {
    wide lone, any; /* changes of the row above alone, and of either row */
    unsigned alone; /* 1: the last change was of the row above alone */
    unsigned open;  /* 1: a horizontal code waits for the end of its second run */
};

/*
 * At each pel what was last told to the left of it: 1 by the pels of set, 0 by the others of told;
 * *last is what was told before them all, and becomes what was told by the last. The carry of an
 * addition starts at the pels of set, runs through those that tell nothing and ends at the others.
 */
WIDE wide last_told(wide told, wide set, unsigned *last)
{
    return ~told ^ wide_sum(~told | set, set, last);
}

/* Where an a1 would be coded so: a1 left of b1 (vl) or right of it (vr) by so many pels. */
struct modes {
    wide v0, vl1, vl2, vl3, vr1, vr2, vr3, pass;
};

/* Steps 1 to 3: what each change would be coded as, were it an a1. */
WIDE struct modes find_modes(const struct g3_row *above, const struct g3_row *row, unsigned i,
                             wide closing, struct left *left)
{
    wide c = wide_load(row->change + 1 + i), b = wide_load(above->change + 1 + i);
    wide b_right = wide_load(above->change + 2 + i);
    wide differ = wide_load(row->pels + i) ^ wide_load(above->pels + i);
    wide lone = b & ~c, any = b | c, alone = last_told(any, lone, &left->alone);
    wide lone_left = wide_left(lone, left->lone), any_left = wide_left(any, left->any);
    /* b1 is the first change of the row above from here on, the second one, or left of here. */
    wide first = c & (~(differ ^ c ^ b) | (closing & ~alone)), others = c & ~first;
    wide second = others & ~alone, before = others & alone;
    wide b1 = WIDE_LEFT(b, b_right, 1), b2 = WIDE_LEFT(b, b_right, 2);
    wide b3 = WIDE_LEFT(b, b_right, 3), none = first & ~b & ~b1;
    wide no_1 = before & ~WIDE_RIGHT(any, any_left, 1);
    wide no_2 = no_1 & ~WIDE_RIGHT(any, any_left, 2);
    struct modes m = {
        .v0 = first & b,
        .vl1 = b1 & ((first & ~b) | (second & b)),
        .vl2 = b2 & (none | (second & (b ^ b1))),
        .vl3 = b3 & ((none & ~b2) | (second & (b ^ b1 ^ b2) & ~(b & b1))),
        .vr1 = before & WIDE_RIGHT(lone, lone_left, 1),
        .vr2 = no_1 & WIDE_RIGHT(lone, lone_left, 2),
        .vr3 = no_2 & WIDE_RIGHT(lone, lone_left, 3),
        .pass = lone & alone & ~differ,
    };
    left->lone = lone;
    left->any = any;
    return m;
}

/* Step 4: which changes start and end a horizontal code, and what is then left of the others. */
WIDE void resolve(const struct g3_row *row, unsigned i, const struct modes *m, struct left *left,
                  struct masks *out)
{
    wide c = wide_load(row->change + 1 + i), pels = wide_load(row->pels + i);
    wide vl = m->vl1 | m->vl2 | m->vl3, vr = m->vr1 | m->vr2 | m->vr3;
    wide vertical = m->v0 | vl | vr, horizontal = c & ~vertical;
    unsigned at = i % WORDS_AT_ONCE;
    wide taken = wide_zero();
    /* Of eight words there mostly is one, and asking would cost more. */
    if (WIDE_WORDS == 8 || wide_any(horizontal) || left->open) {
        unsigned all_odd;
        wide odd = wide_parity(horizontal, &all_odd);
        taken = odd ^ horizontal ^ last_told(vertical, vertical & odd, &left->open);
        left->open ^= all_odd;
    }
    wide pass = m->pass & ~taken, run = c & (horizontal | taken), colour = pels ^ c;
    wide all = c | pass;
    wide_store(out->all + at, all);
    wide_store(out->run + at, run);
    wide_store(out->bit0 + at, ((m->vl1 | m->vl3 | m->vr2) & ~taken) | pass | (run & colour));
    wide_store(out->bit1 + at, ((m->vl2 | m->vl3 | m->vr3) & ~taken) | pass | (run & taken));
    wide_store(out->bit2 + at, (vr & ~taken) | pass);
    out->words |= (uint64_t)wide_any(all) << at;
}

/* Puts the codes of up to WORDS_AT_ONCE words; x is where the first one's first pel is, *a0 where
 * the code before them ended. */
typedef void put_masks_fn(struct g3_sink *s, const struct masks *m, unsigned x, unsigned *a0);

/* struct g3_kernel's row_2d. */
WIDE void row_2d(struct g3_sink *s, const struct g3_row *above, const struct g3_row *row,
                 unsigned width, put_masks_fn *put)
{
    struct left left = {wide_zero(), wide_zero(), 0, 0};
    unsigned last = width / 64, a0 = 0;
    struct masks masks;
    masks.words = 0;
    for (unsigned i = 0; i <= last; i += WIDE_WORDS) {
        wide any = wide_load(row->change + 1 + i) | wide_load(above->change + 1 + i);
        if (wide_any(any)) {
            unsigned to_last = last - i < G3_CLOSING ? last - i : G3_CLOSING;
            wide closed = wide_load(above->closing + G3_CLOSING - to_last);
            struct modes modes = find_modes(above, row, i, closed, &left);
            resolve(row, i, &modes, &left, &masks);
        } else {
            left.lone = left.any = any;
        }
        if (last - i < WIDE_WORDS || (i + WIDE_WORDS) % WORDS_AT_ONCE == 0) {
            put(s, &masks, i / WORDS_AT_ONCE * WORDS_AT_ONCE * 64, &a0);
            masks.words = 0;
        }
    }
    if (left.open) {
        g3_put_run(s, row->pels[last] >> width % 64 & 1, 0);
        g3_drain(s);
    }
}

#endif
