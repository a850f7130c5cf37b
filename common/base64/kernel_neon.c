#include "base64/kernel_neon.h"

#if defined(__aarch64__)
#include "cpu/cpu.h"

#include <arm_neon.h>
#include <string.h>

/*
 * Loads and stores that deal bytes out by threes and by fours leave each of a group's bytes in a
 * vector of its own: 48 bytes are 64 characters, and in half vectors 24 are 32. A line of 76
 * characters is the one and the other, which overlaps it: so nothing is read or written beyond a
 * line, and no line needs a remainder.
 */
enum {
    LINE = BASE64_LINE,
    BYTES = BASE64_LINE_BYTES,
    LAST = LINE - 32,       /* where the last 32 characters begin */
    LAST_BYTES = BYTES - 24 /* and their bytes */
};

static const uint8_t alphabet[64] = {
    'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P',
    'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'a', 'b', 'c', 'd', 'e', 'f',
    'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v',
    'w', 'x', 'y', 'z', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '+', '/',
};

/* 64 bytes as one table. */
static inline uint8x16x4_t load_table(const uint8_t *p)
{
    uint8x16x4_t t = {{vld1q_u8(p), vld1q_u8(p + 16), vld1q_u8(p + 32), vld1q_u8(p + 48)}};
    return t;
}

static inline void encode_48(uint8x16x4_t table, const uint8_t *in, uint8_t *out)
{
    const uint8x16_t low = vdupq_n_u8(63);
    uint8x16x3_t b = vld3q_u8(in);
    uint8x16x4_t c;
    c.val[0] = vshrq_n_u8(b.val[0], 2);
    c.val[1] = vandq_u8(vorrq_u8(vshlq_n_u8(b.val[0], 4), vshrq_n_u8(b.val[1], 4)), low);
    c.val[2] = vandq_u8(vorrq_u8(vshlq_n_u8(b.val[1], 2), vshrq_n_u8(b.val[2], 6)), low);
    c.val[3] = vandq_u8(b.val[2], low);
    for (int i = 0; i < 4; i++)
        c.val[i] = vqtbl4q_u8(table, c.val[i]);
    vst4q_u8(out, c);
}

static inline void encode_24(uint8x16x4_t table, const uint8_t *in, uint8_t *out)
{
    const uint8x8_t low = vdup_n_u8(63);
    uint8x8x3_t b = vld3_u8(in);
    uint8x8x4_t c;
    c.val[0] = vshr_n_u8(b.val[0], 2);
    c.val[1] = vand_u8(vorr_u8(vshl_n_u8(b.val[0], 4), vshr_n_u8(b.val[1], 4)), low);
    c.val[2] = vand_u8(vorr_u8(vshl_n_u8(b.val[1], 2), vshr_n_u8(b.val[2], 6)), low);
    c.val[3] = vand_u8(b.val[2], low);
    for (int i = 0; i < 4; i++)
        c.val[i] = vqtbl4_u8(table, c.val[i]);
    vst4_u8(out, c);
}

/* The values of the first 64 ASCII characters, and of the other 64. */
struct values {
    uint8x16x4_t lower, upper;
};

static inline struct values load_values(void)
{
    struct values v = {load_table(base64_values), load_table(base64_values + 64)};
    return v;
}

/* False: one of 64 characters is foreign, which bit 7 of its value or of itself tells. */
static inline bool decode_64(const struct values *t, const uint8_t *in, uint8_t *out)
{
    uint8x16x4_t c = vld4q_u8(in), v;
    uint8x16_t foreign = vdupq_n_u8(0);
    for (int i = 0; i < 4; i++) {
        v.val[i] = vqtbl4q_u8(t->lower, c.val[i]);
        v.val[i] = vqtbx4q_u8(v.val[i], t->upper, vsubq_u8(c.val[i], vdupq_n_u8(64)));
        foreign = vorrq_u8(foreign, vorrq_u8(v.val[i], c.val[i]));
    }
    if (vmaxvq_u8(foreign) & 0x80)
        return false;
    uint8x16x3_t b;
    b.val[0] = vorrq_u8(vshlq_n_u8(v.val[0], 2), vshrq_n_u8(v.val[1], 4));
    b.val[1] = vorrq_u8(vshlq_n_u8(v.val[1], 4), vshrq_n_u8(v.val[2], 2));
    b.val[2] = vorrq_u8(vshlq_n_u8(v.val[2], 6), v.val[3]);
    vst3q_u8(out, b);
    return true;
}

static inline bool decode_32(const struct values *t, const uint8_t *in, uint8_t *out)
{
    uint8x8x4_t c = vld4_u8(in), v;
    uint8x8_t foreign = vdup_n_u8(0);
    for (int i = 0; i < 4; i++) {
        v.val[i] = vqtbl4_u8(t->lower, c.val[i]);
        v.val[i] = vqtbx4_u8(v.val[i], t->upper, vsub_u8(c.val[i], vdup_n_u8(64)));
        foreign = vorr_u8(foreign, vorr_u8(v.val[i], c.val[i]));
    }
    if (vmaxv_u8(foreign) & 0x80)
        return false;
    uint8x8x3_t b;
    b.val[0] = vorr_u8(vshl_n_u8(v.val[0], 2), vshr_n_u8(v.val[1], 4));
    b.val[1] = vorr_u8(vshl_n_u8(v.val[1], 4), vshr_n_u8(v.val[2], 2));
    b.val[2] = vorr_u8(vshl_n_u8(v.val[2], 6), v.val[3]);
    vst3_u8(out, b);
    return true;
}

static void neon_encode(const uint8_t *in, size_t groups, uint8_t *out)
{
    uint8x16x4_t table = load_table(alphabet);
    for (; groups >= 16; groups -= 16, in += 48, out += 64)
        encode_48(table, in, out);
    base64_kernel_for(0)->encode(in, groups, out);
}

static size_t neon_decode(const uint8_t *in, size_t groups, uint8_t *out)
{
    struct values values = load_values();
    size_t done = 0;
    while (groups - done >= 16 && decode_64(&values, in + 4 * done, out + 3 * done))
        done += 16;
    return done + base64_kernel_for(0)->decode(in + 4 * done, groups - done, out + 3 * done);
}

static void neon_encode_lines(const uint8_t *in, size_t lines, unsigned eol, uint8_t *out)
{
    uint8x16x4_t table = load_table(alphabet);
    for (; lines; lines--, in += BYTES, out += LINE + eol) {
        encode_48(table, in, out);
        encode_24(table, in + LAST_BYTES, out + LAST);
        memcpy(out + LINE, eol == 2 ? "\r\n" : "\n", eol);
    }
}

static size_t neon_decode_lines(const uint8_t *in, size_t lines, unsigned eol, uint8_t *out)
{
    struct values values = load_values();
    size_t done = 0;
    for (; done < lines; done++, in += LINE + eol, out += BYTES)
        if (memcmp(in + LINE, eol == 2 ? "\r\n" : "\n", eol) != 0 ||
            !decode_64(&values, in, out) || !decode_32(&values, in + LAST, out + LAST_BYTES))
            break;
    return done;
}

const struct base64_kernel base64_neon = {
    "neon", CPU_NEON, neon_encode, neon_decode, neon_encode_lines, neon_decode_lines,
};
#endif
