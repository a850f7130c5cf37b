/*
 * The users' tables as a text of policy/rows.h: for moving them, and for editing many rows.
 */
#ifndef STORE_TRANSFER_H
#define STORE_TRANSFER_H

#include "store/store.h"

/*
 * Appends users, sender rules, the encryption table and aliases. With v, log-in passwords,
 * verifiers and S/MIME keys too, the passwords and keys unsealed: such a text is for a file of
 * mode 0600. Errors as the store's; ERR_DATA: over out's cap.
 */
enum err store_export(struct store *s, const struct vault *v, struct buf *out, struct why *why);

/* The same into a file of mode 0600, whole or not at all ("-": stdout). */
enum err store_export_file(struct store *s, const struct vault *v, const char *path,
                           struct why *why);

/*
 * Adds what the text holds, or changes what is there already; what the text does not name stays.
 * All of it or, after a failure, nothing. max caps new users (0: none). each (may be NULL) is
 * called for every user before the end. ERR_DATA with "line N: …"; ERR_AUTH so, for a key and a
 * certificate that are no pair, and for one that cannot be its recipient's; ERR_NO as
 * store_user_add.
 */
enum err store_import(struct store *s, const struct vault *v, const struct key_works *works,
                      struct span text, unsigned max,
                      enum err (*each)(void *arg, const struct user *u), void *arg,
                      struct why *why);

/* The same from a file ("-": stdin), with max-users as the cap; every user gets his spool.
 * ERR_DATA: an empty one too, and an export without its last line. */
enum err store_import_file(struct store *s, const struct vault *v, const struct key_works *works,
                           const char *path, struct why *why);

#endif
