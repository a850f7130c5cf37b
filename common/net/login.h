/*
 * AUTH between the machine and the clerk. The clerk is asked for salts and shown proofs; a plain
 * password goes no further than the worker, which makes the proof of it: so the costly hashing is
 * never the clerk's, who serves everybody.
 */
#ifndef NET_LOGIN_H
#define NET_LOGIN_H

#include "net/clerk.h"

/* seal/password.h's scram_prove. */
typedef enum err login_prove_fn(struct span password, struct span salt, struct span message,
                                struct buf *proof, struct why *why);

struct login;

/* For RECEIVER_PASSWORD, _SALT and _PROOF; copies what the event has. NULL: no memory. */
struct login *login_begin(const struct receiver_event *event);

/* Asks and hashes; may be called in another thread. */
void login_work(struct login *l, const struct clerk *clerk, login_prove_fn *prove);

/* Tells the machine; l may be NULL: then that there was no memory. Frees l. */
void login_answer(struct login *l, struct receiver *r);

/* Without an answer. */
void login_free(struct login *l);

#endif
