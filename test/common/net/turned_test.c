#include "check.h"
#include "net/channel_turned.h"
#include "net/turned.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MUCH = 3 << 20 };

static void pair(int fds[2])
{
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
}

static unsigned begun(const char *line, bool *kept)
{
    int fds[2];
    struct turned t = {.beyond = -1};
    pair(fds);
    CHECK(write(fds[1], line, strlen(line)) == (ssize_t)strlen(line));
    shutdown(fds[1], SHUT_WR);
    unsigned code = turned_begin(&t, fds[0]);
    *kept = t.beyond == fds[0];
    turned_release(&t);
    CHECK_INT(t.beyond, -1);
    close(fds[1]);
    return code;
}

static void the_first_line(void)
{
    bool kept;
    CHECK_INT(begun("250\n220 and more", &kept), 250);
    CHECK(kept);
    CHECK_INT(begun("453\n", &kept), 453);
    CHECK(kept);
    const char *const others[] = {"", "25", "250", "250 ", "251\n", "fax"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        CHECK_INT(begun(others[i], &kept), 451);
        CHECK(!kept);
    }
}

/* Bytes that are known by their place. */
static uint8_t octet(size_t at, int seed)
{
    return (uint8_t)(at * 31 + at / 251 + (size_t)seed);
}

struct end {
    int fd, seed, other;
    bool peer, good;
};

/* Writes MUCH; the peer then shuts its side, ours ends when it has read all. */
static void *write_much(void *arg)
{
    struct end *e = arg;
    uint8_t piece[10000];
    for (size_t at = 0; at < MUCH;) {
        size_t n = MUCH - at < sizeof piece ? MUCH - at : sizeof piece;
        for (size_t i = 0; i < n; i++)
            piece[i] = octet(at + i, e->seed);
        ssize_t k = send(e->fd, piece, n, MSG_NOSIGNAL);
        if (k <= 0)
            break;
        at += (size_t)k;
    }
    if (e->peer)
        shutdown(e->fd, SHUT_WR);
    return NULL;
}

/* One end of the whole: writes and reads at the same time. */
static void *live(void *arg)
{
    struct end *e = arg;
    uint8_t piece[7000];
    pthread_t writer;
    size_t at = 0;
    ssize_t k;
    e->good = pthread_create(&writer, NULL, write_much, e) == 0;
    while ((k = read(e->fd, piece, sizeof piece)) > 0)
        for (ssize_t i = 0; i < k; i++)
            e->good = e->good && piece[i] == octet(at++, e->other);
    pthread_join(writer, NULL);
    e->good = e->good && at == MUCH;
    close(e->fd);
    return NULL;
}

/* Much both ways at the same time; the end of the peer first, which is passed on. */
static void both_ways(enum err (*pump)(int peer, int beyond, struct why *why))
{
    int peer[2], sender[2];
    struct why why = {""};
    pthread_t a, b;
    pair(peer);
    pair(sender);
    struct end at_peer = {peer[1], 1, 2, true, false};
    struct end at_sender = {sender[1], 2, 1, false, false};
    CHECK(pthread_create(&a, NULL, live, &at_peer) == 0);
    CHECK(pthread_create(&b, NULL, live, &at_sender) == 0);
    enum err e = pump(peer[0], sender[0], &why);
    close(peer[0]);
    pthread_join(a, NULL);
    pthread_join(b, NULL);
    CHECK_INT(e, ERR_NONE);
    CHECK(at_peer.good);
    CHECK(at_sender.good);
}

static enum err by_turned(int peer, int beyond, struct why *why)
{
    struct turned t = {.beyond = beyond};
    return turned_pump(&t, peer, peer, 20, why);
}

static void much_by_turned(void)
{
    both_ways(by_turned);
}

static enum err by_channel(int peer, int beyond, struct why *why)
{
    struct channel *c;
    CHECK_INT(channel_open_fds(peer, peer, 20, &c, why), ERR_NONE);
    enum err e = channel_turned(c, beyond, why);
    channel_close(c);
    close(beyond);
    /* They said no QUIT. */
    CHECK_INT(e, ERR_AGAIN);
    CHECK_STR(why->text, "the peer went away before QUIT");
    return ERR_NONE;
}

/* What a receiver says at last, perhaps in pieces. */
static enum err ended_with(const char *one, const char *two)
{
    int peer[2], receiver[2];
    struct why why = {""};
    struct channel *c;
    pair(peer);
    pair(receiver);
    if (fork() == 0) {
        if (write(receiver[1], one, strlen(one)) < 0 || usleep(20000) ||
            write(receiver[1], two, strlen(two)) < 0)
            _exit(1);
        _exit(0);
    }
    close(receiver[1]);
    CHECK_INT(channel_open_fds(peer[0], peer[0], 20, &c, &why), ERR_NONE);
    enum err e = channel_turned(c, receiver[0], &why);
    channel_close(c);
    wait(NULL);
    close(receiver[0]);
    close(peer[0]);
    close(peer[1]);
    return e;
}

static void the_last_reply(void)
{
    CHECK_INT(ended_with("220 a\r\n250 b\r\n2", "21 bye\r\n"), ERR_NONE);
    CHECK_INT(ended_with("221 bye\r\n", ""), ERR_NONE);
    CHECK_INT(ended_with("221 bye\r\n", "250 b\r\n"), ERR_AGAIN);
    CHECK_INT(ended_with("220 a\r\n", "421 idle\r\n"), ERR_AGAIN);
    CHECK_INT(ended_with("22", ""), ERR_AGAIN);
    CHECK_INT(ended_with("", ""), ERR_AGAIN);
}

static void much_by_channel(void)
{
    both_ways(by_channel);
}

static void a_peer_that_is_gone(void)
{
    int peer[2], sender[2];
    struct why why = {""};
    char text[8] = "";
    pair(peer);
    pair(sender);
    struct turned t = {.beyond = sender[0]};
    CHECK(write(sender[1], "QUIT\r\n", 6) == 6);
    close(peer[1]);
    CHECK_INT(turned_pump(&t, peer[0], peer[0], 20, &why), ERR_AGAIN);
    CHECK(read(sender[1], text, sizeof text) <= 0);
    close(peer[0]);
    close(sender[1]);
}

static void nothing_moves(void)
{
    int peer[2], sender[2];
    struct why why = {""};
    pair(peer);
    pair(sender);
    struct turned t = {.beyond = sender[0]};
    CHECK_INT(turned_pump(&t, peer[0], peer[0], 1, &why), ERR_AGAIN);
    CHECK_STR(why.text, "nothing moved for 1 seconds");
    close(peer[0]);
    close(peer[1]);
    close(sender[1]);
}

/* The process that departs is nobody's child, and has the connection for itself. */
static void in_a_process_of_its_own(void)
{
    int peer[2], sender[2];
    struct why why = {""};
    char text[16] = "";
    pair(peer);
    pair(sender);
    struct turned t = {.beyond = sender[0]};
    struct turned_seat seat = {.owner = seats_owner(1, 1)};
    int fd;
    CHECK_INT(seats_make(1, 0, &fd, &why), ERR_NONE);
    CHECK_INT(seats_map(fd, &seat.seats, &why), ERR_NONE);
    CHECK(seats_take(seat.seats, seat.owner, "[10.0.0.1]", &seat.seat));
    CHECK_INT(turned_depart(&t, peer[0], 20, &seat, &why), ERR_NONE);
    close(peer[0]);
    /* Its seat is not ours any more, nor our worker's or generation's. */
    seats_leave(seat.seats, seat.owner, seat.seat);
    seats_sweep(fd, 1, 1);
    seats_sweep(fd, 1, 0);
    CHECK_INT(seats_taken(seat.seats), 1);
    CHECK(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
    CHECK(write(peer[1], "220 a\r\n", 7) == 7);
    CHECK(read(sender[1], text, sizeof text) == 7);
    CHECK_STR(text, "220 a\r\n");
    CHECK(write(sender[1], "QUIT\r\n", 6) == 6);
    close(sender[1]);
    memset(text, 0, sizeof text);
    CHECK(read(peer[1], text, sizeof text) == 6);
    CHECK_STR(text, "QUIT\r\n");
    CHECK(read(peer[1], text, sizeof text) == 0);
    close(peer[1]);
    for (int i = 0; i < 2000 && seats_taken(seat.seats); i++)
        usleep(5000);
    CHECK_INT(seats_taken(seat.seats), 0);
    seats_unmap(seat.seats);
    close(fd);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    RUN(the_first_line);
    RUN(much_by_turned);
    RUN(much_by_channel);
    RUN(the_last_reply);
    RUN(a_peer_that_is_gone);
    RUN(nothing_moves);
    RUN(in_a_process_of_its_own);
    return check_done();
}
