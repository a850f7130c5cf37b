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

static inline void store_word(uint8_t *row, unsigned bytes, unsigned word, uint64_t w)
{
    if (word * 8 + 8 <= bytes) {
        store_be64(row + word * 8, w);
        return;
    }
    for (unsigned i = word * 8; i < bytes; i++, w <<= 8)
        row[i] = (uint8_t)(w >> 56);
}

/* A word is gathered in a register and stored once: reading back bytes just stored would stall. */
void g3_paint(const struct g3_line *line, unsigned width, uint8_t *row)
{
    const uint16_t *change = line->change + 1;
    unsigned bytes = (width + 7) / 8, word = 0;
    uint64_t w = 0;
    memset(row, 0, bytes);
    while (*change < width) {
        unsigned start = *change++, stop = *change++;
        if (start >> 6 != word) {
            store_word(row, bytes, word, w);
            word = start >> 6;
            w = 0;
        }
        w |= UINT64_MAX >> (start & 63);
        if (stop >> 6 != word) {
            store_word(row, bytes, word, w);
            while (++word < stop >> 6)
                store_word(row, bytes, word, UINT64_MAX);
            w = UINT64_MAX;
        }
        w &= ~(UINT64_MAX >> (stop & 63));
    }
    store_word(row, bytes, word, w);
}
