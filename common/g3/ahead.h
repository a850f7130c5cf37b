/*
 * Inside the decoder: many rows of MH decoded at once, two at a time in turn, so that the look-ups
 * of one go on while those of the other are waited for.
 */
#ifndef G3_AHEAD_H
#define G3_AHEAD_H

#include "g3/decode.h"

/* Once a page: how many rows there is room for. */
void g3_ahead_init(struct g3_decoder *d);

/*
 * Before an EOL: decodes rows ahead, as many as lie between EOLs in the bytes at hand, up to the
 * first that is not whole. False: none.
 */
bool g3_look_ahead(struct g3_decoder *d);

#endif
