#include "base64/kernel.h"

#include "base64/kernel_neon.h"
#include "base64/kernel_x86.h"

#include <string.h>

static const char alphabet[65] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const uint8_t base64_values[256] = {
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 62, 255, 255, 255, 63,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 255, 255, 255, 255, 255, 255,
    255, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 255, 255, 255, 255, 255,
    255, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
};

static void scalar_encode(const uint8_t *in, size_t groups, uint8_t *out)
{
    for (; groups; groups--, in += 3, out += 4) {
        out[0] = (uint8_t)alphabet[in[0] >> 2];
        out[1] = (uint8_t)alphabet[(in[0] & 3) << 4 | in[1] >> 4];
        out[2] = (uint8_t)alphabet[(in[1] & 15) << 2 | in[2] >> 6];
        out[3] = (uint8_t)alphabet[in[2] & 63];
    }
}

static size_t scalar_decode(const uint8_t *in, size_t groups, uint8_t *out)
{
    size_t done = 0;
    for (; done < groups; done++, in += 4, out += 3) {
        uint8_t a = base64_values[in[0]], b = base64_values[in[1]];
        uint8_t c = base64_values[in[2]], d = base64_values[in[3]];
        /* Values have six bits: bit 7 is set in what is no value. */
        if ((a | b | c | d) & 0x80)
            break;
        out[0] = (uint8_t)(a << 2 | b >> 4);
        out[1] = (uint8_t)(b << 4 | c >> 2);
        out[2] = (uint8_t)(c << 6 | d);
    }
    return done;
}

static void scalar_encode_lines(const uint8_t *in, size_t lines, unsigned eol, uint8_t *out)
{
    for (; lines; lines--, in += BASE64_LINE_BYTES, out += BASE64_LINE + eol) {
        scalar_encode(in, BASE64_LINE / 4, out);
        memcpy(out + BASE64_LINE, eol == 2 ? "\r\n" : "\n", eol);
    }
}

static size_t scalar_decode_lines(const uint8_t *in, size_t lines, unsigned eol, uint8_t *out)
{
    size_t done = 0;
    for (; done < lines; done++, in += BASE64_LINE + eol, out += BASE64_LINE_BYTES)
        if (memcmp(in + BASE64_LINE, eol == 2 ? "\r\n" : "\n", eol) != 0 ||
            scalar_decode(in, BASE64_LINE / 4, out) != BASE64_LINE / 4)
            break;
    return done;
}

static const struct base64_kernel scalar = {
    "scalar", 0, scalar_encode, scalar_decode, scalar_encode_lines, scalar_decode_lines,
};

/* Best first; the scalar one needs nothing and ends the search. */
static const struct base64_kernel *const kernels[] = {
#if defined(__x86_64__)
    &base64_avx512,
    &base64_avx2,
    &base64_ssse3,
#elif defined(__aarch64__)
    &base64_neon,
#endif
    &scalar,
};

/* What base64_use chose. */
static const struct base64_kernel *chosen_kernel = &scalar;

const struct base64_kernel *base64_kernel_for(unsigned mask)
{
    const struct base64_kernel *const *k = kernels;
    while ((*k)->needs & ~mask)
        k++;
    return *k;
}

void base64_use(unsigned mask)
{
    chosen_kernel = base64_kernel_for(mask);
}

const struct base64_kernel *base64_kernel_used(void)
{
    return chosen_kernel;
}
