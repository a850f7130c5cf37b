/*
 * Mail appended to an mbox: the delivery method of --mbox. A mail waits in memory until it is
 * whole, a big one in an unlinked temporary file.
 */
#ifndef NET_APPEND_H
#define NET_APPEND_H

#include "net/session.h"

/* An mbox (mboxrd quoting), appended to under flock and fcntl locks, whole or not at all, and
 * synced. Where the file is moved away or removed, the next mail makes a new one. */
struct mbox {
    const char *path; /* of a file; else NULL */
    int fd;       /* open for appending; may be a pipe */
    int look;     /* the same file, for a look at its end; -1: no file, or nobody may */
    int undo;     /* net/undo.h; -1: none, and what is killed may leave a part of a mail */
    bool sync;
    bool nowhere; /* /dev/null: nobody waits for it */
};

/*
 * Opens path, which is made where it is not there, its name then as durable as what is put into
 * it; "-" is stdout. What a kill has left of a mail is taken away, unless others have the mbox
 * locked: then before the first mail. path must outlive the mbox. ERR_CREATE, ERR_IO.
 */
enum err append_open(struct mbox *box, const char *path, bool sync, struct why *why);

/* The method's arg is a struct mbox. Mails that are committed together share locks and sync. */
extern const struct delivery_method append_to_mbox;

#endif
