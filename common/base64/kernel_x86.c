#include "base64/kernel_x86.h"

#if defined(__x86_64__)
#include "cpu/cpu.h"

#include <immintrin.h>
#include <string.h>

/*
 * A line of 76 characters is no multiple of a vector. Its last 16 characters, which are the line's
 * last 12 bytes, are always done once more on their own, overlapping what came before: so nothing
 * is read or written beyond a line, and no line needs a remainder.
 */
enum {
    LINE = BASE64_LINE,
    BYTES = BASE64_LINE_BYTES,
    LAST = LINE - 16,       /* where the last 16 characters begin */
    LAST_BYTES = BYTES - 12 /* and their bytes */
};

static inline void put_line_end(uint8_t *out, unsigned eol)
{
    if (eol == 2)
        memcpy(out, "\r\n", 2);
    else
        *out = '\n';
}

static inline bool line_end_at(const uint8_t *p, unsigned eol)
{
    return eol == 2 ? p[0] == '\r' && p[1] == '\n' : *p == '\n';
}

/* ---- SSSE3: 12 bytes are 16 characters ---- */

#define SSSE3 __attribute__((target("ssse3")))

/* Each three bytes b0 b1 b2 become b1 b0 b2 b1, so that each 6-bit value lies within 16 bits. */
#define SPREAD(i) i + 1, i, i + 2, i + 1

/*
 * What makes a character of a value, by the value's class: 0 for less than 26, 1 for 26 to 51, and
 * one for each value from 52 on.
 */
#define ENCODE_SHIFTS                                                                              \
    'A', 'a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, \
        '0' - 52, '0' - 52, '+' - 62, '/' - 63, 0, 0

/*
 * The entries of a character's two nibbles, their common bits taken, tell its kind: 4 '/', 8 '+',
 * and above FOREIGN 1 a digit, 2 a capital, 3 a small letter. The bits from 16 on say, of the lower
 * nibble: up to 9, up to 10, not 0; each higher nibble has the one that makes it a character of
 * the alphabet, so that up to FOREIGN is what is none. The look-up by a byte over 127 gives 0.
 */
enum { FOREIGN = 3 };
#define HIGH_NIBBLES 0, 0, 12, 17, 66, 34, 67, 35, 0, 0, 0, 0, 0, 0, 0, 0
#define LOW_NIBBLES 51, 115, 115, 115, 115, 115, 115, 115, 115, 115, 99, 75, 67, 67, 67, 71
/* By the kind, what makes the value of a character. */
#define DECODE_SHIFTS 0, 52 - '0', -'A', 26 - 'a', 63 - '/', 0, 0, 0, 62 - '+', 0, 0, 0, 0, 0, 0, 0
/* Four values lie in each 32 bits with the first byte on top. */
#define PACK 2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1

SSSE3 static inline __m128i ssse3_characters(__m128i spread)
{
    /* Multiplying shifts each 16 bits on their own: right by 10 and 6, left by 4 and 8. */
    __m128i a = _mm_mulhi_epu16(_mm_and_si128(spread, _mm_set1_epi32(0x0fc0fc00)),
                                _mm_set1_epi32(0x04000040));
    __m128i b = _mm_mullo_epi16(_mm_and_si128(spread, _mm_set1_epi32(0x003f03f0)),
                                _mm_set1_epi32(0x01000010));
    __m128i v = _mm_or_si128(a, b);
    /* What compares true is -1. */
    __m128i kind = _mm_sub_epi8(_mm_subs_epu8(v, _mm_set1_epi8(51)),
                                _mm_cmpgt_epi8(v, _mm_set1_epi8(25)));
    return _mm_add_epi8(v, _mm_shuffle_epi8(_mm_setr_epi8(ENCODE_SHIFTS), kind));
}

/* Of 16 characters the 12 bytes, and four of 0; *least is kept at the least of all kinds. */
SSSE3 static inline __m128i ssse3_bytes(const uint8_t *in, __m128i *least)
{
    __m128i c = _mm_loadu_si128((const __m128i *)in);
    __m128i high = _mm_and_si128(_mm_srli_epi16(c, 4), _mm_set1_epi8(15));
    __m128i kind = _mm_and_si128(_mm_shuffle_epi8(_mm_setr_epi8(HIGH_NIBBLES), high),
                                 _mm_shuffle_epi8(_mm_setr_epi8(LOW_NIBBLES), c));
    *least = _mm_min_epu8(*least, kind);
    __m128i v = _mm_add_epi8(c, _mm_shuffle_epi8(_mm_setr_epi8(DECODE_SHIFTS), kind));
    v = _mm_maddubs_epi16(v, _mm_set1_epi32(0x01400140));
    v = _mm_madd_epi16(v, _mm_set1_epi32(0x00011000));
    return _mm_shuffle_epi8(v, _mm_setr_epi8(PACK));
}

SSSE3 static inline bool ssse3_foreign(__m128i least)
{
    const __m128i foreign = _mm_set1_epi8(FOREIGN);
    return _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_max_epu8(least, foreign), foreign)) != 0;
}

/* Reads 16 bytes, of which 12 are encoded. */
SSSE3 static inline void ssse3_encode_12(const uint8_t *in, uint8_t *out)
{
    const __m128i spread = _mm_setr_epi8(SPREAD(0), SPREAD(3), SPREAD(6), SPREAD(9));
    __m128i v = _mm_loadu_si128((const __m128i *)in);
    _mm_storeu_si128((__m128i *)out, ssse3_characters(_mm_shuffle_epi8(v, spread)));
}

/* Writes 16 bytes, of which 12 count. */
SSSE3 static inline void ssse3_decode_16(const uint8_t *in, uint8_t *out, __m128i *least)
{
    _mm_storeu_si128((__m128i *)out, ssse3_bytes(in, least));
}

/* The end of a line, reading the four bytes before it rather than four behind it. */
SSSE3 static inline void ssse3_encode_last(const uint8_t *line, uint8_t *out)
{
    const __m128i spread = _mm_setr_epi8(SPREAD(4), SPREAD(7), SPREAD(10), SPREAD(13));
    __m128i v = _mm_loadu_si128((const __m128i *)(line + LAST_BYTES - 4));
    _mm_storeu_si128((__m128i *)(out + LAST), ssse3_characters(_mm_shuffle_epi8(v, spread)));
}

/* The end of a line; writes no more than its 12 bytes. */
SSSE3 static inline void ssse3_decode_last(const uint8_t *line, uint8_t *out, __m128i *least)
{
    __m128i v = ssse3_bytes(line + LAST, least);
    uint32_t four = (uint32_t)_mm_cvtsi128_si32(_mm_srli_si128(v, 8));
    _mm_storel_epi64((__m128i *)(out + LAST_BYTES), v);
    memcpy(out + LAST_BYTES + 8, &four, sizeof four);
}

SSSE3 static void ssse3_encode(const uint8_t *in, size_t groups, uint8_t *out)
{
    for (; groups >= 6; groups -= 4, in += 12, out += 16)
        ssse3_encode_12(in, out);
    base64_kernel_for(0)->encode(in, groups, out);
}

SSSE3 static size_t ssse3_decode(const uint8_t *in, size_t groups, uint8_t *out)
{
    size_t done = 0;
    for (; groups - done >= 6; done += 4) {
        __m128i least = _mm_set1_epi8(-1);
        ssse3_decode_16(in + 4 * done, out + 3 * done, &least);
        if (ssse3_foreign(least))
            break;
    }
    return done + base64_kernel_for(0)->decode(in + 4 * done, groups - done, out + 3 * done);
}

SSSE3 static void ssse3_encode_lines(const uint8_t *in, size_t lines, unsigned eol, uint8_t *out)
{
    for (; lines; lines--, in += BYTES, out += LINE + eol) {
        ssse3_encode_12(in, out);
        ssse3_encode_12(in + 12, out + 16);
        ssse3_encode_12(in + 24, out + 32);
        ssse3_encode_12(in + 36, out + 48);
        ssse3_encode_last(in, out);
        put_line_end(out + LINE, eol);
    }
}

/* What is foreign is asked once a line. */
SSSE3 static size_t ssse3_decode_lines(const uint8_t *in, size_t lines, unsigned eol, uint8_t *out)
{
    size_t done = 0;
    for (; done < lines && line_end_at(in + LINE, eol); done++, in += LINE + eol, out += BYTES) {
        __m128i least = _mm_set1_epi8(-1);
        ssse3_decode_16(in, out, &least);
        ssse3_decode_16(in + 16, out + 12, &least);
        ssse3_decode_16(in + 32, out + 24, &least);
        ssse3_decode_16(in + 48, out + 36, &least);
        ssse3_decode_last(in, out, &least);
        if (ssse3_foreign(least))
            break;
    }
    return done;
}

const struct base64_kernel base64_ssse3 = {
    "ssse3",      CPU_SSSE3, ssse3_encode, ssse3_decode, ssse3_encode_lines,
    ssse3_decode_lines,
};

/* ---- AVX2: the same in two halves, 24 bytes are 32 characters ---- */

#define AVX2 __attribute__((target("avx2")))

/* Reads 28 bytes, of which 24 are encoded. */
AVX2 static inline void avx2_encode_24(const uint8_t *in, uint8_t *out)
{
    const __m256i spread = _mm256_setr_epi8(SPREAD(0), SPREAD(3), SPREAD(6), SPREAD(9), SPREAD(0),
                                            SPREAD(3), SPREAD(6), SPREAD(9));
    __m256i s = _mm256_loadu2_m128i((const __m128i *)(in + 12), (const __m128i *)in);
    s = _mm256_shuffle_epi8(s, spread);
    __m256i a = _mm256_mulhi_epu16(_mm256_and_si256(s, _mm256_set1_epi32(0x0fc0fc00)),
                                   _mm256_set1_epi32(0x04000040));
    __m256i b = _mm256_mullo_epi16(_mm256_and_si256(s, _mm256_set1_epi32(0x003f03f0)),
                                   _mm256_set1_epi32(0x01000010));
    __m256i v = _mm256_or_si256(a, b);
    __m256i kind = _mm256_sub_epi8(_mm256_subs_epu8(v, _mm256_set1_epi8(51)),
                                   _mm256_cmpgt_epi8(v, _mm256_set1_epi8(25)));
    __m256i shift = _mm256_shuffle_epi8(_mm256_setr_epi8(ENCODE_SHIFTS, ENCODE_SHIFTS), kind);
    _mm256_storeu_si256((__m256i *)out, _mm256_add_epi8(v, shift));
}

/* Writes 28 bytes, of which 24 count; *least is kept at the least of all kinds. */
AVX2 static inline void avx2_decode_32(const uint8_t *in, uint8_t *out, __m256i *least)
{
    __m256i c = _mm256_loadu_si256((const __m256i *)in);
    __m256i high = _mm256_and_si256(_mm256_srli_epi16(c, 4), _mm256_set1_epi8(15));
    __m256i by_high = _mm256_shuffle_epi8(_mm256_setr_epi8(HIGH_NIBBLES, HIGH_NIBBLES), high);
    __m256i by_low = _mm256_shuffle_epi8(_mm256_setr_epi8(LOW_NIBBLES, LOW_NIBBLES), c);
    __m256i kind = _mm256_and_si256(by_high, by_low);
    *least = _mm256_min_epu8(*least, kind);
    __m256i shift = _mm256_shuffle_epi8(_mm256_setr_epi8(DECODE_SHIFTS, DECODE_SHIFTS), kind);
    __m256i v = _mm256_add_epi8(c, shift);
    v = _mm256_maddubs_epi16(v, _mm256_set1_epi32(0x01400140));
    v = _mm256_madd_epi16(v, _mm256_set1_epi32(0x00011000));
    v = _mm256_shuffle_epi8(v, _mm256_setr_epi8(PACK, PACK));
    _mm_storeu_si128((__m128i *)out, _mm256_castsi256_si128(v));
    _mm_storeu_si128((__m128i *)(out + 12), _mm256_extracti128_si256(v, 1));
}

AVX2 static inline bool avx2_foreign(__m256i least)
{
    const __m256i foreign = _mm256_set1_epi8(FOREIGN);
    return _mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_max_epu8(least, foreign), foreign)) != 0;
}

AVX2 static void avx2_encode(const uint8_t *in, size_t groups, uint8_t *out)
{
    for (; groups >= 10; groups -= 8, in += 24, out += 32)
        avx2_encode_24(in, out);
    ssse3_encode(in, groups, out);
}

AVX2 static size_t avx2_decode(const uint8_t *in, size_t groups, uint8_t *out)
{
    size_t done = 0;
    for (; groups - done >= 10; done += 8) {
        __m256i least = _mm256_set1_epi8(-1);
        avx2_decode_32(in + 4 * done, out + 3 * done, &least);
        if (avx2_foreign(least))
            break;
    }
    return done + ssse3_decode(in + 4 * done, groups - done, out + 3 * done);
}

AVX2 static void avx2_encode_lines(const uint8_t *in, size_t lines, unsigned eol, uint8_t *out)
{
    for (; lines; lines--, in += BYTES, out += LINE + eol) {
        avx2_encode_24(in, out);
        avx2_encode_24(in + 24, out + 32);
        ssse3_encode_last(in, out);
        put_line_end(out + LINE, eol);
    }
}

AVX2 static size_t avx2_decode_lines(const uint8_t *in, size_t lines, unsigned eol, uint8_t *out)
{
    size_t done = 0;
    for (; done < lines && line_end_at(in + LINE, eol); done++, in += LINE + eol, out += BYTES) {
        __m256i least = _mm256_set1_epi8(-1);
        __m128i last = _mm_set1_epi8(-1);
        avx2_decode_32(in, out, &least);
        avx2_decode_32(in + 32, out + 24, &least);
        ssse3_decode_last(in, out, &last);
        if (avx2_foreign(_mm256_min_epu8(least, _mm256_broadcastsi128_si256(last))))
            break;
    }
    return done;
}

const struct base64_kernel base64_avx2 = {
    "avx2", CPU_SSSE3 | CPU_AVX2, avx2_encode, avx2_decode, avx2_encode_lines, avx2_decode_lines,
};

/* ---- AVX-512 VBMI: 48 bytes are 64 characters, and the alphabet is one look-up ---- */

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,bmi,bmi2")))

static const uint8_t alphabet[64] = {
    'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P',
    'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'a', 'b', 'c', 'd', 'e', 'f',
    'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v',
    'w', 'x', 'y', 'z', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '+', '/',
};

static const uint8_t spread_48[64] = {
    SPREAD(0),  SPREAD(3),  SPREAD(6),  SPREAD(9),  SPREAD(12), SPREAD(15), SPREAD(18), SPREAD(21),
    SPREAD(24), SPREAD(27), SPREAD(30), SPREAD(33), SPREAD(36), SPREAD(39), SPREAD(42), SPREAD(45),
};

static const uint8_t pack_48[64] = {
    2,  1,  0,  6,  5,  4,  10, 9,  8,  14, 13, 12, 18, 17, 16, 22, 21, 20, 26, 25, 24, 30, 29, 28,
    34, 33, 32, 38, 37, 36, 42, 41, 40, 46, 45, 44, 50, 49, 48, 54, 53, 52, 58, 57, 56, 62, 61, 60,
};

/* Where the four values begin in each half of 64 spread bits. */
#define SHIFTS 0x3036242a1016040a

#define FIRST_48 (UINT64_MAX >> 16)

/* Two bits above each value are the neighbours'; the look-up passes over them. */
AVX512 static inline __m512i avx512_characters(__m512i bytes)
{
    __m512i s = _mm512_permutexvar_epi8(_mm512_loadu_si512(spread_48), bytes);
    s = _mm512_multishift_epi64_epi8(_mm512_set1_epi64(SHIFTS), s);
    return _mm512_permutexvar_epi8(s, _mm512_loadu_si512(alphabet));
}

/* The values of characters in *v; the mask has a bit for each foreign one. */
AVX512 static inline uint64_t avx512_values(__m512i c, __m512i *v)
{
    *v = _mm512_permutex2var_epi8(_mm512_loadu_si512(base64_values), c,
                                  _mm512_loadu_si512(base64_values + 64));
    return _mm512_movepi8_mask(_mm512_or_si512(*v, c));
}

AVX512 static inline __m512i avx512_pack(__m512i v)
{
    v = _mm512_maddubs_epi16(v, _mm512_set1_epi32(0x01400140));
    v = _mm512_madd_epi16(v, _mm512_set1_epi32(0x00011000));
    return _mm512_permutexvar_epi8(_mm512_loadu_si512(pack_48), v);
}

AVX512 static void avx512_encode(const uint8_t *in, size_t groups, uint8_t *out)
{
    for (; groups >= 16; groups -= 16, in += 48, out += 64)
        _mm512_storeu_si512(out, avx512_characters(_mm512_maskz_loadu_epi8(FIRST_48, in)));
    if (groups) {
        __m512i v = _mm512_maskz_loadu_epi8(_bzhi_u64(UINT64_MAX, 3 * (unsigned)groups), in);
        _mm512_mask_storeu_epi8(out, _bzhi_u64(UINT64_MAX, 4 * (unsigned)groups),
                                avx512_characters(v));
    }
}

AVX512 static size_t avx512_decode(const uint8_t *in, size_t groups, uint8_t *out)
{
    for (size_t done = 0; done < groups; done += 16, in += 64, out += 48) {
        unsigned fit = groups - done < 16 ? (unsigned)(groups - done) : 16;
        uint64_t wanted = _bzhi_u64(UINT64_MAX, 4 * fit);
        __m512i v;
        uint64_t foreign = avx512_values(_mm512_maskz_loadu_epi8(wanted, in), &v) & wanted;
        unsigned good = foreign ? (unsigned)__builtin_ctzll(foreign) / 4 : fit;
        _mm512_mask_storeu_epi8(out, _bzhi_u64(UINT64_MAX, 3 * good), avx512_pack(v));
        if (good < 16)
            return done + good;
    }
    return groups;
}

AVX512 static void avx512_encode_lines(const uint8_t *in, size_t lines, unsigned eol, uint8_t *out)
{
    const __m128i spread = _mm_setr_epi8(SPREAD(4), SPREAD(7), SPREAD(10), SPREAD(13));
    const __m512i table = _mm512_loadu_si512(alphabet);
    for (; lines; lines--, in += BYTES, out += LINE + eol) {
        __m512i first = _mm512_maskz_loadu_epi8(FIRST_48, in);
        __m128i last = _mm_loadu_si128((const __m128i *)(in + LAST_BYTES - 4));
        last = _mm_multishift_epi64_epi8(_mm_set1_epi64x(SHIFTS), _mm_shuffle_epi8(last, spread));
        last = _mm512_castsi512_si128(
            _mm512_permutexvar_epi8(_mm512_castsi128_si512(last), table));
        _mm512_storeu_si512(out, avx512_characters(first));
        _mm_storeu_si128((__m128i *)(out + LAST), last);
        put_line_end(out + LINE, eol);
    }
}

AVX512 static size_t avx512_decode_lines(const uint8_t *in, size_t lines, unsigned eol,
                                         uint8_t *out)
{
    size_t done = 0;
    for (; done < lines && line_end_at(in + LINE, eol); done++, in += LINE + eol, out += BYTES) {
        __m512i first, last;
        __m128i end = _mm_loadu_si128((const __m128i *)(in + LAST));
        uint64_t foreign = avx512_values(_mm512_loadu_si512(in), &first);
        foreign |= avx512_values(_mm512_castsi128_si512(end), &last) & 0xffff;
        if (foreign)
            break;
        _mm512_mask_storeu_epi8(out, FIRST_48, avx512_pack(first));
        _mm_mask_storeu_epi8(out + LAST_BYTES, 0xfff, _mm512_castsi512_si128(avx512_pack(last)));
    }
    return done;
}

const struct base64_kernel base64_avx512 = {
    "avx512",       CPU_AVX2 | CPU_AVX512, avx512_encode, avx512_decode, avx512_encode_lines,
    avx512_decode_lines,
};
#endif
