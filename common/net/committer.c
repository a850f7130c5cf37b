#include "net/committer.h"

#include <string.h>

/* A thread and back cost some 50 us of an idle machine. */
enum { QUICK_NS = 400000 };

static void commit(struct committer *c)
{
    uint64_t begin = uv_hrtime();
    session_commit(c->sessions, c->count);
    c->last_ns = uv_hrtime() - begin;
    c->last_count = c->count;
}

static void commit_in_thread(uv_work_t *work)
{
    commit(work->data);
}

/* One after the other, on a disk that is as fast as a thread: whoever sends them is alone. */
static bool best_done_here(const struct committer *c)
{
    return c->count == 1 && c->last_count == 1 && c->last_ns < QUICK_NS;
}

static void after_commit(uv_work_t *work, int status);

/* All that waits is one batch, unless one is under way. */
static void start_batch(struct committer *c)
{
    if (c->committing || !c->waiting)
        return;
    for (c->count = 0; c->waiting && c->count < COMMITTER_BATCH_MAX; c->count++) {
        struct commit_wait *w = c->waiting;
        c->waiting = w->next;
        c->batch[c->count] = w;
        c->sessions[c->count] = w->session;
    }
    if (!c->waiting)
        c->last = &c->waiting;
    if (best_done_here(c)) {
        commit(c);
        c->done(c->batch[0]);
        return;
    }
    c->work.data = c;
    c->committing = true;
    uv_queue_work(c->loop, &c->work, commit_in_thread, after_commit);
}

static void after_commit(uv_work_t *work, int status)
{
    struct committer *c = work->data;
    struct commit_wait *done[COMMITTER_BATCH_MAX];
    size_t count = c->count;
    (void)status;
    memcpy(done, c->batch, count * sizeof *done);
    c->committing = false;
    start_batch(c);
    for (size_t i = 0; i < count; i++)
        c->done(done[i]);
}

static void on_turn(uv_check_t *turn)
{
    struct committer *c = turn->data;
    while (c->waiting && !c->committing)
        start_batch(c);
}

void committer_start(struct committer *c, uv_loop_t *loop, void (*done)(struct commit_wait *wait))
{
    *c = (struct committer){.loop = loop, .done = done};
    c->last = &c->waiting;
    c->turn.data = c;
    uv_check_init(loop, &c->turn);
    uv_check_start(&c->turn, on_turn);
}

void committer_add(struct committer *c, struct commit_wait *wait)
{
    wait->next = NULL;
    *c->last = wait;
    c->last = &wait->next;
}
