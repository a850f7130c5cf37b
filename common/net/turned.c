#include "net/turned.h"

#include "tool/diag.h"
#include "tool/when.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    PIECE = 16384,
    HIGH = 65536,        /* what waits to be written, before more is read */
    ROOM = HIGH + 2 * PIECE,
    BEGIN_MS = 60000,
};

unsigned turned_begin(struct turned *t, int beyond)
{
    char line[4];
    size_t n = 0;
    int64_t deadline = when_steady_ms() + BEGIN_MS;
    while (n < sizeof line) {
        struct pollfd p = {beyond, POLLIN, 0};
        int64_t left = deadline - when_steady_ms();
        int r = left > 0 ? poll(&p, 1, (int)left) : 0;
        ssize_t k = r > 0 ? read(beyond, line + n, sizeof line - n) : r;
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            break;
        n += (size_t)k;
    }
    unsigned code = n < sizeof line               ? 451
                    : memcmp(line, "250\n", 4) == 0 ? 250
                    : memcmp(line, "453\n", 4) == 0 ? 453
                                                    : 451;
    t->beyond = code == 451 ? -1 : beyond;
    if (code == 451)
        close(beyond);
    return code;
}

void turned_release(struct turned *t)
{
    tls_free(t->tls);
    if (t->beyond >= 0)
        close(t->beyond);
    *t = (struct turned){.beyond = -1};
}

struct pump {
    struct turned *t;
    int in, out;
    struct buf to_sender, to_peer;
    bool peer_ended, sender_ended, told; /* told: the sender knows that the peer has ended */
};

/* At most PIECE bytes from fd; false: it has ended. Nothing now is no end. */
static bool take(int fd, uint8_t bytes[PIECE], size_t *got)
{
    ssize_t k = read(fd, bytes, PIECE);
    *got = k > 0 ? (size_t)k : 0;
    return k > 0 || (k < 0 && (errno == EAGAIN || errno == EINTR));
}

/* As much of b as goes without waiting; false: nobody is there. */
static bool give(int fd, struct buf *b)
{
    ssize_t k = send(fd, b->data, b->len, MSG_DONTWAIT | MSG_NOSIGNAL);
    /* A pipe or terminal that polls as writable takes so much without blocking. */
    if (k < 0 && errno == ENOTSOCK)
        k = write(fd, b->data, b->len < 512 ? b->len : 512);
    if (k < 0)
        return errno == EAGAIN || errno == EINTR;
    buf_consume(b, (size_t)k);
    return true;
}

static enum err from_peer(struct pump *p, struct why *why)
{
    uint8_t bytes[PIECE];
    size_t got;
    p->peer_ended = !take(p->in, bytes, &got);
    if (!got)
        return ERR_NONE;
    return p->t->tls ? tls_push(p->t->tls, span_of(bytes, got), why)
                     : buf_add(&p->to_sender, bytes, got);
}

static enum err from_sender(struct pump *p, struct why *why)
{
    uint8_t bytes[PIECE];
    size_t got;
    enum err e = ERR_NONE;
    p->sender_ended = !take(p->t->beyond, bytes, &got);
    if (got)
        e = p->t->tls ? tls_write(p->t->tls, span_of(bytes, got), why)
                      : buf_add(&p->to_peer, bytes, got);
    if (p->sender_ended && p->t->tls)
        tls_end(p->t->tls);
    return e;
}

/* Through TLS, what there is. */
static enum err open_and_seal(struct pump *p, struct why *why)
{
    size_t before;
    enum err e = ERR_NONE;
    if (!p->t->tls)
        return ERR_NONE;
    do {
        before = p->to_sender.len;
        if (before < HIGH)
            e = tls_read(p->t->tls, &p->to_sender, why);
    } while (!e && p->to_sender.len > before);
    p->peer_ended = p->peer_ended || tls_ended(p->t->tls);
    enum err sealed = tls_output(p->t->tls, &p->to_peer);
    return e ? e : sealed;
}

/* Waits until something can be moved, and moves it. */
static enum err move(struct pump *p, int timeout_ms, struct why *why)
{
    struct pollfd f[3] = {
        {p->peer_ended || p->to_sender.len >= HIGH ? -1 : p->in, POLLIN, 0},
        {p->to_peer.len ? p->out : -1, POLLOUT, 0},
        {p->t->beyond, 0, 0},
    };
    enum err e = ERR_NONE;
    f[2].events = (short)((p->sender_ended || p->to_peer.len >= HIGH ? 0 : POLLIN) |
                          (p->to_sender.len ? POLLOUT : 0));
    if (!f[2].events)
        f[2].fd = -1;
    int r = poll(f, 3, timeout_ms);
    if (r == 0)
        return why_set(why, ERR_AGAIN, "nothing moved for %d seconds", timeout_ms / 1000);
    if (r < 0)
        return errno == EINTR ? ERR_NONE : why_errno(why, ERR_OS, "poll");
    if (f[0].revents)
        e = from_peer(p, why);
    if (!e && f[1].revents && !give(p->out, &p->to_peer))
        e = why_set(why, ERR_AGAIN, "the peer has gone");
    if (!e && (f[2].revents & POLLOUT) && !give(p->t->beyond, &p->to_sender))
        buf_clear(&p->to_sender); /* what the peer says after his end */
    if (!e && (f[2].revents & ~POLLOUT))
        e = from_sender(p, why);
    return e;
}

enum err turned_pump(struct turned *t, int in, int out, unsigned timeout, struct why *why)
{
    struct pump p = {.t = t, .in = in, .out = out};
    int timeout_ms = timeout && timeout < INT_MAX / 1000 ? (int)timeout * 1000 : -1;
    enum err e = ERR_NONE;
    buf_init(&p.to_sender, ROOM);
    buf_init(&p.to_peer, 4 * ROOM);
    while (!e) {
        e = open_and_seal(&p, why);
        if (!e && p.peer_ended && !p.to_sender.len && !p.told) {
            shutdown(t->beyond, SHUT_WR);
            p.told = true;
        }
        if (e || (p.sender_ended && !p.to_peer.len))
            break;
        e = move(&p, timeout_ms, why);
    }
    buf_release(&p.to_sender);
    buf_release(&p.to_peer);
    turned_release(t);
    return e;
}

unsigned turned_timeout(unsigned seconds)
{
    return seconds ? 2 * seconds + 600 : 0;
}

/* Away from everything that the listener's process has. Its other threads are not here, and may
 * have held locks: memory's are seen to by fork, and an established TLS session takes no other. */
static void depart(struct turned *t, int fd, unsigned timeout, const struct turned_seat *seat)
{
    struct why why = {""};
    sigset_t none;
    int own = fcntl(fd, F_DUPFD, 16), beyond = fcntl(t->beyond, F_DUPFD, 16);
    for (int s = 1; s < NSIG; s++)
        if (s != SIGPIPE)
            signal(s, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    close(STDIN_FILENO);
    close(STDOUT_FILENO);
    if (own < 0 || beyond < 0 || dup2(own, 3) < 0 || dup2(beyond, 4) < 0 ||
        close_range(5, ~0U, 0) != 0)
        _exit(71);
    t->beyond = 4;
    if (turned_pump(t, 3, 3, timeout, &why))
        diag_trace("turned: %s", why.text);
    if (seat->seats)
        seats_leave(seat->seats, seats_owner_alone(getpid()), seat->seat);
    _exit(0);
}

/* The child that nobody here has the time to wait for begins once the seat is its own: `passed` is
 * a pipe that closes then. Does not return. */
static void part(struct turned *t, int fd, unsigned timeout, const struct turned_seat *seat)
{
    int passed[2];
    char byte;
    if (pipe2(passed, O_CLOEXEC) != 0)
        _exit(71);
    pid_t own = fork();
    if (own == 0) {
        close(passed[1]);
        while (read(passed[0], &byte, 1) < 0 && errno == EINTR)
            continue;
        depart(t, fd, timeout, seat);
    }
    if (own > 0 && seat->seats)
        seats_pass(seat->seats, seat->owner, seat->seat, seats_owner_alone(own));
    _exit(own < 0 ? 71 : 0);
}

enum err turned_depart(struct turned *t, int fd, unsigned timeout, const struct turned_seat *seat,
                       struct why *why)
{
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid_t between = fork();
    if (between == 0)
        part(t, fd, timeout, seat);
    int status = -1;
    while (between > 0 && waitpid(between, &status, 0) < 0 && errno == EINTR)
        continue;
    sigprocmask(SIG_SETMASK, &before, NULL);
    turned_release(t);
    return status == 0 ? ERR_NONE : why_set(why, ERR_OS, "no process for a turned connection");
}
