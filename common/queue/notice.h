/*
 * The notice that mail of the queue could not be delivered, as mime/report_write.h makes it:
 * RFC 3464 in a multipart/report.
 *
 * It is of printable ASCII alone: whatever strangers' words hold beyond that becomes '?'.
 */
#ifndef QUEUE_NOTICE_H
#define QUEUE_NOTICE_H

#include "queue/queue.h"

enum { NOTICE_MAX = 1 << 26 };

struct notice {
    const char *hostname;            /* the reporting station */
    const char *from;                /* the address in its From field */
    const struct queue_entry *entry; /* who is told, and when the mail came */
    const struct queue_recipient *failed; /* count of them, with the last words about each */
    size_t count;
    const bool *expired;             /* of each: given up, not refused */
    struct span header;              /* of the mail */
    int64_t now;
};

/* Appends the whole mail with LF ends. Errors as buf_add. */
enum err notice_write(const struct notice *notice, struct buf *out);

#endif
