/*
 * What a try comes to: who leaves the entry, who stays, and who is told what.
 *
 * A notice of failure goes to who wants it or has not said (RFC 3461 4.1); of delay, once, to
 * who wants it and has waited for `delay-hours`; that the mail was passed on, to who wants to know
 * of success where the next host does not speak DSN and so will never tell. DELIVERBY (RFC 2852)
 * adds: with R what is not sent in time is given up; with N its sender is told once that it is
 * late, and that it went to a host that does not know of the time; with T, of every hop. Each
 * notice is durable before the envelope says what it tells of.
 */
#ifndef QUEUE_SETTLE_H
#define QUEUE_SETTLE_H

#include "queue/attempt.h"
#include "queue/flush.h"

/* What settling is done with. */
struct settling {
    const struct queue *q;
    const struct home *home;
    struct flush_counts *counts;
    int64_t now;
    int64_t give_up; /* seconds after which an entry is too old */
    int64_t delay;   /* seconds after which who has to wait is told */
};

/* Which part of an entry's try in this run is over. */
enum settle_part {
    SETTLE_FIRST, /* other next hops of it are tried yet */
    SETTLE_SOME,  /* the last part, but not all of its recipients were asked for */
    SETTLE_ALL
};

/* Fills give_up and delay from the settings. ERR_CONFIG. */
enum err settle_set(struct settling *s, struct why *why);

/* The time of an R is over: fates says that for all of them who are not sent, and nothing must be
 * tried any more. */
bool settle_too_late(const struct queue_entry *entry, int64_t now, enum fate *fates);

/* There is something to be said though nobody was tried: it is too old, or somebody is to know
 * that he has to wait. */
bool settle_has_news(const struct settling *s, const struct queue_entry *entry);

/* Before a try: what it comes to can be written down even on a disk that fills up meanwhile, where
 * otherwise somebody would be sent the mail again. ERR_CREATE: it cannot, and nobody is tried. */
enum err settle_prepare(const struct settling *s, const struct queue_entry *entry,
                        struct why *why);

/*
 * Writes down what became of a try: first the notices, then the envelope, or its end. mail is the
 * entry's locked descriptor. After an error, those of whom a notice could not be made stay, and are
 * tried again; those who were sent it leave in any case that can be written down.
 */
enum err settle(const struct settling *s, struct queue_entry *entry, const enum fate *fates,
                int mail, enum settle_part part, struct why *why);

#endif
