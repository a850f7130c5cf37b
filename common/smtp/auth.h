/*
 * AUTH (RFC 4954) in the receiver: PLAIN (RFC 4616), LOGIN, SCRAM-SHA-256 (RFC 7677). Between
 * smtp/receiver.c, smtp/commands.c and smtp/auth.c, for nobody else.
 *
 * Names and passwords are never told as RECEIVER_LINE, and what held one is wiped.
 */
#ifndef SMTP_AUTH_H
#define SMTP_AUTH_H

#include "smtp/receiver.h"

/* No exchange yet; auth_release wipes and frees. */
void auth_init(struct receiver *r);
/* Frees. */
void auth_release(struct receiver *r);
/* Forgets the exchange and who has logged in: a new state under TLS. */
void auth_reset(struct receiver *r);

/* Ends an exchange without a word, if there is one. */
void auth_end(struct receiver *r);

/* The command: mechanism and perhaps an initial response. */
void auth_command(struct receiver *r, struct span argument);

/* A line within an exchange, without its CR LF. */
void auth_line(struct receiver *r, struct span line);

/* The line is, or begins with, AUTH's command word. */
bool auth_is_command(struct span line);

#endif
