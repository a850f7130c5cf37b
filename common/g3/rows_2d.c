#include "g3/kernel.h"
#include "g3/rows.h"

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

/* A blank row below a blank one is a single bit, and most of many pages. */
static bool blank_again(struct g3_decoder *d)
{
    const uint16_t *above = d->lines[d->reference].change;
    if (d->in.have < G3_CODE_BITS || !(d->in.bits >> 63) || above[1] != d->width)
        return false;
    g3_use_code(d, 1);
    d->lines[d->reference ^ 1].change[1] = (uint16_t)d->width;
    d->n = 1;
    d->a0 = d->width;
    return true;
}

enum g3_row_result g3_decode_2d(struct g3_decoder *d)
{
    if (d->a0 == 0 && d->n == 0 && d->phase == AT_MODE && blank_again(d))
        return G3_ROW_WHOLE;
    while (d->a0 < d->width || d->phase != AT_MODE) {
        if (d->phase == AT_MODE) {
            /* A vertical code beyond either edge must not wrap round into the row. */
            if (d->width <= G3_WIDTH_MAX - 3)
                g3_kernel_used()->quick_2d(d);
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
