/*
 * TURN (RFC 821 3.8) and ATRN (RFC 2645) in the receiver: the peer becomes the receiver, and is
 * given what waits for the domains that are his. Between smtp/commands.c and smtp/turn.c.
 *
 * Only for who has logged in under TLS, or is trusted without. Bytes behind the command end the
 * session: what was learnt before a turn, and what was said before it, counts for nothing after it.
 */
#ifndef SMTP_TURN_H
#define SMTP_TURN_H

#include "smtp/receiver.h"

/* The commands; TURN is refused with 502 to whoever may not, ATRN with 530. */
void turn_command(struct receiver *r, struct span argument);
void atrn_command(struct receiver *r, struct span argument);

#endif
