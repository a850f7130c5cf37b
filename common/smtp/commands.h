/*
 * The receiver's table of commands, and what its actions ask of the machine: between
 * smtp/receiver.c and smtp/commands.c, for nobody else.
 */
#ifndef SMTP_COMMANDS_H
#define SMTP_COMMANDS_H

#include "smtp/receiver.h"

/* Carries out a command line without its CR LF; it holds no NUL and no CR. */
void commands_run(struct receiver *r, struct span line);

/*
 * Queues a reply. A 5yz counts as an error, and the 20th becomes a 421 that ends the session;
 * receiver_say_free is the same without the count.
 */
void receiver_say(struct receiver *r, unsigned code, const char *enhanced, const char *text);
void receiver_say_free(struct receiver *r, unsigned code, const char *enhanced, const char *text);

/* The reply that stands for a verdict at RCPT. */
void receiver_say_verdict(struct receiver *r, enum receiver_verdict verdict);

/* Tells kind next; ask: and waits for its answer. The fields of r->event are the caller's. */
void receiver_tell(struct receiver *r, enum receiver_event_kind kind, bool ask);

/* Ends the transaction: neither sender nor recipients. */
void receiver_forget(struct receiver *r);

/* Nothing more is taken; ABORT where it is due, then CLOSE. */
void receiver_close(struct receiver *r);

#endif
