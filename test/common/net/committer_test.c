/* Which mails are committed together, where, and that each is told once. */
#include "check.h"
#include "net/committer.h"

#include <pthread.h>
#include <time.h>

enum { SESSIONS = 40 };

static uv_loop_t loop;
static struct committer committer;
static struct session_host host;
static struct session *sessions[SESSIONS];
static struct commit_wait waits[SESSIONS];

/* What the method saw; under the lock. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned batches, at_once, most_at_once, in_loop;
static size_t biggest;
static long takes_us;

static pthread_t loop_thread;
static unsigned done[SESSIONS], left, again;
static size_t fed, to_feed; /* one comes each turn */

static enum err begin(void *arg, const struct envelope *e, void **mail, struct why *why)
{
    (void)arg;
    (void)e;
    (void)why;
    *mail = &lock;
    return ERR_NONE;
}

static const char *id(void *mail)
{
    (void)mail;
    return "id";
}

static enum err put(void *mail, struct span piece, struct why *why)
{
    (void)mail;
    (void)piece;
    (void)why;
    return ERR_NONE;
}

static enum delivery_way way(void *mail)
{
    (void)mail;
    return DELIVERY_TOGETHER;
}

/* A disk that takes its time. */
static void commit_all(struct delivery_commit list[], size_t count)
{
    struct timespec t = {0, takes_us * 1000};
    (void)list;
    pthread_mutex_lock(&lock);
    batches++;
    at_once++;
    most_at_once = at_once > most_at_once ? at_once : most_at_once;
    biggest = count > biggest ? count : biggest;
    in_loop += pthread_equal(pthread_self(), loop_thread) != 0;
    pthread_mutex_unlock(&lock);
    if (takes_us)
        nanosleep(&t, NULL);
    pthread_mutex_lock(&lock);
    at_once--;
    pthread_mutex_unlock(&lock);
}

static void release(void *mail)
{
    (void)mail;
}

static const struct delivery_method method = {.begin = begin,
                                              .id = id,
                                              .write = put,
                                              .way = way,
                                              .commit_all = commit_all,
                                              .free = release};

static void answer(void *arg, const struct clerk_question *q, int mail, struct clerk_answer *a)
{
    (void)arg;
    (void)q;
    (void)mail;
    a->verdict = RECIPIENT_OK;
    strcpy(a->text, "12");
}

/* A session of one mail, up to where it is to be committed. */
static struct session *ready(void)
{
    static const char mail[] = "HELO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@us.example>\r\nDATA\r\nx\r\n.\r\n";
    struct why why = {""};
    struct session *s;
    enum session_state state;
    CHECK_INT(session_open(&host, NULL, false, &s, &why), ERR_NONE);
    session_greet(s);
    session_received(s, span_str(mail), 1);
    while ((state = session_run(s)) == SESSION_FLUSH || state == SESSION_WORK) {
        if (state == SESSION_WORK) {
            session_work(s);
            session_resume(s);
        }
        session_sent(s, session_output(s).n);
    }
    CHECK_INT(state, SESSION_COMMIT);
    return s;
}

static void on_done(struct commit_wait *wait)
{
    size_t i = (size_t)(wait - waits);
    CHECK(wait->owner == &done[i]);
    CHECK(pthread_equal(pthread_self(), loop_thread));
    done[i]++;
    if (again) {
        again--;
        committer_add(&committer, wait);
    } else if (--left == 0) {
        uv_stop(&loop);
    }
}

/* The check handle alone does not wake the loop. */
static void on_idle(uv_idle_t *idle)
{
    (void)idle;
    if (fed < to_feed)
        committer_add(&committer, &waits[fed++]);
}

/* `count` come, in one turn or one each turn; all in all there are count + more commits. */
static void run(size_t count, bool each_turn, unsigned more)
{
    batches = most_at_once = in_loop = 0;
    biggest = 0;
    left = (unsigned)count;
    again = more;
    memset(done, 0, sizeof done);
    for (size_t i = 0; i < count; i++) {
        waits[i] = (struct commit_wait){.session = sessions[i], .owner = &done[i]};
        if (!each_turn)
            committer_add(&committer, &waits[i]);
    }
    fed = 0;
    to_feed = each_turn ? count : 0;
    uv_run(&loop, UV_RUN_DEFAULT);
    unsigned all = 0;
    for (size_t i = 0; i < count; i++) {
        CHECK(done[i] > 0);
        all += done[i];
    }
    CHECK_INT(all, count + more);
    CHECK(!committer.waiting && !committer.under_way);
}

static void those_of_a_turn_go_together(void)
{
    takes_us = 0;
    committer.last_count = 1;
    committer.last_ns = 5000000;
    run(SESSIONS, false, 0);
    CHECK_INT(batches, 1);
    CHECK_INT(biggest, SESSIONS);
    CHECK_INT(in_loop, 0);
}

static void a_quick_disk_has_few_of_few_mails(void)
{
    takes_us = 500; /* 16 mails in so long are quick ones */
    committer.last_count = 16;
    committer.last_ns = 500000;
    run(SESSIONS, false, 0);
    CHECK_INT(batches, 3); /* 40 mails */
    CHECK_INT(biggest, 16);
    CHECK_INT(in_loop, 0);
}

/* One or two that come while a batch is under way wait for others. */
static void a_quick_disk_has_no_batch_of_one_beside_another(void)
{
    takes_us = 100000; /* meanwhile all have come */
    committer.last_count = 16;
    committer.last_ns = 100000;
    run(3, true, 0);
    CHECK_INT(most_at_once, 1);
}

static void who_is_alone_needs_no_thread(void)
{
    takes_us = 0;
    committer.last_count = 0;
    run(1, false, 19);
    CHECK_INT(batches, 20);
    CHECK_INT(biggest, 1);
    CHECK(in_loop > 0);
}

static void a_slow_disk_is_never_waited_for_in_the_loop(void)
{
    takes_us = 5000;
    committer.last_count = 1;
    committer.last_ns = 5000000;
    run(1, false, 9);
    CHECK_INT(batches, 10);
    CHECK_INT(in_loop, 0);
}

static void a_slow_disk_has_several_batches_to_do(void)
{
    takes_us = 5000;
    committer.last_count = 1;
    committer.last_ns = 5000000;
    run(SESSIONS, true, 0);
    CHECK(most_at_once > 1 && most_at_once <= COMMITTER_BATCHES);
    CHECK(batches < SESSIONS); /* what came behind them went together */
    CHECK_INT(in_loop, 0);
}

int main(void)
{
    static const char *const domains[] = {"us.example", NULL};
    uv_idle_t idle;
    host = (struct session_host){.options = {.hostname = "us.example", .domains = domains,
                                             .max_recipients = 10},
                                 .clerk = {.fn = answer, .fd = -1},
                                 .method = &method};
    loop_thread = pthread_self();
    setenv("UV_THREADPOOL_SIZE", "16", 1);
    uv_loop_init(&loop);
    uv_idle_init(&loop, &idle);
    uv_idle_start(&idle, on_idle);
    committer_start(&committer, &loop, on_done);
    for (size_t i = 0; i < SESSIONS; i++)
        sessions[i] = ready();
    RUN(those_of_a_turn_go_together);
    RUN(a_quick_disk_has_few_of_few_mails);
    RUN(a_quick_disk_has_no_batch_of_one_beside_another);
    RUN(who_is_alone_needs_no_thread);
    RUN(a_slow_disk_is_never_waited_for_in_the_loop);
    RUN(a_slow_disk_has_several_batches_to_do);
    for (size_t i = 0; i < SESSIONS; i++)
        session_free(sessions[i]);
    uv_close((uv_handle_t *)&idle, NULL);
    uv_close((uv_handle_t *)&committer.turn, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    return check_done();
}
