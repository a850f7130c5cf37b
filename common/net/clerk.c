#include "net/clerk.h"

#include "net/clerk_memory.h"
#include "tool/diag.h"
#include "tool/pass.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What goes over the socket of every question and answer; of the text, what there is. */
enum {
    QUESTION_HEAD = offsetof(struct clerk_question, text),
    ANSWER_HEAD = offsetof(struct clerk_answer, text),
};

/* One question is out at a time: answers then need no number, and the tables no lock. */
static pthread_mutex_t asking = PTHREAD_MUTEX_INITIALIZER;

enum err clerk_pair(int fds[2], struct why *why)
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0)
        return why_errno(why, ERR_OS, "socket pair");
    return ERR_NONE;
}

static enum err send_packet(int fd, const void *p, size_t n, int descriptor, struct why *why)
{
    return pass_send(fd, p, n, descriptor, NULL)
               ? why_set(why, ERR_UNAVAILABLE, "the other process has gone") : ERR_NONE;
}

/* Of at least so many octets, *n at most, which becomes how many there are. ERR_NO: the other end
 * is closed. *descriptor is -1 when none came along. */
static enum err receive_packet(int fd, void *p, size_t least, size_t *n, int *descriptor,
                               struct why *why)
{
    size_t got;
    enum err e = pass_receive(fd, p, *n, &got, descriptor, why);
    if (e || got == 0)
        return e ? e : ERR_NO;
    if (got < least) {
        if (*descriptor >= 0)
            close(*descriptor);
        *descriptor = -1;
        return why_set(why, ERR_PROTOCOL, "a packet that is none of ours");
    }
    *n = got;
    return ERR_NONE;
}

/* Of n octets of a text that came, the last one ends it, whatever it was. */
static void end_text(char *text, size_t size, size_t n)
{
    text[(n < size ? n : size) - 1] = '\0';
}

static void clear(struct clerk_answer *a)
{
    memset(a, 0, ANSWER_HEAD + 1);
    a->channel = -1;
}

/* Which take their time: the clerk has each answered by a thread, over a channel of its own. */
static bool is_slow(enum clerk_kind kind)
{
    return kind == CLERK_EXEC || kind == CLERK_QUEUE || kind == CLERK_NOTICE ||
           kind == CLERK_OFFRAMP;
}

static enum err take_answer(int fd, struct clerk_answer *a, struct why *why)
{
    int channel = -1;
    size_t n = sizeof *a;
    enum err e = receive_packet(fd, a, ANSWER_HEAD + 1, &n, &channel, why);
    a->channel = channel; /* and not the number that it had over there */
    if (e)
        return why_set(why, ERR_UNAVAILABLE, "the clerk has gone");
    end_text(a->text, sizeof a->text, n - ANSWER_HEAD);
    return ERR_NONE;
}

static enum err ask_over(int fd, const struct clerk_question *q, int mail, struct clerk_answer *a,
                         struct why *why)
{
    enum err e = send_packet(fd, q, QUESTION_HEAD + strlen(q->text) + 1, mail, why);
    return e ? e : take_answer(fd, a, why);
}

/* What the first answer to a slow question promised; others may ask meanwhile. */
static enum err await_answer(struct clerk_answer *a, struct why *why)
{
    int fd = a->channel;
    enum err e = take_answer(fd, a, why);
    close(fd);
    return e;
}

/* 0: the answer is not to be remembered. That of SEND and its kin rests on terminals as well, and
 * who may have a notice is for the clerk to know. */
static uint64_t version_for(const struct clerk *clerk, const struct clerk_question *q)
{
    bool lasts = clerk->version && q->kind == CLERK_RECIPIENT && q->verb == RECEIVER_MAIL &&
                 !q->notice;
    return lasts ? clerk->version(clerk->version_arg) : 0;
}

/* version is that from before the question. What was refused is looked at again each time. */
static void remember(const struct clerk *clerk, uint64_t version, const struct clerk_question *q,
                     const struct clerk_answer *a)
{
    if (version && a->verdict == RECIPIENT_OK && version == version_for(clerk, q))
        clerk_remember(version, q, a);
}

static enum err ask(const struct clerk *clerk, const struct clerk_question *q, int mail,
                    struct clerk_answer *a, struct why *why)
{
    clear(a);
    if (!clerk->fn)
        return ask_over(clerk->fd, q, mail, a, why);
    clerk->fn(clerk->arg, q, mail, a);
    return ERR_NONE;
}

enum err clerk_ask(const struct clerk *clerk, const struct clerk_question *q, int mail,
                   struct clerk_answer *a, struct why *why)
{
    /* A command that takes its time keeps nobody from asking about recipients. */
    bool slow = is_slow(q->kind), alone = !clerk->fn || !slow;
    uint64_t version = version_for(clerk, q);
    if (version && clerk_recall(version, q, a))
        return ERR_NONE;
    if (alone)
        pthread_mutex_lock(&asking);
    enum err e = ask(clerk, q, mail, a, why);
    if (alone)
        pthread_mutex_unlock(&asking);
    if (!e && slow && !clerk->fn && a->channel >= 0)
        e = await_answer(a, why);
    if (!e)
        remember(clerk, version, q, a);
    return e;
}

bool clerk_ask_quick(const struct clerk *clerk, const struct clerk_question *q, int mail,
                     struct clerk_answer *a)
{
    struct why why = {""};
    uint64_t version = version_for(clerk, q);
    if (version && clerk_recall(version, q, a))
        return true;
    if (!clerk->quick || pthread_mutex_trylock(&asking) != 0)
        return false;
    enum err e = ask(clerk, q, mail, a, &why);
    pthread_mutex_unlock(&asking);
    if (!e)
        remember(clerk, version, q, a);
    return !e;
}

static _Thread_local unsigned asker;

unsigned clerk_asker(void)
{
    return asker;
}

/* What all threads of a clerk share. */
struct service {
    clerk_fn *fn;
    void *arg;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    unsigned slow[CLERK_ASKERS_MAX]; /* questions of this worker's under way */
    unsigned slow_count;
};

static enum err send_answer(int fd, struct clerk_answer *a, struct why *why)
{
    a->text[sizeof a->text - 1] = '\0';
    enum err e = send_packet(fd, a, ANSWER_HEAD + strlen(a->text) + 1, a->channel, why);
    if (a->channel >= 0)
        close(a->channel);
    return e == ERR_UNAVAILABLE ? ERR_NO : e;
}

/* A slow question, its thread's own. */
struct errand {
    struct service *service;
    unsigned asker;
    int mail, reply;
    struct clerk_question q;
    struct clerk_answer a;
};

static void *run_errand(void *arg)
{
    struct errand *r = arg;
    struct service *s = r->service;
    struct why why = {""};
    asker = r->asker;
    clear(&r->a);
    s->fn(s->arg, &r->q, r->mail, &r->a);
    if (r->mail >= 0)
        close(r->mail);
    send_answer(r->reply, &r->a, &why); /* whoever has gone needs none */
    close(r->reply);
    pthread_mutex_lock(&s->lock);
    s->slow[r->asker]--;
    s->slow_count--;
    pthread_cond_signal(&s->ended);
    pthread_mutex_unlock(&s->lock);
    free(r);
    return NULL;
}

/* Takes a place for one more; false: that worker has all of his. */
static bool take_place(struct service *s)
{
    pthread_mutex_lock(&s->lock);
    bool there = s->slow[asker] < CLERK_SLOW_MAX;
    s->slow[asker] += there;
    s->slow_count += there;
    pthread_mutex_unlock(&s->lock);
    return there;
}

static void leave_place(struct service *s)
{
    pthread_mutex_lock(&s->lock);
    s->slow[asker]--;
    s->slow_count--;
    pthread_mutex_unlock(&s->lock);
}

/* Has q answered over a channel, the first answer's. False: it cannot be. Else mail is taken. */
static bool send_out(struct service *s, const struct clerk_question *q, int mail,
                     struct clerk_answer *first)
{
    struct why why = {""};
    pthread_t thread;
    int pair[2] = {-1, -1};
    if (!take_place(s))
        return false;
    struct errand *r = malloc(sizeof *r);
    bool sent = r && !clerk_pair(pair, &why);
    if (sent) {
        r->service = s;
        r->asker = asker;
        r->mail = mail;
        r->reply = pair[1];
        r->q = *q;
        sent = pthread_create(&thread, NULL, run_errand, r) == 0;
    }
    if (sent) {
        pthread_detach(thread);
        first->channel = pair[0];
        return true;
    }
    if (pair[0] >= 0) {
        close(pair[0]);
        close(pair[1]);
    }
    free(r);
    leave_place(s);
    return false;
}

/* One question from fd. ERR_NO: that worker has gone. */
static enum err serve_one(struct service *s, int fd, struct why *why)
{
    static struct clerk_question q;
    static struct clerk_answer a;
    int mail;
    size_t n = sizeof q;
    enum err e = receive_packet(fd, &q, QUESTION_HEAD + 1, &n, &mail, why);
    if (e)
        return e;
    q.sender[sizeof q.sender - 1] = '\0';
    end_text(q.text, sizeof q.text, n - QUESTION_HEAD);
    clear(&a);
    if (!is_slow(q.kind))
        s->fn(s->arg, &q, mail, &a);
    else if (send_out(s, &q, mail, &a))
        mail = -1;
    else
        a.verdict = RECIPIENT_LATER;
    if (mail >= 0)
        close(mail);
    return send_answer(fd, &a, why);
}

static enum err serve_all(struct service *s, struct pollfd *polls, unsigned count,
                          clerk_gone_fn *gone, void *gone_arg, struct why *why)
{
    unsigned left = count;
    enum err e = ERR_NONE;
    while (!e && left) {
        if (poll(polls, count, -1) < 0 && errno != EINTR)
            e = why_errno(why, ERR_OS, "poll");
        for (unsigned i = 0; !e && i < count; i++) {
            if (polls[i].fd < 0 || !polls[i].revents)
                continue;
            asker = i < CLERK_ASKERS_MAX ? i : CLERK_ASKERS_MAX - 1;
            e = serve_one(s, polls[i].fd, why);
            if (e == ERR_NO) {
                polls[i].fd = -1;
                left--;
                if (gone)
                    gone(gone_arg, i);
                e = ERR_NONE;
            }
        }
    }
    return e;
}

enum err clerk_serve(const int fds[], unsigned count, clerk_fn *fn, void *arg, clerk_gone_fn *gone,
                     void *gone_arg, struct why *why)
{
    struct pollfd *polls = calloc(count, sizeof *polls);
    struct service *s = calloc(1, sizeof *s);
    enum err e = polls && s ? ERR_NONE : why_set(why, ERR_OS, "out of memory");
    for (unsigned i = 0; !e && i < count; i++)
        polls[i] = (struct pollfd){fds[i], POLLIN, 0};
    if (s) {
        s->fn = fn;
        s->arg = arg;
        pthread_mutex_init(&s->lock, NULL);
        pthread_cond_init(&s->ended, NULL);
    }
    if (!e)
        e = serve_all(s, polls, count, gone, gone_arg, why);
    free(polls);
    bool idle = true;
    if (s) {
        pthread_mutex_lock(&s->lock);
        while (!e && s->slow_count)
            pthread_cond_wait(&s->ended, &s->lock);
        idle = !s->slow_count;
        pthread_mutex_unlock(&s->lock);
    }
    if (idle) /* else it is its threads' to the end */
        free(s);
    return e;
}
