#include "g3/kernel.h"
#include "g3/runs.h"
#include "g3/sink.h"

#define ROW(run, bits, word) [(run) & 63] = {word, bits},
const struct g3_code g3_terminating[2][64] = {
    {G3_WHITE_TERMINATING(ROW)},
    {G3_BLACK_TERMINATING(ROW)},
};
#undef ROW
#define ROW(run, bits, word) [(run) >> 6] = {word, bits},
const struct g3_code g3_make_up[2][G3_MAKE_UP_MAX / 64 + 1] = {
    {G3_WHITE_MAKE_UP(ROW) G3_COMMON_MAKE_UP(ROW)},
    {G3_BLACK_MAKE_UP(ROW) G3_COMMON_MAKE_UP(ROW)},
};
#undef ROW

/* A white run under 64 and a black one under 15 as one code; [0] is the white run alone. */
#define PAIR(run, bits, word, black)                                                              \
    [run][black] = {G3_PAIR_WORD(word, black), G3_PAIR_BITS(bits, black)},
#define ROW(run, bits, word) [run][0] = {word, bits}, G3_PAIRS(PAIR, run, bits, word)
static const struct {
    uint32_t word, bits;
} pairs[64][16] = {G3_WHITE_TERMINATING(ROW)};
#undef ROW

void g3_pack_scalar(struct g3_sink *s, const uint16_t *change, unsigned runs)
{
    unsigned a0 = change[-1];
    for (; runs > 1; runs -= 2, change += 2) {
        unsigned a1 = change[0], a2 = change[1];
        unsigned white = a1 - a0, black = a2 - a1;
        if (white < 64 && black < 15) {
            g3_put(s, pairs[white][black].word, pairs[white][black].bits);
        } else {
            g3_put_run(s, 0, white);
            g3_drain(s);
            g3_put_run(s, 1, black);
        }
        g3_drain(s);
        a0 = a2;
    }
    if (runs) {
        g3_put_run(s, 0, change[0] - a0);
        g3_drain(s);
    }
}

void g3_put_row_1d(struct g3_encoder *e, struct g3_sink *s, const uint8_t *row)
{
    struct g3_line *line = &e->lines[e->reference ^ 1];
    unsigned n = g3_find_changes(row, e->width, line);
    if (n) {
        g3_kernel_used()->pack(s, line->change + 1, n + 1);
        return;
    }
    g3_put_run(s, 0, e->width);
    g3_drain(s);
}
