/*
 * Inside the decoder: what is made of a damaged row.
 */
#ifndef G3_REPAIR_H
#define G3_REPAIR_H

#include "g3/g3.h"

/*
 * The row that d stands in keeps the pels up to a0, which were decoded before the damage was
 * noticed; the others are those of the row above. It becomes the row above of the next one.
 */
void g3_mend_row(struct g3_decoder *d);

/* The same with white behind a0: painted into row (NULL: not), and the row above of none. */
void g3_cut_row(struct g3_decoder *d, uint8_t *row);

#endif
