#include "g3/kernel_x86.h"

#if defined(__x86_64__)
#include "g3/sink.h"

#include <immintrin.h>
#include <string.h>

#define AVX512                                                                                    \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,bmi2")))

/*
 * No code word has more than 8 bits from its first 1 on, so that a byte holds it, and one look-up
 * in a register gives those of many runs. Each table is by the run's lower 6 bits or, for make-up
 * codes, by what is above them, of which 0 has no bits.
 */
#define SMALL_WORD(run, bits, word) [(run) & 63] = (word),
#define SMALL_BITS(run, bits, word) [(run) & 63] = (bits),
#define BIG_WORD(run, bits, word) [(run) >> 6] = (word),
#define BIG_BITS(run, bits, word) [(run) >> 6] = (bits),
static const struct byte_codes {
    uint8_t small_words[64], small_bits[64], big_words[64], big_bits[64];
} white_codes = {
    {G3_WHITE_TERMINATING(SMALL_WORD)},
    {G3_WHITE_TERMINATING(SMALL_BITS)},
    {G3_WHITE_MAKE_UP(BIG_WORD) G3_COMMON_MAKE_UP(BIG_WORD)},
    {G3_WHITE_MAKE_UP(BIG_BITS) G3_COMMON_MAKE_UP(BIG_BITS)},
}, black_codes = {
    {G3_BLACK_TERMINATING(SMALL_WORD)},
    {G3_BLACK_TERMINATING(SMALL_BITS)},
    {G3_BLACK_MAKE_UP(BIG_WORD) G3_COMMON_MAKE_UP(BIG_WORD)},
    {G3_BLACK_MAKE_UP(BIG_BITS) G3_COMMON_MAKE_UP(BIG_BITS)},
};

enum { AT_ONCE = 32, FOUR_BITS_MAX = 56 };

/* Code words at the right of their lanes, and their lengths. */
struct codes {
    __m512i word, bits;
};

/* Of runs of one colour, the lower 16 of each 32 bits; wanted has a bit for the first of 4
 * bytes. */
AVX512 static inline struct codes look_up(const struct byte_codes *t, __m512i run,
                                          __mmask64 wanted)
{
    __m512i big = _mm512_srli_epi32(run, 6);
    __m512i bits =
        _mm512_maskz_permutexvar_epi8(wanted, run, _mm512_loadu_si512(t->small_bits));
    __m512i word =
        _mm512_maskz_permutexvar_epi8(wanted, run, _mm512_loadu_si512(t->small_words));
    __m512i big_word =
        _mm512_maskz_permutexvar_epi8(wanted, big, _mm512_loadu_si512(t->big_words));
    __m512i big_bits =
        _mm512_maskz_permutexvar_epi8(wanted, big, _mm512_loadu_si512(t->big_bits));
    struct codes c = {
        _mm512_or_si512(_mm512_sllv_epi32(big_word, bits), word),
        _mm512_add_epi32(big_bits, bits),
    };
    return c;
}

/* Four codes as one in each 64 bits: first white, then black, of each the lower 32 bits first. */
AVX512 static inline struct codes by_fours(struct codes white, struct codes black)
{
    const __m512i half = _mm512_set1_epi64(0xffffffff);
    __m512i first = _mm512_sllv_epi64(_mm512_and_si512(white.word, half),
                                      _mm512_and_si512(black.bits, half));
    first = _mm512_or_si512(first, _mm512_and_si512(black.word, half));
    __m512i second = _mm512_sllv_epi64(_mm512_srli_epi64(white.word, 32),
                                       _mm512_srli_epi64(black.bits, 32));
    second = _mm512_or_si512(second, _mm512_srli_epi64(black.word, 32));
    __m512i bits = _mm512_add_epi32(white.bits, black.bits);
    __m512i second_bits = _mm512_srli_epi64(bits, 32);
    struct codes fours = {
        _mm512_or_si512(_mm512_sllv_epi64(first, second_bits), second),
        _mm512_add_epi64(_mm512_and_si512(bits, half), second_bits),
    };
    return fours;
}

/* Sums from the left: of each of eight and all before it. */
AVX512 static inline __m512i running_sums(__m512i v)
{
    const __m512i zero = _mm512_setzero_si512();
    v = _mm512_add_epi64(v, _mm512_alignr_epi64(v, zero, 7));
    v = _mm512_add_epi64(v, _mm512_alignr_epi64(v, zero, 6));
    return _mm512_add_epi64(v, _mm512_alignr_epi64(v, zero, 4));
}

AVX512 static inline void store_two(uint8_t *out, __m128i words, unsigned at)
{
    uint64_t second = (uint64_t)_mm_extract_epi64(words, 1);
    _mm_storel_epi64((__m128i *)(out + (at & 0xff)), words);
    memcpy(out + (at >> 8 & 0xff), &second, sizeof second);
}

/* In order, each with zeros over what the next will bring. */
AVX512 static inline void store_eight(uint8_t *out, __m512i words, __m512i at)
{
    uint64_t offsets = (uint64_t)_mm_cvtsi128_si64(_mm512_cvtepi64_epi8(at));
    store_two(out, _mm512_castsi512_si128(words), (unsigned)offsets);
    store_two(out, _mm512_extracti32x4_epi32(words, 1), (unsigned)(offsets >> 16));
    store_two(out, _mm512_extracti32x4_epi32(words, 2), (unsigned)(offsets >> 32));
    store_two(out, _mm512_extracti32x4_epi32(words, 3), (unsigned)(offsets >> 48));
}

/*
 * Puts fours of codes, the last of them number `last` of eight.
 *
 * Four runs have at least 12 bits, so that the byte in which they end holds nothing of what came
 * before them: each of eight words, shifted to where its bits go, needs of the others only the
 * last byte of the one before, and all are stored without waiting for each other. Only a row's
 * last few runs may be shorter; what would follow them is made the same as they and stored twice.
 */
AVX512 static inline void put_fours(struct g3_sink *s, struct codes f, unsigned last)
{
    const __m512i turned = _mm512_set4_epi32(0x08090a0b, 0x0c0d0e0f, 0x00010203, 0x04050607);
    const __m512i seven = _mm512_set1_epi64(7);
    const __m512i iota = _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7);
    __m512i ends = running_sums(f.bits);
    unsigned all = (unsigned)_mm_cvtsi128_si32(
        _mm512_castsi512_si128(_mm512_permutexvar_epi64(seven, ends)));
    ends = _mm512_add_epi64(ends, _mm512_set1_epi64(s->bits));
    __m512i starts = _mm512_sub_epi64(ends, f.bits);
    __m512i bytes = _mm512_srli_epi64(starts, 3);
    __m512i used = _mm512_add_epi64(f.bits, _mm512_and_si512(starts, seven));
    __m512i word = _mm512_sllv_epi64(f.word, _mm512_sub_epi64(_mm512_set1_epi64(64), used));
    __m512i rest = _mm512_sllv_epi64(word, _mm512_andnot_si512(seven, used));
    __m512i before = _mm512_set1_epi64((long long)s->acc);
    word = _mm512_or_si512(word, _mm512_alignr_epi64(rest, before, 7));
    if (last < 7) {
        __m512i from = _mm512_min_epu64(iota, _mm512_set1_epi64(last));
        word = _mm512_permutexvar_epi64(from, word);
        bytes = _mm512_permutexvar_epi64(from, bytes);
    }
    store_eight(s->out, _mm512_shuffle_epi8(word, turned), bytes);
    s->bits += all;
    s->out += s->bits >> 3;
    s->bits &= 7;
    /* The bits stored behind those that wait are 0. */
    s->acc = (uint64_t)*s->out << 56;
}

AVX512 void g3_pack_avx512(struct g3_sink *s, const uint16_t *change, unsigned runs)
{
    const __m512i longest = _mm512_set1_epi16(G3_MAKE_UP_MAX + 63);
    struct g3_sink sink = *s;
    while (runs) {
        unsigned n = runs < AT_ONCE ? runs : AT_ONCE;
        __m512i run = _mm512_sub_epi16(_mm512_loadu_si512(change),
                                       _mm512_loadu_si512(change - 1));
        const uint64_t each_fourth = 0x1111111111111111;
        struct codes f = by_fours(
            look_up(&white_codes, run, _bzhi_u64(each_fourth, 2 * n)),
            look_up(&black_codes, _mm512_srli_epi32(run, 16), _bzhi_u64(each_fourth, 2 * n - 2)));
        __mmask32 long_runs = _mm512_cmpgt_epu16_mask(run, longest) & _bzhi_u32(~0u, n);
        __mmask8 long_codes = _mm512_cmpgt_epu64_mask(f.bits, _mm512_set1_epi64(FOUR_BITS_MAX));
        if (long_runs | long_codes) {
            *s = sink;
            g3_pack_scalar(s, change, n);
            sink = *s;
        } else {
            put_fours(&sink, f, (n - 1) / 4);
        }
        change += n;
        runs -= n;
    }
    *s = sink;
}
#endif
