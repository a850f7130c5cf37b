/*
 * The steps of encode_2d.c on 64 pels in a machine word, for the kernels that have no wider ones:
 * each takes them over as they stand, compiled for its own instructions.
 */
#ifndef G3_WORDS_2D_H
#define G3_WORDS_2D_H

#include "g3/sink.h"

#define G3_INLINE static inline __attribute__((always_inline))

/* 64 pels of both rows, and where they change; `next` is how the row above goes on. */
struct g3_pels {
    uint64_t row, change;
    uint64_t above, above_change, next_change;
};

/* What a word leaves to the one on its right. */
struct g3_left {
    struct g3_pels pels;
    uint64_t lone; /* 1: the last change was of the row above alone */
    uint64_t open; /* 1: a horizontal code waits for the end of its second run */
};

/* Where an a1 would be coded so: a1 left of b1 (vl) or right of it (vr) by so many pels. */
struct g3_modes {
    uint64_t v0, vl1, vl2, vl3, vr1, vr2, vr3, pass;
};

/* Where codes end, and which: bits of enum g3_mode for the codes of table 4/T.4; of a run's code
 * its colour in bit 0, and bit 1 set for the second one. */
struct g3_coded {
    uint64_t all, run, bit0, bit1, bit2;
};

/* A mask moved right or left by a few pels, with what comes in from the next word. */
G3_INLINE uint64_t g3_moved_right(uint64_t w, uint64_t left, unsigned by)
{
    return w << by | left >> (64 - by);
}

G3_INLINE uint64_t g3_moved_left(uint64_t w, uint64_t right, unsigned by)
{
    return w >> by | right << (64 - by);
}

/* Of each pel and all to its left the parity. */
G3_INLINE uint64_t g3_parity_to(uint64_t x)
{
    x ^= x << 1;
    x ^= x << 2;
    x ^= x << 4;
    x ^= x << 8;
    x ^= x << 16;
    return x ^ x << 32;
}

/*
 * At each pel what was last told to the left of it: 1 by the pels of set, 0 by the others of told;
 * *last is what was told before them all, and becomes what was told by the last. The carry of an
 * addition starts at the pels of set, runs through those that tell nothing and ends at the others.
 */
G3_INLINE uint64_t g3_last_told(uint64_t told, uint64_t set, uint64_t *last)
{
    uint64_t through = ~told | set, sum = through + set, carry = sum < through;
    sum += *last;
    *last = carry | (sum < *last);
    return ~told ^ sum;
}

/* Step 1 and 2: what each change of the row would be coded as, were it an a1. */
G3_INLINE struct g3_modes g3_vertical_modes(const struct g3_pels *p, struct g3_left *left,
                                            uint64_t closing)
{
    const struct g3_pels *l = &left->pels;
    uint64_t c = p->change, b = p->above_change;
    uint64_t lone = b & ~c, any = b | c;
    uint64_t left_lone = l->above_change & ~l->change, left_any = l->above_change | l->change;
    uint64_t differ = p->row ^ p->above;
    uint64_t differed = g3_moved_right(differ, l->row ^ l->above, 1);
    uint64_t passed = g3_last_told(any, lone, &left->lone);
    /* b1 is the first change of the row above from here on, the second one, or left of here. */
    uint64_t first = c & (~differed | (closing & ~passed));
    uint64_t second = c & ~first & ~passed, before = c & ~first & passed;
    uint64_t b_1 = g3_moved_left(b, p->next_change, 1);
    uint64_t b_2 = g3_moved_left(b, p->next_change, 2);
    uint64_t b_3 = g3_moved_left(b, p->next_change, 3);
    uint64_t one = b ^ b_1, none = ~b & ~b_1;
    uint64_t any_1 = g3_moved_right(any, left_any, 1), any_2 = g3_moved_right(any, left_any, 2);
    struct g3_modes m;
    m.v0 = first & b;
    m.vl1 = b_1 & ((first & ~b) | (second & b));
    m.vl2 = b_2 & ((first & none) | (second & one));
    m.vl3 = b_3 & ((first & none & ~b_2) | (second & (one ^ b_2) & ~(b & b_1)));
    m.vr1 = before & g3_moved_right(lone, left_lone, 1);
    m.vr2 = before & g3_moved_right(lone, left_lone, 2) & ~any_1;
    m.vr3 = before & g3_moved_right(lone, left_lone, 3) & ~any_1 & ~any_2;
    m.pass = lone & ~differ & passed;
    return m;
}

/*
 * Step 3: a change that has no vertical mode starts a horizontal code, and the next one, whatever
 * it could be, ends it. Along a row of such changes they take turns; one that has a vertical mode
 * is taken only if their number since the last of its kind is odd.
 */
G3_INLINE struct g3_coded g3_resolve(const struct g3_pels *p, const struct g3_modes *m,
                                     struct g3_left *left)
{
    uint64_t vertical = m->v0 | m->vl1 | m->vl2 | m->vl3 | m->vr1 | m->vr2 | m->vr3;
    uint64_t others = p->change & ~vertical, odd = 0, taken = 0;
    if (others | left->open) {
        odd = g3_parity_to(others);
        taken = (odd ^ others) ^ g3_last_told(vertical, vertical & odd, &left->open);
        left->open ^= odd >> 63;
    }
    uint64_t pass = m->pass & ~taken, run = p->change & (others | taken);
    uint64_t colour = g3_moved_right(p->row, left->pels.row, 1);
    struct g3_coded c = {
        .all = p->change | pass,
        .run = run,
        .bit0 = ((m->vl1 | m->vl3 | m->vr2) & ~taken) | pass | (run & colour),
        .bit1 = ((m->vl2 | m->vl3 | m->vr3) & ~taken) | pass | (run & taken),
        .bit2 = ((m->vr1 | m->vr2 | m->vr3) & ~taken) | pass,
    };
    return c;
}

/* Table 4/T.4, by the three bits of struct g3_coded. */
static const struct g3_code g3_mode_codes[8] = {
    {0x1, 1}, {0x2, 3}, {0x2, 6}, {0x2, 7}, {0x3, 3}, {0x3, 6}, {0x3, 7}, {0x1, 4},
};
enum { G3_HORIZONTAL_WORD = 0x1, G3_HORIZONTAL_BITS = 3 };

G3_INLINE unsigned g3_put_coded(struct g3_sink *s, struct g3_coded c, unsigned x, unsigned a0)
{
    for (uint64_t left = c.all; left; left &= left - 1) {
        unsigned at = (unsigned)__builtin_ctzll(left);
        unsigned mode = (c.bit0 >> at & 1) | (c.bit1 >> at & 1) << 1 | (c.bit2 >> at & 1) << 2;
        if (c.run >> at & 1) {
            if (!(mode & 2))
                g3_put(s, G3_HORIZONTAL_WORD, G3_HORIZONTAL_BITS);
            g3_put_run(s, mode & 1, x + at - a0);
        } else {
            g3_put(s, g3_mode_codes[mode].word, g3_mode_codes[mode].bits);
        }
        g3_drain(s);
        a0 = x + at;
    }
    return a0;
}

/*
 * The pels of the last two words, up to the row's edge, from which on the row above has no change:
 * there b1 is the edge, whatever its colour would be. Those more than three pels from the edge are
 * left out: they have no vertical mode.
 */
G3_INLINE void g3_closing(const uint64_t *above, unsigned width, uint64_t closing[2])
{
    unsigned edge = width / 64, at = width % 64;
    uint64_t before = edge ? above[edge - 1] : 0;
    /* The edge and four pels to the left of it, at bits 4 and 3 to 0. */
    uint64_t pels = at >= 4 ? above[edge] >> (at - 4) : above[edge] << (4 - at) | before >> (60 + at);
    uint64_t change = (pels ^ pels >> 1) & 7;
    uint64_t quiet = change & 4 ? 8 : change & 2 ? 12 : change & 1 ? 14 : 15;
    closing[0] = at >= 3 ? 0 : quiet << (61 + at);
    closing[1] = at >= 3 ? quiet << (at - 3) : quiet >> (3 - at);
}

/* How many bits are set: by halves of halves, as not every machine counts them itself. */
G3_INLINE unsigned g3_count(uint64_t x)
{
    x -= x >> 1 & UINT64_C(0x5555555555555555);
    x = (x & UINT64_C(0x3333333333333333)) + (x >> 2 & UINT64_C(0x3333333333333333));
    x = (x + (x >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (unsigned)(x * UINT64_C(0x0101010101010101) >> 56);
}

/* A row that repeats the one above: each of its changes and its edge are V0, which is 1. */
G3_INLINE void g3_put_repeated(struct g3_sink *s, const uint64_t *row, unsigned width)
{
    unsigned n = 0;
    uint64_t left = 0;
    for (unsigned i = 0; i <= width / 64; i++) {
        uint64_t change = row[i] ^ g3_moved_right(row[i], left, 1);
        if (change)
            n += g3_count(change);
        left = row[i];
    }
    for (; n > 32; n -= 32) {
        g3_put(s, UINT32_MAX, 32);
        g3_drain(s);
    }
    g3_put(s, (uint32_t)((UINT64_C(1) << n) - 1), n);
    g3_drain(s);
}

/* struct g3_kernel's row_2d. */
G3_INLINE void g3_row_2d_words(struct g3_sink *sink, const uint64_t *above, const uint64_t *row,
                               unsigned width)
{
    if (memcmp(row, above, (width / 64 + 1) * sizeof *row) == 0) {
        g3_put_repeated(sink, row, width);
        return;
    }
    struct g3_sink s = *sink;
    struct g3_left left = {{0, 0, 0, 0, 0}, 0, 0};
    unsigned a0 = 0, last = width / 64;
    uint64_t next = above[0] ^ above[0] << 1, closing[2];
    g3_closing(above, width, closing);
    for (unsigned i = 0; i <= last; i++) {
        struct g3_pels p = {.row = row[i], .above = above[i], .above_change = next};
        p.change = p.row ^ g3_moved_right(p.row, left.pels.row, 1);
        next = above[i + 1] ^ g3_moved_right(above[i + 1], p.above, 1);
        p.next_change = next;
        uint64_t closed = i + 1 < last ? 0 : closing[i + 1 - last];
        struct g3_modes m = g3_vertical_modes(&p, &left, closed);
        struct g3_coded c = g3_resolve(&p, &m, &left);
        a0 = g3_put_coded(&s, c, i * 64, a0);
        left.pels = p;
    }
    if (left.open) {
        g3_put_run(&s, row[last] >> width % 64 & 1, 0);
        g3_drain(&s);
    }
    *sink = s;
}

#endif
