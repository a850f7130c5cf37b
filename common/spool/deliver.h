/*
 * Delivery into a maildir, so that a mail is there whole or not at all, whatever is killed when.
 *
 *     begin   tmp/NAME is made in the first directory
 *     write   as often as there is something
 *     sync    tmp/NAME in every directory, complete and fsynced; may be left to commit
 *     commit  link() into every new/, fsync of every new/, unlink of tmp/ (of a batch: by tidy)
 *     free    in every case; without a commit nothing stays
 *
 * Without syncs (SPOOL_NO_SYNC) a mail for one maildir gets no name but the one in new/, where the
 * file system and the kernel have files without names.
 *
 * Mails that are committed together share what they wait for: all their files are written, then
 * synced, then linked, and then every new/ is synced once.
 *
 * Nothing is ever renamed, so nothing can be overwritten. NAME is made of time, process, a counter,
 * 64 random bits and the host's name: unique across hosts that share the tree. It is known from
 * the start, so that a caller may write it down before commit (mbox-poll's "coming" rows).
 * A mail for several spools is written once and copied at sync: each gets a file of its own, since
 * each is claimed, held and finished by itself. Killed within commit, some may have it: the
 * caller has not acknowledged it then, and a second copy is preferred to none.
 *
 * Used by a process in a chroot: descriptors are open from the file's making to its sync only; the
 * system calls are openat, write, read, lseek, fsync, close, fchmod, linkat, unlinkat, newfstatat,
 * getdents64, getrandom, getpid, uname, clock_gettime.
 */
#ifndef SPOOL_DELIVER_H
#define SPOOL_DELIVER_H

#include "bytes/err.h"

#include <stddef.h>
#include <stdint.h>

enum { SPOOL_NAME_MAX = 160 };

enum spool_delivery_flags {
    SPOOL_OURS = 0,    /* into spool/CODE: 0640, read by the station's owner through the group */
    SPOOL_FOREIGN = 1, /* into somebody's maildir: mode 0600 */
    SPOOL_NO_SYNC = 2, /* never fsync: what is acknowledged may be lost in a crash */
    SPOOL_LATE = 4,    /* begin and small writes do not touch the disk: tmp/NAME is made once there
                        * is more than fits into memory, or at sync; ERR_CREATE shows then */
};

struct spool_delivery;

/*
 * Begins a mail for the count (at least 1) maildirs in dirs; each has tmp/ and new/. Of equal
 * strings one counts; the strings are copied. What a killed delivery left in the first directory's
 * tmp/ over 36 hours ago is removed (looked for every ten minutes). ERR_CREATE: no such directory,
 * no permission, no room. ERR_OS: no memory. *d is NULL after a failure.
 */
enum err spool_delivery_begin(const char *const dirs[], size_t count, unsigned flags,
                              struct spool_delivery **d, struct why *why);

/* The name that the mail will have in every new/: at most SPOOL_NAME_MAX bytes, no '/', ':' or
 * ','. Lives as long as d. */
const char *spool_delivery_name(const struct spool_delivery *d);

/* Appends. ERR_IO: no room, or a disk error; only free may follow then. May show at sync only. */
enum err spool_delivery_write(struct spool_delivery *d, const void *p, size_t n, struct why *why);

/* Octets written so far. */
uint64_t spool_delivery_size(const struct spool_delivery *d);

/* Makes the copies and fsyncs them all; nothing is in new/ yet. ERR_IO, ERR_CREATE. */
enum err spool_delivery_sync(struct spool_delivery *d, struct why *why);

/*
 * Syncs if that has not been done, links, fsyncs the directories: when this gives ERR_NONE the
 * mail is in every new/ for good. After a failure (ERR_IO, ERR_CREATE) spool_delivery_free takes
 * it out of those it had reached.
 */
enum err spool_delivery_commit(struct spool_delivery *d, struct why *why);

/* A mail of a batch and how its commit went: as spool_delivery_commit's. */
struct spool_commit {
    struct spool_delivery *mail;
    enum err err;
    struct why why;
};

/* Commits count mails (of which some may have been synced) as one batch. Each has an outcome of
 * its own: what befalls one mail's file, or a directory, is told to those it concerns. Their names
 * in tmp/ stay for spool_delivery_tidy or spool_delivery_free: nothing depends on them any more. */
void spool_delivery_commit_all(struct spool_commit list[], size_t count);

/* Makes tmp/NAME now, of a mail begun with SPOOL_LATE, so that sync need not. A failure shows
 * there, where it is tried again. */
void spool_delivery_prepare(struct spool_delivery *d);

/* Of a mail that is committed removes the names in tmp/. Of another: nothing. */
void spool_delivery_tidy(struct spool_delivery *d);

/* Frees; without a successful commit removes what was written. NULL is fine. */
void spool_delivery_free(struct spool_delivery *d);

/* Makes a name as above in name. ERR_OS: no random numbers. */
enum err spool_name_make(char name[SPOOL_NAME_MAX + 1], struct why *why);

#endif
