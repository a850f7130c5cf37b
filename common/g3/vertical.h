/*
 * Vertical mode codes (table 4/T.4) several a look-up.
 */
#ifndef G3_VERTICAL_H
#define G3_VERTICAL_H

#include "bytes/span.h"

enum { G3_VERTICAL_BITS = 10 };

/* By the next ten bits: a1 - b1 of the vertical codes that they begin with, up to four, 16 bits
 * each, the first one lowest. */
extern const uint64_t g3_vertical_shifts[1 << G3_VERTICAL_BITS];

/* How many codes those are, in the low 3 bits, and their length in bits above. */
extern const uint8_t g3_vertical_lengths[1 << G3_VERTICAL_BITS];

#endif
