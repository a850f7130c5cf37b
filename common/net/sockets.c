#include "net/sockets.h"

#include "bytes/span.h"
#include "tool/diag.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 1024, FIRST_INHERITED = 3, INHERITED_MAX = 64 };

static enum err bind_failed(const char *address, int fd, struct why *why)
{
    enum err e = errno == EACCES || errno == EPERM ? ERR_AUTH : ERR_UNAVAILABLE;
    e = why_errno(why, e, "%s", address);
    if (fd >= 0)
        close(fd);
    return e;
}

/* Nobody answers there: a socket that a server left behind. */
static bool is_stale(const struct sockaddr_un *un)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool refused = fd >= 0 && connect(fd, (const struct sockaddr *)un, sizeof *un) != 0 &&
                   errno == ECONNREFUSED;
    if (fd >= 0)
        close(fd);
    return refused;
}

static enum err listen_unix(const char *address, const char *path, int *fd, struct why *why)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    if (!*path || !span_copy(span_str(path), un.sun_path, sizeof un.sun_path))
        return why_set(why, ERR_USAGE, "%s: not a path of at most %zu bytes", address,
                       sizeof un.sun_path - 1);
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*fd < 0)
        return why_errno(why, ERR_OS, "socket");
    if (is_stale(&un))
        unlink(path);
    if (bind(*fd, (struct sockaddr *)&un, sizeof un) != 0 || listen(*fd, BACKLOG) != 0)
        return bind_failed(address, *fd, why);
    return ERR_NONE;
}

static enum err listen_inet(const char *address, const struct addrinfo *a, int *fd,
                            struct why *why)
{
    int one = 1, zero = 0;
    *fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*fd < 0)
        return why_errno(why, ERR_OS, "socket");
    setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (a->ai_family == AF_INET6)
        setsockopt(*fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero);
    if (bind(*fd, a->ai_addr, a->ai_addrlen) != 0 || listen(*fd, BACKLOG) != 0)
        return bind_failed(address, *fd, why);
    return ERR_NONE;
}

/* "[::1]:25" and "127.0.0.1:25" into host and port. */
static bool split(const char *address, char *host, size_t size, const char **port)
{
    const char *colon = strrchr(address, ':');
    uint64_t number;
    if (!colon || !colon[1])
        return false;
    struct span h = span_of(address, (size_t)(colon - address));
    if (h.n >= 2 && h.p[0] == '[' && h.p[h.n - 1] == ']')
        h = span_of(h.p + 1, h.n - 2);
    else if (span_find(h, ':') < h.n)
        return false;
    *port = colon + 1;
    /* The C library takes 65561 for 25. */
    return span_number(span_str(*port), 65535, &number) && span_copy(h, host, size);
}

enum err socket_listen(const char *address, int *fd, struct why *why)
{
    char host[256];
    const char *port;
    struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    if (strncmp(address, "unix:", 5) == 0)
        return listen_unix(address, address + 5, fd, why);
    if (!split(address, host, sizeof host, &port))
        return why_set(why, ERR_USAGE, "%s: not ADDR:PORT, [ADDR]:PORT or unix:PATH", address);
    int r = getaddrinfo(*host ? host : "::", port, &hints, &found);
    if (r != 0)
        return why_set(why, r == EAI_NONAME || r == EAI_SERVICE ? ERR_USAGE : ERR_NO_HOST,
                       "%s: %s", address, gai_strerror(r));
    enum err e = listen_inet(address, found, fd, why);
    freeaddrinfo(found);
    return e;
}

unsigned socket_port(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_storage space;
    } a;
    socklen_t n = sizeof a;
    if (getsockname(fd, &a.any, &n) != 0)
        return 0;
    if (a.any.sa_family == AF_INET)
        return ntohs(a.v4.sin_port);
    return a.any.sa_family == AF_INET6 ? ntohs(a.v6.sin6_port) : 0;
}

unsigned sockets_inherited(void)
{
    const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
    uint64_t n = 0, p = 0;
    if (!pid || !count || !span_number(span_str(pid), INT32_MAX, &p) || (pid_t)p != getpid() ||
        !span_number(span_str(count), INHERITED_MAX, &n))
        n = 0;
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    for (int fd = FIRST_INHERITED; fd < FIRST_INHERITED + (int)n; fd++)
        fcntl(fd, F_SETFD, FD_CLOEXEC);
    return (unsigned)n;
}

bool socket_is_listening(int fd)
{
    int yes = 0;
    socklen_t n = sizeof yes;
    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &yes, &n) == 0 && yes;
}
