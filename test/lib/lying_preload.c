/*
 * LD_PRELOAD: a worker of smtp-recv that was taken over, and lies to its clerk. LIE is what it says
 * instead of the truth:
 *
 *     notice-to ADDRESS   a notice goes to this one
 *     notice-of PATH      a notice is about this one
 *     notice-twice        each is asked for twice; the second answer counts
 *     turn-as NAME        this one wants his domains' mail
 *     turn-for DOMAIN     the mail of this domain is wanted
 *     mkdir DIRECTORY     the truth; but first a directory is made, and stderr told how that went
 */
#include "net/clerk.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEAD = offsetof(struct clerk_question, text) };

typedef ssize_t send_fn(int fd, const struct msghdr *m, int flags);

/* What the lie is where the question is of its kind; NULL: the truth. */
static const char *lie(const char *name, const struct clerk_question *q, enum clerk_kind kind)
{
    const char *text = getenv("LIE");
    size_t n = strlen(name);
    if (!text || q->kind != kind || strncmp(text, name, n) != 0)
        return NULL;
    return text + n;
}

static bool is_question(int fd, const struct msghdr *m)
{
    int type = 0;
    socklen_t n = sizeof type;
    return m->msg_iovlen == 1 && m->msg_iov->iov_len > HEAD &&
           m->msg_iov->iov_len <= sizeof(struct clerk_question) &&
           getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) == 0 && type == SOCK_SEQPACKET;
}

/* What is said after all. */
static void tell(struct clerk_question *q)
{
    const char *what;
    if ((what = lie("notice-to ", q, CLERK_NOTICE)) || (what = lie("turn-as ", q, CLERK_TURN)))
        snprintf(q->sender, sizeof q->sender, "%s", what);
    if ((what = lie("notice-of ", q, CLERK_NOTICE)))
        snprintf(q->text, sizeof q->text, "<%s>\nNsuccess\nAdelivered\n", what);
    if ((what = lie("turn-for ", q, CLERK_TURN)))
        snprintf(q->text, sizeof q->text, "%s", what);
}

/* What only Landlock forbids in a directory of one's own. */
static void try_mkdir(const char *path)
{
    int r = mkdir(path, 0700);
    dprintf(STDERR_FILENO, "mkdir: %s\n", r == 0 ? "made" : strerror(errno));
}

/* Asks, and takes the promise of an answer and the answer away. */
static void ask_before(send_fn *real, int fd, const struct msghdr *m)
{
    char control[CMSG_SPACE(sizeof(int))];
    static char answer[sizeof(struct clerk_answer)];
    struct iovec iov = {answer, sizeof answer};
    struct msghdr reply = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
                           .msg_controllen = sizeof control};
    struct cmsghdr *c;
    int channel = -1;
    if (real(fd, m, MSG_NOSIGNAL) < 0 || recvmsg(fd, &reply, 0) < 0 ||
        !(c = CMSG_FIRSTHDR(&reply)))
        return;
    memcpy(&channel, CMSG_DATA(c), sizeof channel);
    while (recv(channel, answer, sizeof answer, 0) > 0)
        continue;
    close(channel);
}

ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
    send_fn *real;
    *(void **)&real = dlsym(RTLD_NEXT, "sendmsg");
    struct clerk_question *q;
    if (!is_question(fd, m) || !(q = calloc(1, sizeof *q)))
        return real(fd, m, flags);
    size_t length = m->msg_iov->iov_len;
    memcpy(q, m->msg_iov->iov_base, length);
    tell(q);
    struct iovec iov = {q, HEAD + strlen(q->text) + 1};
    struct msghdr said = *m;
    said.msg_iov = &iov;
    const char *path = lie("mkdir ", q, CLERK_RECIPIENT);
    if (path)
        try_mkdir(path);
    if (lie("notice-twice", q, CLERK_NOTICE))
        ask_before(real, fd, &said);
    ssize_t sent = real(fd, &said, flags);
    free(q);
    return sent < 0 ? sent : (ssize_t)length;
}
