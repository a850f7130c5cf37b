/*
 * A target that keeps whole pages in an unlinked temporary file until the document has ended, so
 * that their number is known to what comes behind.
 */
#ifndef SCAN_HOLD_H
#define SCAN_HOLD_H

#include "scan/source.h"

struct scan_hold;

/* target receives pages for next (borrowed), which gets them all, with total set, when target's
 * end is called. ERR_IO, ERR_OS. Free with scan_hold_free, also when end was never called. */
enum err scan_hold_open(struct scan_hold **hold, struct scan_target *next,
                        struct scan_target *target, struct why *why);
void scan_hold_free(struct scan_hold *hold);

#endif
