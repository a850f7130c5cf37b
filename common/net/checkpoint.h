/*
 * Mails whose connection broke in the middle, for CHECKPOINT (RFC 1845): the octets that came, with
 * the envelope, so that the next session goes on behind them; and, of those that were whole, that
 * they were, so that a client who missed the 250 delivers nothing twice.
 *
 * Each is a file of its own in one directory, under flock while a session has it. It belongs to a
 * client: its address, its log-in and its name; whoever differs in one has others, whatever he
 * calls them. A client has 64 at the most, the oldest going first; there are 4096 in all and 1 GiB
 * of those that are not whole, and none is older than 36 hours. Where there is no more room mails
 * are taken as they always were, from their beginning.
 *
 * The system calls are openat, flock, read, pread, write, pwrite, ftruncate, fsync, close,
 * unlinkat, getdents64 and newfstatat, as a process in a chroot may have them.
 */
#ifndef NET_CHECKPOINT_H
#define NET_CHECKPOINT_H

#include "bytes/buf.h"

#include <stdbool.h>

struct checkpoint_key {
    const char *client, *identity, *helo, *transid; /* "" for none */
};

struct checkpoint;

/* The one of the key, for this session alone. ERR_NO: there is none, or another session has it, or
 * it is damaged. ERR_OS. */
enum err checkpoint_find(const char *dir, const struct checkpoint_key *key,
                         struct checkpoint **checkpoint, struct why *why);

/* A new one in place of what was there; envelope is text without an empty line. ERR_NO: no room, or
 * another session has it. ERR_CREATE, ERR_IO, ERR_OS. */
enum err checkpoint_create(const char *dir, const struct checkpoint_key *key, struct span envelope,
                           struct checkpoint **checkpoint, struct why *why);

/* What create was given; valid until the checkpoint is over. */
struct span checkpoint_envelope(const struct checkpoint *c);

/* Octets of the mail (RFC 1870) that are kept, up to the end of a line; of a whole one, all. */
uint64_t checkpoint_octets(const struct checkpoint *c);
bool checkpoint_is_whole(const struct checkpoint *c);

/* The next of what is kept, as it came over the wire; *got is 0 at its end. ERR_IO. */
enum err checkpoint_read(struct checkpoint *c, void *p, size_t n, size_t *got, struct why *why);

/* Adds what came over the wire, behind all that is kept. ERR_IO. */
enum err checkpoint_write(struct checkpoint *c, struct span wire, struct why *why);

/* The three ends, each of which frees: the connection broke, and what came is synced; the mail, of
 * so many octets, is delivered; there is nothing to be kept. NULL is fine. */
void checkpoint_keep(struct checkpoint *c);
void checkpoint_finish(struct checkpoint *c, uint64_t octets);
void checkpoint_discard(struct checkpoint *c);

#endif
