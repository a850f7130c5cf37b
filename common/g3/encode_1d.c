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

/*
 * A white run under 64 and a black one under 16 as one code, by white | black << 6: the word above
 * 8 bits of length.
 */
#define PAIR(run, bits, word, black)                                                              \
    [(run) | (black) << 6] = (uint32_t)G3_PAIR_WORD(word, black) << 8 | G3_PAIR_BITS(bits, black),
#define ROW(run, bits, word) G3_PAIRS(PAIR, run, bits, word) PAIR(run, bits, word, 15)
static const uint32_t pairs[16 * 64] = {G3_WHITE_TERMINATING(ROW)};
#undef ROW

/* Four runs of 16 bits each, the first one lowest: positions ascend, so that nothing is borrowed. */
static inline uint64_t four_runs(const uint16_t *change)
{
    uint64_t ends, starts;
    memcpy(&ends, change, sizeof ends);
    memcpy(&starts, change - 1, sizeof starts);
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
    uint64_t run = ends - starts;
    run = run << 32 | run >> 32;
    return (run & 0x0000ffff0000ffff) << 16 | (run >> 16 & 0x0000ffff0000ffff);
#else
    return ends - starts;
#endif
}

static inline void put_pair(struct g3_sink *s, unsigned white, unsigned black)
{
    g3_put_run(s, 0, white);
    g3_drain(s);
    g3_put_run(s, 1, black);
    g3_drain(s);
}

void g3_pack_scalar(struct g3_sink *s, const uint16_t *change, unsigned runs)
{
    for (; runs >= 4; runs -= 4, change += 4) {
        uint64_t run = four_runs(change);
        if (!(run & 0xfff0ffc0fff0ffc0)) {
            uint32_t first = pairs[(run | run >> 10) & 0x3ff];
            uint32_t second = pairs[(run >> 32 | run >> 42) & 0x3ff];
            unsigned bits = second & 0xff;
            s->acc |= ((uint64_t)(first >> 8) << bits | second >> 8)
                      << (64 - s->bits - bits - (first & 0xff));
            s->bits += bits + (first & 0xff);
            g3_drain(s);
        } else {
            put_pair(s, run & 0xffff, run >> 16 & 0xffff);
            put_pair(s, run >> 32 & 0xffff, run >> 48 & 0xffff);
        }
    }
    for (; runs > 1; runs -= 2, change += 2)
        put_pair(s, change[0] - change[-1], change[1] - change[0]);
    if (runs) {
        g3_put_run(s, 0, change[0] - change[-1]);
        g3_drain(s);
    }
}

void g3_put_row_1d(struct g3_encoder *e, struct g3_sink *s, const uint8_t *row)
{
    struct g3_line *line = &e->line;
    unsigned n = g3_find_changes(row, e->width, line);
    if (n) {
        g3_kernel_used()->pack(s, line->change + 1, n + 1);
        return;
    }
    g3_put_run(s, 0, e->width);
    g3_drain(s);
}
