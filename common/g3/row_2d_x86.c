/*
 * encode_2d.c's steps on 512 pels at once, and the list of codes put 32 at a time.
 *
 * Masks are found for up to 64 words, then squeezed into a list: where each code ends, and what
 * it is. 32 of the list become code words by look-ups in registers, are shifted together by eights
 * and go to the sink as four strings of bits.
 */
#include "g3/kernel_x86.h"

#if defined(__x86_64__)
#include "g3/words_2d.h"

#include <immintrin.h>

#define AVX512                                                                                    \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,"           \
                          "bmi,bmi2,popcnt,lzcnt")))
#define AVX512_INLINE AVX512 static inline __attribute__((always_inline))

/* Words of a row between two emptyings of the list, and codes put at once. */
enum { WORDS_AT_ONCE = 64, LANES = 8, AT_ONCE = 32, EIGHT_BITS_MAX = 56 };

/* A code's kind: table 4/T.4 in the low three bits as in g3_mode_codes, or RUN with its colour. */
enum { BLACK = 1, SECOND = 2, RUN = 8, NONE = 16 };

/* Codes in their order: what they are, and where they end; ends[0] is where the first begins. */
struct list {
    unsigned n;
    uint16_t ends[1 + WORDS_AT_ONCE * 64 + 64];
    uint8_t kinds[WORDS_AT_ONCE * 64 + 64];
};

/* What a block of words leaves to the next one. */
struct left {
    __m512i lone, any;
    unsigned passed, open;
};

/* The masks of WORDS_AT_ONCE words, and which of them have codes. */
struct masks {
    uint64_t words;
    uint64_t all[WORDS_AT_ONCE], run[WORDS_AT_ONCE];
    uint64_t bit0[WORDS_AT_ONCE], bit1[WORDS_AT_ONCE], bit2[WORDS_AT_ONCE];
};

/* Pels moved right by n, with what comes in from the words to the left. */
#define MOVED_RIGHT(v, before, n) _mm512_shldi_epi64(v, _mm512_alignr_epi64(v, before, 7), n)

/* a & b & ~c and the like: the eight bits of f are by a, b, c from 111 down to 000. */
#define LOGIC(f, a, b, c) _mm512_ternarylogic_epi64(a, b, c, (f) & 0xff)
enum { A = 0xf0, B = 0xcc, C = 0xaa };

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
    for (unsigned i = 0; i <= edge + 1; i += LANES) {
        int64_t left = (int64_t)width - i * 64;
        uint64_t bytes = left < 0 ? 0 : (uint64_t)(left + 7) / 8;
        __mmask64 there = bytes < 64 ? _bzhi_u64(UINT64_MAX, (unsigned)bytes) : UINT64_MAX;
        __m512i v = _mm512_maskz_loadu_epi8(there, row + (left < 0 ? 0 : i * 8));
        __m512i h = _mm512_shuffle_epi8(high, _mm512_and_si512(v, nibble));
        __m512i l = _mm512_shuffle_epi8(low, _mm512_and_si512(_mm512_srli_epi16(v, 4), nibble));
        v = _mm512_or_si512(h, l);
        if (left < LANES * 64) {
            __m512i count = _mm512_sub_epi64(_mm512_set1_epi64(left), lanes);
            __m512i outside = _mm512_sllv_epi64(ones, _mm512_max_epi64(count, zero));
            v = LOGIC((A & B) | (~A & C), outside, _mm512_set1_epi64((long long)beyond), v);
        }
        _mm512_storeu_si512(out->pels + i, v);
        _mm512_storeu_si512(out->change + 1 + i, _mm512_xor_si512(v, MOVED_RIGHT(v, before, 1)));
        before = v;
    }
}

/* words_2d.h's g3_last_told; carries from lane to lane ripple in an integer's addition. */
AVX512_INLINE __m512i last_told(__m512i told, __m512i set, unsigned *last)
{
    const __m512i ones = _mm512_set1_epi64(-1);
    __m512i through = LOGIC(~A | B, told, set, set);
    __m512i sum = _mm512_add_epi64(through, set);
    unsigned starts = _mm512_cmplt_epu64_mask(sum, through);
    unsigned runs_on = _mm512_cmpeq_epi64_mask(sum, ones);
    unsigned carried = ((starts << 1 | *last) + runs_on) ^ runs_on;
    *last = carried >> LANES & 1;
    sum = _mm512_mask_sub_epi64(sum, (__mmask8)carried, sum, ones);
    return LOGIC(~A ^ B, told, sum, sum);
}

/* words_2d.h's g3_parity_to; *all is what all of them have. */
AVX512_INLINE __m512i parity_to(__m512i x, unsigned *all)
{
    x = _mm512_xor_si512(x, _mm512_slli_epi64(x, 1));
    x = _mm512_xor_si512(x, _mm512_slli_epi64(x, 2));
    x = _mm512_xor_si512(x, _mm512_slli_epi64(x, 4));
    x = _mm512_xor_si512(x, _mm512_slli_epi64(x, 8));
    x = _mm512_xor_si512(x, _mm512_slli_epi64(x, 16));
    x = _mm512_xor_si512(x, _mm512_slli_epi64(x, 32));
    unsigned lanes = _mm512_movepi64_mask(x);
    lanes ^= lanes << 1;
    lanes ^= lanes << 2;
    lanes ^= lanes << 4;
    *all = lanes >> (LANES - 1) & 1;
    return _mm512_mask_xor_epi64(x, (__mmask8)(lanes << 1), x, _mm512_set1_epi64(-1));
}

/* Steps 1 to 4 for eight words from number i on. */
AVX512_INLINE void find_codes(const struct g3_row *above, const struct g3_row *row, unsigned i,
                              __m512i closing, struct left *left, struct masks *out)
{
    __m512i c = _mm512_loadu_si512(row->change + 1 + i);
    __m512i b = _mm512_loadu_si512(above->change + 1 + i);
    __m512i b_right = _mm512_loadu_si512(above->change + 2 + i);
    __m512i r = _mm512_loadu_si512(row->pels + i), a = _mm512_loadu_si512(above->pels + i);
    __m512i lone = _mm512_andnot_si512(c, b), any = _mm512_or_si512(c, b);
    __m512i passed = last_told(any, lone, &left->passed);
    __m512i r_left = _mm512_xor_si512(r, c), differ = _mm512_xor_si512(r, a);
    __m512i differed = LOGIC(A ^ B ^ C, differ, c, b);
    __m512i b1 = _mm512_shrdi_epi64(b, b_right, 1), b2 = _mm512_shrdi_epi64(b, b_right, 2);
    __m512i b3 = _mm512_shrdi_epi64(b, b_right, 3);
    /* As in g3_modes_of. */
    closing = _mm512_andnot_si512(passed, closing);
    __m512i first = LOGIC(A & (~B | C), c, differed, closing);
    __m512i others = _mm512_andnot_si512(first, c);
    __m512i second = _mm512_andnot_si512(passed, others);
    __m512i before = _mm512_and_si512(passed, others);
    __m512i one = _mm512_xor_si512(b, b1);
    __m512i vl1 = _mm512_and_si512(b1, LOGIC(((A & ~C) | (B & C)), first, second, b));
    __m512i none = LOGIC(A & ~B & ~C, first, b, b1);
    __m512i vl2 = _mm512_and_si512(b2, LOGIC((A | (B & C)), none, second, one));
    __m512i three = LOGIC(((A ^ B ^ C) & ~(A & B & C)), b, b1, b2);
    three = _mm512_and_si512(second, three);
    __m512i vl3 = _mm512_and_si512(b3, LOGIC(((A & ~C) | B), none, three, b2));
    __m512i any_1 = MOVED_RIGHT(any, left->any, 1), any_2 = MOVED_RIGHT(any, left->any, 2);
    __m512i vr1 = _mm512_and_si512(before, MOVED_RIGHT(lone, left->lone, 1));
    __m512i vr2 = LOGIC(A & B & ~C, before, MOVED_RIGHT(lone, left->lone, 2), any_1);
    __m512i vr3 = LOGIC(A & B & ~C, before, MOVED_RIGHT(lone, left->lone, 3), any_1);
    vr3 = _mm512_andnot_si512(any_2, vr3);
    __m512i pass = LOGIC(A & B & ~C, lone, passed, differ);
    left->lone = lone;
    left->any = any;
    /* As in g3_resolve. */
    __m512i vl = LOGIC((A | B | C), vl1, vl2, vl3);
    __m512i vr = LOGIC((A | B | C), vr1, vr2, vr3);
    __m512i vertical = LOGIC((A | B | C), vl, vr, _mm512_and_si512(first, b));
    __m512i horizontal = _mm512_andnot_si512(vertical, c);
    unsigned all_odd;
    __m512i odd = parity_to(horizontal, &all_odd);
    __m512i told = last_told(vertical, _mm512_and_si512(vertical, odd), &left->open);
    __m512i taken = LOGIC((A ^ B ^ C), odd, horizontal, told);
    left->open ^= all_odd;
    pass = _mm512_andnot_si512(taken, pass);
    __m512i run = LOGIC(A & (B | C), c, horizontal, taken);
    __m512i bit0 = LOGIC((A | B | C), vl1, vl3, vr2);
    __m512i bit1 = LOGIC((A | B | C), vl2, vl3, vr3);
    bit0 = LOGIC(((A & ~B) | C), bit0, taken, pass);
    bit1 = LOGIC(((A & ~B) | C), bit1, taken, pass);
    bit0 = LOGIC((A | (B & C)), bit0, run, r_left);
    bit1 = LOGIC((A | (B & C)), bit1, run, taken);
    __m512i all = _mm512_or_si512(c, pass);
    _mm512_storeu_si512(out->all + i % WORDS_AT_ONCE, all);
    _mm512_storeu_si512(out->run + i % WORDS_AT_ONCE, run);
    _mm512_storeu_si512(out->bit0 + i % WORDS_AT_ONCE, bit0);
    _mm512_storeu_si512(out->bit1 + i % WORDS_AT_ONCE, bit1);
    _mm512_storeu_si512(out->bit2 + i % WORDS_AT_ONCE, LOGIC(((A & ~B) | C), vr, taken, pass));
    out->words |= (uint64_t)_mm512_test_epi64_mask(all, all) << i % WORDS_AT_ONCE;
}

static const uint8_t iota[64] = {
    0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
    22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
    44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63,
};

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
        __m512i ends = _mm512_maskz_compress_epi8(all, _mm512_loadu_si512(iota));
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
    head = LOGIC(A | (B & C), head, big, byte);
    __m512i bits = _mm512_add_epi16(_mm512_srli_epi16(mode, 8), big_bits);
    bits = _mm512_add_epi16(bits, small_bits);
    small = _mm512_and_si512(small, byte);
    /* The terminating code behind it; of each 32 bits the right half comes first. */
    __m512i first = _mm512_sllv_epi32(_mm512_and_si512(head, low),
                                      _mm512_and_si512(small_bits, low));
    first = LOGIC(A | (B & C), first, small, low);
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

/*
 * Puts eights of codes, the last of them number `last` of four.
 *
 * Eight codes have eight bits or more, so that the byte in which they end holds nothing of what
 * came before them: each word, shifted to where its bits go, needs of the others only the last
 * byte of the one before, and all are stored without waiting for each other. Only the last codes
 * of a list may be fewer; what would follow them is made the same as they and stored again.
 */
AVX512_INLINE void put_eights(struct g3_sink *s, const struct eights *e, unsigned last)
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
    __m256i before = _mm256_set1_epi64x((long long)s->acc);
    word = _mm256_or_si256(word, _mm256_alignr_epi64(rest, before, 3));
    __m256i from = _mm256_min_epu64(_mm256_setr_epi64x(0, 1, 2, 3), _mm256_set1_epi64x(last));
    word = _mm256_permutexvar_epi64(from, _mm256_shuffle_epi8(word, turned));
    byte = _mm256_permutexvar_epi64(from, byte);
    for (unsigned i = 0; i < 4; i++) {
        uint64_t w = (uint64_t)_mm256_extract_epi64(word, 0);
        memcpy(s->out + _mm256_extract_epi64(byte, 0), &w, sizeof w);
        word = _mm256_alignr_epi64(word, word, 1);
        byte = _mm256_alignr_epi64(byte, byte, 1);
    }
    s->bits += all;
    s->out += s->bits >> 3;
    s->bits &= 7;
    /* The bits stored behind those that wait are 0. */
    s->acc = (uint64_t)*s->out << 56;
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
    for (unsigned i = 0; i < list->n; i += AT_ONCE) {
        unsigned n = list->n - i < AT_ONCE ? list->n - i : AT_ONCE;
        __m256i kind = _mm256_mask_loadu_epi8(_mm256_set1_epi8(NONE), _bzhi_u32(~0u, n),
                                              list->kinds + i);
        __m512i run = _mm512_sub_epi16(_mm512_loadu_si512(list->ends + 1 + i),
                                       _mm512_loadu_si512(list->ends + i));
        struct eights e = code_kinds(_mm512_cvtepu8_epi16(kind), run);
        if (e.fit)
            put_eights(s, &e, (n - 1) / 8);
        else
            put_one_by_one(s, list, i, i + n);
    }
    list->ends[0] = list->ends[list->n];
    list->n = 0;
}

AVX512_INLINE bool repeats(const struct g3_row *above, const struct g3_row *row, unsigned words)
{
    __m512i differ = _mm512_setzero_si512();
    for (unsigned i = 0; i < words; i += LANES) {
        __m512i c = _mm512_loadu_si512(row->change + 1 + i);
        differ = LOGIC(A | (B ^ C), differ, c, _mm512_loadu_si512(above->change + 1 + i));
    }
    return _mm512_test_epi64_mask(differ, differ) == 0;
}

AVX512 static inline unsigned count(uint64_t w)
{
    return (unsigned)_mm_popcnt_u64(w);
}

/* struct g3_kernel's row_2d. */
AVX512 void g3_row_2d_avx512(struct g3_sink *sink, const struct g3_row *above,
                             const struct g3_row *row, unsigned width)
{
    const __m512i zero = _mm512_setzero_si512();
    unsigned words = width / 64 + 1;
    if (repeats(above, row, words)) {
        g3_put_repeated(sink, row, width, count);
        return;
    }
    struct g3_sink s = *sink;
    struct left left = {zero, zero, 0, 0};
    struct masks masks;
    struct list list;
    uint64_t closing[2];
    g3_closing(above, width, closing);
    list.n = 0;
    list.ends[0] = 0;
    masks.words = 0;
    for (unsigned i = 0; i < words; i += LANES) {
        unsigned at = words - 1 - i;
        __m512i close = zero;
        if (at <= LANES) {
            close = _mm512_maskz_set1_epi64((__mmask8)(1u << at), (long long)closing[1]);
            close = _mm512_mask_set1_epi64(close, (__mmask8)(1u << at >> 1),
                                           (long long)closing[0]);
        }
        find_codes(above, row, i, close, &left, &masks);
        if (at < LANES || i % WORDS_AT_ONCE == WORDS_AT_ONCE - LANES) {
            list_codes(&list, &masks, i / WORDS_AT_ONCE * WORDS_AT_ONCE * 64);
            put_list(&s, &list);
            masks.words = 0;
        }
    }
    if (left.open) {
        g3_put_run(&s, row->pels[words - 1] >> width % 64 & 1, 0);
        g3_drain(&s);
    }
    *sink = s;
}
#endif
