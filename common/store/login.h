/*
 * Log-in by SCRAM (RFC 5802) against the users' release passwords: the server's two looks at the
 * table. A name is what store_user_by_login takes; nobody can tell one that is no user's.
 */
#ifndef STORE_LOGIN_H
#define STORE_LOGIN_H

#include "store/store.h"

/* Appends "ITERATIONS SALT" (base64). */
enum err store_login_salt(struct store *s, const struct vault *v, const char *name,
                          struct buf *salt, struct why *why);

/*
 * ERR_AUTH unless proof (base64) over SCRAM's AuthMessage is the user's, or after too many wrong
 * tries, which are counted and journalled; else appends the server's signature (base64).
 */
enum err store_login_prove(struct store *s, const struct vault *v, const char *name,
                           struct span message, struct span proof, struct buf *signature,
                           struct why *why);

#endif
