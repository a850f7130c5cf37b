#include "g3/kernel_x86.h"

#if defined(__x86_64__)
#include "cpu/cpu.h"
#include "g3/paint.h"
#include "g3/places.h"
#include "g3/quick_2d.h"

#include <immintrin.h>
#include <string.h>

#define AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt,lzcnt")))

/* The changes of a word's eight pels from `from` on; where they end. */
AVX2 static inline uint16_t *avx2_byte(uint64_t m, unsigned from, __m128i x, uint16_t *out)
{
    /* As a place in the table's bytes, which has as many bits set. */
    const unsigned last = sizeof g3_places - sizeof *g3_places;
    unsigned place = (unsigned)(from == 56 ? m << 4 : m >> (52 - from)) & last;
    const __m128i *places = (const __m128i *)((const uint8_t *)g3_places + place);
    __m128i at = _mm_add_epi16(x, _mm_set1_epi16((short)from));
    _mm_storeu_si128((__m128i *)out, _mm_add_epi16(_mm_load_si128(places), at));
    return out + _mm_popcnt_u32(place);
}

AVX2 static inline uint16_t *avx2_word(uint64_t m, unsigned x, uint16_t *out)
{
    __m128i at = _mm_set1_epi16((short)x);
    out = avx2_byte(m, 0, at, out);
    out = avx2_byte(m, 8, at, out);
    out = avx2_byte(m, 16, at, out);
    out = avx2_byte(m, 24, at, out);
    out = avx2_byte(m, 32, at, out);
    out = avx2_byte(m, 40, at, out);
    out = avx2_byte(m, 48, at, out);
    return avx2_byte(m, 56, at, out);
}

/* The changes of a piece of a row, a bit each, the leftmost pel highest. */
AVX2 static inline __m256i avx2_changes(__m256i v, __m256i *before)
{
    const __m256i turn = _mm256_setr_epi8(7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8,
                                          7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8);
    v = _mm256_shuffle_epi8(v, turn);
    /* Each word's left neighbour; the first one's is the last of the piece before. */
    __m256i left = _mm256_permute4x64_epi64(v, 0x93);
    __m256i last = _mm256_slli_epi64(_mm256_blend_epi32(left, *before, 3), 63);
    *before = left;
    return _mm256_xor_si256(v, _mm256_or_si256(_mm256_srli_epi64(v, 1), last));
}

/* Pieces of 256 pels that are looked at before their changes are put: a mask of 32 words. */
enum { AVX2_PIECES = 8 };

AVX2 static unsigned avx2_find(const uint8_t *row, unsigned width, uint16_t *change)
{
    uint64_t words[4 * AVX2_PIECES];
    uint16_t *out = change;
    __m256i before = _mm256_setzero_si256();
    for (unsigned x = 0; x < width; x += 256 * AVX2_PIECES) {
        unsigned rest = width - x < 256 * AVX2_PIECES ? width - x : 256 * AVX2_PIECES;
        uint32_t some = 0;
        for (unsigned at = 0; at < rest; at += 256, row += 32) {
            uint8_t tail[32] = {0};
            if (rest - at < 256)
                memcpy(tail, row, (rest - at + 7) / 8);
            const uint8_t *from = rest - at < 256 ? tail : row;
            __m256i m = avx2_changes(_mm256_loadu_si256((const __m256i *)from), &before);
            __m256i none = _mm256_cmpeq_epi64(m, _mm256_setzero_si256());
            unsigned lanes = (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(none)) ^ 15;
            some |= lanes << at / 64;
            _mm256_storeu_si256((__m256i *)(words + at / 64), m);
        }
        if (rest % 64)
            words[rest / 64] &= ~(UINT64_MAX >> rest % 64);
        some = _bzhi_u32(some, (rest + 63) / 64);
        for (; some; some = _blsr_u32(some)) {
            unsigned i = _tzcnt_u32(some);
            out = avx2_word(words[i], x + i * 64, out);
        }
    }
    return (unsigned)(out - change);
}

#define AVX512 "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,bmi,bmi2,popcnt,lzcnt"

/* The nibbles turned, as the low and as the high half of a byte. */
#define TURNED_LOW 0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15
#define TURNED_HIGH 0, -128, 64, -64, 32, -96, 96, -32, 16, -112, 80, -48, 48, -80, 112, -16

const uint8_t g3_iota[64] = {
    0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
    22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
    44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63,
};

/*
 * A word's changes are compressed out of the numbers from 0 to 63 at once; into zeros of which the
 * compiler does not know, because what compresses into a register without keeping anything of it
 * waits for what it held before all the same.
 */
__attribute__((target(AVX512))) static inline unsigned
avx512_word(uint64_t m, __m512i zero, unsigned x, uint16_t *out)
{
    __m512i at = _mm512_mask_compress_epi8(zero, m, _mm512_loadu_si512(g3_iota));
    __m512i base = _mm512_set1_epi16((short)x);
    unsigned n = (unsigned)__builtin_popcountll(m);
    __m512i first = _mm512_cvtepu8_epi16(_mm512_castsi512_si256(at));
    _mm256_storeu_si256((__m256i *)out,
                        _mm512_castsi512_si256(_mm512_add_epi16(first, base)));
    if (n > 16) {
        __m512i second = _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64(at, 1));
        _mm512_storeu_si512(out, _mm512_add_epi16(first, base));
        _mm512_storeu_si512(out + 32, _mm512_add_epi16(second, base));
    }
    return n;
}

/* The changes of a piece of a row, a bit each, the leftmost pel lowest; *before is the last
 * piece. */
__attribute__((target(AVX512))) static inline __m512i avx512_changes(const uint8_t *row,
                                                                     unsigned bytes,
                                                                     __m512i *before)
{
    const __m512i low = _mm512_broadcast_i32x4(_mm_setr_epi8(TURNED_LOW));
    const __m512i high = _mm512_broadcast_i32x4(_mm_setr_epi8(TURNED_HIGH));
    const __m512i nibble = _mm512_set1_epi8(15);
    __m512i v = _mm512_maskz_loadu_epi8(_bzhi_u64(UINT64_MAX, bytes), row);
    __m512i h = _mm512_shuffle_epi8(high, _mm512_and_si512(v, nibble));
    __m512i l = _mm512_shuffle_epi8(low, _mm512_and_si512(_mm512_srli_epi16(v, 4), nibble));
    v = _mm512_or_si512(h, l);
    __m512i left = _mm512_srli_epi64(_mm512_alignr_epi64(v, *before, 7), 63);
    *before = v;
    return _mm512_xor_si512(v, _mm512_or_si512(_mm512_slli_epi64(v, 1), left));
}

/* Pieces of 512 pels that are looked at before their changes are put: a mask of 32 words. */
enum { AVX512_PIECES = 4 };

__attribute__((target(AVX512))) static unsigned
avx512_find(const uint8_t *row, unsigned width, uint16_t *change)
{
    __m512i before = _mm512_setzero_si512(), zero = before;
    __asm__("" : "+v"(zero));
    uint64_t words[8 * AVX512_PIECES];
    unsigned n = 0;
    for (unsigned x = 0; x < width; x += 512 * AVX512_PIECES) {
        unsigned rest = width - x < 512 * AVX512_PIECES ? width - x : 512 * AVX512_PIECES;
        uint32_t some = 0;
        for (unsigned at = 0; at < rest; at += 512, row += 64) {
            unsigned bytes = rest - at < 512 ? (rest - at + 7) / 8 : 64;
            __m512i m = avx512_changes(row, bytes, &before);
            some |= (uint32_t)_mm512_test_epi64_mask(m, m) << at / 64;
            _mm512_storeu_si512(words + at / 64, m);
        }
        if (rest % 64)
            words[rest / 64] = _bzhi_u64(words[rest / 64], rest % 64);
        some = _bzhi_u32(some, (rest + 63) / 64);
        for (; some; some = _blsr_u32(some)) {
            unsigned i = _tzcnt_u32(some);
            n += avx512_word(words[i], zero, x + i * 64, change + n);
        }
    }
    return n;
}

AVX2 static void avx2_paint(const uint16_t *change, unsigned width, uint8_t *row)
{
    g3_paint_runs(change, width, row);
}

const struct g3_kernel g3_avx2 = {
    .name = "avx2",
    .needs = CPU_AVX2,
    .find = avx2_find,
    .pack = g3_pack_scalar,
    .load = g3_load_avx2,
    .row_2d = g3_row_2d_avx2,
    .walked = 6,
    .quick_2d = g3_quick_2d_avx2,
    .paint = avx2_paint,
};

const struct g3_kernel g3_avx512 = {
    .name = "avx512",
    .needs = CPU_AVX2 | CPU_AVX512,
    .find = avx512_find,
    .pack = g3_pack_avx512,
    .load = g3_load_avx512,
    .row_2d = g3_row_2d_avx512,
    .walked = 32,
    .quick_2d = g3_quick_2d_avx2,
    .paint = avx2_paint,
};
#endif
