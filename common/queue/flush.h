/*
 * A run over the queue: what is due is given to `smtp-send --entries`, one for each next hop, and
 * each recipient is settled by his object. What is not due is not opened. A hop that cannot be
 * reached is not tried again for each of its entries, nor by later runs for a while, unless the
 * options name what is to be tried.
 *
 * Sent: he leaves the entry. 4yz, time-outs, statuses 68, 71, 74 to 78: he stays, and the entry
 * is due again after a growing interval, until `queue-days` are over. 5yz, 65 and what is too old
 * ends with a notice to the sender, itself an entry, from <>; never for mail from <>. The notice
 * is durable before the recipients it is about leave their entry.
 */
#ifndef QUEUE_FLUSH_H
#define QUEUE_FLUSH_H

#include "queue/attempt.h"

struct flush_options {
    const char *sender;  /* the smtp-send to run: a path, or a name for the PATH */
    bool all;            /* also what is not due yet */
    const char *id;      /* this entry alone, due or not; or NULL */
    const char *domain;  /* recipients of these domains alone, due or not; or NULL */
    attempt_give_fn *give; /* instead of smtp-send: see attempt.h; or NULL */
    void *give_arg;
    size_t jobs;         /* so many hops at once, at most; 0: one */
    int64_t now;
};

/* What a run did. */
struct flush_counts {
    unsigned sent, deferred, failed; /* recipients */
    unsigned busy;                   /* entries that another process has */
};

/*
 * Goes through the queue. An entry that cannot be treated is reported (tool/diag) and passed
 * over; the first such failure is returned after the others were treated. ERR_NO: id names none;
 * ERR_AGAIN: another process has that one. ERR_PIPE: give said so, and nobody else was tried.
 */
enum err queue_flush(const struct queue *q, const struct home *home,
                     const struct flush_options *options, struct flush_counts *counts,
                     struct why *why);

#endif
