/*
 * The clerk's side of smtp-recv: what is answered to the process that reads the network.
 */
#ifndef SMTP_RECV_ANSWERS_H
#define SMTP_RECV_ANSWERS_H

#include "herald.h"
#include "net/clerk.h"
#include "net/warrants.h"
#include "spool/recipients.h"
#include "tool/spawn.h"
#include "turns.h"

/* What the answers are made from. All of it outlives the clerk. */
struct answers {
    const struct home *home;
    const char *hostname;       /* what notices are from */
    const char *const *domains; /* ours, ended by NULL */
    bool table;                 /* the users of the table are whom mail is for */
    bool relay, auth, etrn;     /* somebody may relay; AUTH and ETRN are offered */
    struct turns turns;         /* TURN and ATRN */
    struct warrants warrants;
    struct words command;       /* --exec's; list is NULL without one */
    struct words offramp;       /* for numbers that are nobody's; the same */
    struct herald herald;
    struct recipients recipients; /* its store is opened by answers_start */
};

/* What leads a line of the mailboxes that the clerk names, beside those of smtp/route.h; a line
 * with none of them is a user's code. */
enum {
    MARK_SEND = '!',    /* the code of a user whose terminals alone are to have the mail */
    MARK_SOML = '?',    /* his terminals, or else his mailbox */
    MARK_SAML = '+',    /* his terminals, and his mailbox */
    MARK_OFFRAMP = '=', /* a path with the number for CLERK_OFFRAMP */
};

/* Makes the herald's child: before the clerk takes on his uid. */
enum err answers_prepare(void *arg, struct why *why);

/* Opens the table, where there is one, and makes spool/postmaster: under the clerk's uid. arg is a
 * struct answers. */
enum err answers_start(void *arg, struct why *why);

/* A clerk_fn; arg is a struct answers. */
void answers_give(void *arg, const struct clerk_question *q, int mail, struct clerk_answer *a);

#endif
