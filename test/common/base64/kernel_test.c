#include "base64/kernel.h"
#include "check.h"
#include "cpu/cpu.h"

#include <stdint.h>

/* Every kernel that this machine can run gives what the scalar one gives. */
static void each_kernel(void (*test)(const struct base64_kernel *k))
{
    unsigned mask = cpu_detect();
    for (unsigned cap = 0; cap <= mask; cap = cap * 2 + 1)
        test(base64_kernel_for(mask & cap));
}

static void same_as_scalar(const struct base64_kernel *k)
{
    const struct base64_kernel *scalar = base64_kernel_for(0);
    unsigned long long random = 3;
    for (size_t groups = 0; groups < 200; groups++) {
        /* Blocks of their own size, so that ASan sees a byte beyond them. */
        uint8_t *in = malloc(3 * groups + 1), *a = malloc(4 * groups + 1);
        uint8_t *b = malloc(4 * groups + 1), *back = malloc(3 * groups + 1);
        for (size_t i = 0; i < 3 * groups; i++)
            in[i] = (uint8_t)check_random(&random);
        scalar->encode(in, groups, a);
        k->encode(in, groups, b);
        CHECK(memcmp(a, b, 4 * groups) == 0);
        CHECK_INT(k->decode(b, groups, back), groups);
        CHECK(memcmp(in, back, 3 * groups) == 0);
        free(in);
        free(a);
        free(b);
        free(back);
    }
}

static void stops_at_a_foreign_byte(const struct base64_kernel *k)
{
    uint8_t in[400], out[300];
    for (size_t at = 0; at < sizeof in; at++) {
        for (int c = 0; c < 256; c += 1) {
            if (base64_values[c] != 0xff)
                continue;
            memset(in, 'A', sizeof in);
            in[at] = (uint8_t)c;
            if (k->decode(in, 100, out) != at / 4) {
                CHECK_INT(c, -1);
                return;
            }
        }
    }
}

static void kernels_agree(void)
{
    each_kernel(same_as_scalar);
}

static void kernels_stop(void)
{
    each_kernel(stops_at_a_foreign_byte);
}

static void the_scalar_kernel_needs_nothing(void)
{
    CHECK_STR(base64_kernel_for(0)->name, "scalar");
    CHECK_INT(base64_kernel_for(0)->needs, 0);
}

int main(void)
{
    RUN(kernels_agree);
    RUN(kernels_stop);
    RUN(the_scalar_kernel_needs_nothing);
    return check_done();
}
