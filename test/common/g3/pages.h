/*
 * Made pages for the codec's tests: rows of many kinds, kept so that they end where a page of
 * memory that may not be touched begins.
 */
#ifndef TEST_G3_PAGES_H
#define TEST_G3_PAGES_H

#include "g3/g3.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* n bytes that end at a guard page: reading or writing one beyond them is a fault. */
static inline uint8_t *guarded(size_t n)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), whole = (n + page - 1) / page * page;
    uint8_t *p = mmap(NULL, whole + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED || mprotect(p + whole, page, PROT_NONE) != 0)
        abort();
    return p + whole - n;
}

static inline void guarded_free(uint8_t *p, size_t n)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), whole = (n + page - 1) / page * page;
    munmap(p - (whole - n), whole + page);
}

enum texture { BLANK, SOLID, TEXT, NOISE, DITHER, LONG_RUNS, LIKE_ABOVE, TEXTURES };

static inline void set_run(uint8_t *row, unsigned from, unsigned to)
{
    for (; from < to; from++)
        row[from >> 3] |= (uint8_t)(0x80 >> (from & 7));
}

/* Fills a row; above is the row over it, or NULL. Bits behind the width are left 0. */
static inline void make_row(uint8_t *row, const uint8_t *above, unsigned width, enum texture t,
                            unsigned long long (*next)(void))
{
    size_t bytes = (width + 7) / 8;
    memset(row, 0, bytes);
    unsigned mean = t == NOISE ? 2 : t == DITHER ? 1 : t == TEXT ? 20 : 1500;
    if (t == LIKE_ABOVE && above) {
        memcpy(row, above, bytes);
        for (int i = 0; i < 3; i++) {
            unsigned x = (unsigned)(next() % width);
            row[x >> 3] ^= (uint8_t)(0x80 >> (x & 7));
        }
        return;
    }
    if (t == SOLID)
        set_run(row, 0, width);
    if (t == BLANK || t == SOLID)
        return;
    unsigned x = (unsigned)(next() % (mean + 1));
    while (x < width) {
        unsigned end = x + 1 + (unsigned)(next() % mean);
        set_run(row, x, end < width ? end : width);
        x = end + 1 + (unsigned)(next() % mean);
    }
}

#endif
