/*
 * What a reply means for a sender: its class, and its words as one line for people.
 */
#ifndef SMTP_VERDICT_H
#define SMTP_VERDICT_H

#include "smtp/reply.h"

/*
 * 2yz and 3yz NONE, 4yz AGAIN, 530 and 534 to 538 AUTH, 550 5.1.x (and a 550 to RCPT without
 * enhanced code) NO_USER, other 5yz UNAVAILABLE; but 552 to RCPT, when it says "too many
 * recipients" (RFC 5321 §4.5.3.1.10), AGAIN.
 */
enum err verdict_class(const struct reply *reply, bool to_rcpt);

/* The text as one line into out: LF becomes a blank, control bytes '?', cut to fit at a
 * character of UTF-8. */
void verdict_words(const struct reply *reply, char *out, size_t size);

#endif
