/*
 * encode_2d.c's steps on 512 pels at once, and the list of codes put 32 at a time.
 *
 * Masks are found for up to 64 words, then squeezed into a list: where each code ends, and what
 * it is. 32 of the list become code words by look-ups in registers, are shifted together by eights
 * and go to the sink as four strings of bits.
 */
#include "g3/kernel_x86.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX512                                                                                    \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,"           \
                          "bmi,bmi2,popcnt,lzcnt")))
#define AVX512_INLINE AVX512 static inline __attribute__((always_inline))

/* Pels by eight words. */
#define WIDE AVX512_INLINE
typedef __m512i wide;
enum { WIDE_WORDS = 8 };
#define wide_zero() _mm512_setzero_si512()
#define wide_load(p) _mm512_loadu_si512(p)
#define wide_store(p, w) _mm512_storeu_si512(p, w)
#define wide_any(w) _mm512_test_epi64_mask(w, w)
#define wide_left(w, l) _mm512_alignr_epi64(w, l, 7)
#define WIDE_RIGHT(w, l, n) _mm512_shldi_epi64(w, l, n)
#define WIDE_LEFT(w, r, n) _mm512_shrdi_epi64(w, r, n)

/* A carry out of a word goes on through words of ones, as in an integer's addition. */
WIDE wide wide_sum(wide a, wide b, unsigned *carry)
{
    const wide ones = _mm512_set1_epi64(-1);
    wide sum = _mm512_add_epi64(a, b);
    unsigned starts = _mm512_cmplt_epu64_mask(sum, a);
    unsigned runs_on = _mm512_cmpeq_epi64_mask(sum, ones);
    unsigned carried = ((starts << 1 | *carry) + runs_on) ^ runs_on;
    *carry = carried >> WIDE_WORDS & 1;
    return _mm512_mask_sub_epi64(sum, (__mmask8)carried, sum, ones);
}

WIDE wide wide_parity(wide w, unsigned *all)
{
    w ^= _mm512_slli_epi64(w, 1);
    w ^= _mm512_slli_epi64(w, 2);
    w ^= _mm512_slli_epi64(w, 4);
    w ^= _mm512_slli_epi64(w, 8);
    w ^= _mm512_slli_epi64(w, 16);
    w ^= _mm512_slli_epi64(w, 32);
    unsigned words = _mm512_movepi64_mask(w);
    words ^= words << 1;
    words ^= words << 2;
    words ^= words << 4;
    *all = words >> (WIDE_WORDS - 1) & 1;
    return _mm512_mask_xor_epi64(w, (__mmask8)(words << 1), w, _mm512_set1_epi64(-1));
}

#include "g3/masks_2d.h"

/* Codes put at once, and the most bits of eight of them. */
enum { AT_ONCE = 32, EIGHT_BITS_MAX = 56 };

/* A code's kind: the bits of struct masks and RUN, or NONE. */
enum { BLACK = 1, RUN = 8, NONE = 16 };

/* Codes in their order: what they are, and where they end; ends[0] is where the first begins. */
struct list {
    unsigned n;
    uint16_t ends[1 + WORDS_AT_ONCE * 64 + 64];
    uint8_t kinds[WORDS_AT_ONCE * 64 + 64];
};

/* struct g3_kernel's load. */
AVX512 void g3_load_avx512(const uint8_t *row, unsigned width, struct g3_row *out)
{
    /* The nibbles turned, as the low and as the high half of a byte. */
    const __m512i low = _mm512_broadcast_i32x4(
        _mm_setr_epi8(0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15));
    const __m512i high = _mm512_slli_epi64(low, 4), nibble = _mm512_set1_epi8(15);
    const __m512i ones = _mm512_set1_epi64(-1), zero = _mm512_setzero_si512();
    __m512i before = zero;
    const __m512i lanes = _mm512_setr_epi64(0, 64, 128, 192, 256, 320, 384, 448);
    unsigned edge = width / 64, last = width - 1;
    uint64_t beyond = (row[last / 8] >> (7 - last % 8) & 1u) - UINT64_C(1);
    for (unsigned i = 0; i <= edge + 1; i += WIDE_WORDS) {
        int64_t left = (int64_t)width - i * 64;
        uint64_t bytes = left < 0 ? 0 : (uint64_t)(left + 7) / 8;
        __mmask64 there = bytes < 64 ? _bzhi_u64(UINT64_MAX, (unsigned)bytes) : UINT64_MAX;
        __m512i v = _mm512_maskz_loadu_epi8(there, row + (left < 0 ? 0 : i * 8));
        __m512i h = _mm512_shuffle_epi8(high, _mm512_and_si512(v, nibble));
        __m512i l = _mm512_shuffle_epi8(low, _mm512_and_si512(_mm512_srli_epi16(v, 4), nibble));
        v = _mm512_or_si512(h, l);
        if (left < WIDE_WORDS * 64) {
            __m512i count = _mm512_sub_epi64(_mm512_set1_epi64(left), lanes);
            __m512i outside = _mm512_sllv_epi64(ones, _mm512_max_epi64(count, zero));
            v = (_mm512_set1_epi64((long long)beyond) & outside) | (v & ~outside);
        }
        _mm512_storeu_si512(out->pels + i, v);
        _mm512_storeu_si512(out->change + 1 + i, v ^ WIDE_RIGHT(v, wide_left(v, before), 1));
        before = v;
    }
    g3_close_row(out, width);
}

/* Squeezes the masks into the list; x is where their first pel is. */
AVX512_INLINE void list_codes(struct list *list, const struct masks *m, unsigned x)
{
    unsigned n = list->n;
    for (uint64_t words = m->words; words; words &= words - 1) {
        unsigned i = (unsigned)_tzcnt_u64(words);
        __mmask64 all = m->all[i];
        __m512i kinds = _mm512_maskz_set1_epi8(m->bit0[i], 1);
        kinds = _mm512_mask_add_epi8(kinds, m->bit1[i], kinds, _mm512_set1_epi8(2));
        kinds = _mm512_mask_add_epi8(kinds, m->bit2[i], kinds, _mm512_set1_epi8(4));
        kinds = _mm512_mask_add_epi8(kinds, m->run[i], kinds, _mm512_set1_epi8(RUN));
        __m512i ends = _mm512_maskz_compress_epi8(all, _mm512_loadu_si512(g3_iota));
        __m512i base = _mm512_set1_epi16((short)(x + i * 64));
        __m512i low = _mm512_cvtepu8_epi16(_mm512_castsi512_si256(ends));
        _mm512_storeu_si512(list->kinds + n, _mm512_maskz_compress_epi8(all, kinds));
        _mm512_storeu_si512(list->ends + 1 + n, _mm512_add_epi16(low, base));
        unsigned count = (unsigned)_mm_popcnt_u64(all);
        if (count > 32) {
            __m512i high = _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64(ends, 1));
            _mm512_storeu_si512(list->ends + 1 + n + 32, _mm512_add_epi16(high, base));
        }
        n += count;
    }
    list->n = n;
}

/*
 * Code words by kind, and run codes by run % 64 and by run / 64, white ones before black ones, a
 * word (no more than 8 bits from its first 1 on) in the low byte and its length in the high one.
 */
#define CODE(word, bits) ((word) | (bits) << 8)
static const uint16_t mode_codes[32] = {
    CODE(1, 1), CODE(2, 3), CODE(2, 6), CODE(2, 7), CODE(3, 3), CODE(3, 6), CODE(3, 7), CODE(1, 4),
    CODE(1, 3), CODE(1, 3),
};
#define SMALL(run, bits, word) [(run) & 63] = CODE(word, bits),
static const uint16_t small_codes[2][64] = {
    {G3_WHITE_TERMINATING(SMALL)}, {G3_BLACK_TERMINATING(SMALL)},
};
#define BIG(run, bits, word) [(run) >> 6] = CODE(word, bits),
static const uint16_t big_codes[2][64] = {
    {G3_WHITE_MAKE_UP(BIG) G3_COMMON_MAKE_UP(BIG)}, {G3_BLACK_MAKE_UP(BIG) G3_COMMON_MAKE_UP(BIG)},
};

AVX512_INLINE __m512i look_up(const uint16_t table[2][64], __m512i at, __mmask32 black)
{
    __m512i white_code = _mm512_permutex2var_epi16(_mm512_loadu_si512(table[0]), at,
                                                   _mm512_loadu_si512(table[0] + 32));
    __m512i black_code = _mm512_permutex2var_epi16(_mm512_loadu_si512(table[1]), at,
                                                   _mm512_loadu_si512(table[1] + 32));
    return _mm512_mask_mov_epi16(white_code, black, black_code);
}

/* Eight codes as one at the right of each 64 bits, and its length. */
struct eights {
    __m256i code, bits;
    bool fit; /* false: something is too long for it */
};

/* The codes of 32 kinds; the run of each that is a run's. */
AVX512_INLINE struct eights code_kinds(__m512i kind, __m512i run)
{
    const __m512i byte = _mm512_set1_epi16(0xff), low = _mm512_set1_epi32(0xffff);
    const __m512i half = _mm512_set1_epi64(0xffffffff);
    const __m512i halves = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
    __mmask32 black = _mm512_test_epi16_mask(kind, _mm512_set1_epi16(BLACK));
    __mmask32 is_run = _mm512_test_epi16_mask(kind, _mm512_set1_epi16(RUN));
    __mmask32 too_long = _mm512_mask_cmpgt_epu16_mask(is_run, run,
                                                      _mm512_set1_epi16(G3_MAKE_UP_MAX + 63));
    __m512i mode = _mm512_permutexvar_epi16(kind, _mm512_loadu_si512(mode_codes));
    __m512i small = _mm512_maskz_mov_epi16(is_run, look_up(small_codes, run, black));
    __m512i big = _mm512_maskz_mov_epi16(
        is_run, look_up(big_codes, _mm512_srli_epi16(run, 6), black));
    /* A horizontal code's 001 and the make-up code, at most 16 bits. */
    __m512i big_bits = _mm512_srli_epi16(big, 8), small_bits = _mm512_srli_epi16(small, 8);
    __m512i head = _mm512_sllv_epi16(_mm512_and_si512(mode, byte), big_bits);
    head |= big & byte;
    __m512i bits = _mm512_add_epi16(_mm512_srli_epi16(mode, 8), big_bits);
    bits = _mm512_add_epi16(bits, small_bits);
    small = _mm512_and_si512(small, byte);
    /* The terminating code behind it; of each 32 bits the right half comes first. */
    __m512i first = _mm512_sllv_epi32(_mm512_and_si512(head, low),
                                      _mm512_and_si512(small_bits, low));
    first |= small & low;
    __m512i second = _mm512_sllv_epi32(_mm512_srli_epi32(head, 16),
                                       _mm512_srli_epi32(small_bits, 16));
    second = _mm512_or_si512(second, _mm512_srli_epi32(small, 16));
    __m512i second_bits = _mm512_srli_epi32(bits, 16);
    __m512i pair = _mm512_or_si512(_mm512_sllv_epi32(first, second_bits), second);
    __m512i pair_bits = _mm512_add_epi32(_mm512_and_si512(bits, low), second_bits);
    __mmask16 long_pair = _mm512_cmpgt_epu32_mask(pair_bits, _mm512_set1_epi32(32));
    /* By fours, in each 64 bits, and by eights. */
    __m512i last_bits = _mm512_srli_epi64(pair_bits, 32);
    __m512i four = _mm512_sllv_epi64(_mm512_and_si512(pair, half), last_bits);
    four = _mm512_or_si512(four, _mm512_srli_epi64(pair, 32));
    __m512i four_bits = _mm512_add_epi64(_mm512_and_si512(pair_bits, half), last_bits);
    four = _mm512_permutexvar_epi64(halves, four);
    four_bits = _mm512_permutexvar_epi64(halves, four_bits);
    __m256i end = _mm512_extracti64x4_epi64(four, 1);
    __m256i end_bits = _mm512_extracti64x4_epi64(four_bits, 1);
    struct eights e = {
        _mm256_or_si256(_mm256_sllv_epi64(_mm512_castsi512_si256(four), end_bits), end),
        _mm256_add_epi64(_mm512_castsi512_si256(four_bits), end_bits), false,
    };
    __mmask8 long_eight = _mm256_cmpgt_epu64_mask(e.bits, _mm256_set1_epi64x(EIGHT_BITS_MAX));
    e.fit = !(too_long | long_pair | long_eight);
    return e;
}

/* Two words, to where the low two bytes of `at` say. */
AVX512_INLINE void store_two(uint8_t *out, __m128i words, unsigned at)
{
    uint64_t second = (uint64_t)_mm_extract_epi64(words, 1);
    _mm_storel_epi64((__m128i *)(void *)(out + (at & 0xff)), words);
    memcpy(out + (at >> 8 & 0xff), &second, sizeof second);
}

/*
 * Puts n codes as eights. *before has in its last word what
 * waits at the left of a byte, as s->acc otherwise has, and takes what waits then.
 *
 * Eight codes have eight bits or more, so that the byte in which they end holds nothing of what
 * came before them: each word, shifted to where its bits go, needs of the others only the last
 * byte of the one before, and all are stored without waiting for each other. Only the last codes
 * of a list may be fewer; what would follow them is made the same as they and stored again.
 */
AVX512_INLINE void put_eights(struct g3_sink *s, const struct eights *e, unsigned n,
                              __m256i *before)
{
    const __m256i turned = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8));
    const __m256i zero = _mm256_setzero_si256(), seven = _mm256_set1_epi64x(7);
    __m256i ends = _mm256_add_epi64(e->bits, _mm256_alignr_epi64(e->bits, zero, 3));
    ends = _mm256_add_epi64(ends, _mm256_alignr_epi64(ends, zero, 2));
    unsigned all = (unsigned)_mm256_extract_epi64(ends, 3);
    __m256i starts = _mm256_add_epi64(_mm256_sub_epi64(ends, e->bits),
                                      _mm256_set1_epi64x(s->bits));
    __m256i byte = _mm256_srli_epi64(starts, 3);
    __m256i used = _mm256_add_epi64(e->bits, _mm256_and_si256(starts, seven));
    __m256i word = _mm256_sllv_epi64(e->code, _mm256_sub_epi64(_mm256_set1_epi64x(64), used));
    __m256i rest = _mm256_sllv_epi64(word, _mm256_andnot_si256(seven, used));
    word = _mm256_or_si256(word, _mm256_alignr_epi64(rest, *before, 3));
    if (n < AT_ONCE) {
        __m256i from = _mm256_min_epu64(_mm256_setr_epi64x(0, 1, 2, 3),
                                        _mm256_set1_epi64x((n - 1) / 8));
        word = _mm256_permutexvar_epi64(from, word);
        byte = _mm256_permutexvar_epi64(from, byte);
    }
    word = _mm256_shuffle_epi8(word, turned);
    unsigned at = (unsigned)_mm_cvtsi128_si32(_mm256_cvtepi64_epi8(byte));
    store_two(s->out, _mm256_castsi256_si128(word), at);
    store_two(s->out, _mm256_extracti128_si256(word, 1), at >> 16);
    s->bits += all;
    s->out += s->bits >> 3;
    s->bits &= 7;
    /* Where not all eights are full, the last byte stored, its bits behind being 0, knows. */
    *before = n < AT_ONCE ? _mm256_set1_epi64x((long long)((uint64_t)*s->out << 56)) : rest;
}

static void put_one_by_one(struct g3_sink *s, const struct list *list, unsigned i, unsigned end)
{
    for (; i < end; i++) {
        unsigned code = mode_codes[list->kinds[i]];
        if (code >> 8)
            g3_put(s, code & 0xff, code >> 8);
        if (list->kinds[i] & RUN)
            g3_put_run(s, list->kinds[i] & BLACK, list->ends[i + 1] - list->ends[i]);
        g3_drain(s);
    }
}

/* Puts the list's codes. */
AVX512_INLINE void put_list(struct g3_sink *s, struct list *list)
{
    __m256i before = _mm256_set1_epi64x((long long)s->acc);
    for (unsigned i = 0; i < list->n; i += AT_ONCE) {
        unsigned n = list->n - i < AT_ONCE ? list->n - i : AT_ONCE;
        __m256i kind = _mm256_mask_loadu_epi8(_mm256_set1_epi8(NONE), _bzhi_u32(~0u, n),
                                              list->kinds + i);
        __m512i run = _mm512_sub_epi16(_mm512_loadu_si512(list->ends + 1 + i),
                                       _mm512_loadu_si512(list->ends + i));
        struct eights e = code_kinds(_mm512_cvtepu8_epi16(kind), run);
        if (e.fit && n == AT_ONCE) {
            put_eights(s, &e, AT_ONCE, &before);
        } else if (e.fit) {
            put_eights(s, &e, n, &before);
        } else {
            s->acc = (uint64_t)_mm256_extract_epi64(before, 3);
            put_one_by_one(s, list, i, i + n);
            before = _mm256_set1_epi64x((long long)s->acc);
        }
    }
    s->acc = (uint64_t)_mm256_extract_epi64(before, 3);
}

AVX512_INLINE void put_masks(struct g3_sink *sink, const struct masks *m, unsigned x, unsigned *a0)
{
    struct g3_sink s = *sink;
    struct list list;
    list.ends[0] = (uint16_t)*a0;
    list.n = 0;
    list_codes(&list, m, x);
    put_list(&s, &list);
    *a0 = list.ends[list.n];
    *sink = s;
}

AVX512 void g3_row_2d_avx512(struct g3_sink *s, const struct g3_row *above,
                             const struct g3_row *row, unsigned width)
{
    row_2d(s, above, row, width, put_masks);
}
#endif
