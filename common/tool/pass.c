#include "tool/pass.h"

#include "tool/diag.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
};

enum err pass_send(int socket, const void *p, size_t n, int descriptor, struct why *why)
{
    union control control = {.bytes = {0}};
    for (size_t done = 0; done < n;) {
        struct iovec iov = {(char *)(uintptr_t)p + done, n - done};
        struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
        if (descriptor >= 0 && done == 0) {
            message.msg_control = control.bytes;
            message.msg_controllen = sizeof control.bytes;
            struct cmsghdr *c = CMSG_FIRSTHDR(&message);
            c->cmsg_level = SOL_SOCKET;
            c->cmsg_type = SCM_RIGHTS;
            c->cmsg_len = CMSG_LEN(sizeof(int));
            memcpy(CMSG_DATA(c), &descriptor, sizeof descriptor);
        }
        ssize_t sent = sendmsg(socket, &message, MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR)
            return why_errno(why, errno == EPIPE || errno == ECONNRESET ? ERR_PIPE : ERR_IO,
                             "socket");
        done += sent > 0 ? (size_t)sent : 0;
    }
    return ERR_NONE;
}

enum err pass_receive(int socket, void *p, size_t n, size_t *got, int *descriptor,
                      struct why *why)
{
    union control control = {.bytes = {0}};
    struct iovec iov = {p, n};
    struct msghdr message = {.msg_iov = &iov,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = CMSG_LEN(sizeof(int))}; /* no room for two */
    ssize_t k;
    *descriptor = -1;
    *got = 0;
    do
        k = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (k < 0 && errno == EINTR);
    if (k < 0 && errno != ECONNRESET)
        return why_errno(why, ERR_IO, "socket");
    struct cmsghdr *c = k > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
        c->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(descriptor, CMSG_DATA(c), sizeof *descriptor);
    if (k > 0 && message.msg_flags & MSG_TRUNC) {
        if (*descriptor >= 0)
            close(*descriptor);
        *descriptor = -1;
        return why_set(why, ERR_PROTOCOL, "a packet of more than %zu octets", n);
    }
    *got = k > 0 ? (size_t)k : 0;
    return ERR_NONE;
}
