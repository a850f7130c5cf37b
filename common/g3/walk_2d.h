/*
 * The two-dimensional row for rows with few changes, whatever the kernel.
 */
#ifndef G3_WALK_2D_H
#define G3_WALK_2D_H

#include "g3/sink.h"

/* Codes a row by what differs from the row above (T.4 4.2), both as g3_find_changes gives them,
 * whatever they are. The sink is drained before and after. */
void g3_walk_2d(struct g3_sink *s, const struct g3_line *above, const struct g3_line *row,
                unsigned width);

#endif
