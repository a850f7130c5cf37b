#include "cpu/cpu.h"

static const struct {
    const char *name;
    unsigned mask;
} levels[] = {
    {"scalar", 0},
    {"ssse3", CPU_SSSE3},
    {"sse4", CPU_SSSE3 | CPU_SSE4},
    {"avx2", CPU_SSSE3 | CPU_SSE4 | CPU_AVX2},
    {"avx512", CPU_SSSE3 | CPU_SSE4 | CPU_AVX2 | CPU_AVX512},
    {"neon", CPU_NEON},
};
enum { LEVELS = sizeof levels / sizeof *levels };

#if defined(__x86_64__)
/* The compiler's own detection looks at XCR0 too, so a set bit means the state is saved. */
unsigned cpu_detect(void)
{
    unsigned mask = 0;
    __builtin_cpu_init();
    if (__builtin_cpu_supports("ssse3"))
        mask |= CPU_SSSE3;
    if (__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt"))
        mask |= CPU_SSE4;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
        __builtin_cpu_supports("bmi2"))
        mask |= CPU_AVX2;
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vbmi") &&
        __builtin_cpu_supports("avx512vbmi2"))
        mask |= CPU_AVX512;
    return mask;
}
#elif defined(__aarch64__)
unsigned cpu_detect(void)
{
    return CPU_NEON;
}
#else
unsigned cpu_detect(void)
{
    return 0;
}
#endif

bool cpu_level(struct span name, unsigned *mask)
{
    for (int i = 0; i < LEVELS; i++) {
        if (span_eq(name, span_str(levels[i].name))) {
            *mask = levels[i].mask;
            return true;
        }
    }
    return false;
}

const char *cpu_name(unsigned mask)
{
    const char *name = "scalar";
    for (int i = 0; i < LEVELS; i++)
        if ((mask & levels[i].mask) == levels[i].mask && levels[i].mask)
            name = levels[i].name;
    return name;
}
