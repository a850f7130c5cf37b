/*
 * The kernel for AArch64's vector instructions: a row of kernel.c's table.
 */
#ifndef G3_KERNEL_NEON_H
#define G3_KERNEL_NEON_H

#include "g3/kernel.h"

#if defined(__aarch64__)
extern const struct g3_kernel g3_neon;
#endif

#endif
