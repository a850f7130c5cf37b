#include "net/serve.h"

#include "tool/diag.h"
#include "tool/io.h"
#include "tool/when.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

bool serve_client(int fd, char *out, size_t size)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_storage space;
    } a;
    socklen_t n = sizeof a;
    char text[INET6_ADDRSTRLEN];
    if (getpeername(fd, &a.any, &n) != 0)
        return false;
    if (a.any.sa_family == AF_INET && inet_ntop(AF_INET, &a.v4.sin_addr, text, sizeof text))
        return snprintf(out, size, "[%s]", text) < (int)size;
    if (a.any.sa_family != AF_INET6 || !inet_ntop(AF_INET6, &a.v6.sin6_addr, text, sizeof text))
        return false;
    if (IN6_IS_ADDR_V4MAPPED(&a.v6.sin6_addr))
        return snprintf(out, size, "[%s]", strrchr(text, ':') + 1) < (int)size;
    return snprintf(out, size, "[IPv6:%s]", text) < (int)size;
}

/* Something to read, or the end, within ms (negative: for ever). */
static bool readable(int fd, int ms)
{
    struct pollfd p = {fd, POLLIN, 0};
    int r;
    do
        r = poll(&p, 1, ms);
    while (r < 0 && errno == EINTR);
    return r > 0;
}

static enum err flush(struct session *s, int out, struct why *why)
{
    struct span text = session_output(s);
    enum err e = text.n ? io_write(out, text.p, text.n, why) : ERR_NONE;
    session_sent(s, text.n);
    return e;
}

/* A socket of any family, where what a peer says ahead of its turn can be told from what it says in
 * turn; into a pipe a whole dialogue may be written at once. */
static bool is_socket(int fd)
{
    int type;
    socklen_t n = sizeof type;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) == 0;
}

/* since: when the peer last got on with it. */
static enum err receive(struct session *s, const struct serve_options *o, int64_t since,
                        struct why *why)
{
    static uint8_t bytes[SESSION_INPUT];
    size_t got;
    int64_t left = since + (int64_t)o->timeout * 1000 - when_steady_ms();
    if (!readable(o->in, !o->timeout ? -1 : left > 0 ? (int)left : 0)) {
        session_drop(s, RECEIVER_DROP_IDLE);
        return ERR_NONE;
    }
    enum err e = io_read(o->in, bytes, sizeof bytes, &got, why);
    if (!e && got)
        session_received(s, span_of(bytes, got), when_steady_ms());
    else
        session_ended(s);
    return e;
}

static enum err converse(struct session *s, const struct serve_options *o, struct why *why)
{
    int64_t since = when_steady_ms();
    struct turned turned;
    for (;;) {
        enum session_state state = session_run(s);
        enum err e = flush(s, o->out, why);
        if (session_progressed(s))
            since = when_steady_ms();
        if (e || state == SESSION_CLOSE)
            return e;
        switch (state) {
        case SESSION_READ:
            e = receive(s, o, since, why);
            break;
        case SESSION_WORK:
            session_work(s);
            session_resume(s);
            break;
        case SESSION_COMMIT:
            session_commit(&s, 1);
            session_tidy(&s, 1);
            session_resume(s);
            break;
        case SESSION_PEEK:
            session_starttls(s, readable(o->in, 0));
            break;
        case SESSION_TURNED:
            session_turn(s, &turned);
            return turned_pump(&turned, o->in, o->out, turned_timeout(o->timeout), why);
        default:
            break;
        }
        if (e)
            return e;
    }
}

enum err serve_session(const struct session_host *host, const struct serve_options *options,
                       struct why *why)
{
    char client[64];
    bool known = serve_client(options->in, client, sizeof client);
    struct session *s;
    enum err e = session_open(host, known ? client : NULL, options->relay, &s, why);
    if (e)
        return e;
    if (known)
        session_channel(s, options->in);
    if (!host->implicit_tls && (is_socket(options->in) || options->greet_pause) &&
        readable(options->in, (int)options->greet_pause * 1000))
        session_drop(s, RECEIVER_DROP_EARLY);
    else
        session_greet(s);
    e = converse(s, options, why);
    if (!e && session_result(s))
        e = why_set(why, ERR_PROTOCOL, "the peer went away within a mail");
    session_free(s);
    return e;
}

/* What a batch has been, for its last word. */
struct verdict {
    bool empty, cut; /* cut: the last line has no end */
    unsigned errors; /* commands that are none: one line for all, since noise is full of them */
    char first[128]; /* the reply to the first of them */
};

/* A batch's replies: the bad ones are warnings. */
static void judge(struct session *s, struct verdict *v)
{
    struct span text = session_output(s), left = text;
    while (left.n) {
        size_t n = span_find(left, '\n');
        struct span line = span_trim(span_take(left, n));
        if (line.n > 2 && line.p[0] == '5' && line.p[1] == '0' && line.p[2] != '3') {
            if (v->errors++ == 0)
                snprintf(v->first, sizeof v->first, "%.*s", (int)line.n, (const char *)line.p);
        } else if (line.n && line.p[0] >= '4')
            diag_warn("batch: %.*s", (int)line.n, (const char *)line.p);
        left = span_skip(left, n + 1);
    }
    session_sent(s, text.n);
}

static enum err batch_result(const struct session *s, const struct verdict *v, struct why *why)
{
    unsigned worst = session_worst_reply(s);
    if (v->empty)
        return why_set(why, ERR_DATA, "empty batch");
    if (v->errors && worst >= 500 && worst < 510)
        return why_set(why, ERR_DATA, "%u commands that are none, the first: %s", v->errors,
                       v->first);
    if (session_unfinished(s))
        return why_set(why, ERR_DATA, "the batch ends within a mail");
    if (v->cut)
        return why_set(why, ERR_DATA, "the batch ends within a line");
    if (!worst)
        return ERR_NONE;
    enum err e = worst == 550 || worst == 551 || worst == 553 ? ERR_NO_USER
                 : worst >= 500 && worst < 510               ? ERR_DATA
                 : worst >= 500                              ? ERR_UNAVAILABLE
                                                             : ERR_AGAIN;
    return why_set(why, e, "refused with %u", worst);
}

/* Lines that end in LF get their CR: once the first one has none, a batch was written for pipes. */
static enum err feed(struct session *s, struct span piece, bool *crlf, bool *known)
{
    static uint8_t bytes[SESSION_INPUT];
    size_t n = 0, lf = span_find(piece, '\n');
    if (!*known && lf < piece.n) {
        *crlf = lf > 0 && piece.p[lf - 1] == '\r';
        *known = true;
    }
    for (size_t i = 0; i < piece.n; i++) {
        if (piece.p[i] == '\n' && !*crlf)
            bytes[n++] = '\r';
        bytes[n++] = piece.p[i];
    }
    session_received(s, span_of(bytes, n), 0);
    return ERR_NONE;
}

/* The beginning of the line that has not ended yet. */
struct last_line {
    char text[5];
    size_t n;
};

static void follow(struct last_line *l, struct span piece)
{
    const uint8_t *end = piece.n ? memrchr(piece.p, '\n', piece.n) : NULL;
    if (end) {
        l->n = 0;
        piece = span_skip(piece, (size_t)(end + 1 - piece.p));
    }
    for (size_t i = 0; i < piece.n && l->n < sizeof l->text; i++)
        l->text[l->n++] = (char)piece.p[i];
}

/* A MIME part's last line end belongs to the boundary behind it (RFC 2046 5.1.1). */
static bool lacks_an_end(const struct last_line *l)
{
    return span_eq_nocase(span_of(l->text, l->n), span_str("QUIT"));
}

enum err serve_batch(const struct session_host *host, int in, struct why *why)
{
    static uint8_t bytes[SESSION_INPUT / 2];
    struct session *s;
    bool crlf = true, known = false;
    struct last_line last = {.n = 0};
    struct verdict v = {.empty = true};
    enum err e = session_open(host, NULL, false, &s, why);
    enum session_state state = SESSION_READ;
    while (!e && (state = session_run(s)) != SESSION_CLOSE) {
        judge(s, &v);
        if (state == SESSION_WORK) {
            session_work(s);
            session_resume(s);
        } else if (state == SESSION_COMMIT) {
            session_commit(&s, 1);
            session_tidy(&s, 1);
            session_resume(s);
        } else if (state == SESSION_PEEK) {
            session_starttls(s, true);
        } else if (state == SESSION_READ) {
            size_t got;
            e = io_read(in, bytes, sizeof bytes, &got, why);
            v.empty = v.empty && got == 0;
            if (!e && !got && lacks_an_end(&last)) {
                got = crlf ? 2 : 1;
                memcpy(bytes, crlf ? "\r\n" : "\n", got);
            }
            v.cut = !got && last.n;
            follow(&last, span_of(bytes, e ? 0 : got));
            if (!e && got)
                e = feed(s, span_of(bytes, got), &crlf, &known);
            else
                session_ended(s);
        }
    }
    if (s)
        judge(s, &v);
    if (!e)
        e = batch_result(s, &v, why);
    session_free(s);
    return e;
}
