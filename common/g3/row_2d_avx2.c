/*
 * encode_2d.c's steps on machine words with the bit instructions that come with AVX2: codes are
 * squeezed out of the masks, so that a look-up gives three of them.
 */
#include "g3/kernel_x86.h"

#if defined(__x86_64__)
#include "g3/words_2d.h"

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt,lzcnt")))

/* Table 4/T.4 as in g3_mode_codes. */
enum {
    WORD_0 = 1, WORD_1 = 2, WORD_2 = 2, WORD_3 = 2, WORD_4 = 3, WORD_5 = 3, WORD_6 = 3, WORD_7 = 1,
    BITS_0 = 1, BITS_1 = 3, BITS_2 = 6, BITS_3 = 7, BITS_4 = 3, BITS_5 = 6, BITS_6 = 7, BITS_7 = 4,
};

/* Three codes as one, the first in the lowest three bits of the index, over its length. */
#define THREE(a, b, c)                                                                            \
    ((uint32_t)(WORD_##a << (BITS_##b + BITS_##c) | WORD_##b << BITS_##c | WORD_##c) << 8 |       \
     (BITS_##a + BITS_##b + BITS_##c))
#define EIGHT(b, c)                                                                               \
    THREE(0, b, c), THREE(1, b, c), THREE(2, b, c), THREE(3, b, c), THREE(4, b, c),               \
        THREE(5, b, c), THREE(6, b, c), THREE(7, b, c)
#define MANY(c)                                                                                   \
    EIGHT(0, c), EIGHT(1, c), EIGHT(2, c), EIGHT(3, c), EIGHT(4, c), EIGHT(5, c), EIGHT(6, c),    \
        EIGHT(7, c)
static const uint32_t threes[512] = {
    MANY(0), MANY(1), MANY(2), MANY(3), MANY(4), MANY(5), MANY(6), MANY(7),
};

/* Codes by table 4/T.4, one after the other, without the pels between. */
struct dense {
    uint64_t bit0, bit1, bit2;
};

/* Puts the first n of them, by sixes: what a six is short of is 0, V0, a 1 that is cut off. */
AVX2 static inline void put_dense(struct g3_sink *s, struct dense *d, unsigned n)
{
    for (unsigned done = 0; done < n; done += 6) {
        unsigned now = n - done < 6 ? n - done : 6, over = 6 - now;
        unsigned at = (unsigned)(_pdep_u64(d->bit0 >> done, 0x09249) |
                                 _pdep_u64(d->bit1 >> done, 0x12492) |
                                 _pdep_u64(d->bit2 >> done, 0x24924));
        at = _bzhi_u32(at, now * 3);
        uint32_t first = threes[at & 511], second = threes[at >> 9];
        uint64_t word = (uint64_t)(first >> 8) << (second & 31) | second >> 8;
        unsigned bits = (first & 31) + (second & 31) - over;
        s->acc |= word >> over << (64 - bits - s->bits);
        s->bits += bits;
        g3_drain(s);
    }
}

AVX2 static inline unsigned put_coded(struct g3_sink *sink, const struct g3_coded *c, unsigned x,
                                      unsigned a0)
{
    struct g3_sink s = *sink;
    uint64_t all = c->all;
    struct dense d = {_pext_u64(c->bit0, all), _pext_u64(c->bit1, all), _pext_u64(c->bit2, all)};
    unsigned n = (unsigned)_mm_popcnt_u64(all);
    for (uint64_t runs = c->run; runs; runs = _blsr_u64(runs)) {
        unsigned at = (unsigned)_tzcnt_u64(runs);
        uint64_t before = _bzhi_u64(c->all, at);
        unsigned in_between = (unsigned)_mm_popcnt_u64(_bzhi_u64(all, at));
        put_dense(&s, &d, in_between);
        if (before)
            a0 = x + 63 - (unsigned)_lzcnt_u64(before);
        if (!(c->bit1 >> at & 1))
            g3_put(&s, G3_HORIZONTAL_WORD, G3_HORIZONTAL_BITS);
        g3_put_run(&s, c->bit0 >> at & 1, x + at - a0);
        g3_drain(&s);
        d.bit0 = d.bit0 >> in_between >> 1;
        d.bit1 = d.bit1 >> in_between >> 1;
        d.bit2 = d.bit2 >> in_between >> 1;
        all &= ~_bzhi_u64(all, at + 1);
        n -= in_between + 1;
    }
    put_dense(&s, &d, n);
    *sink = s;
    return c->all ? x + 63 - (unsigned)_lzcnt_u64(c->all) : a0;
}

AVX2 static inline unsigned count(uint64_t w)
{
    return (unsigned)_mm_popcnt_u64(w);
}

AVX2 void g3_row_2d_avx2(struct g3_sink *s, const struct g3_row *above, const struct g3_row *row,
                         unsigned width)
{
    g3_row_2d_words(s, above, row, width, put_coded, count);
}

AVX2 void g3_load_avx2(const uint8_t *row, unsigned width, struct g3_row *out)
{
    /* The nibbles turned, as the low and as the high half of a byte. */
    const __m256i low = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15));
    const __m256i high = _mm256_slli_epi16(low, 4), nibble = _mm256_set1_epi8(15);
    unsigned i = 0;
    for (; width - i * 64 >= 256; i += 4) {
        __m256i v = _mm256_loadu_si256((const __m256i *)(row + i * 8));
        __m256i h = _mm256_shuffle_epi8(high, _mm256_and_si256(v, nibble));
        __m256i l = _mm256_shuffle_epi8(low, _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble));
        _mm256_storeu_si256((__m256i *)(out->pels + i), _mm256_or_si256(h, l));
    }
    g3_load_words(row, width, out, i);
}
#endif
