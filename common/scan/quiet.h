/*
 * What libraries and children say on stderr, kept instead of shown: a user gets one clear line,
 * ours, with the first of theirs in it.
 */
#ifndef SCAN_QUIET_H
#define SCAN_QUIET_H

#include "bytes/err.h"

struct quiet {
    int saved; /* the real stderr while ours is turned away */
    int kept;  /* what was said, an unlinked file; -1: lost */
};

/* Turns descriptor 2 to an unlinked temporary file (or /dev/null). Not nested, not threaded. */
void quiet_begin(struct quiet *q);

/* Turns descriptor 2 back; what was said can still be asked for. */
void quiet_end(struct quiet *q);

/* The first line that says something, without its end, in line; "" when there is none. */
void quiet_line(const struct quiet *q, char *line, unsigned size);

/* Forgets what was said; harmless twice, and after quiet_begin failed to keep anything. */
void quiet_release(struct quiet *q);

#endif
