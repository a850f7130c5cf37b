#include "net/clerk.h"

#include "net/clerk_memory.h"
#include "tool/diag.h"

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

union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
};

static enum err send_packet(int fd, const void *p, size_t n, int descriptor, struct why *why)
{
    union control control = {.bytes = {0}};
    struct iovec iov = {(void *)p, n};
    struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
    if (descriptor >= 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(c), &descriptor, sizeof descriptor);
    }
    ssize_t sent;
    do
        sent = sendmsg(fd, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent != (ssize_t)n)
        return why_errno(why, ERR_UNAVAILABLE, "the other process has gone");
    return ERR_NONE;
}

/* Of at least so many octets, *n at most, which becomes how many there are. ERR_NO: the other end
 * is closed. *descriptor is -1 when none came along. */
static enum err receive_packet(int fd, void *p, size_t least, size_t *n, int *descriptor,
                               struct why *why)
{
    union control control = {.bytes = {0}};
    struct iovec iov = {p, *n};
    struct msghdr message = {.msg_iov = &iov,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    ssize_t got;
    *descriptor = -1;
    do
        got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    struct cmsghdr *c = got < 0 ? NULL : CMSG_FIRSTHDR(&message);
    if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
        c->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(descriptor, CMSG_DATA(c), sizeof *descriptor);
    if (got == 0 || (got < 0 && errno == ECONNRESET))
        return ERR_NO;
    if (got < (ssize_t)least || (message.msg_flags & MSG_TRUNC)) {
        if (*descriptor >= 0)
            close(*descriptor);
        *descriptor = -1;
        return why_set(why, ERR_PROTOCOL, "a packet that is none of ours");
    }
    *n = (size_t)got;
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

static enum err ask_over(int fd, const struct clerk_question *q, int mail, struct clerk_answer *a,
                         struct why *why)
{
    int channel = -1;
    size_t n = sizeof *a;
    enum err e = send_packet(fd, q, QUESTION_HEAD + strlen(q->text) + 1, mail, why);
    if (!e)
        e = receive_packet(fd, a, ANSWER_HEAD + 1, &n, &channel, why);
    a->channel = channel; /* and not the number that it had over there */
    if (e)
        return why_set(why, ERR_UNAVAILABLE, "the clerk has gone");
    end_text(a->text, sizeof a->text, n - ANSWER_HEAD);
    return ERR_NONE;
}

/* 0: the answer is not to be remembered. That of SEND and its kin rests on terminals as well. */
static uint64_t version_for(const struct clerk *clerk, const struct clerk_question *q)
{
    bool lasts = clerk->version && q->kind == CLERK_RECIPIENT && q->verb == RECEIVER_MAIL;
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
    bool slow = q->kind == CLERK_EXEC || q->kind == CLERK_QUEUE || q->kind == CLERK_NOTICE ||
                q->kind == CLERK_OFFRAMP;
    bool alone = !clerk->fn || !slow;
    uint64_t version = version_for(clerk, q);
    if (version && clerk_recall(version, q, a))
        return ERR_NONE;
    if (alone)
        pthread_mutex_lock(&asking);
    enum err e = ask(clerk, q, mail, a, why);
    if (alone)
        pthread_mutex_unlock(&asking);
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

static unsigned asker;

unsigned clerk_asker(void)
{
    return asker;
}

/* One question from fd. ERR_NO: that worker has gone. */
static enum err serve_one(int fd, clerk_fn *fn, void *arg, struct why *why)
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
    fn(arg, &q, mail, &a);
    if (mail >= 0)
        close(mail);
    a.text[sizeof a.text - 1] = '\0';
    e = send_packet(fd, &a, ANSWER_HEAD + strlen(a.text) + 1, a.channel, why);
    if (a.channel >= 0)
        close(a.channel);
    return e == ERR_UNAVAILABLE ? ERR_NO : e;
}

enum err clerk_serve(const int fds[], unsigned count, clerk_fn *fn, void *arg, clerk_gone_fn *gone,
                     void *gone_arg, struct why *why)
{
    struct pollfd *polls = calloc(count, sizeof *polls);
    unsigned left = count;
    enum err e = polls ? ERR_NONE : why_set(why, ERR_OS, "out of memory");
    for (unsigned i = 0; !e && i < count; i++)
        polls[i] = (struct pollfd){fds[i], POLLIN, 0};
    while (!e && left) {
        if (poll(polls, count, -1) < 0 && errno != EINTR)
            e = why_errno(why, ERR_OS, "poll");
        for (unsigned i = 0; !e && i < count; i++) {
            if (polls[i].fd < 0 || !polls[i].revents)
                continue;
            asker = i < CLERK_ASKERS_MAX ? i : CLERK_ASKERS_MAX - 1;
            e = serve_one(fds[i], fn, arg, why);
            if (e == ERR_NO) {
                polls[i].fd = -1;
                left--;
                if (gone)
                    gone(gone_arg, i);
                e = ERR_NONE;
            }
        }
    }
    free(polls);
    return e;
}
