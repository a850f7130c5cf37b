/*
 * The kernels for x86-64's vector instructions: rows of kernel.c's table. Each must only be called
 * where the machine has what its needs say.
 */
#ifndef BASE64_KERNEL_X86_H
#define BASE64_KERNEL_X86_H

#include "base64/kernel.h"

#if defined(__x86_64__)
extern const struct base64_kernel base64_ssse3;
extern const struct base64_kernel base64_avx2;
extern const struct base64_kernel base64_avx512;
#endif

#endif
