#include "g3/repair.h"

#include "g3/rows.h"
#include "g3/runs.h"

/* From a0 on the row at hand is of this colour: n's parity, unless a change at a0 says so. */
static void turn_at_a0(struct g3_decoder *d, unsigned black)
{
    if ((d->n & 1) != black)
        d->n = g3_add_change(d->lines[d->reference ^ 1].change + 1, d->n, d->a0);
}

void g3_mend_row(struct g3_decoder *d)
{
    const uint16_t *above = d->lines[d->reference].change + 1;
    uint16_t *change = d->lines[d->reference ^ 1].change + 1;
    unsigned from = 0;
    /* Nothing of it is known, and the row above is there already. */
    if (d->a0 == 0 && d->n == 0)
        return;
    while (above[from] <= d->a0 && above[from] < d->width)
        from++;
    if (d->a0 < d->width)
        turn_at_a0(d, from & 1);
    while (above[from] < d->width)
        change[d->n++] = above[from++];
    d->reference ^= 1;
    g3_close_line(&d->lines[d->reference], d->n, d->width);
}

void g3_cut_row(struct g3_decoder *d, uint8_t *row)
{
    struct g3_line *line = &d->lines[d->reference ^ 1];
    if (d->a0 < d->width)
        turn_at_a0(d, 0);
    g3_close_line(line, d->n, d->width);
    if (row)
        g3_paint(line, d->width, row);
}
