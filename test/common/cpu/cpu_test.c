#include "cpu/cpu.h"
#include "check.h"

static void levels_are_cumulative(void)
{
    unsigned low, high;
    CHECK(cpu_level(span_str("ssse3"), &low));
    CHECK(cpu_level(span_str("avx512"), &high));
    CHECK((high & low) == low && high != low);
    CHECK(!cpu_level(span_str("sse9"), &low));
    CHECK(!cpu_level(span_str(""), &low));
}

static void names_round_trip(void)
{
    static const char *const names[] = {"scalar", "ssse3", "sse4", "avx2", "avx512", "neon"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        unsigned mask;
        CHECK(cpu_level(span_str(names[i]), &mask));
        CHECK_STR(cpu_name(mask), names[i]);
    }
}

static void this_machine_is_a_level(void)
{
    printf("# this machine: %s\n", cpu_name(cpu_detect()));
    CHECK(cpu_detect() == cpu_detect());
}

int main(void)
{
    RUN(levels_are_cumulative);
    RUN(names_round_trip);
    RUN(this_machine_is_a_level);
    return check_done();
}
