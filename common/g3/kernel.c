#include "g3/kernel.h"

#include "bytes/endian.h"
#include "g3/kernel_neon.h"
#include "g3/kernel_x86.h"
#include "g3/places.h"
#include "g3/quick_2d.h"
#include "g3/sink.h"

#include <string.h>

/* Times this, 16 bits stand four times in a word. */
#define EACH_16 UINT64_C(0x0001000100010001)

/* The last, partial word of a row: its bytes at the left, zeros behind. */
static uint64_t load_tail(const uint8_t *p, unsigned bytes)
{
    uint64_t w = 0;
    for (unsigned i = 0; i < bytes; i++)
        w |= (uint64_t)p[i] << (56 - 8 * i);
    return w;
}

/* A word's eight pels' changes, four to a word, the pels from `from` on; where they end. */
static inline uint16_t *put_byte(uint64_t change, unsigned from, uint64_t x, uint16_t *out)
{
    unsigned byte = change >> (56 - from) & 255;
    uint64_t four[2];
    memcpy(four, g3_places[byte], sizeof four);
    four[0] += x + from * EACH_16;
    four[1] += x + from * EACH_16;
    memcpy(out, four, sizeof four);
    return out + g3_place_count[byte];
}

/* Changes are where a pel differs from its left neighbour: one XOR finds them 64 at a time. */
static uint16_t *put_word(uint64_t w, uint64_t left, unsigned x, uint16_t *out)
{
    uint64_t change = w ^ (w >> 1 | left << 63), at = x * EACH_16;
    out = put_byte(change, 0, at, out);
    out = put_byte(change, 8, at, out);
    out = put_byte(change, 16, at, out);
    out = put_byte(change, 24, at, out);
    out = put_byte(change, 32, at, out);
    out = put_byte(change, 40, at, out);
    out = put_byte(change, 48, at, out);
    return put_byte(change, 56, at, out);
}

static unsigned scalar_find(const uint8_t *row, unsigned width, uint16_t *change)
{
    uint64_t left = 0;
    unsigned x = 0;
    uint16_t *out = change;
    for (; width - x >= 64; x += 64, row += 8) {
        uint64_t w = get_be64(row);
        if (w != -left)
            out = put_word(w, left, x, out);
        left = w & 1;
    }
    unsigned rest = width - x;
    if (rest) {
        /* The pels behind the row's end repeat the last one, so that nothing changes there. */
        uint64_t w = load_tail(row, (rest + 7) / 8), beyond = UINT64_MAX >> rest;
        w = w >> (64 - rest) & 1 ? w | beyond : w & ~beyond;
        out = put_word(w, left, x, out);
    }
    return (unsigned)(out - change);
}

static const struct g3_kernel scalar = {
    .name = "scalar",
    .find = scalar_find,
    .pack = g3_pack_scalar,
    .load = g3_load_scalar,
    .row_2d = g3_row_2d_scalar,
    .walked = 3,
    .quick_2d = g3_quick_2d_scalar,
    .paint = g3_paint_scalar,
};

/* Best first; the scalar one needs nothing and ends the search. */
static const struct g3_kernel *const kernels[] = {
#if defined(__x86_64__)
    &g3_avx512,
    &g3_avx2,
#elif defined(__aarch64__)
    &g3_neon,
#endif
    &scalar,
};

/* What g3_use chose. */
static const struct g3_kernel *chosen_kernel = &scalar;

const struct g3_kernel *g3_kernel_for(unsigned mask)
{
    const struct g3_kernel *const *k = kernels;
    while ((*k)->needs & ~mask)
        k++;
    return *k;
}

void g3_use(unsigned mask)
{
    chosen_kernel = g3_kernel_for(mask);
}

const struct g3_kernel *g3_kernel_used(void)
{
    return chosen_kernel;
}
