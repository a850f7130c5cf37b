#include "g3/group.h"
#include "g3/quick_2d.h"
#include "g3/rows.h"

/* Vertical and pass codes singly, by the next 7 bits; places in bytes, as in group.h. */
struct single {
    int32_t shift; /* a1 - b1, or a0 - b2 */
    uint8_t pass;  /* how far what it counts from lies behind b1 */
    uint8_t changes;
};
enum { NO_SINGLE = -(1 << 20) };
#define SINGLES(bits, word) [(word) << (7 - (bits)) ... (((word) + 1) << (7 - (bits))) - 1]
static const struct single singles[128] = {
    [0 ... 1] = {NO_SINGLE, 0, 0},
    SINGLES(3, 0x1) = {NO_SINGLE, 0, 0}, /* horizontal */
    SINGLES(4, 0x1) = {0, 2, 0},
    SINGLES(1, 0x1) = {0, 0, 2},
    SINGLES(3, 0x3) = {1, 0, 2},
    SINGLES(6, 0x3) = {2, 0, 2},
    SINGLES(7, 0x3) = {3, 0, 2},
    SINGLES(3, 0x2) = {-1, 0, 2},
    SINGLES(6, 0x2) = {-2, 0, 2},
    SINGLES(7, 0x2) = {-3, 0, 2},
};
static const uint8_t single_bits[128] = {
    SINGLES(4, 0x1) = 4, SINGLES(1, 0x1) = 1, SINGLES(3, 0x3) = 3, SINGLES(6, 0x3) = 6,
    SINGLES(7, 0x3) = 7, SINGLES(3, 0x2) = 3, SINGLES(6, 0x2) = 6, SINGLES(7, 0x2) = 7,
};

/*
 * What mostly follows a horizontal code: a white run of 1 to 63 and a black one of 1 to 14, or
 * black first, by the next 12 bits: length with the horizontal code's 3 bits in the low 4 bits,
 * second run in 6 above, first above that; 0: look closer. Pairs that are longer lie behind the
 * table, each in a place of its own, and are never looked up.
 */
enum { PAIR_BITS = 12, PAIR_PLACES = (1 << PAIR_BITS) + 64 * 16 };
#define PAIR_FITS(bits, black) (G3_PAIR_BITS(bits, black) <= PAIR_BITS)
#define PAIR_PLACE(run, bits, word, black)                                                        \
    (PAIR_FITS(bits, black) * ((word) << ((PAIR_BITS - G3_PAIR_BITS(bits, black)) & 15)) +        \
     !PAIR_FITS(bits, black) * ((1 << PAIR_BITS) + (run) * 16 + (black)))
#define PAIR(run, bits, word, black, first, second)                                               \
    [PAIR_PLACE(run, bits, word, black) ... PAIR_PLACE(run, bits, (word) + 1, black) -            \
     PAIR_FITS(bits, black)] =                                                                    \
        ((run) > 0) * ((first) << 10 | (second) << 4 | (G3_PAIR_BITS(bits, black) + 3) % 16),
#define WHITE_FIRST(run, bits, word, black)                                                       \
    PAIR(run, bits, G3_PAIR_WORD(word, black), black, run, black)
#define BLACK_FIRST(run, bits, word, black)                                                       \
    PAIR(run, bits, G3_BLACK_WORD_##black << (bits) | (word), black, black, run)
#define WHITES_FIRST(run, bits, word) G3_PAIRS(WHITE_FIRST, run, bits, word)
#define BLACKS_FIRST(run, bits, word) G3_PAIRS(BLACK_FIRST, run, bits, word)
static const uint16_t pairs[2][PAIR_PLACES] = {
    {G3_WHITE_TERMINATING(WHITES_FIRST)},
    {G3_WHITE_TERMINATING(BLACKS_FIRST)},
};

/* The decoder's state on the way, in registers. `floor` is the first pel where a change may be:
 * a0 + 1, but at the row's start 0. */
struct way {
    struct g3_bits in;
    const uint16_t *b;
    uint16_t *change; /* where the next one goes */
    unsigned floor, width;
    uint64_t last;
    unsigned last_bits;
};

/*
 * How a kernel puts down a group's lanes: all of them, right or not, go to change; gives twice how
 * many are right from the first on (more than the group has says that all are). Right is: at floor
 * or beyond, right of the lane before, and at the change above to the left of its own or beyond,
 * and left of the one to the right: so that the next code belongs to the next change, that passes
 * do not reach the edge, and that the row is not over.
 */
typedef unsigned put_lanes(const struct g3_group *g, const uint16_t *b, unsigned floor,
                           uint16_t *change);

enum turn { ON, HORIZONTAL, STOP };

#define INLINE static inline __attribute__((always_inline))

/* A place of a line that lies n bytes on. */
INLINE const uint16_t *on(const uint16_t *p, size_t n)
{
    return (const uint16_t *)((const uint8_t *)p + n);
}

INLINE void use(struct way *w, unsigned bits)
{
    w->last = w->in.bits;
    w->last_bits = bits;
    g3_skip(&w->in, bits);
}

/* The first change from b on, by two, that is right of a0. The line is closed there at the latest.
 * It is mostly one of the first three, and which, no branch foresees. */
INLINE const uint16_t *find_b1(const uint16_t *b, unsigned a0)
{
    const uint16_t *at = b + 2 * (b[0] <= a0);
    at += 2 * ((b[2] <= a0) + (b[4] <= a0));
    while (*at <= a0)
        at += 2;
    return at;
}

/*
 * Codes one by one, without a branch for pass or vertical, and with one for the next b1 that lines
 * made by rule foresee: for lines of which groups are mostly wrong.
 */
INLINE enum turn one_by_one(struct way *w, unsigned codes)
{
    while (w->in.end - w->in.at >= 8) {
        g3_refill_fast(&w->in);
        for (unsigned i = 0; i < 8; i++) {
            size_t at = w->in.bits >> 57;
            const struct single *s = &singles[at];
            const uint16_t *j = on(w->b, s->pass);
            unsigned a1 = *j + (unsigned)s->shift;
            if (__builtin_expect(a1 < w->floor || a1 >= w->width, 0)) {
                if (s->shift == NO_SINGLE)
                    return HORIZONTAL;
                if (a1 != w->width || s->pass)
                    return STOP;
                use(w, single_bits[at]);
                *w->change++ = (uint16_t)a1;
                w->floor = a1 + 1;
                return STOP;
            }
            use(w, single_bits[at]);
            *w->change = (uint16_t)a1;
            w->change += s->changes / 2;
            w->floor = a1 + 1;
            w->b = j + 1;
            if (__builtin_expect(j[1] <= a1, 0))
                w->b += 2 + 2 * (j[3] <= a1);
            else if (__builtin_expect(j[-1] > a1, 0))
                w->b -= 2;
        }
        if (codes <= 8)
            return ON;
        codes -= 8;
    }
    return STOP;
}

/* A horizontal code and its two runs, 3 + 46 bits at most, where one may have a make-up code, be
 * of no pels or reach the edge. */
INLINE enum turn any_runs(struct way *w, unsigned colour)
{
    unsigned run1, run2, a0 = w->floor - (w->floor != 0);
    unsigned used1 = g3_quick_run(w->in.bits << 3, colour, &run1);
    uint64_t rest = w->in.bits << 3 << used1;
    unsigned used2 = g3_quick_run(rest, colour ^ 1, &run2), a2 = a0 + run1 + run2;
    if (used1 == 0 || used2 == 0 || a2 > w->width || (run1 == 0 && w->floor != 0) ||
        (run2 == 0 && a2 != w->width))
        return STOP;
    w->last = rest;
    w->last_bits = used2;
    g3_skip(&w->in, 3 + used1 + used2);
    w->change[0] = (uint16_t)(a0 + run1);
    w->change[1] = (uint16_t)a2;
    w->change += 2;
    w->floor = a2 + 1;
    if (a2 == w->width)
        return STOP;
    w->b = find_b1(w->b, a2);
    return w->in.bits >> 61 == 1 ? HORIZONTAL : ON;
}

/* The same; mostly both runs are short, and within the row. */
INLINE enum turn horizontal(struct way *w, const uint16_t *start)
{
    unsigned colour = (w->change - start) & 1;
    if (w->in.end - w->in.at < 8)
        return STOP;
    g3_refill_fast(&w->in);
    if (w->in.bits >> 61 != 1)
        return STOP;
    unsigned e = pairs[colour][w->in.bits << 3 >> (64 - PAIR_BITS)];
    unsigned a1 = w->floor - (w->floor != 0) + (e >> 10), a2 = a1 + (e >> 4 & 63);
    if (__builtin_expect(e == 0 || a2 >= w->width, 0))
        return any_runs(w, colour);
    use(w, e & 15);
    w->change[0] = (uint16_t)a1;
    w->change[1] = (uint16_t)a2;
    w->change += 2;
    w->floor = a2 + 1;
    w->b = find_b1(w->b, a2);
    return w->in.bits >> 61 == 1 ? HORIZONTAL : ON;
}

/* Of a group's lanes only the first n are right: they are used, and then the codes singly. The
 * first that is not may be the row's last change. */
INLINE enum turn some(struct way *w, const struct g3_group *g, unsigned n, unsigned *patience)
{
    const uint8_t *places = g3_group_places(g);
    bool edge = 2 * n < g->changes && w->change[n] == w->width &&
                on(w->b, places[2 * n])[-1] < w->width;
    n += edge;
    if (n) {
        use(w, g3_group_ends(g, n));
        w->floor = w->change[n - 1] + 1u;
        w->change += n;
        w->b = on(w->b, places[2 * n - 2]) + 1;
    }
    if (edge)
        return STOP;
    *patience *= 2;
    return one_by_one(w, *patience);
}

/* Groups up to a code of another kind, or one that the kernel calls wrong. */
INLINE enum turn groups(struct way *w, unsigned *patience, put_lanes *put)
{
    const struct g3_groups *all = &g3_groups;
    while (w->in.end - w->in.at >= 8) {
        g3_refill_fast(&w->in);
        for (unsigned i = 0; i < 56 / G3_GROUP_BITS; i++) {
            size_t at = w->in.bits >> (64 - G3_GROUP_BITS);
            const struct g3_group *g = &all->group[at];
            unsigned good = put(g, w->b, w->floor, w->change);
            if (__builtin_expect(good < g->lanes, 0)) {
                if (g->lanes > 2 * G3_GROUP_LANES)
                    return HORIZONTAL;
                return some(w, g, good / 2, patience);
            }
            use(w, all->bits[at]);
            w->floor = on(w->change, g->lanes)[-1] + 1u;
            w->change += g->changes / 2;
            w->b = on(w->b, g->moves);
            if (w->in.bits >> 61 == 1)
                return HORIZONTAL;
        }
    }
    return STOP;
}

INLINE void quick(struct g3_decoder *d, put_lanes *put)
{
    uint16_t *start = d->lines[d->reference ^ 1].change + 1;
    const uint16_t *above = d->lines[d->reference].change;
    struct way w = {.b = above + d->b1, .change = start + d->n, .width = d->width};
    unsigned patience = 4;
    /* Not as a whole: its parts have just been written. */
    w.in.at = d->in.at;
    w.in.end = d->in.end;
    w.in.bits = d->in.bits;
    w.in.have = d->in.have;
    w.floor = d->a0 + (d->n || d->a0);
    for (enum turn turn = ON; turn != STOP;) {
        if (turn == ON)
            turn = groups(&w, &patience, put);
        while (turn == HORIZONTAL)
            turn = horizontal(&w, start);
    }
    d->in.at = w.in.at;
    d->in.bits = w.in.bits;
    d->in.have = w.in.have;
    d->n = (unsigned)(w.change - start);
    d->a0 = w.floor - (w.floor != 0);
    d->b1 = (unsigned)(w.b - above);
    g3_note_last(d, w.last, w.last_bits);
}

/* Lane by lane. */
static inline unsigned plain_put(const struct g3_group *g, const uint16_t *b, unsigned floor,
                                 uint16_t *change)
{
    const uint8_t *places = g3_group_places(g);
    for (unsigned i = 0; i < G3_GROUP_LANES; i++) {
        const uint16_t *j = on(b, places[2 * i]);
        unsigned a1 = (unsigned)(*j + g->shifts[i]);
        change[i] = (uint16_t)a1;
        if (a1 < floor || a1 >= j[1] || a1 < j[-1])
            return 2 * i;
        floor = a1 + 1;
    }
    return 2 * G3_GROUP_LANES;
}

typedef uint16_t eight __attribute__((vector_size(16)));
typedef int8_t bytes __attribute__((vector_size(8)));

/* Without passes the lanes lie as the changes do, and the compiler's own vectors will do. */
static inline unsigned scalar_put(const struct g3_group *g, const uint16_t *b, unsigned floor,
                                  uint16_t *change)
{
    if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__ || g->where)
        return plain_put(g, b, floor, change);
    bytes shifts;
    eight a1, before, behind, low;
    uint64_t wrong[2];
    memcpy(&shifts, &g->shifts, sizeof shifts);
    memcpy(&a1, b, sizeof a1);
    memcpy(&before, b - 1, sizeof before);
    memcpy(&behind, b + 1, sizeof behind);
    a1 += (eight)__builtin_convertvector(shifts, short __attribute__((vector_size(16))));
    memcpy(change, &a1, sizeof a1);
    memcpy(wrong, &a1, sizeof wrong);
    uint64_t moved[2] = {wrong[0] << 16 | ((floor - 1) & 0xffff), wrong[1] << 16 | wrong[0] >> 48};
    memcpy(&low, moved, sizeof low);
    low += 1;
    eight is_wrong = (eight)((a1 >= behind) | (a1 < before) | (a1 < low));
    memcpy(wrong, &is_wrong, sizeof wrong);
    if (wrong[0])
        return (unsigned)__builtin_ctzll(wrong[0]) / 16 * 2;
    return wrong[1] ? 8 + (unsigned)__builtin_ctzll(wrong[1]) / 16 * 2 : 2 * G3_GROUP_LANES;
}

void g3_quick_2d_scalar(struct g3_decoder *d)
{
    quick(d, scalar_put);
}

#if defined(__x86_64__)
#include <immintrin.h>
#define AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt,lzcnt")))

AVX2 static inline unsigned avx2_put(const struct g3_group *g, const uint16_t *b, unsigned floor,
                                     uint16_t *change)
{
    __m128i places = _mm_loadu_si128((const __m128i *)g3_group_places(g));
    __m128i shifts = _mm_cvtepi8_epi16(_mm_loadl_epi64((const __m128i *)g->shifts));
    __m128i above = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)b), places);
    __m128i before = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(b - 1)), places);
    __m128i behind = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(b + 1)), places);
    __m128i a1 = _mm_add_epi16(above, shifts);
    _mm_storeu_si128((__m128i *)change, a1);
    __m128i one = _mm_set1_epi16(1), left = _mm_slli_si128(_mm_add_epi16(a1, one), 2);
    __m128i low = _mm_max_epu16(before, _mm_insert_epi16(left, (int)floor, 0));
    __m128i high = _mm_sub_epi16(behind, one);
    __m128i right = _mm_cmpeq_epi16(_mm_max_epu16(a1, low), _mm_min_epu16(a1, high));
    return (unsigned)__builtin_ctz(~(unsigned)_mm_movemask_epi8(right));
}

AVX2 void g3_quick_2d_avx2(struct g3_decoder *d)
{
    quick(d, avx2_put);
}
#endif
