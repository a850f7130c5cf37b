/*
 * Which vector instructions kernels may use: a mask, found once and capped once.
 *
 * Nothing here looks at the environment; tool/cpu_env.h does and hands the cap down.
 */
#ifndef CPU_CPU_H
#define CPU_CPU_H

#include "bytes/span.h"

enum cpu_feature {
    CPU_SSSE3 = 1u << 0,
    CPU_SSE4 = 1u << 1,   /* SSE4.2 and POPCNT */
    CPU_AVX2 = 1u << 2,   /* with BMI1, BMI2, LZCNT */
    CPU_AVX512 = 1u << 3, /* F, BW, VL, DQ, VBMI, VBMI2 */
    CPU_NEON = 1u << 4,
};

/* What this machine has and its operating system saves. */
unsigned cpu_detect(void);

/*
 * The mask that a level's name ("scalar", "ssse3", "sse4", "avx2", "avx512", "neon") allows: it
 * and all below it. False for any other name.
 */
bool cpu_level(struct span name, unsigned *mask);

/* The highest level's name in a mask: "scalar" for 0. */
const char *cpu_name(unsigned mask);

#endif
