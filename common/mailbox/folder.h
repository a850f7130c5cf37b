/*
 * Names of IMAP folders (RFC 3501 §5.1.3): UTF-8 as people write it, modified UTF-7 on the wire.
 */
#ifndef MAILBOX_FOLDER_H
#define MAILBOX_FOLDER_H

#include "bytes/buf.h"

/*
 * Appends name as a quoted string in modified UTF-7. ERR_DATA: not UTF-8, control bytes in it, or
 * over out's cap.
 */
enum err folder_quote(struct span name, struct buf *out);

#endif
