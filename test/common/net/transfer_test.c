#include "net/transfer.h"
#include "check.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Starts peer on the other end of a channel with a time-out of a second. */
static struct channel *channel_to(void (*peer)(int fd), pid_t *child)
{
    int pair[2];
    struct channel *c;
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    *child = fork();
    if (*child == 0) {
        close(pair[0]);
        peer(pair[1]);
        _exit(0);
    }
    close(pair[1]);
    CHECK(channel_open_fds(pair[0], pair[0], 1, &c, NULL) == ERR_NONE);
    return c;
}

static enum err outcome(void (*peer)(int fd))
{
    struct transfer t;
    struct transfer_options o = {.helo = "me.example", .timeout = 1};
    pid_t child;
    struct channel *c = channel_to(peer, &child);
    enum err e = transfer_open(&t, c, &o, NULL);
    transfer_close(&t);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    return e;
}

static void say(int fd, const char *text)
{
    if (write(fd, text, strlen(text)) < 0)
        _exit(1);
}

static void trickle(int fd)
{
    struct timespec moment = {0, 100000000};
    say(fd, "220");
    for (;;) {
        nanosleep(&moment, NULL);
        say(fd, "-");
    }
}

static void endless_lines(int fd)
{
    struct timespec moment = {0, 100000000};
    for (;;) {
        nanosleep(&moment, NULL);
        say(fd, "220-more\r\n");
    }
}

static void hearty(int fd)
{
    char bytes[1000];
    say(fd, "220 x\r\n");
    if (read(fd, bytes, sizeof bytes) <= 0)
        _exit(1);
    say(fd, "250 x\r\n");
    pause();
}

static void a_reply_has_its_time_as_a_whole(void)
{
    CHECK_INT(outcome(trickle), ERR_AGAIN);
    CHECK_INT(outcome(endless_lines), ERR_AGAIN);
    CHECK_INT(outcome(hearty), ERR_NONE);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    RUN(a_reply_has_its_time_as_a_whole);
    return check_done();
}
