/*
 * smtp-recv's delivery into maildirs: the spool of the table's users, with what is relayed beside
 * it, or one maildir for everything.
 */
#ifndef SMTP_RECV_INTO_SPOOL_H
#define SMTP_RECV_INTO_SPOOL_H

#include "net/clerk.h"
#include "net/session.h"
#include "tool/home.h"

/* The method's arg. */
struct spool_way {
    const struct home *home;
    const char *maildir; /* everything goes into it; NULL: to the users whom the clerk names */
    bool inside;         /* the spool is our root directory */
    bool no_sync;
    const char *hostname;
    const struct clerk *clerk;
};

extern const struct delivery_method into_spool;

#endif
