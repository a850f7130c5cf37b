/*
 * An mbox stream cut into mails (RFC 4155; `From ` lines, mboxrd's `>From ` undone).
 */
#ifndef NET_MBOX_H
#define NET_MBOX_H

#include "net/outgoing.h"

/*
 * Reads fd to its end. mails gets a struct outgoing for each mail, all of them in one temporary
 * file, *spooled, which the caller closes. ERR_DATA: empty, the first line is no `From ` line, or
 * more than mails' cap holds. ERR_IO, ERR_CREATE.
 */
enum err mbox_take(int fd, struct buf *mails, int *spooled, struct why *why);

#endif
