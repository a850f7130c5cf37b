/*
 * The steps of encode_2d.c on 64 pels in a machine word, for the kernels that have no wider ones:
 * each takes them over as they stand, compiled for its own instructions.
 */
#ifndef G3_WORDS_2D_H
#define G3_WORDS_2D_H

#include "g3/sink.h"

#define G3_INLINE static inline __attribute__((always_inline))

G3_INLINE uint64_t g3_turn_bytes(uint64_t w)
{
    w = (w >> 1 & UINT64_C(0x5555555555555555)) | (w & UINT64_C(0x5555555555555555)) << 1;
    w = (w >> 2 & UINT64_C(0x3333333333333333)) | (w & UINT64_C(0x3333333333333333)) << 2;
    return (w >> 4 & UINT64_C(0x0f0f0f0f0f0f0f0f)) | (w & UINT64_C(0x0f0f0f0f0f0f0f0f)) << 4;
}

/* Up to eight bytes as bits, the leftmost pel lowest. */
G3_INLINE uint64_t g3_load_word(const uint8_t *p, size_t bytes)
{
    uint64_t w = 0;
    memcpy(&w, p, bytes);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    w = __builtin_bswap64(w);
#endif
    return g3_turn_bytes(w);
}

/* struct g3_kernel's load; words up to number `from`, but not what changes in them, are there. */
G3_INLINE void g3_load_words(const uint8_t *row, unsigned width, struct g3_row *out, unsigned from)
{
    unsigned whole = width / 64, rest = width % 64;
    uint64_t *pels = out->pels, left = 0;
    for (unsigned i = from; i < whole; i++)
        pels[i] = g3_load_word(row + i * 8, 8);
    uint64_t w = rest ? g3_load_word(row + whole * 8, (rest + 7) / 8) : 0;
    uint64_t last = rest ? w >> (rest - 1) : pels[whole - 1] >> 63;
    pels[whole] = (w & ~(UINT64_MAX << rest)) | ((last & 1) - 1) << rest;
    for (unsigned i = 0; i <= whole; i++) {
        out->change[i + 1] = pels[i] ^ (pels[i] << 1 | left >> 63);
        left = pels[i];
    }
    out->change[whole + 2] = 0;
}

/* Where an a1 would be coded so: a1 left of b1 (vl) or right of it (vr) by so many pels. */
struct g3_modes {
    uint64_t v0, vl1, vl2, vl3, vr1, vr2, vr3, pass;
};

/* Where codes end, and which: bits of enum g3_mode for the codes of table 4/T.4; of a run's code
 * its colour in bit 0, and bit 1 set for the second one. */
struct g3_coded {
    uint64_t all, run, bit0, bit1, bit2;
};

/* What was last told in the words before. */
struct g3_left {
    uint64_t lone; /* 1: the last change was of the row above alone */
    uint64_t open; /* 1: a horizontal code waits for the end of its second run */
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

/* Steps 1 to 3: what each change of word i would be coded as, were it an a1. */
G3_INLINE struct g3_modes g3_modes_of(const struct g3_row *above, const struct g3_row *row,
                                      unsigned i, uint64_t closing, struct g3_left *left)
{
    uint64_t c = row->change[i + 1], b = above->change[i + 1];
    uint64_t c_left = row->change[i], b_left = above->change[i], b_right = above->change[i + 2];
    uint64_t lone = b & ~c, lone_left = b_left & ~c_left, any = b | c, any_left = b_left | c_left;
    uint64_t differ = row->pels[i] ^ above->pels[i];
    uint64_t passed = g3_last_told(any, lone, &left->lone);
    /* b1 is the first change of the row above from here on, the second one, or left of here. */
    uint64_t first = c & (~(differ ^ c ^ b) | (closing & ~passed)), others = c & ~first;
    uint64_t second = others & ~passed, before = others & passed;
    uint64_t b1 = g3_moved_left(b, b_right, 1), b2 = g3_moved_left(b, b_right, 2);
    uint64_t b3 = g3_moved_left(b, b_right, 3), none = first & ~b & ~b1;
    uint64_t not_1 = before & ~g3_moved_right(any, any_left, 1);
    uint64_t not_2 = not_1 & ~g3_moved_right(any, any_left, 2);
    struct g3_modes m = {
        .v0 = first & b,
        .vl1 = b1 & ((first & ~b) | (second & b)),
        .vl2 = b2 & (none | (second & (b ^ b1))),
        .vl3 = b3 & ((none & ~b2) | (second & (b ^ b1 ^ b2) & ~(b & b1))),
        .vr1 = before & g3_moved_right(lone, lone_left, 1),
        .vr2 = not_1 & g3_moved_right(lone, lone_left, 2),
        .vr3 = not_2 & g3_moved_right(lone, lone_left, 3),
        .pass = lone & passed & ~differ,
    };
    return m;
}

/* Step 4: which changes start and end a horizontal code, and what is then left of the others. */
G3_INLINE struct g3_coded g3_resolve(const struct g3_row *row, unsigned i,
                                     const struct g3_modes *m, struct g3_left *left)
{
    uint64_t c = row->change[i + 1], vl = m->vl1 | m->vl2 | m->vl3, vr = m->vr1 | m->vr2 | m->vr3;
    uint64_t vertical = m->v0 | vl | vr, horizontal = c & ~vertical;
    struct g3_coded coded = {
        .all = c | m->pass,
        .bit0 = m->vl1 | m->vl3 | m->vr2 | m->pass,
        .bit1 = m->vl2 | m->vl3 | m->vr3 | m->pass,
        .bit2 = vr | m->pass,
    };
    if (horizontal | left->open) {
        uint64_t odd = g3_parity_to(horizontal);
        uint64_t taken = odd ^ horizontal ^ g3_last_told(vertical, vertical & odd, &left->open);
        uint64_t run = c & (horizontal | taken), colour = row->pels[i] ^ c;
        left->open ^= odd >> 63;
        coded.all &= c | ~taken;
        coded.run = run;
        coded.bit0 = (coded.bit0 & ~taken) | (run & colour);
        coded.bit1 = (coded.bit1 & ~taken) | (run & taken);
        coded.bit2 &= ~taken;
    }
    return coded;
}

/* Table 4/T.4 by the three bits of struct g3_coded: the word at the left, and its length. */
#define G3_MODE(word, bits) {(uint64_t)(word) << (64 - (bits)), bits}
static const struct {
    uint64_t word;
    unsigned bits;
} g3_mode_codes[8] = {
    G3_MODE(1, 1), G3_MODE(2, 3), G3_MODE(2, 6), G3_MODE(2, 7),
    G3_MODE(3, 3), G3_MODE(3, 6), G3_MODE(3, 7), G3_MODE(1, 4),
};
#undef G3_MODE
enum { G3_HORIZONTAL_WORD = 0x1, G3_HORIZONTAL_BITS = 3 };

/* n times V0, which is 1. */
G3_INLINE void g3_put_v0(struct g3_sink *s, unsigned n)
{
    for (; n > 32; n -= 32) {
        g3_put(s, UINT32_MAX, 32);
        g3_drain(s);
    }
    s->acc |= ((UINT64_C(1) << n) - 1) << (63 - n - s->bits) << 1;
    s->bits += n;
    g3_drain(s);
}

/*
 * Puts a word's codes; x is where its first pel is, a0 where the code before them ended. Returns
 * where the last one ends.
 */
G3_INLINE unsigned g3_put_coded(struct g3_sink *sink, const struct g3_coded *c, unsigned x,
                                unsigned a0)
{
    enum { ROOM_FOR_ONE = 56 - 7 };
    struct g3_sink s = *sink;
    uint64_t run = c->run, bit0 = c->bit0, bit1 = c->bit1, bit2 = c->bit2;
    for (uint64_t all = c->all; all; all &= all - 1) {
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

/*
 * The pels of the last two words, up to the row's edge, from which on the row above has no change:
 * there b1 is the edge, whatever its colour would be. Those more than three pels from the edge are
 * left out: they have no vertical mode.
 */
G3_INLINE void g3_closing(const struct g3_row *row, unsigned width, uint64_t closing[2])
{
    const uint64_t *above = row->pels;
    unsigned edge = width / 64, at = width % 64;
    uint64_t before = edge ? above[edge - 1] : 0;
    /* The edge and four pels to the left of it, at bits 4 and 3 to 0. */
    uint64_t pels = at >= 4 ? above[edge] >> (at - 4) : above[edge] << (4 - at) | before >> (60 + at);
    uint64_t change = (pels ^ pels >> 1) & 7;
    uint64_t quiet = change & 4 ? 8 : change & 2 ? 12 : change & 1 ? 14 : 15;
    closing[0] = at >= 3 ? 0 : quiet << (61 + at);
    closing[1] = at >= 3 ? quiet << (at - 3) : quiet >> (3 - at);
}

/* What differs from kernel to kernel: g3_put_coded, and counting the bits of a word. */
typedef unsigned g3_put_coded_fn(struct g3_sink *s, const struct g3_coded *c, unsigned x,
                                 unsigned a0);
typedef unsigned g3_count_fn(uint64_t w);

/* A row that repeats the one above: each of its changes and its edge are V0. */
G3_INLINE void g3_put_repeated(struct g3_sink *s, const struct g3_row *row, unsigned width,
                               g3_count_fn *count)
{
    unsigned n = 0;
    for (unsigned i = 0; i <= width / 64; i++)
        if (row->change[i + 1])
            n += count(row->change[i + 1]);
    g3_put_v0(s, n);
}

/* struct g3_kernel's row_2d. */
G3_INLINE void g3_row_2d_words(struct g3_sink *sink, const struct g3_row *above,
                               const struct g3_row *row, unsigned width, g3_put_coded_fn *put,
                               g3_count_fn *count)
{
    unsigned a0 = 0, last = width / 64;
    if (memcmp(row->change + 1, above->change + 1, (last + 1) * sizeof *row->change) == 0) {
        g3_put_repeated(sink, row, width, count);
        return;
    }
    struct g3_sink s = *sink;
    struct g3_left left = {0, 0};
    uint64_t closing[2];
    g3_closing(above, width, closing);
    for (unsigned i = 0; i <= last; i++) {
        uint64_t c = row->change[i + 1], b = above->change[i + 1];
        if ((c | b) == 0)
            continue;
        if (c == b && row->pels[i] == above->pels[i] && !left.open) {
            g3_put_v0(&s, count(c));
            a0 = i * 64 + 63 - (unsigned)__builtin_clzll(c);
            left.lone = 0;
            continue;
        }
        uint64_t closed = i + 1 < last ? 0 : closing[i + 1 - last];
        struct g3_modes modes = g3_modes_of(above, row, i, closed, &left);
        struct g3_coded coded = g3_resolve(row, i, &modes, &left);
        a0 = put(&s, &coded, i * 64, a0);
    }
    if (left.open) {
        g3_put_run(&s, row->pels[last] >> width % 64 & 1, 0);
        g3_drain(&s);
    }
    *sink = s;
}

#endif
