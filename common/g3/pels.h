/*
 * Inside the decoder: a one-dimensional row on its way from code to pels.
 */
#ifndef G3_PELS_H
#define G3_PELS_H

#include "g3/rows.h"
#include "g3/windows.h"

/* Where a row stands: x pels are in row, and of these the last 64 in `last`, the last lowest. */
struct g3_pels {
    uint8_t *row; /* 8 bytes at least; NULL: only counted */
    unsigned x, width;
    uint64_t last;
    const uint64_t *windows; /* of the colour of the next run */
};

/* Rows that the windows' sums have room for. */
enum { G3_PELS_WIDTH_MIN = 64, G3_PELS_WIDTH_MAX = G3_WINDOW_NONE - 8 };

/* Eight bytes that end where x lies, but never start before the row. */
static inline void g3_store_last(const struct g3_pels *p)
{
    unsigned end = (p->x + 7) & ~7u;
    end = end < 64 ? 64 : end;
    put_be64(p->row + end / 8 - 8, p->last << (end - p->x));
}

/*
 * One run by its codes, for what the windows do not tell: black and long, or of no pels. False:
 * there is no such code, or it goes beyond the width; p and in are then of no more use.
 */
bool g3_add_run(struct g3_bits *in, struct g3_pels *p);

#endif
