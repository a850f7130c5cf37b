/*
 * The service that fax-queue uses: mails with their envelopes, one after another over one
 * connection, and what became of each of them at once.
 *
 * stdin is a stream socket (unix(7)). A mail is a descriptor that comes with the first byte of its
 * envelope, which is lines and an empty one behind them:
 *
 *     from a@x             the reverse-path; nothing behind the blank for <>
 *     dsn never            as the options of these names; they may be missing
 *     ret hdrs
 *     envid Q1
 *     by 3600N
 *     to b@y               once or more
 *     orcpt rfc822;b@z     of the `to` above; may be missing
 *
 * stdout gets an object for each recipient (net/report.h), and then, as the end of this mail, one
 * with `exit`, the status that stands for the mail as a whole, `reached`, whether there is or was a
 * connection for it, `open`, whether it still is, and `text`, what went wrong. Where the
 * descriptor is a lock, it is ours too until the mail is over, should fax-queue be killed.
 */
#ifndef SMTP_SEND_ENTRIES_H
#define SMTP_SEND_ENTRIES_H

#include "job.h"

/* Serves until stdin ends. ERR_USAGE: stdin is no socket. ERR_PROTOCOL: what came is no
 * envelope. */
enum err entries_serve(struct job *j);

#endif
