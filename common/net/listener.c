#include "net/listener.h"

#include "net/committer.h"
#include "net/master.h"
#include "net/serve.h"
#include "tool/diag.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <uv.h>

enum {
    LINGER_MS = 2000, /* for the peer to read our last words before the reset */
    CLIENT_MAX = 64,
    TRIM_OCTETS = 4 << 20,
};

struct listener {
    uv_loop_t loop;
    const struct session_host *host;
    const struct listener_options *options;
    struct connection *first;
    unsigned connections;
    struct committer committer;
    uv_stream_t *servers[MASTER_SOCKETS_MAX];
    unsigned server_count;
    uv_poll_t drain, stop, keeper;
    uv_timer_t patience; /* with the transactions under way */
    bool draining;       /* nobody new */
    bool stopping;       /* and who is there goes */
    bool cutting;        /* whatever he does */
    bool keyless;        /* the keeper of the keys has gone */
    char bytes[SESSION_INPUT]; /* all reads land here: a session takes what came at once */
};

/* A listening socket; the handle is the first. */
struct server {
    union {
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } handle;
    bool atrn;
};

struct connection {
    struct listener *listener;
    struct connection *next, **link;
    struct commit_wait commit;
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } channel;
    uv_timer_t timer;
    uv_work_t work;
    uv_write_t write;
    char client[CLIENT_MAX]; /* "" for a unix socket */
    struct session *session;
    unsigned seat;
    bool seated;
    bool greeting;  /* greet_pause runs */
    bool reading;
    bool writing;   /* the first written bytes of the output are under way */
    size_t written;
    bool working;   /* another thread has the session */
    bool leaving;   /* CLOSE was said: only the output is still to go */
    bool lingering; /* nothing but discarding */
    bool closed;    /* handles are being closed */
    int open_handles;
};

static void pump(struct connection *c);

static void forget(struct connection *c)
{
    struct listener *l = c->listener;
    *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
    l->connections--;
    if (c->seated)
        seats_leave(l->options->seats, l->options->owner, c->seat);
    session_free(c->session);
    free(c);
    if (l->draining && !l->connections)
        uv_stop(&l->loop);
}

static void on_closed(uv_handle_t *handle)
{
    struct connection *c = handle->data;
    if (--c->open_handles == 0 && !c->working)
        forget(c);
}

static void close_connection(struct connection *c)
{
    if (c->closed)
        return;
    c->closed = true;
    uv_close(&c->channel.handle, on_closed);
    uv_close((uv_handle_t *)&c->timer, on_closed);
}

static void on_timer(uv_timer_t *timer);

static void set_timer(struct connection *c)
{
    const struct listener_options *o = c->listener->options;
    if (c->greeting)
        return;
    if (o->timeout)
        uv_timer_start(&c->timer, on_timer, (uint64_t)o->timeout * 1000, 0);
    else
        uv_timer_stop(&c->timer);
}

static void on_timer(uv_timer_t *timer)
{
    struct connection *c = timer->data;
    if (c->lingering || c->leaving || c->writing) {
        close_connection(c);
        return;
    }
    if (c->working)
        return;
    if (c->greeting) {
        c->greeting = false;
        session_greet(c->session);
        set_timer(c);
    } else {
        session_drop(c->session, RECEIVER_DROP_IDLE);
    }
    pump(c);
}

static void on_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct connection *c = handle->data;
    (void)suggested;
    /* Who says more while his mail waits for the disk has to wait as well. */
    *buf = uv_buf_init(c->listener->bytes, c->working ? 0 : sizeof c->listener->bytes);
}

static void stop_reading(struct connection *c)
{
    if (c->reading)
        uv_read_stop(&c->channel.stream);
    c->reading = false;
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct connection *c = stream->data;
    if (n == UV_ENOBUFS) {
        stop_reading(c);
        return;
    }
    if (n < 0 && (c->lingering || n != UV_EOF)) {
        close_connection(c);
        return;
    }
    if (n == 0 || c->lingering)
        return;
    /* Goes on being read from, unless pump finds something to wait for. */
    if (n < 0)
        stop_reading(c);
    if (n < 0) {
        session_ended(c->session);
    } else if (c->greeting) {
        c->greeting = false;
        session_drop(c->session, RECEIVER_DROP_EARLY);
        set_timer(c);
    } else {
        session_received(c->session, span_of(buf->base, (size_t)n),
                         (int64_t)uv_now(&c->listener->loop));
    }
    pump(c);
}

static void start_reading(struct connection *c)
{
    if (c->reading)
        return;
    if (uv_read_start(&c->channel.stream, on_buffer, on_read) != 0)
        close_connection(c);
    else
        c->reading = true;
}

static void on_written(uv_write_t *write, int status)
{
    struct connection *c = write->data;
    c->writing = false;
    session_sent(c->session, c->written);
    if (status < 0) {
        close_connection(c);
        return;
    }
    set_timer(c);
    pump(c);
}

/* False: it is still under way, or the connection is done for. */
static bool flush(struct connection *c)
{
    struct span out = session_output(c->session);
    if (!out.n)
        return true;
    uv_buf_t buf = uv_buf_init((char *)out.p, (unsigned)out.n);
    int n = uv_try_write(&c->channel.stream, &buf, 1);
    if (n > 0)
        session_sent(c->session, (size_t)n);
    out = session_output(c->session);
    if (!out.n)
        return true;
    buf = uv_buf_init((char *)out.p, (unsigned)out.n);
    stop_reading(c);
    c->written = out.n;
    c->write.data = c;
    c->writing = true;
    if ((n < 0 && n != UV_EAGAIN) ||
        uv_write(&c->write, &c->channel.stream, &buf, 1, on_written) != 0) {
        c->writing = false;
        close_connection(c);
    } else {
        set_timer(c); /* for reading what we say */
    }
    return false;
}

static void in_thread(uv_work_t *work)
{
    struct connection *c = work->data;
    session_work(c->session);
}

static void go_on(struct connection *c)
{
    c->working = false;
    if (c->closed) {
        if (c->open_handles == 0)
            forget(c);
        return;
    }
    session_resume(c->session);
    set_timer(c);
    pump(c);
}

static void after_work(uv_work_t *work, int status)
{
    (void)status;
    go_on(work->data);
}

static void after_commit(struct commit_wait *wait)
{
    go_on(wait->owner);
}

static void wait_for_disk(struct connection *c)
{
    /* Goes on being watched: most say nothing until they have their reply. */
    c->working = true;
    c->commit = (struct commit_wait){.session = c->session, .owner = c};
    committer_add(&c->listener->committer, &c->commit);
}

/* Our side is shut; what the peer still sends is thrown away for a while, since closing with
 * unread bytes would reset the connection under our last reply. */
static void linger(struct connection *c)
{
    uv_os_fd_t fd;
    c->lingering = true;
    if (uv_fileno(&c->channel.handle, &fd) != 0 || shutdown(fd, SHUT_WR) != 0) {
        close_connection(c);
        return;
    }
    uv_timer_start(&c->timer, on_timer, LINGER_MS, 0);
    start_reading(c);
}

static bool bytes_waiting(struct connection *c)
{
    uv_os_fd_t fd;
    char byte;
    return uv_fileno(&c->channel.handle, &fd) == 0 &&
           recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

static void start_work(struct connection *c)
{
    stop_reading(c);
    c->working = true;
    c->work.data = c;
    if (uv_queue_work(&c->listener->loop, &c->work, in_thread, after_work) != 0) {
        c->working = false;
        close_connection(c);
    }
}

/* The peer is the receiver now: what is left to do here is another process's. */
static void hand_over(struct connection *c)
{
    const struct listener_options *o = c->listener->options;
    const struct turned_seat seat = {c->seated ? o->seats : NULL, o->owner, c->seat};
    struct turned turned;
    struct why why = {""};
    uv_os_fd_t fd;
    session_turn(c->session, &turned);
    if (uv_fileno(&c->channel.handle, &fd) != 0)
        turned_release(&turned);
    else if (turned_depart(&turned, fd, turned_timeout(o->timeout), &seat, &why))
        diag_warn("%s", why.text);
    close_connection(c);
}

/* The server goes: its session is over unless it is within a mail. */
static bool send_away(struct connection *c)
{
    const struct listener *l = c->listener;
    if (!l->stopping || c->leaving || (session_in_mail(c->session) && !l->cutting))
        return false;
    session_drop(c->session, RECEIVER_DROP_SHUTDOWN);
    return true;
}

/* Goes on as far as it can without waiting. */
static void pump(struct connection *c)
{
    while (!c->closed && !c->working && !c->writing) {
        send_away(c);
        enum session_state state = c->leaving ? SESSION_CLOSE : session_run(c->session);
        c->leaving = state == SESSION_CLOSE;
        if (!flush(c))
            return;
        switch (state) {
        case SESSION_READ:
            if (send_away(c))
                break;
            if (session_progressed(c->session))
                set_timer(c);
            start_reading(c);
            /* Nobody else waits for what is done meanwhile. */
            if (c->listener->connections == 1)
                session_prepare(c->session);
            return;
        case SESSION_WORK:
            start_work(c);
            return;
        case SESSION_COMMIT:
            wait_for_disk(c);
            return;
        case SESSION_PEEK:
            session_starttls(c->session, bytes_waiting(c));
            break;
        case SESSION_TURNED:
            hand_over(c);
            return;
        case SESSION_CLOSE:
            linger(c);
            return;
        case SESSION_FLUSH:
            break;
        }
    }
}

/* One of the caps is reached. */
static bool over_limits(struct connection *new)
{
    const struct listener_options *o = new->listener->options;
    new->seated = o->seats && seats_take(o->seats, o->owner, new->client, &new->seat);
    return o->seats && !new->seated;
}

static void begin(struct connection *c)
{
    const struct listener_options *o = c->listener->options;
    if (over_limits(c)) {
        session_drop(c->session, RECEIVER_DROP_FULL);
    } else if (!c->listener->host->implicit_tls && bytes_waiting(c)) {
        session_drop(c->session, RECEIVER_DROP_EARLY);
    } else if (o->greet_pause && !c->listener->host->implicit_tls) {
        c->greeting = true;
        uv_timer_start(&c->timer, on_timer, (uint64_t)o->greet_pause * 1000, 0);
        start_reading(c);
        return;
    } else {
        session_greet(c->session);
    }
    set_timer(c);
    pump(c);
}

static void on_connection(uv_stream_t *server, int status)
{
    struct listener *l = server->data;
    struct connection *c = status == 0 ? calloc(1, sizeof *c) : NULL;
    struct why why = {""};
    uv_os_fd_t fd;
    if (!c && status == 0) {
        /* Unaccepted it would stop the server for good, without a word. */
        diag_warn("out of memory: no more connections");
        uv_stop(&l->loop);
    }
    if (!c)
        return;
    c->listener = l;
    uv_timer_init(&l->loop, &c->timer);
    if (server->type == UV_TCP)
        uv_tcp_init(&l->loop, &c->channel.tcp);
    else
        uv_pipe_init(&l->loop, &c->channel.pipe, 0);
    c->channel.handle.data = c->timer.data = c;
    c->open_handles = 2;
    c->next = l->first;
    c->link = &l->first;
    if (c->next)
        c->next->link = &c->next;
    l->first = c;
    l->connections++;
    if (uv_accept(server, &c->channel.stream) != 0 ||
        uv_fileno(&c->channel.handle, &fd) != 0) {
        close_connection(c);
        return;
    }
    if (!serve_client(fd, c->client, sizeof c->client))
        c->client[0] = '\0';
    const char *client = c->client[0] ? c->client : NULL;
    bool relay = l->options->relay && l->options->relay(l->options->relay_arg, client);
    if (session_open(l->host, client, relay, &c->session, &why)) {
        diag_warn("session: %s", why.text);
        close_connection(c);
        return;
    }
    session_channel(c->session, fd);
    if (((const struct server *)server)->atrn)
        session_offer_atrn(c->session);
    begin(c);
}

/* ---- The end ---- */

/* Every session goes on as far as it may now. */
static void pump_all(struct listener *l)
{
    struct connection *next;
    for (struct connection *c = l->first; c; c = next) {
        next = c->next;
        if (c->greeting || !c->session || (c->writing && l->cutting))
            close_connection(c);
        else if (!c->lingering)
            pump(c);
    }
}

static void on_patience(uv_timer_t *timer)
{
    struct listener *l = timer->data;
    l->cutting = true;
    pump_all(l);
}

static void free_server(uv_handle_t *handle)
{
    free(handle);
}

static void on_drain(uv_poll_t *poll, int status, int events)
{
    struct listener *l = poll->data;
    (void)status;
    (void)events;
    uv_poll_stop(poll);
    l->draining = true;
    while (l->server_count)
        uv_close((uv_handle_t *)l->servers[--l->server_count], free_server);
    if (!l->connections)
        uv_stop(&l->loop);
}

static void on_stop(uv_poll_t *poll, int status, int events)
{
    struct listener *l = poll->data;
    on_drain(poll, status, events);
    l->stopping = true;
    uv_timer_start(&l->patience, on_patience, (uint64_t)l->options->stop_seconds * 1000, 0);
    pump_all(l);
}

/* His packets are read by who asked, before the loop sees them: this is his end. */
static void on_keyless(uv_poll_t *poll, int status, int events)
{
    struct listener *l = poll->data;
    (void)status;
    (void)events;
    l->keyless = true;
    uv_stop(&l->loop);
}

static void watch_end(struct listener *l, uv_poll_t *poll, int fd, uv_poll_cb on_end)
{
    poll->data = l;
    if (fd >= 0 && uv_poll_init(&l->loop, poll, fd) == 0)
        uv_poll_start(poll, UV_READABLE | UV_DISCONNECT, on_end);
}

/* ---- The beginning ---- */

static enum err open_server(struct listener *l, int fd, bool atrn, struct why *why)
{
    struct server *server = calloc(1, sizeof *server);
    if (!server)
        return why_set(why, ERR_OS, "out of memory");
    int r;
    if (uv_guess_handle(fd) == UV_NAMED_PIPE) {
        uv_pipe_init(&l->loop, &server->handle.pipe, 0);
        r = uv_pipe_open(&server->handle.pipe, fd);
    } else {
        uv_tcp_init(&l->loop, &server->handle.tcp);
        r = uv_tcp_open(&server->handle.tcp, fd);
    }
    server->handle.stream.data = l;
    server->atrn = atrn;
    if (r == 0)
        r = uv_listen(&server->handle.stream, 1024, on_connection);
    l->servers[l->server_count++] = &server->handle.stream;
    return r == 0 ? ERR_NONE : why_set(why, ERR_OS, "listening: %s", uv_strerror(r));
}

enum err listener_run(const struct session_host *host, const struct listener_options *options,
                      struct why *why)
{
    static struct listener l;
    l.host = host;
    l.options = options;
    /* Threads that wait for the disk, the clerk and --exec: libuv's own 4 are few for that. */
    setenv("UV_THREADPOOL_SIZE", "16", 0);
    /* A mail's buffers lie at the heap's end: it would shrink and grow with each. */
    mallopt(M_TRIM_THRESHOLD, TRIM_OCTETS);
    int r = uv_loop_init(&l.loop);
    enum err e = r == 0 ? ERR_NONE : why_set(why, ERR_OS, "loop: %s", uv_strerror(r));
    for (unsigned i = 0; !e && i < options->count; i++)
        e = open_server(&l, options->fds[i], i + options->atrn >= options->count, why);
    if (e)
        return e;
    committer_start(&l.committer, &l.loop, after_commit);
    uv_timer_init(&l.loop, &l.patience);
    l.patience.data = &l;
    watch_end(&l, &l.drain, options->drain, on_drain);
    watch_end(&l, &l.stop, options->stop, on_stop);
    watch_end(&l, &l.keeper, options->keeper, on_keyless);
    generation_ready(options->report);
    uv_run(&l.loop, UV_RUN_DEFAULT);
    if (l.keyless)
        return why_set(why, ERR_BUG, "the keeper of the keys has gone");
    return l.draining ? ERR_NONE : why_set(why, ERR_OS, "the loop has ended");
}
