/*
 * The outgoing queue: mail that waits for its next try, with its envelope.
 *
 * An entry is two files in home/queue: ID.mail, the mail as it came, never changed; and ID.env,
 * its envelope: who it is from, for whom it still waits, when it is due. The entry exists as long
 * as ID.env does. Every change of state is one step: a new envelope is written aside, synced,
 * renamed over the old one and the directory synced; so a crash leaves the entry as it was before
 * or after. Who sends or changes an entry holds a lock on its ID.mail.
 */
#ifndef QUEUE_QUEUE_H
#define QUEUE_QUEUE_H

#include "bytes/buf.h"
#include "smtp/parameters.h"
#include "tool/home.h"

#include <stdbool.h>

enum {
    QUEUE_ID_SIZE = 80,
    QUEUE_PATH_SIZE = 512,
    QUEUE_WORDS = 512,
    QUEUE_RECIPIENTS_MAX = 100000,
    QUEUE_ENVELOPE_MAX = 1 << 28
};

struct queue {
    char dir[HOME_PATH_MAX];
    int at; /* the directory, open as long as the process lives */
};

/* One recipient and what was said about him last; code 0: nothing yet, or no reply. */
struct queue_recipient {
    char path[QUEUE_PATH_SIZE]; /* without angle brackets */
    unsigned code;
    char enhanced[16];
    char text[QUEUE_WORDS]; /* "" before the first try */
    char orcpt[QUEUE_PATH_SIZE]; /* "rfc822;a@b", how he was first named (RFC 3461), or "" */
    unsigned notify;   /* which notices about him are wanted: of enum notify; 0: nobody said */
    char cut[TRANSID_MAX + 1]; /* the TRANSID (RFC 1845) of the transaction that took him and then
                                * broke; "": of none */
    bool told;         /* the notice that he has to wait has been made */
    /* Not stored: who took his mail, "" where that is not known, and whether it makes such notices,
     * keeps the time and tracks the mail. */
    char remote[256];
    bool dsn, in_time, mtrk;
};

/* The time for a delivery (DELIVERBY, RFC 2852). */
struct queue_by {
    int64_t at; /* the second by which; 0: none is set */
    char mode;  /* 'R': then it is returned; 'N': then its sender is told */
    bool trace; /* he is told of each hop */
};

struct queue_entry {
    char id[QUEUE_ID_SIZE];
    char from[QUEUE_PATH_SIZE]; /* "" for <> */
    char user[32];              /* the table's user by whose server it goes, or "" */
    char ret[8], envid[128];    /* smtp-send's options of these names, or "" */
    struct queue_by by;
    char mtrk[MTRK_MAX + 1];    /* MTRK's certifier (RFC 3885), or "": it is not tracked */
    int64_t mtrk_until;         /* the second until when; 0: unsaid */
    int64_t created, next;      /* seconds since 1970 */
    int64_t at;                 /* not tried before, as its sender wants it; 0: at once */
    int64_t look;               /* when it is looked at next; filled in by queue_read */
    unsigned tries;
    bool held;
    uint64_t size;              /* octets of ID.mail; filled in by queue_read */
    struct buf recipients;      /* of struct queue_recipient */
};

/* No recipients, all empty; queue_entry_release frees. */
void queue_entry_init(struct queue_entry *entry);
/* As init, with the memory that it has. */
void queue_entry_clear(struct queue_entry *entry);
/* Frees the recipients. */
void queue_entry_release(struct queue_entry *entry);

/* Recipients of an entry; the pointers hold until the next change. */
size_t queue_count(const struct queue_entry *entry);
struct queue_recipient *queue_recipient(const struct queue_entry *entry, size_t n);
/* ERR_DATA: too long, control bytes in it, or too many. ERR_OS. */
enum err queue_add_recipient(struct queue_entry *entry, const char *path, struct why *why);

/* The queue of a home; its directory is made (0700) where it is missing. ERR_CONFIG, ERR_CREATE. */
enum err queue_open(struct queue *q, const struct home *home, struct why *why);

/*
 * A new entry in three steps: begin gives *fd, to which the caller writes the mail; then either
 * commit, after which the entry is durable, or abort. entry->id is made up when it is "", and
 * else used (ERR_NO: there is such an entry already). ERR_CREATE, ERR_IO.
 */
enum err queue_begin(const struct queue *q, struct queue_entry *entry, int *fd, struct why *why);
enum err queue_commit(const struct queue *q, const struct queue_entry *entry, int fd,
                      struct why *why);
void queue_abort(const struct queue *q, const struct queue_entry *entry, int fd);

/* Calls each for every ID in their order, which is that of arrival; stops at the first failure. */
enum err queue_each(const struct queue *q, enum err (*each)(void *arg, const char *id), void *arg,
                    struct why *why);

/*
 * Takes the entry for this process: *lock is a descriptor of its mail, at its start, which
 * closing gives free. ERR_AGAIN: another process has it. ERR_NO: no such entry.
 */
enum err queue_lock(const struct queue *q, const char *id, int *lock, struct why *why);

/* Reads an envelope. ERR_NO: no such entry. ERR_CONFIG: damaged. */
enum err queue_read(const struct queue *q, const char *id, struct queue_entry *entry,
                    struct why *why);

/* Replaces the envelope; the caller holds the lock. ERR_CREATE, ERR_IO: the old one stands. */
enum err queue_write(const struct queue *q, const struct queue_entry *entry, struct why *why);

/*
 * Makes room on the disk for what queue_write will write of this entry after a try, so that what
 * some have been sent is not forgotten, and sent again, for want of it. The caller holds the lock.
 * ERR_CREATE: there is none. What is not used is given back by queue_unreserve, or swept.
 */
enum err queue_reserve(const struct queue *q, const struct queue_entry *entry, struct why *why);
/* Gives it back; for an entry that is over. */
void queue_unreserve(const struct queue *q, const char *id);

/* The entry is over; the caller holds the lock. ERR_IO. */
enum err queue_delete(const struct queue *q, const char *id, struct why *why);

/* An envelope whose mail is not there any more, and which so cannot be locked, is removed. ERR_NO:
 * there is none such. ERR_IO. */
enum err queue_delete_torn(const struct queue *q, const char *id, struct why *why);

/*
 * When an entry is to be looked at next is also its envelope's file's time of change, which
 * queue_write sets before the file gets its name: so a run need not open what is not due, and a
 * crash leaves both as they were. Where the time is not that (an envelope of an older faxpipe, a
 * copy), it is past, and the envelope is read.
 *
 * Calls each, as queue_each does, for every entry that this index does not say is waiting; an
 * index that was made by a clock further ahead than now says nothing. Also removes what
 * writers that were killed left behind, a day after.
 */
enum err queue_each_due(const struct queue *q, int64_t now,
                        enum err (*each)(void *arg, const char *id), void *arg, struct why *why);

/* Sets the index of an entry that was found not to be due; whoever holds the lock does so
 * anyway. */
void queue_remind(const struct queue *q, const char *id);

/* The entry, whose lock we hold, stays as it is, but is not looked at until then. ERR_IO. Whoever
 * tries an entry that is not due sets it to now: it may be locked, and listings show that. */
enum err queue_postpone(const struct queue *q, const char *id, int64_t until, struct why *why);

/* Since when the entry is on its way: its days are counted from there. */
int64_t queue_since(const struct queue_entry *entry);

/* Its next try is due; also where that seems further off than queue_interval ever says. */
bool queue_is_due(const struct queue_entry *entry, int64_t now);

/* Seconds that are left of the time, within BY's limits; negative: it is over. */
int64_t queue_time_left(const struct queue_by *by, int64_t now);

/* Seconds to wait after so many tries: 5 minutes, doubling up to 4 hours. */
int64_t queue_interval(unsigned tries);

/* The time of the next try, an eighth of the interval sooner at most: what came together is not
 * tried together for ever. */
int64_t queue_next_try(unsigned tries, int64_t now);

#endif
