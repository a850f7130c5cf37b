/*
 * What became of mails whose senders want to be able to ask (MTRK, RFC 3885): a file for each in
 * queue/track, by its certifier and its envelope's ID, with a line for each thing that happened.
 *
 * It is told as RFC 3886's message/tracking-status. Nobody is asked for the secret of the
 * certifier: who may read the queue may read this, and nobody else can; there is no MTQP server
 * (RFC 3887). A line is not synced: mail is never lost by it, and what is lost in a crash is told
 * as it was before.
 */
#ifndef QUEUE_TRACK_H
#define QUEUE_TRACK_H

#include "queue/queue.h"

/* A mail that is tracked. */
struct track {
    const char *envid, *certifier; /* neither is empty */
    int64_t arrival;
    int64_t until; /* the second after which it is forgotten; 0: ten days. Thirty are the most */
};

/* Something that happened to it; orcpt, status and remote may be NULL or "". */
struct track_event {
    const char *path, *orcpt; /* "rfc822;a@b" in plain text */
    const char *action;       /* of RFC 3886 3.3.4: "delivered", "transferred", … */
    const char *status;       /* "2.0.0"; of a class not the action's: that class's general one */
    const char *remote;       /* whom it was given to */
};

/* Writes down what happened at now. A failure is warned of and costs no more than the knowledge. */
void track_note(const struct queue *q, const struct track *t, const struct track_event *events,
                size_t count, int64_t now);

/* Appends what is known of all mails with that envelope's ID, each a part of its own with its
 * Content-Type; hostname is who reports. ERR_NO: of none. ERR_OS. */
enum err track_tell(const struct queue *q, const char *envid, const char *hostname,
                    struct buf *out, struct why *why);

/* Forgets what is to be forgotten. */
void track_sweep(const struct queue *q, int64_t now);

#endif
