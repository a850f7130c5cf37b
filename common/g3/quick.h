/*
 * Inside the decoder: a row of MH as it mostly comes, whole, undamaged and with all its bytes at
 * hand, in one go from code to pels. What is anything else is left to decode.c's steps.
 */
#ifndef G3_QUICK_H
#define G3_QUICK_H

#include "g3/decode.h"

/*
 * From before an EOL over a row to before the next EOL, just as the steps would go, if there is
 * nothing unusual. False: nothing is changed, but row may be overwritten.
 */
bool g3_quick_row_eol(struct g3_decoder *d, uint8_t *row);

/* The same of a row that no EOL leads. */
bool g3_quick_row(struct g3_decoder *d, uint8_t *row);

/*
 * A row that a quick way gave is not kept as changes, only where it is coded. This makes it the
 * reference line, as all other rows are: to be called before the next row is begun in steps, and
 * before the bytes go. Nothing of a row begun may stand in d.
 */
void g3_recall(struct g3_decoder *d);

#endif
