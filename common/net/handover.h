/*
 * Mail handed over to a command or appended to an mbox: the two delivery methods that need no
 * spool. A mail waits in an unlinked temporary file until it is whole.
 */
#ifndef NET_HANDOVER_H
#define NET_HANDOVER_H

#include "net/session.h"

/*
 * The command of --exec, run once for each recipient, by the clerk: the mail on stdin, SENDER and
 * RECIPIENT in the environment, no shell. Status 0 is delivered; 75, or no such command, or a
 * signal: try again; any other: refused. The method's arg is the struct clerk.
 */
extern const struct delivery_method handover_exec;

/* The clerk's part: runs the command (of `words`, ended by NULL) with mail as its stdin. */
enum receiver_verdict handover_run(const char *const words[], const struct clerk_question *q,
                                   int mail);

/* An mbox (mboxrd quoting), appended to under flock and fcntl locks, whole or not at all, and
 * synced. */
struct mbox {
    int fd;    /* open for appending; may be a pipe */
    bool sync;
};

/* The method's arg is a struct mbox. */
extern const struct delivery_method handover_mbox;

#endif
