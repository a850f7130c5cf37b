#include "g3/codes.h"
#include "g3/decode.h"
#include "g3/vertical.h"

/*
 * Run codes by the next 12 (white) or 13 (black) bits: length in the low 4 bits, run above. A
 * run of 64 or more is a make-up code. 0: no such code.
 */
enum { WHITE_BITS = 12, BLACK_BITS = 13 };
#define SPREAD(table_bits, run, bits, word)                                                       \
    [(word) << ((table_bits) - (bits)) ... (((word) + 1) << ((table_bits) - (bits))) - 1] =       \
        (run) << 4 | (bits),
#define WHITE(run, bits, word) SPREAD(WHITE_BITS, run, bits, word)
#define BLACK(run, bits, word) SPREAD(BLACK_BITS, run, bits, word)
static const uint16_t white[1 << WHITE_BITS] = {
    G3_WHITE_TERMINATING(WHITE) G3_WHITE_MAKE_UP(WHITE) G3_COMMON_MAKE_UP(WHITE)
};
static const uint16_t black[1 << BLACK_BITS] = {
    G3_BLACK_TERMINATING(BLACK) G3_BLACK_MAKE_UP(BLACK) G3_COMMON_MAKE_UP(BLACK)
};

/*
 * What text mostly is: a white run of 1 to 63 and a black one of 1 to 14 by one look-up of 13
 * bits. Length in the low 4 bits, white run in 6 above, black above that; 0: look twice. Pairs
 * that are longer lie behind the table, each in a place of its own, and are never looked up.
 */
enum { PAIR_BITS = 13 };
#define PAIR_FITS(bits, black) (G3_PAIR_BITS(bits, black) <= PAIR_BITS)
#define PAIR_PLACE(run, bits, word, black)                                                        \
    (PAIR_FITS(bits, black) * ((word) << ((PAIR_BITS - G3_PAIR_BITS(bits, black)) & 15)) +        \
     !PAIR_FITS(bits, black) * ((1 << PAIR_BITS) + (run) * 16 + (black)))
#define PAIR(run, bits, word, black)                                                              \
    [PAIR_PLACE(run, bits, G3_PAIR_WORD(word, black), black) ...                                  \
     PAIR_PLACE(run, bits, G3_PAIR_WORD(word, black) + 1, black) - PAIR_FITS(bits, black)] =      \
        ((run) > 0) * ((black) << 10 | (run) << 4 | G3_PAIR_BITS(bits, black) % 16),
#define PAIRS(run, bits, word) G3_PAIRS(PAIR, run, bits, word)
static const uint16_t pairs[(1 << PAIR_BITS) + 64 * 16] = {G3_WHITE_TERMINATING(PAIRS)};

/* Mode codes (table 4/T.4) by the next 7 bits: length, mode, and a1 - b1 of the vertical ones. */
enum mode { NO_MODE, PASS, HORIZONTAL, VERTICAL };
struct mode_code {
    uint8_t bits, mode;
    int8_t shift;
};
#define MODE(bits, word, mode, shift)                                                             \
    [(word) << (7 - (bits)) ... (((word) + 1) << (7 - (bits))) - 1] = {bits, mode, shift}
static const struct mode_code modes[128] = {
    MODE(4, 0x1, PASS, 0),
    MODE(3, 0x1, HORIZONTAL, 0),
    MODE(1, 0x1, VERTICAL, 0),
    MODE(3, 0x3, VERTICAL, 1),
    MODE(6, 0x3, VERTICAL, 2),
    MODE(7, 0x3, VERTICAL, 3),
    MODE(3, 0x2, VERTICAL, -1),
    MODE(6, 0x2, VERTICAL, -2),
    MODE(7, 0x2, VERTICAL, -3),
};

static inline unsigned lookup(uint64_t bits, unsigned colour)
{
    return colour ? black[bits >> (64 - BLACK_BITS)] : white[bits >> (64 - WHITE_BITS)];
}

/*
 * Adds a change at a0. A run of no pels within a row takes the change before it away again, so
 * that the line stays strictly ascending and its parity stays the colour.
 */
static inline unsigned add_change(uint16_t *change, unsigned n, unsigned a0)
{
    if (n && change[n - 1] == a0)
        return n - 1;
    change[n] = (uint16_t)a0;
    return n + 1;
}

/* Remembers the zeros a code ended with: they may be the first ones of an EOL. */
static void use_code(struct g3_decoder *d, unsigned bits)
{
    d->last_zeros = (unsigned)__builtin_ctzll(d->in.bits >> (64 - bits));
    g3_skip(&d->in, bits);
}

/* The same for the last code that a quick loop used, if it used any. */
static inline void note_last(struct g3_decoder *d, uint64_t code, unsigned bits)
{
    if (bits)
        d->last_zeros = (unsigned)__builtin_ctzll(code >> (64 - bits));
}

/* One whole run, its make-up codes included, added to d->run as they come. */
static enum g3_row_result careful_run(struct g3_decoder *d, unsigned colour)
{
    for (;;) {
        g3_refill(&d->in);
        if (d->in.have < G3_CODE_BITS && !d->finished)
            return G3_ROW_MORE;
        unsigned e = lookup(d->in.bits, colour);
        if (e == 0 || (e & 15) > d->in.have)
            return G3_ROW_BAD;
        use_code(d, e & 15);
        d->run += e >> 4;
        if (d->run > d->width - d->a0)
            return G3_ROW_BAD;
        if (e >> 4 < 64)
            return G3_ROW_WHOLE;
    }
}

/* A run by table, with at most one make-up code, from a register that has the bits. Returns the
 * bits used, 0 where the careful way must look. */
static inline unsigned quick_run(uint64_t bits, unsigned colour, unsigned *run)
{
    unsigned e = lookup(bits, colour), used = 0, big = 0;
    *run = 0;
    if (e >= 64 << 4) {
        used = e & 15;
        big = e >> 4;
        e = lookup(bits << used, colour);
        if (e >= 64 << 4)
            return 0;
    }
    *run = big + (e >> 4);
    return e ? used + (e & 15) : 0;
}

/*
 * Pairs of runs while eight bytes can be read at once: at most 46 bits a pair, and a refill gives
 * 56. Stops, with nothing of the pair used, before anything unusual: a run of nothing, a run
 * beyond the width, two make-up codes in a row, no code.
 */
static void quick_1d(struct g3_decoder *d)
{
    struct g3_bits in = d->in;
    uint16_t *change = d->lines[d->reference ^ 1].change + 1;
    unsigned a0 = d->a0, n = d->n, width = d->width, run, last_bits = 0;
    uint64_t last = 0;
    while (in.end - in.at >= 8) {
        g3_refill_fast(&in);
        /* Four pairs of 13 bits, of the 56. */
        for (unsigned i = 0; i < 4; i++) {
            unsigned e = pairs[in.bits >> (64 - PAIR_BITS)], a2 = a0 + (e >> 4 & 63) + (e >> 10);
            if (e == 0 || a2 >= width)
                break;
            change[n] = (uint16_t)(a0 + (e >> 4 & 63));
            change[n + 1] = (uint16_t)a2;
            n += 2;
            a0 = a2;
            last = in.bits;
            last_bits = e & 15;
            g3_skip(&in, e & 15);
        }
        if (in.end - in.at < 8)
            break;
        g3_refill_fast(&in);
        unsigned used = quick_run(in.bits, 0, &run);
        if (used == 0 || run > width - a0 || (run == 0 && n))
            break;
        uint64_t rest = in.bits << used;
        unsigned a1 = a0 + run;
        change[n] = (uint16_t)a1;
        if (a1 == width) {
            last = in.bits;
            last_bits = used;
            g3_skip(&in, used);
            a0 = a1;
            n++;
            break;
        }
        unsigned more = quick_run(rest, 1, &run);
        if (more == 0 || run > width - a1 || run == 0)
            break;
        a0 = a1 + run;
        change[n + 1] = (uint16_t)a0;
        n += 2;
        last = rest;
        last_bits = more;
        g3_skip(&in, used + more);
        if (a0 == width)
            break;
    }
    d->in = in;
    d->a0 = a0;
    d->n = n;
    note_last(d, last, last_bits);
}

enum g3_row_result g3_decode_1d(struct g3_decoder *d)
{
    uint16_t *change = d->lines[d->reference ^ 1].change + 1;
    while (d->a0 < d->width) {
        if (d->run == 0 && (d->n & 1) == 0) {
            quick_1d(d);
            if (d->a0 == d->width)
                break;
        }
        enum g3_row_result r = careful_run(d, d->n & 1);
        if (r != G3_ROW_WHOLE)
            return r;
        d->a0 += d->run;
        d->run = 0;
        d->n = add_change(change, d->n, d->a0);
    }
    return G3_ROW_WHOLE;
}

/*
 * After a code: b1 is the first change of the row above that is right of a0 and of the colour
 * that n's parity asks for. It was so for the a0 before, so that the search goes back by one at
 * most; the left edge in [0] is never right of a0. Not called at a row's start, where a0 is left
 * of the first pel and b1 may be there.
 */
static void move_b1(struct g3_decoder *d)
{
    const uint16_t *above = d->lines[d->reference].change;
    unsigned b = d->b1;
    if (((b - 1) ^ d->n) & 1)
        b--;
    while (above[b] <= d->a0 && above[b] < d->width)
        b += 2;
    d->b1 = b;
}

enum phase { AT_MODE, AT_FIRST_RUN, AT_SECOND_RUN };

static enum g3_row_result horizontal_runs(struct g3_decoder *d)
{
    uint16_t *change = d->lines[d->reference ^ 1].change + 1;
    while (d->phase != AT_MODE) {
        enum g3_row_result r = careful_run(d, d->n & 1);
        if (r != G3_ROW_WHOLE)
            return r;
        d->a0 += d->run;
        d->run = 0;
        d->n = add_change(change, d->n, d->a0);
        d->phase = d->phase == AT_FIRST_RUN ? AT_SECOND_RUN : AT_MODE;
        move_b1(d);
    }
    return G3_ROW_WHOLE;
}

/* One mode code and what belongs to it, bit by bit accounted for. */
static enum g3_row_result careful_mode(struct g3_decoder *d)
{
    g3_refill(&d->in);
    if (d->in.have < G3_CODE_BITS && !d->finished)
        return G3_ROW_MORE;
    const struct mode_code *m = &modes[d->in.bits >> 57];
    if (m->mode == NO_MODE || m->bits > d->in.have)
        return G3_ROW_BAD;
    const uint16_t *b = d->lines[d->reference].change + d->b1;
    use_code(d, m->bits);
    if (m->mode == HORIZONTAL) {
        d->phase = AT_FIRST_RUN;
        return G3_ROW_WHOLE;
    }
    if (m->mode == PASS) {
        /* A pass to the edge would leave the row without its last change. */
        if (b[1] == d->width)
            return G3_ROW_BAD;
        d->a0 = b[1];
        move_b1(d);
        return G3_ROW_WHOLE;
    }
    int a1 = *b + m->shift;
    if (a1 < (int)d->a0 || a1 > (int)d->width)
        return G3_ROW_BAD;
    d->a0 = (unsigned)a1;
    d->n = add_change(d->lines[d->reference ^ 1].change + 1, d->n, d->a0);
    move_b1(d);
    return G3_ROW_WHOLE;
}

typedef uint16_t four __attribute__((vector_size(8)));

/*
 * Up to four vertical codes at once, if nothing about them is unusual: each change lies right of
 * the one before, and between the neighbours of the change above that it belongs to, so that the
 * next code belongs to the next change. Gives the entry of g3_vertical_lengths; 0: look closer.
 */
static inline unsigned quick_verticals(uint64_t bits, const uint16_t *b, unsigned a0,
                                       uint16_t *change)
{
    if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
        return 0;
    unsigned at = (unsigned)(bits >> (64 - G3_VERTICAL_BITS)), codes = g3_vertical_lengths[at];
    four shifts, above, before, behind, left;
    memcpy(&shifts, &g3_vertical_shifts[at], sizeof shifts);
    memcpy(&above, b, sizeof above);
    memcpy(&before, b - 1, sizeof before);
    memcpy(&behind, b + 1, sizeof behind);
    above += shifts;
    memcpy(change, &above, sizeof above);
    uint64_t moved = (uint64_t)above << 16 | a0;
    memcpy(&left, &moved, sizeof left);
    uint64_t wrong = (uint64_t)((above >= behind) | (above < before) | (above <= left));
    return codes & 7 && wrong << (64 - 16 * (codes & 7)) == 0 ? codes : 0;
}

/*
 * Modes while eight bytes can be read at once: 3 + 46 bits at most each, and a refill gives 56.
 * Stops before anything unusual, as quick_1d does.
 */
static void quick_2d(struct g3_decoder *d)
{
    struct g3_bits in = d->in;
    uint16_t *change = d->lines[d->reference ^ 1].change + 1;
    const uint16_t *b = d->lines[d->reference].change + d->b1;
    unsigned a0 = d->a0, n = d->n, width = d->width, last_bits = 0;
    uint64_t last = 0;
    while (in.end - in.at >= 8) {
        g3_refill_fast(&in);
        unsigned codes = quick_verticals(in.bits, b, a0, change + n);
        if (codes) {
            n += codes & 7;
            b += codes & 7;
            a0 = change[n - 1];
            last = in.bits;
            last_bits = codes >> 3;
            g3_skip(&in, codes >> 3);
            continue;
        }
        struct mode_code m = modes[in.bits >> 57];
        if (m.mode == VERTICAL) {
            unsigned a1 = (unsigned)(*b + m.shift);
            /* Below a0 wraps round: one comparison for both ends. */
            if (a1 - a0 > width - a0 || (a1 == a0 && n))
                break;
            change[n++] = (uint16_t)a1;
            a0 = a1;
            last = in.bits;
            last_bits = m.bits;
            g3_skip(&in, m.bits);
            if (a0 == width)
                break;
            b--;
        } else if (m.mode == HORIZONTAL) {
            unsigned run1, run2, used1 = quick_run(in.bits << 3, n & 1, &run1);
            uint64_t rest = in.bits << 3 << used1;
            unsigned used2 = quick_run(rest, ~n & 1, &run2);
            if (used1 == 0 || used2 == 0 || run1 + run2 > width - a0 || (run1 == 0 && n) ||
                (run2 == 0 && a0 + run1 != width))
                break;
            last = rest;
            last_bits = used2;
            change[n] = (uint16_t)(a0 + run1);
            a0 += run1 + run2;
            change[n + 1] = (uint16_t)a0;
            n += 2;
            g3_skip(&in, 3 + used1 + used2);
            if (a0 == width)
                break;
        } else if (m.mode == PASS && b[1] < width) {
            a0 = b[1];
            last = in.bits;
            last_bits = m.bits;
            g3_skip(&in, m.bits);
        } else {
            break;
        }
        /* a0 is left of the edge here, where the line is closed. */
        while (*b <= a0)
            b += 2;
    }
    d->in = in;
    d->a0 = a0;
    d->n = n;
    d->b1 = (unsigned)(b - d->lines[d->reference].change);
    note_last(d, last, last_bits);
}

enum g3_row_result g3_decode_2d(struct g3_decoder *d)
{
    while (d->a0 < d->width || d->phase != AT_MODE) {
        if (d->phase == AT_MODE) {
            quick_2d(d);
            if (d->a0 == d->width)
                break;
            enum g3_row_result r = careful_mode(d);
            if (r != G3_ROW_WHOLE)
                return r;
        }
        enum g3_row_result r = horizontal_runs(d);
        if (r != G3_ROW_WHOLE)
            return r;
    }
    return G3_ROW_WHOLE;
}
