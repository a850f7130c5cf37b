/*
 * Mails of a loop's sessions that become durable together: what waits for the disk at the end of a
 * turn is one batch, what comes meanwhile the next. A disk that takes its time has several of them
 * to do at once, each of all that waits: it is waiting that takes the time. A quick one has a few,
 * of a few mails each: so many processors are at it, and none waits for long. First come, first
 * served.
 */
#ifndef NET_COMMITTER_H
#define NET_COMMITTER_H

#include "net/session.h"

#include <uv.h>

enum { COMMITTER_BATCH_MAX = 256, COMMITTER_BATCHES = 8 };

/* A session that is to be committed; its owner's, and alive until it is done. */
struct commit_wait {
    struct session *session;
    void *owner;
    struct commit_wait *next;
};

struct commit_batch {
    struct committer *committer;
    uv_work_t work;
    bool under_way; /* a thread has it */
    size_t count;
    uint64_t ns; /* how long it took */
    struct commit_wait *waits[COMMITTER_BATCH_MAX];
    struct session *sessions[COMMITTER_BATCH_MAX];
};

struct committer {
    uv_loop_t *loop;
    void (*done)(struct commit_wait *wait); /* in the loop's thread; after session_commit */
    uv_check_t turn;
    struct commit_wait *waiting, **last; /* in order */
    size_t waiting_count;
    unsigned under_way;
    size_t last_count; /* of the batch that ended last, and how long it took */
    uint64_t last_ns;
    struct commit_batch batches[COMMITTER_BATCHES];
};

/* c lives as long as the loop, which it keeps alive. */
void committer_start(struct committer *c, uv_loop_t *loop, void (*done)(struct commit_wait *wait));

/* The session of wait said SESSION_COMMIT. Nothing else of it is called until done. */
void committer_add(struct committer *c, struct commit_wait *wait);

#endif
