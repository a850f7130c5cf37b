/*
 * One try of an entry, or of those of its recipients who go by one next hop: what smtp-send is
 * told of them, and what it says became of each.
 */
#ifndef QUEUE_ATTEMPT_H
#define QUEUE_ATTEMPT_H

#include "queue/hop.h"
#include "queue/queue.h"
#include "tool/conf.h"

enum fate { FATE_UNTRIED = 0, FATE_SENT, FATE_DEFERRED, FATE_FAILED };

/*
 * One mail over a connection that is open already, to the count recipients, who all want the same
 * notices; their replies go into code, enhanced, text, dsn and in_time of each, and how it went, as
 * an exit status of smtp-send's, into statuses. mail is the descriptor of queue_lock, at any place.
 * A failure: nobody was tried; ERR_PIPE: nor can anybody be any more.
 */
typedef enum err attempt_give_fn(void *arg, const struct queue_entry *entry, int mail,
                                 struct queue_recipient *const to[], int statuses[], size_t count,
                                 struct why *why);

struct attempt {
    const struct conf *conf;
    const char *domain; /* recipients of these domains alone, as hop_is_of has them; NULL: all */
    attempt_give_fn *give; /* instead of every hop; NULL: smtp-send */
    void *give_arg;
    int64_t now;
    int mail; /* queue_lock's descriptor, for give */
};

/* So many recipients go in one mail; a hop's name is a URL, or LANE_USER and a code. */
enum { ATTEMPT_AT_ONCE = 1000, ATTEMPT_HOP = HOP_SIZE };

/* Those who go by one hop, want the same notices, and were in the same transaction if one broke, in
 * one mail. */
struct attempt_group {
    struct queue_entry *entry;
    enum fate *fates; /* one for each of the entry's recipients */
    unsigned notify;
    char transid[TRANSID_MAX + 1]; /* of the transaction, "" for none: attempt_envelope makes it */
    bool resume;                   /* it broke, and is gone on with */
    size_t next;      /* whom attempt_gather looks at next */
    size_t members[ATTEMPT_AT_ONCE];
    size_t count;
};

/*
 * The hop of the nth recipient. False: he is not asked for; or he has none, or waits for its
 * call, and then his fate is settled, with words.
 */
bool attempt_hop(const struct attempt *a, struct queue_entry *entry, size_t n, enum fate *fates,
                 char hop[ATTEMPT_HOP]);

/* Fills members with some of those who are untried, asked for and go by hop; next is 0 at first.
 * False: there are none any more. */
bool attempt_gather(const struct attempt *a, struct attempt_group *g, const char *hop);

/* Appends the group's envelope as `smtp-send --entries` takes it. Errors as buf_add. */
enum err attempt_envelope(const struct attempt *a, struct attempt_group *g, struct buf *out);

/* Takes what is said of one of them: an object of `smtp-send --json`. */
void attempt_take(struct attempt_group *g, struct span object);

/* Those of whom no object told: the mail failed as a whole, with that exit status and words. */
void attempt_silent(struct attempt_group *g, int status, const char *words);

/*
 * Gives all recipients to a->give and fills fates, and their last words in entry; *tried: there
 * was somebody. An error: nobody was tried.
 */
enum err attempt_by_giving(const struct attempt *a, struct queue_entry *entry, enum fate *fates,
                           bool *tried, struct why *why);

#endif
