/*
 * A user's held mail, through the program fax-spool, which alone may be privileged to see it.
 *
 * fax-spool is the one that lies beside this program, under the name it would have there
 * ("fp-fax-print" has "fp-fax-spool"). It says on stderr itself what went wrong: these functions
 * then return its class with an empty why.
 */
#ifndef PRINT_HELD_H
#define PRINT_HELD_H

#include "bytes/buf.h"

struct held {
    const char *code;
    const struct buf *password; /* NULL: none is needed */
};

enum { HELD_ID_MAX = 200 };

struct held_mail {
    char id[HELD_ID_MAX + 1];
    long long until;
    bool undecodable;
};

/* What is held, oldest first, appended to out as struct held_mail. */
enum err held_list(const struct held *h, struct buf *out, struct why *why);

/* fax-spool's listing goes to our stdout as it is. */
enum err held_show(const struct held *h, struct why *why);

/*
 * *fd is the mail in an unlinked temporary file, at its start. One that lies there sealed, since
 * the user's key came later, is opened by mime-crypt with the station's key for him, where we may;
 * where it does not open, mime-crypt has said why, and the mail is given as it is.
 */
enum err held_read(const struct held *h, const char *id, int *fd, struct why *why);

/* The mail has been printed: out of the spool, and into the journal with its pages. */
enum err held_done(const struct held *h, const char *id, unsigned pages, struct why *why);

#endif
