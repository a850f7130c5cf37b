#include "tool/pass.h"
#include "check.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

static void bytes_and_a_descriptor(void)
{
    int pair[2], passed, none;
    char got[64];
    size_t n;
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
    CHECK(pass_send(pair[0], "hello", 5, file, NULL) == ERR_NONE);
    CHECK(pass_receive(pair[1], got, 2, &n, &passed, NULL) == ERR_NONE);
    CHECK_INT(n, 2);
    CHECK(passed >= 0 && passed != file);
    CHECK(fcntl(passed, F_GETFD) & FD_CLOEXEC);
    CHECK(pass_receive(pair[1], got + 2, sizeof got - 2, &n, &none, NULL) == ERR_NONE);
    CHECK_INT(n, 3);
    CHECK_INT(none, -1);
    CHECK(memcmp(got, "hello", 5) == 0);
    close(pair[0]);
    CHECK(pass_receive(pair[1], got, sizeof got, &n, &none, NULL) == ERR_NONE);
    CHECK_INT(n, 0);
    close(passed);
    close(file);
    close(pair[1]);
}

/* The receiver's descriptor keeps a lock that the sender's process took, and no other has. */
static void a_lock_goes_along(void)
{
    char name[] = "/tmp/pass_test.XXXXXX", byte = 0;
    int pair[2], passed, file = mkstemp(name), other = open(name, O_RDONLY);
    size_t n;
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    CHECK(flock(file, LOCK_EX | LOCK_NB) == 0);
    CHECK(pass_send(pair[0], "x", 1, file, NULL) == ERR_NONE);
    close(file);
    CHECK(pass_receive(pair[1], &byte, 1, &n, &passed, NULL) == ERR_NONE);
    CHECK(flock(other, LOCK_EX | LOCK_NB) != 0);
    close(passed);
    CHECK(flock(other, LOCK_EX | LOCK_NB) == 0);
    close(other);
    close(pair[0]);
    close(pair[1]);
    unlink(name);
}

static void nobody_there(void)
{
    int pair[2], none;
    char byte = 0;
    size_t n;
    struct why why = {""};
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    close(pair[1]);
    CHECK(pass_send(pair[0], "x", 1, -1, &why) == ERR_PIPE);
    CHECK(why.text[0] != '\0');
    close(pair[0]);
    int file = open("/dev/null", O_RDONLY);
    CHECK(pass_receive(file, &byte, 1, &n, &none, NULL) == ERR_IO);
    close(file);
}

/* Whoever sends more descriptors than one fills nobody's table. */
static void two_descriptors(void)
{
    int pair[2], got;
    char byte = 0;
    size_t n;
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(2 * sizeof(int))];
    } control = {.bytes = {0}};
    struct iovec iov = {&byte, 1};
    struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(2 * sizeof(int));
    memcpy(CMSG_DATA(c), pair, sizeof pair);
    CHECK(sendmsg(pair[0], &message, 0) == 1);
    CHECK(pass_receive(pair[1], &byte, 1, &n, &got, NULL) == ERR_NONE);
    CHECK(n == 1);
    CHECK(got > pair[1]);
    CHECK(fcntl(got + 1, F_GETFD) < 0);
    close(got);
    close(pair[0]);
    close(pair[1]);
}

static void packets(void)
{
    int pair[2], got;
    char text[4];
    size_t n;
    CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
    CHECK(pass_send(pair[0], "abcd", 4, -1, NULL) == ERR_NONE);
    CHECK(pass_send(pair[0], "abcde", 5, pair[0], NULL) == ERR_NONE);
    CHECK(pass_send(pair[0], "f", 1, -1, NULL) == ERR_NONE);
    CHECK(pass_receive(pair[1], text, 4, &n, &got, NULL) == ERR_NONE && n == 4 && got < 0);
    CHECK(pass_receive(pair[1], text, 4, &n, &got, NULL) == ERR_PROTOCOL && got < 0);
    CHECK(fcntl(pair[1] + 1, F_GETFD) < 0);
    CHECK(pass_receive(pair[1], text, 4, &n, &got, NULL) == ERR_NONE && n == 1 && text[0] == 'f');
    close(pair[0]);
    CHECK(pass_receive(pair[1], text, 4, &n, &got, NULL) == ERR_NONE && n == 0);
    close(pair[1]);
}

int main(void)
{
    RUN(packets);
    RUN(two_descriptors);
    RUN(bytes_and_a_descriptor);
    RUN(a_lock_goes_along);
    RUN(nobody_there);
    return check_done();
}
