#include "g3/runs.h"

#include "g3/kernel.h"
#include "g3/paint.h"

void g3_close_line(struct g3_line *line, unsigned n, unsigned width)
{
    for (unsigned i = 0; i < 8; i++)
        line->change[1 + n + i] = (uint16_t)width;
}

unsigned g3_find_changes(const uint8_t *row, unsigned width, struct g3_line *line)
{
    line->change[0] = 0;
    unsigned n = g3_kernel_used()->find(row, width, line->change + 1);
    g3_close_line(line, n, width);
    return n;
}

void g3_paint_scalar(const uint16_t *change, unsigned width, uint8_t *row)
{
    g3_paint_runs(change, width, row);
}

void g3_paint(const struct g3_line *line, unsigned width, uint8_t *row)
{
    g3_kernel_used()->paint(line->change + 1, width, row);
}
