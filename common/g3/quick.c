#include "g3/quick.h"

#include "g3/codes.h"
#include "g3/runs.h"

/* What decode.c's steps from one row to the next leave behind, all at once. */
static void give(struct g3_decoder *d, const struct g3_bits *start, const struct g3_bits *in)
{
    d->last_row = *start;
    d->last_in_code = true;
    d->in = *in;
    d->two_d = false;
    d->reference_lost = false;
    d->end_of_rows = g3_decoder_offset(d);
    d->rows++;
    d->bad_now = 0;
    d->run_2d = 0;
}

bool g3_quick_row_eol(struct g3_decoder *d, uint8_t *row)
{
    struct g3_bits in = d->in;
    if (in.end - in.at < 8)
        return false;
    g3_refill_fast(&in);
    unsigned zeros = in.bits ? (unsigned)__builtin_clzll(in.bits) : 64;
    if (zeros < G3_EOL_ZEROS || zeros >= 56 - G3_EOL_BITS)
        return false;
    g3_skip(&in, zeros + 1);
    struct g3_bits start = in;
    if (in.bits >> (64 - G3_EOL_ZEROS) == 0 || !g3_row_pels(d, &in, row))
        return false;
    g3_refill(&in);
    if (in.have < G3_EOL_ZEROS || in.bits >> (64 - G3_EOL_ZEROS) != 0)
        return false;
    d->eols++;
    /* A lost row's EOL may have said so already. */
    if (d->off_byte || start.have & 7)
        d->eols_aligned = false;
    d->off_byte = false;
    give(d, &start, &in);
    return true;
}

bool g3_quick_row(struct g3_decoder *d, uint8_t *row)
{
    struct g3_bits in = d->in, start = in;
    if (in.end - in.at < 8)
        return false;
    g3_refill_fast(&in);
    if (in.bits >> 56 == 0 || !g3_row_pels(d, &in, row))
        return false;
    give(d, &start, &in);
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
    d->in = d->last_row;
    d->a0 = d->n = d->run = 0;
    (void)g3_decode_1d(d);
    d->in = in;
    d->reference ^= 1;
    g3_close_line(&d->lines[d->reference], d->n, d->width);
}
