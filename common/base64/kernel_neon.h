/*
 * The kernel for AArch64's vector instructions: a row of kernel.c's table.
 */
#ifndef BASE64_KERNEL_NEON_H
#define BASE64_KERNEL_NEON_H

#include "base64/kernel.h"

#if defined(__aarch64__)
extern const struct base64_kernel base64_neon;
#endif

#endif
