/*
 * The mbox stream (RFC 4155, in its "mboxrd" form, which can be undone): a "From " line before
 * each mail, every line of the mail that is >…>From gets one more mark, an empty line behind.
 */
#ifndef MAILBOX_MBOX_H
#define MAILBOX_MBOX_H

#include "bytes/err.h"

#include <time.h>

/*
 * Copies the mail in the file `in`, from where it stands to its end, to `out` as one entry. from
 * is the sender's address ("" or with blanks: MAILER-DAEMON), when the time in UTC. ERR_IO,
 * ERR_PIPE: an unknown part has been written.
 */
enum err mbox_put(int in, int out, const char *from, time_t when, struct why *why);

#endif
