/*
 * Which bits of a byte are set: how kernels without an instruction that compresses turn a word's
 * changes into positions, eight pels at a time and without asking how many there are.
 */
#ifndef G3_PLACES_H
#define G3_PLACES_H

#include <stdalign.h>
#include <stdint.h>

/* By byte, ascending from the highest bit, 0; behind the last one zeros. */
extern alignas(16) const uint16_t g3_places[256][8];

/* By byte, how many. */
extern const uint8_t g3_place_count[256];

#endif
