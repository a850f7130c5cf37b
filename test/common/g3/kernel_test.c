#include "g3/kernel.h"

#include "check.h"
#include "cpu/cpu.h"
#include "g3/runs.h"
#include "g3/sink.h"

#include <stdlib.h>
#include <string.h>

/* Every kernel that this machine can run gives what the scalar one gives. */
static void each_kernel(void (*test)(const struct g3_kernel *k))
{
    static const char *const levels[] = {"scalar", "ssse3", "sse4", "avx2", "avx512", "neon"};
    unsigned mask = cpu_detect(), cap;
    const struct g3_kernel *last = NULL;
    for (unsigned i = 0; i < sizeof levels / sizeof *levels; i++) {
        CHECK(cpu_level(span_str(levels[i]), &cap));
        const struct g3_kernel *k = g3_kernel_for(mask & cap);
        if (k != last && !(last && k == g3_kernel_for(0)))
            test(k);
        last = k;
    }
}

static uint32_t seed = 1;
static unsigned chance(unsigned n)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % n;
}

/* Pel by pel, as T.4 has it. */
static unsigned plain_find(const uint8_t *row, unsigned width, uint16_t *change)
{
    unsigned n = 0, left = 0;
    for (unsigned x = 0; x < width; x++) {
        unsigned pel = row[x / 8] >> (7 - x % 8) & 1;
        if (pel != left)
            change[n++] = (uint16_t)x;
        left = pel;
    }
    return n;
}

/* The row in a block of exactly its size, so that a sanitizer sees what is read behind it. */
static void compare(const struct g3_kernel *k, const uint8_t *pels, unsigned width)
{
    static struct g3_line want, got;
    size_t size = (width + 7) / 8;
    uint8_t *row = malloc(size);
    memcpy(row, pels, size);
    unsigned n = plain_find(row, width, want.change);
    memset(got.change, 0xaa, sizeof got.change);
    CHECK_INT(k->find(row, width, got.change), n);
    CHECK(memcmp(want.change, got.change, n * sizeof *want.change) == 0);
    for (unsigned i = n + G3_LINE_SLACK; i < G3_WIDTH_MAX + 1 + G3_LINE_SLACK; i++)
        if (got.change[i] != 0xaaaa)
            CHECK_INT(i, 0);
    free(row);
}

static const unsigned widths[] = {1,   2,   7,   8,   9,    63,   64,   65,   127,  128,  129,
                                  255, 256, 257, 511, 512,  513,  575,  1023, 1024, 1025, 1728,
                                  2048, 2432, 2560, 2561, 3456, 4864, 10000, 65472, 65535};

/* Rows from a few changes to one at every pel, and what is behind the last pel is noise. */
static void same_as_pel_by_pel(const struct g3_kernel *k)
{
    static uint8_t row[(G3_WIDTH_MAX + 7) / 8];
    for (unsigned i = 0; i < sizeof widths / sizeof *widths; i++) {
        for (unsigned density = 0; density < 7; density++) {
            uint8_t byte = (uint8_t)chance(256);
            for (unsigned x = 0; x < sizeof row; x++) {
                if (density == 5)
                    byte = 0x55;
                else if (density == 6)
                    byte = (uint8_t)-(x / 8 % 2);
                else if (chance(1u << 2 * density) == 0)
                    byte = (uint8_t)(chance(3) ? chance(256) : chance(2) * 255);
                row[x] = byte;
            }
            compare(k, row, widths[i]);
        }
    }
}

static void all_black_and_all_white(const struct g3_kernel *k)
{
    static uint8_t row[(G3_WIDTH_MAX + 7) / 8];
    for (unsigned width = 1; width < 1100; width++) {
        memset(row, 0, sizeof row);
        compare(k, row, width);
        memset(row, 0xff, sizeof row);
        compare(k, row, width);
        row[(width - 1) / 8] ^= (uint8_t)(0x80 >> (width - 1) % 8);
        compare(k, row, width);
    }
}

/* A row's codes behind 0 to 7 bits that wait; the room is exactly what an encoder must have. */
static void compare_codes(const struct g3_kernel *k, const uint16_t *change, unsigned runs)
{
    size_t room = g3_row_bound(change[runs - 1]);
    uint8_t *out[2] = {malloc(room), malloc(room)};
    struct g3_sink s[2];
    unsigned bits = chance(8);
    uint64_t acc = bits ? (uint64_t)chance(1u << bits) << (64 - bits) : 0;
    for (unsigned i = 0; i < 2; i++) {
        memset(out[i], i ? 0x55 : 0xaa, room);
        s[i] = (struct g3_sink){acc, bits, out[i]};
    }
    g3_pack_scalar(&s[0], change, runs);
    k->pack(&s[1], change, runs);
    CHECK_INT(s[1].out - out[1], s[0].out - out[0]);
    CHECK_INT(s[1].bits, s[0].bits);
    CHECK(s[1].acc == s[0].acc);
    CHECK(memcmp(out[0], out[1], (size_t)(s[0].out - out[0])) == 0);
    free(out[0]);
    free(out[1]);
}

/* Runs of every number, from all short to mostly long, the first one sometimes of no pels. */
static void same_codes(const struct g3_kernel *k)
{
    static struct g3_line line;
    static const unsigned spans[] = {1, 2, 5, 16, 64, 200, 1000, 2700, 9000};
    for (unsigned i = 0; i < 6000; i++) {
        unsigned runs = 0, at = 0, often = 2 + chance(40);
        unsigned width = chance(4) ? 1 + chance(2700) : 1 + chance(G3_WIDTH_MAX);
        unsigned span = spans[chance(sizeof spans / sizeof *spans)];
        memset(line.change, (int)chance(256), sizeof line.change);
        line.change[0] = 0;
        while (at < width) {
            at += !runs && chance(2) ? 0 : 1 + chance(chance(often) ? span : 9000);
            at = at < width ? at : width;
            line.change[++runs] = (uint16_t)at;
        }
        compare_codes(k, line.change + 1, runs);
    }
}

static void names_itself(const struct g3_kernel *k)
{
    printf("# kernel %s\n", k->name);
}

static void kernels_agree(void)
{
    each_kernel(names_itself);
    each_kernel(same_as_pel_by_pel);
    each_kernel(all_black_and_all_white);
    each_kernel(same_codes);
}

static void the_scalar_kernel_needs_nothing(void)
{
    CHECK_STR(g3_kernel_for(0)->name, "scalar");
    CHECK_INT(g3_kernel_for(0)->needs, 0);
    CHECK_STR(g3_kernel_used()->name, "scalar");
    g3_use(cpu_detect());
    CHECK_STR(g3_kernel_used()->name, g3_kernel_for(cpu_detect())->name);
}

int main(void)
{
    RUN(kernels_agree);
    RUN(the_scalar_kernel_needs_nothing);
    return check_done();
}
