/*
 * What waits in the queue, for people or as JSON.
 */
#ifndef FAX_QUEUE_LISTING_H
#define FAX_QUEUE_LISTING_H

#include "queue/queue.h"

/* Prints all entries, the oldest first; those that are damaged are told of, and passed over.
 * ERR_IO, ERR_OS. */
enum err listing_print(const struct queue *q, bool json, struct why *why);

#endif
