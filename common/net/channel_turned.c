#include "net/channel_turned.h"

#include "net/channel_curl.h"
#include "tool/diag.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

enum { PIECE = 16384, HIGH = 65536, GRACE_MS = 60000 };

struct pump {
    struct channel *c;
    int fd;
    struct buf inward; /* the peer's, for the receiver */
    bool peer_ended, told, receiver_ended;
    bool moved; /* something has been, since the last wait */
    char reply[3]; /* the beginning of the receiver's last line, and how much of that there is */
    size_t known;
    bool in_line;
};

/* What the peer has said, as far as there is room. */
static void hear(struct pump *p)
{
    uint8_t bytes[PIECE];
    size_t got;
    if (p->peer_ended || p->inward.len >= HIGH)
        return;
    enum err e = channel_read_for(p->c, bytes, sizeof bytes, &got, 0, NULL);
    if (e == ERR_NO)
        return;
    p->moved = true;
    p->peer_ended = e || !got || buf_add(&p->inward, bytes, got);
}

/* To the receiver, as much as he takes now. */
static void pass_on(struct pump *p)
{
    if (p->inward.len) {
        ssize_t k = send(p->fd, p->inward.data, p->inward.len, MSG_DONTWAIT | MSG_NOSIGNAL);
        bool gone = k < 0 && errno != EAGAIN && errno != EINTR;
        p->moved = p->moved || k > 0;
        buf_consume(&p->inward, gone ? p->inward.len : k > 0 ? (size_t)k : 0);
    }
    if (p->peer_ended && !p->inward.len && !p->told) {
        shutdown(p->fd, SHUT_WR);
        p->told = true;
    }
}

static void follow(struct pump *p, struct span said)
{
    for (size_t i = 0; i < said.n; i++) {
        p->known = p->in_line ? p->known : 0;
        p->in_line = said.p[i] != '\n';
        if (p->in_line && p->known < sizeof p->reply)
            p->reply[p->known++] = (char)said.p[i];
    }
}

/* What the receiver has said goes to the peer. */
static enum err answer(struct pump *p, struct why *why)
{
    uint8_t bytes[PIECE];
    ssize_t k = recv(p->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (k < 0 && (errno == EAGAIN || errno == EINTR))
        return ERR_NONE;
    p->receiver_ended = k <= 0;
    p->moved = true;
    follow(p, span_of(bytes, k > 0 ? (size_t)k : 0));
    enum err e = k > 0 ? channel_write(p->c, bytes, (size_t)k, why) : ERR_NONE;
    /* He may have shut his side and still listen; or be gone, with nothing left to tell him. */
    return p->peer_ended ? ERR_NONE : e;
}

static enum err wait_for(const struct pump *p, struct why *why)
{
    int timeout = channel_timeout(p->c) + GRACE_MS;
    struct pollfd f[2] = {{p->peer_ended || p->inward.len >= HIGH ? -1 : p->c->in, POLLIN, 0},
                          {p->fd, (short)(POLLIN | (p->inward.len ? POLLOUT : 0)), 0}};
    int r = poll(f, 2, timeout);
    if (r == 0)
        return why_set(why, ERR_AGAIN, "nothing moved for %d seconds", timeout / 1000);
    return r < 0 && errno != EINTR ? why_errno(why, ERR_OS, "poll") : ERR_NONE;
}

enum err channel_turned(struct channel *c, int fd, struct why *why)
{
    struct pump p = {.c = c, .fd = fd};
    enum err e = ERR_NONE;
    buf_init(&p.inward, HIGH + PIECE);
    while (!e) {
        p.moved = false;
        hear(&p);
        pass_on(&p);
        e = answer(&p, why);
        if (p.receiver_ended)
            break;
        if (!e && !p.moved)
            e = wait_for(&p, why);
    }
    buf_release(&p.inward);
    /* 221: the peer has said that this is all. */
    if (!e && (p.known < sizeof p.reply || memcmp(p.reply, "221", sizeof p.reply) != 0))
        return why_set(why, ERR_AGAIN, "the peer went away before QUIT");
    return e;
}
