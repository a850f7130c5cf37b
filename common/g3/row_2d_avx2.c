/*
 * encode_2d.c's steps on four words at once; with the bit instructions that come with AVX2 the
 * codes are squeezed out of the masks, so that a look-up gives three of them.
 */
#include "g3/kernel_x86.h"

#if defined(__x86_64__)
#include "g3/words_2d.h"

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt,lzcnt")))

#define WIDE AVX2 static inline __attribute__((always_inline))
typedef __m256i wide;
enum { WIDE_WORDS = 4 };
#define wide_zero() _mm256_setzero_si256()
#define wide_load(p) _mm256_loadu_si256((const __m256i *)(const void *)(p))
#define wide_store(p, w) _mm256_storeu_si256((__m256i *)(void *)(p), w)
#define WIDE_RIGHT(w, l, n) (_mm256_slli_epi64(w, n) | _mm256_srli_epi64(l, 64 - (n)))
#define WIDE_LEFT(w, r, n) (_mm256_srli_epi64(w, n) | _mm256_slli_epi64(r, 64 - (n)))

/* The highest bit of each word. */
WIDE unsigned highest_bits(wide w)
{
    return (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(w));
}

/* Words of ones where the mask has them. */
WIDE wide spread(unsigned mask)
{
    const wide bit = _mm256_setr_epi64x(1, 2, 4, 8);
    return _mm256_cmpeq_epi64(_mm256_set1_epi64x(mask) & bit, bit);
}

WIDE unsigned wide_any(wide w)
{
    return highest_bits(_mm256_cmpeq_epi64(w, wide_zero())) ^ 15;
}

WIDE wide wide_left(wide w, wide l)
{
    return _mm256_alignr_epi8(w, _mm256_permute2x128_si256(l, w, 0x21), 8);
}

/* A carry out of a word goes on through words of ones, as in an integer's addition. */
WIDE wide wide_sum(wide a, wide b, unsigned *carry)
{
    wide sum = _mm256_add_epi64(a, b);
    unsigned starts = highest_bits(b | (a & ~sum));
    unsigned runs_on = highest_bits(_mm256_cmpeq_epi64(sum, _mm256_set1_epi64x(-1)));
    unsigned carried = ((starts << 1 | *carry) + runs_on) ^ runs_on;
    *carry = carried >> WIDE_WORDS & 1;
    return _mm256_sub_epi64(sum, spread(carried));
}

WIDE wide wide_parity(wide w, unsigned *all)
{
    w ^= _mm256_slli_epi64(w, 1);
    w ^= _mm256_slli_epi64(w, 2);
    w ^= _mm256_slli_epi64(w, 4);
    w ^= _mm256_slli_epi64(w, 8);
    w ^= _mm256_slli_epi64(w, 16);
    w ^= _mm256_slli_epi64(w, 32);
    unsigned words = highest_bits(w);
    words ^= words << 1;
    words ^= words << 2;
    *all = words >> (WIDE_WORDS - 1) & 1;
    return w ^ spread(words << 1);
}

#include "g3/masks_2d.h"

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

/* Puts up to six of them from number `from` on. What a six is short of is 0, V0, which is cut
 * off. */
WIDE void put_six(struct g3_sink *s, const struct dense *d, unsigned from, unsigned n)
{
    unsigned over = 6 - n;
    uint64_t at = _pdep_u64(d->bit0 >> from, 0x09249) | _pdep_u64(d->bit1 >> from, 0x12492) |
                  _pdep_u64(d->bit2 >> from, 0x24924);
    at = _bzhi_u64(at, n * 3);
    uint32_t first = threes[at & 511], second = threes[at >> 9];
    uint64_t word = (uint64_t)(first >> 8) << (second & 63) | second >> 8;
    /* Neither length has more than five bits, nor their sum more than six. Of none, word is 0. */
    unsigned bits = ((first + second) & 63) - over;
    s->acc |= word >> over << (-(bits + s->bits) & 63);
    s->bits += bits;
    g3_drain(s);
}

/* Puts all n of them from number `from` on. */
WIDE void put_from(struct g3_sink *s, const struct dense *d, unsigned from, unsigned n)
{
    for (; from < n; from += 6)
        put_six(s, d, from, n - from < 6 ? n - from : 6);
}

/* Puts a word's codes; returns where the last one ends. */
AVX2 static inline unsigned put_word(struct g3_sink *s, const struct masks *m, unsigned i,
                                     unsigned x, unsigned a0)
{
    uint64_t all = m->all[i];
    struct dense d = {
        _pext_u64(m->bit0[i], all), _pext_u64(m->bit1[i], all), _pext_u64(m->bit2[i], all),
    };
    unsigned n = (unsigned)_mm_popcnt_u64(all);
    if (m->run[i] == 0) {
        /* As many as a word mostly has go without asking how many there are. */
        put_six(s, &d, 0, n < 6 ? n : 6);
        put_six(s, &d, 6, n < 6 ? 0 : n < 12 ? n - 6 : 6);
        put_from(s, &d, 12, n);
        return x + 63 - (unsigned)_lzcnt_u64(all);
    }
    for (uint64_t runs = m->run[i]; runs; runs = _blsr_u64(runs)) {
        unsigned at = (unsigned)_tzcnt_u64(runs);
        uint64_t before = _bzhi_u64(m->all[i], at);
        unsigned in_between = (unsigned)_mm_popcnt_u64(_bzhi_u64(all, at));
        a0 = before ? x + 63 - (unsigned)_lzcnt_u64(before) : a0;
        /* Between the two runs of a horizontal code there is nothing. */
        if (!(m->bit1[i] >> at & 1)) {
            put_six(s, &d, 0, in_between < 6 ? in_between : 6);
            put_from(s, &d, 6, in_between);
            g3_put(s, G3_HORIZONTAL_WORD, G3_HORIZONTAL_BITS);
        }
        g3_put_run(s, m->bit0[i] >> at & 1, x + at - a0);
        g3_drain(s);
        d.bit0 = d.bit0 >> in_between >> 1;
        d.bit1 = d.bit1 >> in_between >> 1;
        d.bit2 = d.bit2 >> in_between >> 1;
        all &= ~_bzhi_u64(all, at + 1);
        n -= in_between + 1;
    }
    put_from(s, &d, 0, n);
    return x + 63 - (unsigned)_lzcnt_u64(m->all[i]);
}

AVX2 static inline unsigned count(uint64_t w)
{
    return (unsigned)_mm_popcnt_u64(w);
}

AVX2 static inline void put_masks(struct g3_sink *sink, const struct masks *m, unsigned x,
                                  unsigned *a0)
{
    struct g3_sink s = *sink;
    for (uint64_t words = m->words; words; words = _blsr_u64(words)) {
        unsigned i = (unsigned)_tzcnt_u64(words), from = x + i * 64;
        if (m->run[i] | m->bit0[i] | m->bit1[i] | m->bit2[i]) {
            *a0 = put_word(&s, m, i, from, *a0);
        } else {
            g3_put_v0(&s, count(m->all[i]));
            *a0 = from + 63 - (unsigned)_lzcnt_u64(m->all[i]);
        }
    }
    *sink = s;
}

AVX2 void g3_row_2d_avx2(struct g3_sink *s, const struct g3_row *above, const struct g3_row *row,
                         unsigned width)
{
    row_2d(s, above, row, width, put_masks);
}

AVX2 void g3_load_avx2(const uint8_t *row, unsigned width, struct g3_row *out)
{
    /* The nibbles turned, as the low and as the high half of a byte. */
    const __m256i low = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15));
    const __m256i high = _mm256_slli_epi16(low, 4), nibble = _mm256_set1_epi8(15);
    __m256i before = wide_zero();
    unsigned i = 0;
    for (; width - i * 64 >= 256; i += 4) {
        __m256i v = _mm256_loadu_si256((const __m256i *)(row + i * 8));
        __m256i h = _mm256_shuffle_epi8(high, _mm256_and_si256(v, nibble));
        __m256i l = _mm256_shuffle_epi8(low, _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble));
        v = _mm256_or_si256(h, l);
        wide_store(out->pels + i, v);
        wide_store(out->change + 1 + i, v ^ WIDE_RIGHT(v, wide_left(v, before), 1));
        before = v;
    }
    g3_load_words(row, width, out, i);
}
#endif
