/*
 * Who writes on terminals for smtp-recv (RFC 821 3.4). As an ordinary user, or root for himself,
 * the clerk does it; the clerk of a system station asks a child of his, which is of the same uid,
 * of the group tty, and of no other.
 */
#ifndef SMTP_RECV_HERALD_H
#define SMTP_RECV_HERALD_H

#include "net/clerk.h"

#include <sys/types.h>

struct herald {
    const char *utmp;    /* NULL: the system's */
    bool apart;          /* a child is to do it, of this uid */
    uid_t uid;
    struct clerk clerk;  /* whom to ask then */
};

/* Makes the child, where there is to be one; still as root. Without a group tty nobody is ever
 * active. ERR_OS. */
enum err herald_start(struct herald *h, struct why *why);

/* Answers CLERK_ACTIVE and CLERK_SHOW; the text of both names a user of the machine. */
enum receiver_verdict herald_ask(struct herald *h, const struct clerk_question *q, int mail);

#endif
