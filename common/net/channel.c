#include "net/channel.h"

#include "net/channel_curl.h"
#include "tool/diag.h"
#include "tool/when.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { INBOX_MAX = 1 << 20, CHUNK = 16384, TIMEOUT = 300 };

/* How a single attempt to move bytes ended. */
enum moved { MOVED, MOVED_LATER, MOVED_END, MOVED_BROKEN };

struct channel *channel_new(unsigned timeout)
{
    struct channel *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->in = c->out = -1;
    c->timeout_ms = (int)(timeout && timeout < INT_MAX / 1000 ? timeout : TIMEOUT) * 1000;
    buf_init(&c->inbox, INBOX_MAX);
    handshake_init(&c->handshake, URL_SMTP);
    return c;
}

enum err channel_open_fds(int in, int out, unsigned timeout, struct channel **channel,
                          struct why *why)
{
    *channel = channel_new(timeout);
    if (!*channel)
        return why_set(why, ERR_OS, "out of memory");
    (*channel)->in = in;
    (*channel)->out = out;
    return ERR_NONE;
}

void channel_close(struct channel *c)
{
    if (!c)
        return;
    if (c->easy)
        curl_easy_cleanup(c->easy);
    curl_slist_free_all(c->places);
    buf_release(&c->inbox);
    handshake_release(&c->handshake);
    free(c);
}

struct span channel_capabilities(const struct channel *c)
{
    return buf_span(&c->handshake.capabilities);
}

int channel_timeout(const struct channel *c)
{
    return c->timeout_ms;
}

bool channel_is_secure(const struct channel *c)
{
    return c->secure;
}

static enum moved of_errno(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR ? MOVED_LATER : MOVED_BROKEN;
}

/* One attempt, without waiting. */
static enum moved try_read(struct channel *c, void *p, size_t n, size_t *got)
{
    *got = 0;
    if (c->easy) {
        CURLcode r = curl_easy_recv(c->easy, p, n, got);
        if (r == CURLE_AGAIN)
            return MOVED_LATER;
        return r ? MOVED_BROKEN : *got ? MOVED : MOVED_END;
    }
    /* The descriptor is shared with others, so it stays blocking: look before reading. */
    struct pollfd look = {c->in, POLLIN, 0};
    if (poll(&look, 1, 0) == 0)
        return MOVED_LATER;
    ssize_t k = read(c->in, p, n);
    if (k < 0)
        return of_errno(errno);
    *got = (size_t)k;
    return k ? MOVED : MOVED_END;
}

static enum moved try_write(struct channel *c, const void *p, size_t n, size_t *put)
{
    *put = 0;
    if (c->easy) {
        CURLcode r = curl_easy_send(c->easy, p, n, put);
        return r == CURLE_AGAIN ? MOVED_LATER : r ? MOVED_BROKEN : MOVED;
    }
    ssize_t k = send(c->out, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (k < 0 && errno == ENOTSOCK) {
        /* A pipe that polls as writable takes PIPE_BUF bytes without blocking. */
        struct pollfd look = {c->out, POLLOUT, 0};
        if (poll(&look, 1, 0) == 0)
            return MOVED_LATER;
        k = write(c->out, p, n < PIPE_BUF ? n : PIPE_BUF);
    }
    if (k < 0)
        return of_errno(errno);
    *put = (size_t)k;
    return MOVED;
}

/* Waits for the peer; false when the deadline is over. */
static bool wait_for(const struct channel *c, short reading, short writing, int64_t deadline)
{
    struct pollfd fds[2] = {{c->in, reading, 0}, {c->out, writing, 0}};
    nfds_t count = writing ? 2 : 1;
    if (!reading)
        fds[0].fd = -1;
    for (;;) {
        int64_t left = deadline - when_steady_ms();
        if (left <= 0)
            return false;
        int r = poll(fds, count, left > INT_MAX ? INT_MAX : (int)left);
        if (r > 0 || (r < 0 && errno != EINTR))
            return true;
    }
}

static enum err timed_out(const struct channel *c, struct why *why)
{
    return why_set(why, ERR_AGAIN, "no answer within %d seconds", c->timeout_ms / 1000);
}

/* Takes in what the peer says while we write. The end of his bytes is left for channel_read. */
static enum err gather(struct channel *c, struct why *why)
{
    for (;;) {
        uint8_t *room;
        size_t got;
        if (c->ended)
            return ERR_NONE;
        if (c->inbox.max - c->inbox.len < CHUNK)
            return why_set(why, ERR_PROTOCOL, "the peer floods us with replies");
        enum err e = buf_reserve(&c->inbox, CHUNK, &room);
        if (e)
            return why_set(why, e, "out of memory");
        enum moved m = try_read(c, room, CHUNK, &got);
        c->inbox.len += got;
        if (m == MOVED_END || m == MOVED_BROKEN)
            c->ended = true;
        if (m != MOVED)
            return ERR_NONE;
    }
}

enum err channel_write(struct channel *c, const void *p, size_t n, struct why *why)
{
    const uint8_t *at = p;
    /* Who takes less than 100 octets a second keeps everybody behind him waiting. */
    int64_t deadline = when_steady_ms() + c->timeout_ms + (int64_t)(n / 100) * 1000;
    while (n) {
        size_t put;
        enum moved m = try_write(c, at, n, &put);
        if (m == MOVED && put) {
            at += put;
            n -= put;
            continue;
        }
        enum err e = gather(c, why);
        if (e)
            return e;
        if (m == MOVED_BROKEN)
            return why_set(why, ERR_AGAIN, "connection lost");
        if (!wait_for(c, c->ended ? 0 : POLLIN, POLLOUT, deadline))
            return why_set(why, ERR_AGAIN, "the peer has stopped reading");
    }
    return ERR_NONE;
}

enum err channel_read_for(struct channel *c, void *p, size_t n, size_t *got, int milliseconds,
                          struct why *why)
{
    int64_t deadline = when_steady_ms() + milliseconds;
    *got = 0;
    if (c->inbox.len) {
        *got = c->inbox.len < n ? c->inbox.len : n;
        memcpy(p, c->inbox.data, *got);
        buf_consume(&c->inbox, *got);
        return ERR_NONE;
    }
    for (;;) {
        if (c->ended)
            return ERR_NONE;
        /* First read, then poll: TLS may hold bytes that the socket no longer shows. */
        switch (try_read(c, p, n, got)) {
        case MOVED:
            return ERR_NONE;
        case MOVED_END:
            c->ended = true;
            return ERR_NONE;
        case MOVED_BROKEN:
            c->ended = true;
            return why_set(why, ERR_AGAIN, "connection lost");
        case MOVED_LATER:
            if (!wait_for(c, POLLIN, 0, deadline))
                return ERR_NO;
        }
    }
}

enum err channel_read(struct channel *c, void *p, size_t n, size_t *got, struct why *why)
{
    enum err e = channel_read_for(c, p, n, got, c->timeout_ms, why);
    return e == ERR_NO ? timed_out(c, why) : e;
}

void channel_trace(const char *mark, struct span bytes)
{
    while (diag_verbose() && bytes.n) {
        size_t end = span_find(bytes, '\n');
        struct span line = span_trim(span_take(bytes, end));
        int shown = line.n > 400 ? 400 : (int)line.n;
        diag_trace("%s: %.*s%s", mark, shown, (const char *)line.p, line.n > 400 ? "…" : "");
        bytes = span_skip(bytes, end + 1);
    }
}
