/*
 * In sendmail's place: its flags, and what it does to a mail that a mail program, cron or a
 * script hands over: whom it is for, and the fields its header lacks (RFC 6409 §8).
 */
#ifndef SMTP_SEND_SUBMISSION_H
#define SMTP_SEND_SUBMISSION_H

#include "job.h"

/* We were called as sendmail is: by any of -t, -i, -o, -b, -B and -F. Only then are addresses and
 * headers completed: what fax-queue sends on, say, goes as it came. */
bool submission(const struct settings *opt);

/* Whether the flags are such as sendmail's that are understood. Says which is not: ERR_USAGE;
 * ERR_DATA for -F that no header can have. */
enum err submission_check(const struct settings *opt);

/* -bs: becomes smtp-recv, with the mail for its own domains and for others into the queue. Returns
 * only where that fails, and says why. */
enum err submission_serve(const struct settings *opt);

/* Adds an operand: a path, or a list as a user types it. Errors as addressees_add. */
enum err submission_recipient(struct job *j, const char *operand);

/* Puts our domain (the settings' first, else our name) behind the recipients and the reverse-path
 * that have none. ERR_OS. */
enum err submission_qualify(struct job *j);

/*
 * The mail n as it shall go: *content may become a copy without Bcc and Resent-Bcc, and with
 * From, Date and Message-ID, whose file is *spooled (-1: none), which the caller closes. Says what
 * fails. Only once its envelope is set.
 */
enum err submission_complete(struct job *j, size_t n, struct outgoing *content, int *spooled);

#endif
