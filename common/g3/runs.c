#include "g3/runs.h"

#include <string.h>

static inline uint64_t load_be64(const uint8_t *p)
{
    uint64_t w;
    memcpy(&w, p, sizeof w);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    w = __builtin_bswap64(w);
#endif
    return w;
}

static inline void store_be64(uint8_t *p, uint64_t w)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    w = __builtin_bswap64(w);
#endif
    memcpy(p, &w, sizeof w);
}

/* The last, partial word of a row: its bytes at the left, zeros behind. */
static uint64_t load_tail(const uint8_t *p, unsigned bytes)
{
    uint64_t w = 0;
    for (unsigned i = 0; i < bytes; i++)
        w |= (uint64_t)p[i] << (56 - 8 * i);
    return w;
}

void g3_close_line(struct g3_line *line, unsigned n, unsigned width)
{
    for (unsigned i = 0; i < 4; i++)
        line->change[1 + n + i] = (uint16_t)width;
}

/* Changes are where a pel differs from its left neighbour: one XOR finds them 64 at a time. */
static inline unsigned word_changes(uint64_t w, uint64_t left, unsigned x, uint16_t *out)
{
    uint64_t change = w ^ (w >> 1 | left << 63);
    unsigned n = 0;
    while (change) {
        unsigned at = (unsigned)__builtin_clzll(change);
        out[n++] = (uint16_t)(x + at);
        change &= ~(UINT64_C(1) << 63 >> at);
    }
    return n;
}

unsigned g3_find_changes(const uint8_t *row, unsigned width, struct g3_line *line)
{
    uint64_t left = 0;
    uint16_t *change = line->change + 1;
    unsigned n = 0, x = 0;
    line->change[0] = 0;
    for (; width - x >= 64; x += 64, row += 8) {
        uint64_t w = load_be64(row);
        if (w != -left)
            n += word_changes(w, left, x, change + n);
        left = w & 1;
    }
    unsigned rest = width - x;
    if (rest) {
        /* The pels behind the row's end repeat the last one, so that nothing changes there. */
        uint64_t w = load_tail(row, (rest + 7) / 8), beyond = UINT64_MAX >> rest;
        w = w >> (64 - rest) & 1 ? w | beyond : w & ~beyond;
        n += word_changes(w, left, x, change + n);
    }
    g3_close_line(line, n, width);
    return n;
}

static void store_word(uint8_t *row, unsigned bytes, unsigned word, uint64_t w)
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
            memset(row + word * 8 + 8, 0xff, ((stop >> 6) - word - 1) * 8);
            word = stop >> 6;
            w = UINT64_MAX;
        }
        w &= ~(UINT64_MAX >> (stop & 63));
    }
    store_word(row, bytes, word, w);
}
