/*
 * Notices about mail of the queue, as mime/report_write.h makes them: RFC 3464 in a
 * multipart/report. Each is itself an entry of the queue, from <>, to the sender of the mail that
 * it is about. It returns that mail's header, or under RET=FULL, where it tells of a failure, the
 * whole mail.
 *
 * Its own words are of printable ASCII alone: whatever strangers' words hold beyond that becomes
 * '?'.
 */
#ifndef QUEUE_NOTICE_H
#define QUEUE_NOTICE_H

#include "mime/report_write.h"
#include "queue/queue.h"

/* Recipients about whom one thing is to be told. */
struct notice {
    enum mime_dsn_action action;
    struct buf recipients; /* of struct mime_dsn_recipient; the strings are the caller's */
};

/* An empty one; notice_release frees it. */
void notice_init(struct notice *notice, enum mime_dsn_action action);
/* Frees the memory. */
void notice_release(struct notice *notice);

/* One more recipient, whose strings live as long as the notice. ERR_OS. */
enum err notice_add(struct notice *notice, const struct mime_dsn_recipient *r, struct why *why);

/*
 * Puts the notice into the queue, where anybody is in it; with ERR_NONE it is durable. entry is
 * the mail's, of which mail is a descriptor; to nobody where that is from <>. A try's notices of
 * one action have one ID: what a run that was killed after this and before the envelope's change
 * has left is replaced. ERR_CREATE, ERR_IO, ERR_OS; ERR_AGAIN: somebody has that one just now.
 */
enum err notice_put(const struct queue *q, const struct home *home,
                    const struct queue_entry *entry, const struct notice *notice, int mail,
                    int64_t now, struct why *why);

/* The entry is a notice of a try of which the envelope does not tell yet: it is not to be sent,
 * since the try, if its run was killed, is made once more, and so is the notice. */
bool notice_waits(const struct queue *q, const struct queue_entry *entry);

#endif
