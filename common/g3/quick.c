#include "g3/quick.h"

#include "g3/ahead.h"
#include "g3/codes.h"
#include "g3/runs.h"

/*
 * What decode.c's steps from one row to the next leave behind, all at once. There is nothing of
 * two dimensions in it: the rows are MH.
 */
static void give(struct g3_decoder *d, struct g3_place start, struct g3_place end)
{
    d->last_row = start;
    d->last_in_code = true;
    g3_go_to(&d->in, end);
    d->end_of_rows = g3_decoder_offset(d);
    d->rows++;
    d->bad_now = 0;
}

/* The EOL that led the row which starts there. */
static void note_eol(struct g3_decoder *d, struct g3_place start)
{
    d->eols++;
    if (start.bit)
        d->eols_aligned = false;
}

/* The first row decoded ahead and not yet given. */
static void give_ahead(struct g3_decoder *d, uint8_t *row)
{
    struct g3_ahead *a = &d->ahead;
    unsigned k = a->given++;
    if (row)
        memcpy(row, a->rows + (size_t)a->pitch * k + 8, (d->width + 7) / 8);
    struct g3_place base = {a->base, 0}, start = g3_beyond(base, a->start[k]);
    note_eol(d, start);
    give(d, start, g3_beyond(base, a->end[k]));
}

/* The bits at hand lie in the span, and eight bytes from there on. */
static bool in_span(const struct g3_decoder *d, struct g3_place at)
{
    return at.byte >= d->begin && d->in.end - at.byte >= 8;
}

bool g3_quick_row_eol(struct g3_decoder *d, uint8_t *row)
{
    struct g3_ahead *a = &d->ahead;
    if (a->given < a->ready || (!a->stopped && g3_look_ahead(d))) {
        give_ahead(d, row);
        return true;
    }
    /* It is known already that the next row is not for this way. */
    if (a->stopped) {
        a->stopped = false;
        return false;
    }
    struct g3_place at = g3_here(&d->in), end;
    if (!in_span(d, at))
        return false;
    uint64_t bits = g3_bits_at(at);
    unsigned zeros = bits ? (unsigned)__builtin_clzll(bits) : 64;
    if (zeros < G3_EOL_ZEROS || zeros > 56 - 2 * G3_EOL_BITS ||
        bits << (zeros + 1) >> (64 - G3_EOL_ZEROS) == 0)
        return false;
    at = g3_beyond(at, zeros + 1);
    if (!g3_row_pels(d, at, row, &end) || !in_span(d, end) ||
        g3_bits_at(end) >> (64 - G3_EOL_ZEROS) != 0)
        return false;
    note_eol(d, at);
    give(d, at, end);
    return true;
}

bool g3_quick_row(struct g3_decoder *d, uint8_t *row)
{
    struct g3_place at = g3_here(&d->in), end;
    if (!in_span(d, at) || g3_bits_at(at) >> 56 == 0 || !g3_row_pels(d, at, row, &end) ||
        !in_span(d, end))
        return false;
    give(d, at, end);
    if (d->flags & G3_ALIGN_ROW)
        g3_skip(&d->in, d->in.have & 7);
    return true;
}

void g3_recall(struct g3_decoder *d)
{
    if (!d->last_in_code)
        return;
    struct g3_bits in = d->in;
    d->last_in_code = false;
    g3_go_to(&d->in, d->last_row);
    d->a0 = d->n = d->run = 0;
    (void)g3_decode_1d(d);
    d->in = in;
    d->reference ^= 1;
    g3_close_line(&d->lines[d->reference], d->n, d->width);
}
