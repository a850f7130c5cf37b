#include "g3/kernel_neon.h"

#if defined(__aarch64__)
#include "cpu/cpu.h"
#include "g3/places.h"
#include "g3/quick_2d.h"

#include <arm_neon.h>
#include <string.h>

/* Eight pels' changes; where they end. */
static inline uint16_t *put_byte(unsigned byte, uint16x8_t x, uint16_t *out)
{
    vst1q_u16(out, vaddq_u16(vld1q_u16(g3_places[byte]), x));
    return out + g3_place_count[byte];
}

static uint16_t *put_word(uint64_t change, unsigned x, uint16_t *out)
{
    uint16x8_t at = vdupq_n_u16((uint16_t)x);
    for (unsigned shift = 64; shift; at = vaddq_u16(at, vdupq_n_u16(8)))
        out = put_byte(change >> (shift -= 8) & 255, at, out);
    return out;
}

/* The changes of two words' pels, a bit each, the leftmost highest; *before are the last two. */
static inline uint64x2_t changes(uint8x16_t pels, uint64x2_t *before)
{
    uint64x2_t v = vreinterpretq_u64_u8(vrev64q_u8(pels));
    uint64x2_t left = vextq_u64(*before, v, 1);
    *before = v;
    return veorq_u64(v, vorrq_u64(vshrq_n_u64(v, 1), vshlq_n_u64(left, 63)));
}

static unsigned neon_find(const uint8_t *row, unsigned width, uint16_t *change)
{
    uint64x2_t before = vdupq_n_u64(0);
    uint16_t *out = change;
    for (unsigned x = 0; x < width; x += 128, row += 16) {
        unsigned rest = width - x;
        uint8_t tail[16] = {0};
        if (rest < 128)
            memcpy(tail, row, (rest + 7) / 8);
        uint64x2_t m = changes(vld1q_u8(rest < 128 ? tail : row), &before);
        uint64_t first = vgetq_lane_u64(m, 0), second = vgetq_lane_u64(m, 1);
        /* What the bits behind the row's last pel are does not matter. */
        if (rest < 64)
            first &= ~(UINT64_MAX >> rest);
        if (rest <= 64)
            second = 0;
        else if (rest < 128)
            second &= ~(UINT64_MAX >> (rest - 64));
        if (first)
            out = put_word(first, x, out);
        if (second)
            out = put_word(second, x + 64, out);
    }
    return (unsigned)(out - change);
}

/* The rest is done in 64-bit words, as it is without vectors. */
const struct g3_kernel g3_neon = {
    .name = "neon",
    .needs = CPU_NEON,
    .find = neon_find,
    .pack = g3_pack_scalar,
    .load = g3_load_scalar,
    .row_2d = g3_row_2d_scalar,
    .walked = 3,
    .quick_2d = g3_quick_2d_scalar,
    .paint = g3_paint_scalar,
};
#endif
