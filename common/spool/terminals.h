/*
 * The terminals of a system user's log-in sessions, as utmp has them, for what RFC 821 3.4 calls
 * sending.
 *
 * Only terminals are written to that accept messages: those which belong to the user and which
 * their group may write to (`mesg y`). Nothing here waits for a terminal that has been stopped.
 */
#ifndef SPOOL_TERMINALS_H
#define SPOOL_TERMINALS_H

#include "bytes/err.h"
#include "bytes/span.h"

enum {
    TERMINALS_WAIT_MS = 200, /* for all of a user's terminals to take a text */
};

/* At least one accepts messages now. utmp is the file to look into; NULL: the system's. Not to be
 * called by two threads at once, as the next function. */
bool terminals_active(const char *utmp, const char *user);

/*
 * Writes text, as it is, on each of them. ERR_NO: none has taken all of it (in time); an unknown
 * part may have been shown then.
 */
enum err terminals_write(const char *utmp, const char *user, struct span text, struct why *why);

#endif
