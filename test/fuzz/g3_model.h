/*
 * A row of T.4 and T.6 decoded as the recommendation words it: bit by bit, code by code through the
 * printed lists, with the changing elements looked up in the pels of the row above. Slow; what the
 * real decoder gives is held against it.
 */
#ifndef FUZZ_G3_MODEL_H
#define FUZZ_G3_MODEL_H

#include "bytes/span.h"
#include "g3/codes.h"

#include <string.h>

struct model {
    struct span bytes;
    size_t at; /* bits */
    unsigned width;
    const uint8_t *above; /* NULL: white */
    uint8_t *row;
    bool odd; /* a run of nothing within the row: the elements of its codes are not its pels' */
};

static inline unsigned model_bit(struct model *m)
{
    size_t at = m->at++;
    return at / 8 < m->bytes.n ? m->bytes.p[at / 8] >> (7 - at % 8) & 1 : 0;
}

static inline unsigned model_pel(const uint8_t *row, unsigned x)
{
    return row ? row[x / 8] >> (7 - x % 8) & 1 : 0;
}

struct model_code {
    unsigned run, bits, word;
};

static inline int model_look_up(const struct model_code *codes, size_t n, unsigned bits,
                                unsigned word)
{
    for (size_t i = 0; i < n; i++)
        if (codes[i].bits == bits && codes[i].word == word)
            return (int)codes[i].run;
    return -1;
}

/* One code of a colour; -1: there is none such. */
static inline int model_code(struct model *m, bool black)
{
#define MODEL_CODE(run, bits, word) {run, bits, word},
    static const struct model_code white[] = {G3_WHITE_TERMINATING(MODEL_CODE) G3_WHITE_MAKE_UP(
        MODEL_CODE) G3_COMMON_MAKE_UP(MODEL_CODE)};
    static const struct model_code dark[] = {G3_BLACK_TERMINATING(MODEL_CODE) G3_BLACK_MAKE_UP(
        MODEL_CODE) G3_COMMON_MAKE_UP(MODEL_CODE)};
#undef MODEL_CODE
    const struct model_code *codes = black ? dark : white;
    size_t n = black ? sizeof dark / sizeof *dark : sizeof white / sizeof *white;
    unsigned word = 0;
    for (unsigned bits = 1; bits <= G3_CODE_BITS; bits++) {
        word = word << 1 | model_bit(m);
        int run = model_look_up(codes, n, bits, word);
        if (run >= 0)
            return run;
    }
    return -1;
}

/* Make-up codes and a terminating one; -1: not a run. */
static inline long model_run(struct model *m, bool black)
{
    long sum = 0;
    for (;;) {
        int run = model_code(m, black);
        if (run < 0 || sum > m->width)
            return -1;
        sum += run;
        if (run < 64)
            return sum;
    }
}

/* Pels from..to - 1 of a colour; false: beyond the width, or backwards. */
static inline bool model_paint(struct model *m, long from, long to, bool black)
{
    if (to < from || to > (long)m->width)
        return false;
    m->odd |= to == from && (from != 0 || black) && to != (long)m->width;
    for (; black && from < to; from++)
        m->row[from / 8] |= (uint8_t)(0x80 >> from % 8);
    return true;
}

static inline bool model_row_1d(struct model *m)
{
    long x = 0;
    memset(m->row, 0, (m->width + 7) / 8);
    for (bool black = false; x < (long)m->width; black = !black) {
        long run = model_run(m, black);
        if (run < 0 || !model_paint(m, x, x + run, black))
            return false;
        x += run;
    }
    return true;
}

/* The first changing element of the row above that is right of a0 and of the colour opposite to
 * black (4.2.1.1/T.4); a0 is -1 at the row's start. The width where there is none. */
static inline long model_b1(const struct model *m, long a0, bool black)
{
    for (long x = a0 + 1; x < (long)m->width; x++) {
        bool left = x ? model_pel(m->above, (unsigned)x - 1) : false;
        bool here = model_pel(m->above, (unsigned)x);
        if (here != left && here != black)
            return x;
    }
    return m->width;
}

static inline long model_b2(const struct model *m, long b1)
{
    for (long x = b1 + 1; x < (long)m->width; x++)
        if (model_pel(m->above, (unsigned)x) != model_pel(m->above, (unsigned)x - 1))
            return x;
    return m->width;
}

enum { MODEL_PASS = 10, MODEL_HORIZONTAL, MODEL_NONE };

/* A mode code: -3 to 3 vertical, or of the names above. */
static inline int model_mode(struct model *m)
{
    static const struct {
        const char *bits;
        int mode;
    } modes[] = {{"1", 0},        {"011", 1},      {"010", -1},
                 {"000011", 2},   {"000010", -2},  {"0000011", 3},
                 {"0000010", -3}, {"0001", MODEL_PASS}, {"001", MODEL_HORIZONTAL}};
    char bits[8] = "";
    for (unsigned n = 0; n < 7; n++) {
        bits[n] = model_bit(m) ? '1' : '0';
        for (unsigned i = 0; i < sizeof modes / sizeof *modes; i++)
            if (strcmp(bits, modes[i].bits) == 0)
                return modes[i].mode;
    }
    return MODEL_NONE;
}

static inline bool model_horizontal(struct model *m, long *a0, bool black)
{
    for (int i = 0; i < 2; i++) {
        long from = *a0 < 0 ? 0 : *a0, run = model_run(m, i ? !black : black);
        if (run < 0 || !model_paint(m, from, from + run, i ? !black : black))
            return false;
        *a0 = from + run;
    }
    return true;
}

static inline bool model_row_2d(struct model *m)
{
    long a0 = -1;
    bool black = false;
    memset(m->row, 0, (m->width + 7) / 8);
    while (a0 < (long)m->width) {
        long from = a0 < 0 ? 0 : a0, b1 = model_b1(m, a0, black);
        int mode = model_mode(m);
        if (mode == MODEL_NONE || (mode == MODEL_HORIZONTAL && !model_horizontal(m, &a0, black)))
            return false;
        if (mode == MODEL_HORIZONTAL)
            continue;
        long to = mode == MODEL_PASS ? model_b2(m, b1) : b1 + mode;
        if (!model_paint(m, from, to, black))
            return false;
        black ^= mode != MODEL_PASS;
        a0 = to;
    }
    return true;
}

#endif
