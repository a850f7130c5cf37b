#include "g3/kernel_x86.h"

#if defined(__x86_64__)
#include "cpu/cpu.h"
#include "g3/quick_2d.h"

#include <immintrin.h>
#include <string.h>

/* The nibbles turned, as the low and as the high half of a byte. */
#define TURNED_LOW 0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15
#define TURNED_HIGH 0, -128, 64, -64, 32, -96, 96, -32, 16, -112, 80, -48, 48, -80, 112, -16

/*
 * Four places are written without asking how many changes there are: a text's words mostly have
 * fewer, and which of them does no branch foresee.
 */
__attribute__((target("avx2,bmi,bmi2,popcnt,lzcnt"))) static inline unsigned
avx2_word(uint64_t m, unsigned x, uint16_t *out)
{
    unsigned n = (unsigned)__builtin_popcountll(m);
    for (unsigned done = 0; done < n; done += 4) {
        for (unsigned i = 0; i < 4; i++) {
            out[done + i] = (uint16_t)(x + (unsigned)_tzcnt_u64(m));
            m = _blsr_u64(m);
        }
    }
    return n;
}

__attribute__((target("avx2,bmi,bmi2,popcnt,lzcnt"))) static unsigned
avx2_find(const uint8_t *row, unsigned width, uint16_t *change)
{
    const __m256i low = _mm256_setr_epi8(TURNED_LOW, TURNED_LOW);
    const __m256i high = _mm256_setr_epi8(TURNED_HIGH, TURNED_HIGH);
    const __m256i nibble = _mm256_set1_epi8(15);
    uint64_t words[4], left = 0;
    unsigned n = 0;
    for (unsigned x = 0; x < width; x += 256, row += 32) {
        unsigned rest = width - x < 256 ? width - x : 256;
        uint8_t tail[32] = {0};
        if (rest < 256)
            memcpy(tail, row, (rest + 7) / 8);
        __m256i v = _mm256_loadu_si256((const __m256i *)(rest < 256 ? tail : row));
        /* The leftmost pel becomes the lowest bit. */
        __m256i h = _mm256_shuffle_epi8(high, _mm256_and_si256(v, nibble));
        __m256i l = _mm256_shuffle_epi8(low, _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble));
        _mm256_storeu_si256((__m256i *)words, _mm256_or_si256(h, l));
        for (unsigned i = 0; i * 64 < rest; i++) {
            uint64_t m = words[i] ^ (words[i] << 1 | left);
            left = words[i] >> 63;
            if (rest - i * 64 < 64)
                m = _bzhi_u64(m, rest - i * 64);
            n += avx2_word(m, x + i * 64, change + n);
        }
    }
    return n;
}

#define AVX512 "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,bmi,bmi2,popcnt,lzcnt"

static const uint8_t iota[64] = {
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
    __m512i at = _mm512_mask_compress_epi8(zero, m, _mm512_loadu_si512(iota));
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

/* The changes of a piece of a row, a bit each, the leftmost pel lowest; *before is the last piece. */
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

/* Pieces of 512 pels; no more than these at once. */
enum { PIECES = 4 };

__attribute__((target(AVX512))) static unsigned
avx512_find(const uint8_t *row, unsigned width, uint16_t *change)
{
    __m512i before = _mm512_setzero_si512(), zero = before;
    __asm__("" : "+v"(zero));
    uint64_t words[8 * PIECES];
    unsigned n = 0;
    for (unsigned x = 0; x < width; x += 512 * PIECES) {
        unsigned rest = width - x < 512 * PIECES ? width - x : 512 * PIECES;
        __m512i any = _mm512_setzero_si512();
        for (unsigned at = 0; at < rest; at += 512, row += 64) {
            unsigned bytes = rest - at < 512 ? (rest - at + 7) / 8 : 64;
            __m512i m = avx512_changes(row, bytes, &before);
            any = _mm512_or_si512(any, m);
            _mm512_storeu_si512(words + at / 64, m);
        }
        if (!_mm512_test_epi64_mask(any, any))
            continue;
        if (rest % 64)
            words[rest / 64] = _bzhi_u64(words[rest / 64], rest % 64);
        for (unsigned i = 0; i * 64 < rest; i++)
            n += avx512_word(words[i], zero, x + i * 64, change + n);
    }
    return n;
}

const struct g3_kernel g3_avx2 = {"avx2", CPU_AVX2, avx2_find, g3_pack_scalar, g3_quick_2d_avx2};
const struct g3_kernel g3_avx512 = {"avx512", CPU_AVX2 | CPU_AVX512, avx512_find, g3_pack_avx512,
                                    g3_quick_2d_avx2};
#endif
