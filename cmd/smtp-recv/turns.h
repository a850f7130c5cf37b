/*
 * The clerk's side of TURN and ATRN: whose domains these are, and the sender that gives their mail.
 */
#ifndef SMTP_RECV_TURNS_H
#define SMTP_RECV_TURNS_H

#include "net/clerk.h"
#include "store/store.h"

enum { TURNS_MAX = 32, TURNS_KNOWN = 4096 };

struct turns {
    bool offered;
    const char *trusted;        /* who is at the other end of stdin, without a log-in; or NULL */
    pid_t running[TURNS_MAX];   /* senders; 0: none */
    char (*known)[USER_CODE_MAX + 1]; /* who has logged in: a worker that lies gets no more */
    size_t count;
};

/* Who is trusted must be somebody. ERR_NO_USER. */
enum err turns_start(const struct turns *t, struct store *store, struct why *why);

/* Whoever logs in by name has proved it. */
void turns_note(struct turns *t, struct store *store, struct span name);

/*
 * Answers CLERK_TURN. 250: *channel leads to a `fax-queue flush --turned` for all domains that are
 * asked for, or all of the asker's, the column `domains` of the table. 450: he has none, not all of
 * those, or has not logged in. 451: not now.
 */
unsigned turns_answer(struct turns *t, struct store *store, const struct clerk_question *q,
                      int *channel);

#endif
