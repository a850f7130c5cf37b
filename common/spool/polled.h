/*
 * Mail that comes from a mailbox into a user's spool, so that it comes once: the order in which
 * its row of the seen table and its file are written.
 *
 *     row `coming`, with the file's name → file in new/ → row `seen` → deleted on the server
 *
 * Killed before the file is there, the row counts for nothing and the mail comes anew; killed
 * after, the file is found under the row's name, and the row is completed.
 */
#ifndef SPOOL_POLLED_H
#define SPOOL_POLLED_H

#include "spool/deliver.h"
#include "spool/spool.h"
#include "store/store.h"

/*
 * Becomes the one who polls for this user until *fd is closed (HOME/db/CODE.poll, flock): two polls
 * at once would take the same mail. It is not db/CODE.lock, which scripts hold while they poll.
 * ERR_AGAIN: another poll is at it. ERR_CREATE.
 */
enum err polled_lock(const struct home *home, const char *code, int *fd, struct why *why);

/*
 * Has this mail been given before? *state is SEEN_DONE or SEEN_NOT. A row of a run that died is
 * completed where its file is there. Errors as store_seen_get.
 */
enum err polled_state(struct spool *s, struct store *store, const struct seen_key *key,
                      enum seen_state *state, struct why *why);

/* Commits a delivery that is all written, with its row. When this gives ERR_NONE the mail may be
 * deleted on the server. */
enum err polled_commit(struct spool_delivery *d, struct store *store, const struct seen_key *key,
                       const char *code, struct why *why);

#endif
