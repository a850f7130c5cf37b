/*
 * How sending went, recipient by recipient: classes compared, and the objects of
 * `smtp-send --json`, which fax-queue reads.
 */
#ifndef NET_REPORT_H
#define NET_REPORT_H

#include "bytes/buf.h"
#include "smtp/sender.h"

/* The worse of two: what is final is worse than what may still become good. */
enum err report_worse(enum err a, enum err b);

/*
 * Appends an object on a line: recipient; status, which is "sent", "deferred" (it may be tried
 * again) or "failed"; code and enhanced and text of the reply; exit (the status that stands for
 * it); mail (from 1). Errors as buf_add.
 */
enum err report_json(struct buf *out, const char *recipient, size_t mail,
                     const struct sender_result *result);

#endif
