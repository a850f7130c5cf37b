/*
 * One user's part of the spool: what has arrived, what is claimed, what is held.
 *
 *     new/ID               arrived; no policy has touched it
 *     cur/ID               claimed by `take`; offered again when its claimant has gone
 *     cur/ID,E=EPOCH:2,    held until EPOCH
 *     cur/ID,E=EPOCH:2,U   held, and could not be decoded
 *
 * Claimants. One claimant a user at a time: whoever holds an flock on HOME/db/CODE.lock
 * (spool_lock). A script holds it for its whole run on a descriptor that its children inherit,
 * and tells them the number; a program without one takes the lock for its own life. While the
 * lock is held by one, take, and nothing else, fails with ERR_AGAIN for the others; once it is
 * free, what its holder had claimed and neither held nor finished is offered again, since no
 * claim in cur/ outlives the lock.
 *
 * Every step links or copies, syncs, and only then unlinks: killed between any two system calls a
 * mail is there under its old name, its new name, or both. Of both the further one counts (held
 * before claimed before arrived; of two ends the later), and repeating the step removes the other.
 *
 * new/ is written by another uid (faxrecv) than ours: only regular files are seen there, and they
 * are never followed through symbolic links. What is not ours, or not of cur/'s group, is copied
 * into cur/; what is, is linked.
 */
#ifndef SPOOL_SPOOL_H
#define SPOOL_SPOOL_H

#include "bytes/span.h"
#include "tool/home.h"

struct store;

enum { SPOOL_ID_MAX = 200, SPOOL_CODE_MAX = 16 };

enum spool_state { SPOOL_NEW, SPOOL_TAKEN, SPOOL_HELD };

struct spool_mail {
    char id[SPOOL_ID_MAX + 1];
    enum spool_state state;
    bool undecodable;
    uint64_t octets;
    int64_t arrived; /* seconds since 1970: the name's, else the file's own */
    int64_t until;   /* SPOOL_HELD: the second at which its days are over; else 0 */
};

/* Mails, oldest first. */
struct spool_list {
    struct spool_mail *mails;
    size_t count;
};

struct spool;

/*
 * An ID as it may come from a command line or a program: 1 to SPOOL_ID_MAX printable ASCII bytes
 * without '/', ':' and blank, not led by '.' or '-', and without ",E=".
 */
bool spool_id_valid(struct span id);

/* A user code (policy.md), which is also a directory's name; "postmaster" passes as well. */
bool spool_code_valid(struct span code);

/*
 * Opens CODE's part of home's spool. ERR_DATA: no valid code. ERR_NO_USER: there is no such
 * directory. ERR_IO: it cannot be looked at. Close with spool_close.
 */
enum err spool_open(const struct home *home, const char *code, struct spool **s, struct why *why);
void spool_close(struct spool *s);

/* Makes spool/CODE with tmp/, new/ and cur/ where they are missing, as tool/station.h says whose
 * they are. Safe to repeat. ERR_DATA: no valid code. ERR_CREATE. */
enum err spool_make(const struct home *home, const char *code, struct why *why);

/* The directory to give spool_delivery_begin for this user. ERR_CONFIG: too long. */
enum err spool_dir(const struct home *home, const char *code, char out[HOME_PATH_MAX],
                   struct why *why);

/*
 * Everything in new/ and cur/ that is ours to see: without permission to read new/ (a person
 * reading his held mail) only cur/. ERR_IO, ERR_OS. Free with spool_list_free.
 */
enum err spool_list(struct spool *s, struct spool_list *list, struct why *why);
void spool_list_free(struct spool_list *list);

/* The one mail. ERR_NO_INPUT: there is none of this ID. ERR_DATA: not an ID. */
enum err spool_find(struct spool *s, const char *id, struct spool_mail *mail, struct why *why);

/*
 * Becomes CODE's claimant. fd >= 0 is an inherited descriptor of the lock file that already holds
 * the lock (or can get it at once); -1 opens the file and locks it until spool_close. ERR_AGAIN:
 * somebody else is the claimant. ERR_USAGE: fd is not open on the lock file. ERR_CREATE.
 */
enum err spool_lock(struct spool *s, int fd, struct why *why);

/*
 * Claims id, or with id NULL the oldest mail that nobody holds and that arrived after the mail
 * `after` (NULL: any), and copies its entry to *mail. spool_lock came before. A "coming" row of
 * store (may be NULL) that names the file becomes "seen" first. ERR_NO: nothing there.
 */
enum err spool_take(struct spool *s, struct store *store, const char *id, const char *after,
                    struct spool_mail *mail, struct why *why);

/*
 * Holds id, whatever its state, until the second `until` (> 0). Held mail gets the new end; the
 * undecodable mark is set, never taken away. ERR_NO_INPUT: no such mail.
 */
enum err spool_hold(struct spool *s, const char *id, int64_t until, bool undecodable,
                    struct why *why);

/*
 * The same, with what fd gives in the mail's place: what was sealed in it, opened. Until that is
 * whole and synced the mail stays as it was. ERR_DATA: fd gives nothing.
 */
enum err spool_hold_opened(struct spool *s, const char *id, int64_t until, int fd,
                           struct why *why);

/* Opens the mail for reading. ERR_NO_INPUT: no such mail. ERR_IO. The caller closes *fd. */
enum err spool_read(struct spool *s, const char *id, int *fd, struct why *why);

/*
 * The mail goes, from new/ as from cur/, and the directories are synced. ERR_NO_INPUT: no such
 * mail (any more).
 */
enum err spool_remove(struct spool *s, const char *id, struct why *why);

/* A file of this name as spool_delivery_name gave it, arrived, claimed or held, is there. */
bool spool_has(struct spool *s, const char *name);

/* Octets of all users' mail in new/ and cur/: what `spool-limit` is about. ERR_IO. */
enum err spool_usage(const struct home *home, uint64_t *octets, struct why *why);

#endif
