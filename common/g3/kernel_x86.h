/*
 * The kernels for x86-64's vector instructions: rows of kernel.c's table. Each must only be called
 * where the machine has what its needs say.
 */
#ifndef G3_KERNEL_X86_H
#define G3_KERNEL_X86_H

#include "g3/kernel.h"

#if defined(__x86_64__)
extern const struct g3_kernel g3_avx2;
extern const struct g3_kernel g3_avx512;

/* 0, 1, 2 … 63: what a word's changes are compressed out of. */
extern const uint8_t g3_iota[64];

/* struct g3_kernel's pack, with AVX-512. */
void g3_pack_avx512(struct g3_sink *s, const uint16_t *change, unsigned runs);

/* struct g3_kernel's load, with AVX2. */
void g3_load_avx2(const uint8_t *row, unsigned width, struct g3_row *out);

/* struct g3_kernel's row_2d, with AVX2's companions. */
void g3_row_2d_avx2(struct g3_sink *s, const struct g3_row *above, const struct g3_row *row,
                    unsigned width);

/* struct g3_kernel's load, with AVX-512. */
void g3_load_avx512(const uint8_t *row, unsigned width, struct g3_row *out);

/* struct g3_kernel's row_2d, with AVX-512; takes rows of that load. */
void g3_row_2d_avx512(struct g3_sink *s, const struct g3_row *above, const struct g3_row *row,
                      unsigned width);
#endif

#endif
