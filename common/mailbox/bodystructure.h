/*
 * IMAP's BODYSTRUCTURE (RFC 3501 §7.4.2): what a mail is, before it is downloaded.
 */
#ifndef MAILBOX_BODYSTRUCTURE_H
#define MAILBOX_BODYSTRUCTURE_H

#include "mime/kind.h"

/* Deeper than any mail that means well. */
enum { BODYSTRUCTURE_DEPTH_MAX = 50 };

/*
 * Takes one body from *rest (behind the word BODYSTRUCTURE) and adds its parts, those of nested
 * mails too, to parts. False: not a body, or too deep; parts then has what came before. Time is
 * linear in the text for each level of nesting.
 */
bool bodystructure_read(struct span *rest, struct mime_kind_parts *parts);

#endif
