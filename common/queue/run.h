/*
 * What the parts of one run over the queue share.
 */
#ifndef QUEUE_RUN_H
#define QUEUE_RUN_H

#include "queue/flush.h"
#include "queue/plan.h"
#include "queue/settle.h"

struct run {
    const struct queue *q;
    const struct home *home;
    const struct flush_options *options;
    struct flush_counts *counts;
    struct attempt attempt;
    struct settling settling;
    enum err err;    /* the first failure */
    struct why why;
};

/* The entry is to be tried. */
bool run_wants(const struct run *r, const struct queue_entry *entry);

/* Tells of an entry that could not be treated, and keeps the first one's failure. */
void run_note(struct run *r, const char *id, enum err e, const struct why *why);

/*
 * Sends what is planned: several hops at once, the entries of a hop one after another over one
 * connection, each settled as soon as its replies are there. Failures of entries are noted; what it
 * returns kept the whole run from going on: ERR_UNAVAILABLE, ERR_OS.
 */
enum err run_lanes(struct run *r, struct plan *plan, struct why *why);

#endif
