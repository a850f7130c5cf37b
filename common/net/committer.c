#include "net/committer.h"

#include <string.h>

/* A thread and back cost some 50 us of an idle machine, and much more of a busy one; so long the
 * others can wait. Of a batch each mail has a sync of its own, one behind the other where that is
 * quick. */
enum { LONE_NS = 2000000, QUICK_NS = 400000, QUICK_MAIL_NS = 150000 };

/* A quick disk is kept busy by a few batches at once; small ones keep nobody waiting for many
 * others, and hardly share less. */
enum { QUICK_BATCHES = 3, QUICK_LEAST = 4, QUICK_MOST = 16 };

static void commit(struct commit_batch *b)
{
    uint64_t begin = uv_hrtime();
    session_commit(b->sessions, b->count);
    b->ns = uv_hrtime() - begin;
}

static void commit_in_thread(uv_work_t *work)
{
    struct commit_batch *b = work->data;
    commit(b);
    session_tidy(b->sessions, b->count);
}

/* One after the other, on a disk that does not take long: whoever sends them is alone. */
static bool best_done_here(const struct committer *c, const struct commit_batch *b)
{
    return !c->under_way && b->count == 1 && c->last_count == 1 && c->last_ns < LONE_NS;
}

static bool is_quick(const struct committer *c)
{
    return c->last_ns < QUICK_NS + c->last_count * QUICK_MAIL_NS;
}

/* Whether to wait for what is under way, so that more mails share a sync. */
static bool is_patient(const struct committer *c)
{
    if (!c->under_way || c->under_way == COMMITTER_BATCHES)
        return c->under_way;
    return is_quick(c) && (c->under_way >= QUICK_BATCHES || c->waiting_count < QUICK_LEAST);
}

static void note(struct committer *c, const struct commit_batch *b)
{
    c->last_ns = b->ns;
    c->last_count = b->count;
}

static void after_commit(uv_work_t *work, int status);

/* All that waits, or as much of it as goes into a batch. */
static void start_batch(struct committer *c)
{
    struct commit_batch *b = c->batches;
    size_t most = is_quick(c) ? QUICK_MOST : COMMITTER_BATCH_MAX;
    while (b->under_way)
        b++;
    for (b->count = 0; c->waiting && b->count < most; b->count++) {
        struct commit_wait *w = c->waiting;
        c->waiting = w->next;
        b->waits[b->count] = w;
        b->sessions[b->count] = w->session;
    }
    c->waiting_count -= b->count;
    if (!c->waiting)
        c->last = &c->waiting;
    if (best_done_here(c, b)) {
        commit(b);
        note(c, b);
        c->done(b->waits[0]);
        return;
    }
    b->committer = c;
    b->work.data = b;
    b->under_way = true;
    c->under_way++;
    uv_queue_work(c->loop, &b->work, commit_in_thread, after_commit);
}

static void start_batches(struct committer *c)
{
    while (c->waiting && !is_patient(c))
        start_batch(c);
}

static void after_commit(uv_work_t *work, int status)
{
    struct commit_batch *b = work->data;
    struct committer *c = b->committer;
    struct commit_wait *done[COMMITTER_BATCH_MAX];
    size_t count = b->count;
    (void)status;
    memcpy(done, b->waits, count * sizeof *done);
    note(c, b);
    b->under_way = false;
    c->under_way--;
    start_batches(c);
    for (size_t i = 0; i < count; i++)
        c->done(done[i]);
}

static void on_turn(uv_check_t *turn)
{
    start_batches(turn->data);
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
    c->waiting_count++;
}
