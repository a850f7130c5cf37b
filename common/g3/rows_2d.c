#include "g3/rows.h"
#include "g3/vertical.h"

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
        enum g3_row_result r = g3_careful_run(d, d->n & 1);
        if (r != G3_ROW_WHOLE)
            return r;
        d->a0 += d->run;
        d->run = 0;
        d->n = g3_add_change(change, d->n, d->a0);
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
    g3_use_code(d, m->bits);
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
    d->n = g3_add_change(d->lines[d->reference ^ 1].change + 1, d->n, d->a0);
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
            unsigned run1, run2, used1 = g3_quick_run(in.bits << 3, n & 1, &run1);
            uint64_t rest = in.bits << 3 << used1;
            unsigned used2 = g3_quick_run(rest, ~n & 1, &run2);
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
    g3_note_last(d, last, last_bits);
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
