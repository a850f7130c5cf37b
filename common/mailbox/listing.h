/*
 * How mail of a mailbox is listed: lines for people, objects for programs.
 */
#ifndef MAILBOX_LISTING_H
#define MAILBOX_LISTING_H

#include "bytes/buf.h"
#include "mailbox/mailbox.h"

/*
 * Appends the line of a mail that has been fetched: "ID SIZE FROM", or an object with "id",
 * "size" and "from". Errors as buf_add.
 */
enum err listing_taken(const char *id, uint64_t size, const char *from, bool json,
                       struct buf *out);

/*
 * Appends the row of a mail on the server: UIDL or UID, octets, "new", "seen" or "deleted", kind
 * and sender; or an object (without line end) with "uid", "size", "state", "kind", "from". look is
 * NULL where it could not be looked at. Errors as buf_add.
 */
enum err listing_row(const struct mailbox_mail *mail, const struct mailbox_look *look, bool seen,
                     bool json, struct buf *out);

#endif
