/*
 * Mails of a loop's sessions that become durable together: what waits for the disk at the end of a
 * turn is one batch, what comes meanwhile the next.
 */
#ifndef NET_COMMITTER_H
#define NET_COMMITTER_H

#include "net/session.h"

#include <uv.h>

enum { COMMITTER_BATCH_MAX = 256 };

/* A session that is to be committed; its owner's, and alive until it is done. */
struct commit_wait {
    struct session *session;
    void *owner;
    struct commit_wait *next;
};

struct committer {
    uv_loop_t *loop;
    void (*done)(struct commit_wait *wait); /* in the loop's thread; after session_commit */
    uv_check_t turn;
    uv_work_t work;
    struct commit_wait *waiting, **last; /* in order */
    bool committing;                     /* a thread has the batch */
    size_t count, last_count;            /* of this batch, and of the one before */
    uint64_t last_ns;                    /* how long that took */
    struct commit_wait *batch[COMMITTER_BATCH_MAX];
    struct session *sessions[COMMITTER_BATCH_MAX];
};

/* c lives as long as the loop, which it keeps alive. */
void committer_start(struct committer *c, uv_loop_t *loop, void (*done)(struct commit_wait *wait));

/* The session of wait said SESSION_COMMIT. Nothing else of it is called until done. */
void committer_add(struct committer *c, struct commit_wait *wait);

#endif
