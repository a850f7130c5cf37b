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
 * A white run and a black one, both under 64, as one code, by white | black << 6: the word above 8
 * bits of length.
 */
#define PAIR(run, bits, word, black)                                                              \
    [(run) | (black) << 6] = (uint32_t)G3_PAIR_WORD(word, black) << 8 | G3_PAIR_BITS(bits, black),
#define PAIRS(X, run, bits, word)                                                                 \
    X(run, bits, word, 1) X(run, bits, word, 2) X(run, bits, word, 3) X(run, bits, word, 4)       \
    X(run, bits, word, 5) X(run, bits, word, 6) X(run, bits, word, 7) X(run, bits, word, 8)       \
    X(run, bits, word, 9) X(run, bits, word, 10) X(run, bits, word, 11) X(run, bits, word, 12)    \
    X(run, bits, word, 13) X(run, bits, word, 14) X(run, bits, word, 15) X(run, bits, word, 16)   \
    X(run, bits, word, 17) X(run, bits, word, 18) X(run, bits, word, 19) X(run, bits, word, 20)   \
    X(run, bits, word, 21) X(run, bits, word, 22) X(run, bits, word, 23) X(run, bits, word, 24)   \
    X(run, bits, word, 25) X(run, bits, word, 26) X(run, bits, word, 27) X(run, bits, word, 28)   \
    X(run, bits, word, 29) X(run, bits, word, 30) X(run, bits, word, 31) X(run, bits, word, 32)   \
    X(run, bits, word, 33) X(run, bits, word, 34) X(run, bits, word, 35) X(run, bits, word, 36)   \
    X(run, bits, word, 37) X(run, bits, word, 38) X(run, bits, word, 39) X(run, bits, word, 40)   \
    X(run, bits, word, 41) X(run, bits, word, 42) X(run, bits, word, 43) X(run, bits, word, 44)   \
    X(run, bits, word, 45) X(run, bits, word, 46) X(run, bits, word, 47) X(run, bits, word, 48)   \
    X(run, bits, word, 49) X(run, bits, word, 50) X(run, bits, word, 51) X(run, bits, word, 52)   \
    X(run, bits, word, 53) X(run, bits, word, 54) X(run, bits, word, 55) X(run, bits, word, 56)   \
    X(run, bits, word, 57) X(run, bits, word, 58) X(run, bits, word, 59) X(run, bits, word, 60)   \
    X(run, bits, word, 61) X(run, bits, word, 62) X(run, bits, word, 63)
#define ROW(run, bits, word) PAIRS(PAIR, run, bits, word)
static const uint32_t pairs[64 * 64] = {G3_WHITE_TERMINATING(ROW)};
#undef ROW

/* Four runs of 16 bits each, the first one lowest: positions ascend, so that nothing is
 * borrowed. */
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

/* A pair of any runs: 7 bits that wait and at most 20 and 25, drained together. */
static inline void put_pair(struct g3_sink *s, unsigned white, unsigned black)
{
    g3_put_run(s, 0, white);
    g3_put_run(s, 1, black);
    g3_drain(s);
}

/* Two short pairs are one put; the sink is copied, since bytes written might be part of it. */
void g3_pack_scalar(struct g3_sink *sink, const uint16_t *change, unsigned runs)
{
    struct g3_sink s = *sink;
    for (; runs >= 4; runs -= 4, change += 4) {
        uint64_t run = four_runs(change);
        if (!(run & 0xffc0ffc0ffc0ffc0)) {
            uint32_t first = pairs[(run | run >> 10) & 0xfff];
            uint32_t second = pairs[(run >> 32 | run >> 42) & 0xfff];
            uint64_t word = (uint64_t)(first >> 8) << (second & 63) | second >> 8;
            s.bits += (first + second) & 63;
            s.acc |= word << (64 - s.bits);
            g3_drain(&s);
        } else {
            put_pair(&s, run & 0xffff, run >> 16 & 0xffff);
            put_pair(&s, run >> 32 & 0xffff, run >> 48 & 0xffff);
        }
    }
    for (; runs > 1; runs -= 2, change += 2)
        put_pair(&s, change[0] - change[-1], change[1] - change[0]);
    if (runs) {
        g3_put_run(&s, 0, change[0] - change[-1]);
        g3_drain(&s);
    }
    *sink = s;
}

void g3_put_row_1d(struct g3_encoder *e, struct g3_sink *s, const uint8_t *row)
{
    struct g3_line *line = &e->rows[e->reference ^ 1].line;
    unsigned n = g3_find_changes(row, e->width, line);
    e->rows[e->reference ^ 1].codes = n + 1;
    if (n) {
        g3_kernel_used()->pack(s, line->change + 1, n + 1);
        return;
    }
    g3_put_run(s, 0, e->width);
    g3_drain(s);
}
