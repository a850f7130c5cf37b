/*
 * --batch: the mails as batch SMTP (RFC 2442) on stdout, for b64mime, a floppy disk or uucp.
 */
#ifndef SMTP_SEND_BATCH_H
#define SMTP_SEND_BATCH_H

#include "job.h"

/*
 * Writes what would be said to a receiver that takes everything, for all mails of j->bag, whose
 * envelopes have been found good. Says what fails; ERR_DATA: a binary mail that cannot be made
 * into lines.
 */
enum err batch_write(struct job *j);

#endif
