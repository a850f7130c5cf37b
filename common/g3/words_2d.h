/*
 * What the kernels for two-dimensional rows have in common beside the steps (masks_2d.h): each
 * takes it over as it stands, compiled for its own instructions.
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

/*
 * The pels of the last two words, up to the row's edge, from which on the row has no change: to the
 * row below, b1 is the edge there, whatever its colour would be. Those more than three pels from
 * the edge are left out: they have no vertical mode. They stand in row->closing at G3_CLOSING and
 * before it; all else there must be 0 already.
 */
enum { G3_CLOSING = 9 };
G3_INLINE void g3_close_row(struct g3_row *row, unsigned width)
{
    unsigned edge = width / 64, at = width % 64;
    uint64_t last = row->pels[edge], before = edge ? row->pels[edge - 1] : 0;
    /* The edge and four pels to the left of it, at bits 4 and 3 to 0. */
    uint64_t pels = at >= 4 ? last >> (at - 4) : last << (4 - at) | before >> (60 + at);
    uint64_t change = (pels ^ pels >> 1) & 7;
    uint64_t quiet = change & 4 ? 8 : change & 2 ? 12 : change & 1 ? 14 : 15;
    row->closing[G3_CLOSING - 1] = at >= 3 ? 0 : quiet << (61 + at);
    row->closing[G3_CLOSING] = at >= 3 ? quiet << (at - 3) : quiet >> (3 - at);
}

/* struct g3_kernel's load from word number `from` on; those before it are there. */
G3_INLINE void g3_load_words(const uint8_t *row, unsigned width, struct g3_row *out, unsigned from)
{
    unsigned whole = width / 64, rest = width % 64;
    uint64_t *pels = out->pels, left = from ? pels[from - 1] : 0;
    for (unsigned i = from; i < whole; i++)
        pels[i] = g3_load_word(row + i * 8, 8);
    uint64_t w = rest ? g3_load_word(row + whole * 8, (rest + 7) / 8) : 0;
    uint64_t last = rest ? w >> (rest - 1) : pels[whole - 1] >> 63;
    pels[whole] = (w & ~(UINT64_MAX << rest)) | ((last & 1) - 1) << rest;
    for (unsigned i = from; i <= whole; i++) {
        out->change[i + 1] = pels[i] ^ (pels[i] << 1 | left >> 63);
        left = pels[i];
    }
    memset(out->change + whole + 2, 0, 4 * sizeof *out->change);
    g3_close_row(out, width);
}

/* Table 4/T.4 by the three bits of struct masks: the word at the left, and its length. */
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

#endif
