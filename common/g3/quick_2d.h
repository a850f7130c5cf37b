/*
 * The fast way through two-dimensional rows.
 */
#ifndef G3_QUICK_2D_H
#define G3_QUICK_2D_H

#include "g3/decode.h"

/*
 * Decodes on in the two-dimensional row that d stands in, at a mode code, while eight bytes can
 * be read at once. Stops, with nothing of the code used, before anything unusual: a code that does
 * not exist, a change at a0 or left of it, a run of nothing, a run beyond the width, two make-up
 * codes in a row; and at the row's end.
 */
void g3_quick_2d_scalar(struct g3_decoder *d);

#if defined(__x86_64__)
/* The same with AVX2. */
void g3_quick_2d_avx2(struct g3_decoder *d);
#endif

#endif
