/*
 * Somebody's own maildir, to deliver into (spool/deliver.h with SPOOL_FOREIGN).
 */
#ifndef SPOOL_MAILDIR_H
#define SPOOL_MAILDIR_H

#include "bytes/err.h"

/* Makes path with tmp/, new/ and cur/, mode 0700, as far as they are missing, and syncs what it
 * has made: a mail in a new maildir is as durable as in an old one. ERR_CREATE, ERR_IO. */
enum err spool_maildir_make(const char *path, struct why *why);

#endif
