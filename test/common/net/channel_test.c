#include "net/channel.h"
#include "check.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* A channel over one end of a socket pair; the other end is *peer. */
static struct channel *channel_to(int *peer)
{
    static int pair[2];
    struct channel *c;
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    CHECK(channel_open_fds(pair[0], pair[0], 30, &c, NULL) == ERR_NONE);
    *peer = pair[1];
    return c;
}

static void reads_what_is_there_and_the_end(void)
{
    int peer;
    char bytes[100];
    size_t got;
    struct channel *c = channel_to(&peer);
    CHECK(channel_read_for(c, bytes, sizeof bytes, &got, 0, NULL) == ERR_NO);
    CHECK(channel_read_for(c, bytes, sizeof bytes, &got, 20, NULL) == ERR_NO);
    CHECK(write(peer, "220 x\r\n", 7) == 7);
    CHECK(channel_read(c, bytes, 3, &got, NULL) == ERR_NONE);
    CHECK_INT(got, 3);
    CHECK(channel_read(c, bytes, sizeof bytes, &got, NULL) == ERR_NONE);
    CHECK_INT(got, 4);
    close(peer);
    for (int i = 0; i < 2; i++) {
        CHECK(channel_read(c, bytes, sizeof bytes, &got, NULL) == ERR_NONE);
        CHECK_INT(got, 0);
    }
    CHECK(channel_write(c, "x", 1, NULL) == ERR_AGAIN);
    channel_close(c);
}

/* A peer that says all it has to say before it hears anything: who only wrote would wait for
 * ever. */
static void neither_side_waits_for_the_other(void)
{
    enum { TALK = 800000 };
    int peer;
    struct channel *c = channel_to(&peer);
    uint8_t *bytes = calloc(1, 4 * TALK);
    size_t got, heard = 0;
    pid_t child = fork();
    if (child == 0) {
        for (size_t n = 0; n < TALK;) {
            ssize_t k = write(peer, bytes, TALK - n);
            if (k <= 0)
                _exit(1);
            n += (size_t)k;
        }
        for (size_t n = 0; n < 4 * TALK;) {
            ssize_t k = read(peer, bytes, 4 * TALK);
            if (k <= 0)
                _exit(2);
            n += (size_t)k;
        }
        _exit(0);
    }
    close(peer);
    CHECK(channel_write(c, bytes, 4 * TALK, NULL) == ERR_NONE);
    while (channel_read(c, bytes, 4 * TALK, &got, NULL) == ERR_NONE && got)
        heard += got;
    CHECK_INT(heard, TALK);
    int status;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    free(bytes);
    channel_close(c);
}

static void a_flood_is_refused(void)
{
    int peer;
    struct channel *c = channel_to(&peer);
    static uint8_t bytes[1 << 16];
    pid_t child = fork();
    if (child == 0)
        for (;;)
            if (write(peer, bytes, sizeof bytes) <= 0)
                _exit(0);
    close(peer);
    enum err e = ERR_NONE;
    for (int i = 0; i < 1000 && !e; i++)
        e = channel_write(c, bytes, sizeof bytes, NULL);
    CHECK_INT(e, ERR_PROTOCOL);
    channel_close(c);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

static void pipes_are_fine_too(void)
{
    int to[2], from[2];
    char bytes[20000];
    size_t got;
    struct channel *c;
    CHECK(pipe(to) == 0 && pipe(from) == 0);
    CHECK(channel_open_fds(from[0], to[1], 1, &c, NULL) == ERR_NONE);
    memset(bytes, 'x', sizeof bytes);
    CHECK(channel_write(c, bytes, sizeof bytes, NULL) == ERR_NONE);
    CHECK(read(to[0], bytes, sizeof bytes) > 0);
    CHECK(write(from[1], "y", 1) == 1);
    CHECK(channel_read(c, bytes, sizeof bytes, &got, NULL) == ERR_NONE && got == 1);
    CHECK(!channel_is_secure(c));
    CHECK_INT(channel_capabilities(c).n, 0);
    channel_close(c);
}

static void options_that_cannot_be(void)
{
    struct buf password;
    struct channel *c = (struct channel *)&password;
    buf_init(&password, 100);
    buf_add_str(&password, "secret");
    struct channel_options o = {.url = "smtp://127.0.0.1:1", .user = "a", .password = &password,
                                .tls = CHANNEL_TLS_NONE};
    CHECK_INT(channel_open(&o, &c, NULL), ERR_USAGE);
    CHECK(c == NULL);
    o.url = "lmtp://127.0.0.1:1";
    CHECK_INT(channel_open(&o, &c, NULL), ERR_USAGE);
    o.url = "nonsense";
    CHECK_INT(channel_open(&o, &c, NULL), ERR_USAGE);
    o = (struct channel_options){.url = "smtp://127.0.0.1:1", .ca = "/nonexistent"};
    CHECK_INT(channel_open(&o, &c, NULL), ERR_NO_INPUT);
    o = (struct channel_options){.url = "smtp://127.0.0.1:1", .helo = "a\r\nb"};
    CHECK_INT(channel_open(&o, &c, NULL), ERR_DATA);
    buf_wipe(&password);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    RUN(reads_what_is_there_and_the_end);
    RUN(neither_side_waits_for_the_other);
    RUN(a_flood_is_refused);
    RUN(pipes_are_fine_too);
    RUN(options_that_cannot_be);
    return check_done();
}
