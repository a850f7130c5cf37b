/*
 * Whether anything waits for a peer that asks for its mail (RFC 2645's 453).
 */
#ifndef QUEUE_OWED_H
#define QUEUE_OWED_H

#include "queue/queue.h"

/* An entry that is not held, nor to go later (at), waits for a recipient of one of domains (blanks
 * or commas between). What cannot be read is passed over: queue_flush tells of it. */
bool queue_owes(const struct queue *q, const char *domains);

#endif
