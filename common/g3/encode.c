#include "g3/codes.h"
#include "g3/runs.h"

#include <string.h>

/* A code word and its length. */
struct code {
    uint16_t word;
    uint8_t bits;
};

#define ROW(run, bits, word) [(run) & 63] = {word, bits},
static const struct code terminating[2][64] = {
    {G3_WHITE_TERMINATING(ROW)},
    {G3_BLACK_TERMINATING(ROW)},
};
#undef ROW
/* By run / 64; [0] has no bits, so that a short run's code needs no branch. */
#define ROW(run, bits, word) [(run) >> 6] = {word, bits},
static const struct code make_up[2][G3_MAKE_UP_MAX / 64 + 1] = {
    {G3_WHITE_MAKE_UP(ROW) G3_COMMON_MAKE_UP(ROW)},
    {G3_BLACK_MAKE_UP(ROW) G3_COMMON_MAKE_UP(ROW)},
};
#undef ROW

/* A white run under 64 and a black one under 15 as one code; [0] is the white run alone. */
#define PAIR(run, bits, word, black)                                                              \
    [run][black] = {G3_PAIR_WORD(word, black), G3_PAIR_BITS(bits, black)},
#define ROW(run, bits, word) [run][0] = {word, bits}, G3_PAIRS(PAIR, run, bits, word)
static const struct {
    uint32_t word, bits;
} pairs[64][16] = {G3_WHITE_TERMINATING(ROW)};
#undef ROW

/* Table 4/T.4: pass, horizontal, and vertical by a1 - b1 + 3. */
static const struct code pass = {0x1, 4}, horizontal = {0x1, 3};
static const struct code vertical[7] = {
    {0x2, 7}, {0x2, 6}, {0x2, 3}, {0x1, 1}, {0x3, 3}, {0x3, 6}, {0x3, 7},
};

/* The bits on their way out: fewer than 8 wait, at the left of acc, when nothing is being put. */
struct sink {
    uint64_t acc;
    unsigned bits;
    uint8_t *out;
};

/* Writes the whole bytes; the store may reach 8 bytes beyond them. */
static inline void drain(struct sink *s)
{
    uint64_t w = s->acc;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    w = __builtin_bswap64(w);
#endif
    memcpy(s->out, &w, sizeof w);
    s->out += s->bits >> 3;
    /* bits is under 64: with at most 7 waiting, at most 56 are put between two drains. */
    s->acc <<= s->bits & 56;
    s->bits &= 7;
}

/* Bits 1 to 32 of a word, to be drained before more than 56 have come. */
static inline void put(struct sink *s, uint32_t word, unsigned bits)
{
    s->acc |= (uint64_t)word << (64 - bits - s->bits);
    s->bits += bits;
}

/* A run of up to 2623 pels is at most 12 + 13 bits. */
static inline void put_run(struct sink *s, unsigned colour, unsigned run)
{
    while (run >= G3_MAKE_UP_MAX + 64) {
        const struct code *most = &make_up[colour][G3_MAKE_UP_MAX / 64];
        drain(s);
        put(s, most->word, most->bits);
        run -= G3_MAKE_UP_MAX;
        drain(s);
    }
    const struct code *big = &make_up[colour][run >> 6], *small = &terminating[colour][run & 63];
    put(s, (uint32_t)big->word << small->bits | small->word, (unsigned)big->bits + small->bits);
}

static void put_row_1d(struct sink *s, const uint16_t *change, unsigned width)
{
    unsigned a0 = 0, a1, a2;
    do {
        a1 = change[0];
        a2 = change[1];
        change += 2;
        unsigned white = a1 - a0, black = a2 - a1;
        if (white < 64 && black < 15) {
            put(s, pairs[white][black].word, pairs[white][black].bits);
        } else {
            put_run(s, 0, white);
            if (black)
                put_run(s, 1, black);
        }
        drain(s);
        a0 = a2;
    } while (a2 != width);
}

/*
 * T.4 4.2.1.3: *b is the first change of the row above that is right of a0 and opposite in
 * colour. Parity of the index is the colour, so that after a vertical code the search starts one
 * to the left; the left edge in [0] never is right of a0 and turns the search by itself.
 */
static void put_row_2d(struct sink *s, const uint16_t *change, const uint16_t *b, unsigned width)
{
    unsigned a0 = 0, colour = 0;
    while (a0 < width) {
        unsigned a1 = *change;
        if (b[1] < a1) {
            put(s, pass.word, pass.bits);
            a0 = b[1];
            b += 2;
        } else if (a1 - *b + 3 <= 6) {
            const struct code *v = &vertical[a1 - *b + 3];
            put(s, v->word, v->bits);
            a0 = a1;
            change++;
            colour ^= 1;
            b--;
            while (*b <= a0 && *b < width)
                b += 2;
        } else {
            put(s, horizontal.word, horizontal.bits);
            put_run(s, colour, a1 - a0);
            drain(s);
            put_run(s, colour ^ 1, change[1] - a1);
            a0 = change[1];
            change += 2;
            while (*b <= a0 && *b < width)
                b += 2;
        }
        drain(s);
    }
}

static void put_eol(struct sink *s, unsigned flags)
{
    if (flags & G3_ALIGN_EOL) {
        unsigned fill = (4 - s->bits) & 7;
        s->bits += fill;
    }
    put(s, 1, G3_EOL_BITS);
    drain(s);
}

void g3_encoder_init(struct g3_encoder *e, enum g3_coding coding, unsigned width, unsigned k,
                     unsigned flags)
{
    e->pending = 0;
    e->pending_bits = 0;
    e->coding = coding;
    e->width = width;
    e->k = k ? k : 1;
    e->flags = flags;
    e->until_1d = 0;
    e->reference = 0;
    /* The imaginary row above the first is white. */
    e->lines[0].change[0] = 0;
    g3_close_line(&e->lines[0], 0, width);
}

/*
 * The dearest codes a pel: vertical, 7 bits, one pel on; horizontal over two pels, 12. Once a row
 * come EOL, fill and tag (20), a white run of none before the first (14), a last run of none (19),
 * 7 bits that waited, and 8 bytes of slack behind a drain.
 */
size_t g3_row_bound(unsigned width)
{
    return (size_t)width + 64;
}

size_t g3_encode_row(struct g3_encoder *e, const uint8_t *row, uint8_t *out)
{
    struct sink s = {e->pending, e->pending_bits, out};
    struct g3_line *line = &e->lines[e->reference ^ 1];
    const struct g3_line *above = &e->lines[e->reference];
    bool two_d = e->coding == G3_MMR || (e->coding == G3_MR && e->until_1d > 0);
    g3_find_changes(row, e->width, line);
    if (e->coding != G3_MMR && !(e->flags & G3_NO_EOL))
        put_eol(&s, e->flags);
    if (e->coding == G3_MR) {
        put(&s, !two_d, 1);
        drain(&s);
        e->until_1d = two_d ? e->until_1d - 1 : e->k - 1;
    }
    if (two_d)
        put_row_2d(&s, line->change + 1, above->change + 1, e->width);
    else
        put_row_1d(&s, line->change + 1, e->width);
    if (e->flags & G3_ALIGN_ROW) {
        s.bits = (s.bits + 7) & 8;
        drain(&s);
    }
    e->reference ^= 1;
    e->pending = s.acc;
    e->pending_bits = s.bits;
    return (size_t)(s.out - out);
}

size_t g3_encode_flush(struct g3_encoder *e, uint8_t *out)
{
    size_t n = e->pending_bits != 0;
    if (n)
        *out = (uint8_t)(e->pending >> 56);
    e->pending = 0;
    e->pending_bits = 0;
    return n;
}

size_t g3_encode_end(struct g3_encoder *e, uint8_t *out)
{
    struct sink s = {e->pending, e->pending_bits, out};
    for (int i = 0; i < (e->coding == G3_MMR ? 2 : 6); i++) {
        put_eol(&s, e->coding == G3_MMR ? 0 : e->flags);
        if (e->coding == G3_MR) {
            put(&s, 1, 1);
            drain(&s);
        }
    }
    e->pending = s.acc;
    e->pending_bits = s.bits;
    size_t n = (size_t)(s.out - out);
    return n + g3_encode_flush(e, s.out);
}
