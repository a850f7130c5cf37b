/*
 * How a row is painted, for kernels to compile with the instructions that they have.
 */
#ifndef G3_PAINT_H
#define G3_PAINT_H

#include "bytes/endian.h"
#include "bytes/span.h"

#include <string.h>

/* The pels from `at` on, 0 to 64. */
static inline uint64_t g3_pels_from(unsigned at)
{
    return at < 64 ? UINT64_MAX >> at : 0;
}

/* Rows of fewer than eight bytes. */
static inline void g3_paint_narrow(const uint16_t *change, unsigned width, uint8_t *row)
{
    uint64_t w = 0;
    for (; *change < width; change += 2)
        w |= g3_pels_from(change[0]) & ~g3_pels_from(change[1]);
    for (unsigned i = 0; i < (width + 7) / 8; i++)
        row[i] = (uint8_t)(w >> (56 - 8 * i));
}

/*
 * One run from left to right, stored as the eight bytes that begin with its first pel's, or at
 * the right edge with `last`, whose first pels are *at and last. What those bytes hold of the runs
 * before is still in *w: nothing that was just stored is read back, and no branch asks for a
 * word's end.
 */
static inline __attribute__((always_inline)) void
g3_paint_run(unsigned start, unsigned stop, unsigned to, unsigned last, unsigned *at, uint64_t *w,
             uint8_t *row)
{
    uint64_t before = to - *at < 64 ? *w << (to - *at) : 0, from = UINT64_MAX >> (start - to);
    if (__builtin_expect(stop - to >= 64, 0)) {
        unsigned then = (stop & ~7u) < last ? stop & ~7u : last;
        put_be64(row + to / 8, before | from);
        if (then > to + 64)
            memset(row + to / 8 + 8, 0xff, (then - to) / 8 - 8);
        before = then - to < 64 ? ~(~(before | from) << (then - to)) : UINT64_MAX;
        *w = before & ~g3_pels_from(stop - then);
        *at = then;
    } else {
        *w = before | (from & ~(UINT64_MAX >> (stop - to)));
        *at = to;
    }
    put_be64(row + *at / 8, *w);
}

/* What memset does, in a row's few steps without its call. */
static inline __attribute__((always_inline)) void g3_whiten(uint8_t *row, unsigned bytes)
{
    unsigned i = 0;
    for (; bytes - i > 64; i += 64)
        memset(row + i, 0, 64);
    if (bytes >= 64)
        memset(row + bytes - 64, 0, 64);
    else
        memset(row, 0, bytes);
}

/* struct g3_kernel's paint. */
static inline __attribute__((always_inline)) void g3_paint_runs(const uint16_t *change,
                                                                unsigned width, uint8_t *row)
{
    unsigned bytes = (width + 7) / 8, last = (bytes - 8) * 8, at = 0;
    uint64_t w = 0;
    if (bytes < 8) {
        g3_paint_narrow(change, width, row);
        return;
    }
    g3_whiten(row, bytes);
    for (; *change < last; change += 2)
        g3_paint_run(change[0], change[1], change[0] & ~7u, last, &at, &w, row);
    for (; *change < width; change += 2)
        g3_paint_run(change[0], change[1], last, last, &at, &w, row);
}

#endif
