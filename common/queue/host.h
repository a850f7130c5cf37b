/*
 * Next hops that could not be reached: none of their mail is tried until a growing interval is
 * over, by this run of the queue or the next one.
 *
 * It is a file for each of them in the queue's directory. Losing one costs a try; so they
 * are not synced, and what is damaged counts as none.
 */
#ifndef QUEUE_HOST_H
#define QUEUE_HOST_H

#include "queue/queue.h"

struct queue_host {
    unsigned failures; /* one after another; 0: nothing is known against it */
    int64_t until;     /* the second up to which nothing is tried */
    char words[QUEUE_WORDS]; /* why not */
};

/* What is known of a hop (as attempt_hop names it). */
void host_read(const struct queue *q, const char *hop, int64_t now, struct queue_host *host);

/* It could not be reached: host, as host_read filled it, has the next time then. */
void host_failed(const struct queue *q, const char *hop, int64_t now, const char *words,
                 struct queue_host *host);

/* It was. */
void host_reached(const struct queue *q, const char *hop, struct queue_host *host);

/* Forgets what nothing has been heard of for long. name is a file of the queue's directory; false:
 * it is none of these. */
bool host_sweep(const struct queue *q, const char *name, int64_t now);

#endif
