#include "g3/runs.h"

#include "g3/kernel.h"

#include <string.h>

static inline void store_be64(uint8_t *p, uint64_t w)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    w = __builtin_bswap64(w);
#endif
    memcpy(p, &w, sizeof w);
}

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

/* The pels from `at` on, 0 to 64. */
static inline uint64_t pels_from(unsigned at)
{
    return at < 64 ? UINT64_MAX >> at : 0;
}

/* Rows of fewer than eight bytes. */
static void paint_narrow(const uint16_t *change, unsigned width, uint8_t *row)
{
    uint64_t w = 0;
    for (; *change < width; change += 2)
        w |= pels_from(change[0]) & ~pels_from(change[1]);
    for (unsigned i = 0; i < (width + 7) / 8; i++)
        row[i] = (uint8_t)(w >> (56 - 8 * i));
}

/*
 * Runs from left to right. Each is stored as the eight bytes that begin with its first pel's (at
 * the right edge: the row's last eight), and what those bytes hold of the runs before is still in
 * the register: nothing that was just stored is read back, and no branch asks for a word's end.
 */
void g3_paint(const struct g3_line *line, unsigned width, uint8_t *row)
{
    const uint16_t *change = line->change + 1;
    unsigned bytes = (width + 7) / 8, at = 0;
    uint64_t w = 0;
    if (bytes < 8) {
        paint_narrow(change, width, row);
        return;
    }
    unsigned last = bytes - 8;
    memset(row, 0, bytes);
    for (; *change < width; change += 2) {
        unsigned start = change[0], stop = change[1];
        unsigned to = start / 8 < last ? start / 8 : last;
        w = to - at < 8 ? w << (to - at) * 8 : 0;
        at = to;
        w |= UINT64_MAX >> (start - at * 8);
        if (stop - at * 8 >= 64) {
            store_be64(row + at, w);
            to = stop / 8 < last ? stop / 8 : last;
            if (to > at + 8)
                memset(row + at + 8, 0xff, to - at - 8);
            w = to - at < 8 ? ~(~w << (to - at) * 8) : UINT64_MAX;
            at = to;
        }
        w &= ~pels_from(stop - at * 8);
        store_be64(row + at, w);
    }
}
