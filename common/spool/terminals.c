#include "spool/terminals.h"

#include "tool/when.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utmpx.h>

/* A name below /dev that names nothing else, whoever could write to utmp. */
static bool line_path(const struct utmpx *entry, char *out, size_t size)
{
    size_t n = strnlen(entry->ut_line, sizeof entry->ut_line);
    for (size_t i = 0; i < n; i++) {
        uint8_t c = (uint8_t)entry->ut_line[i];
        if (!ascii_alnum(c) && (!strchr("/-_:", c) || (c == '/' && i == 0)))
            return false;
    }
    return n && snprintf(out, size, "/dev/%.*s", (int)n, entry->ut_line) < (int)size;
}

/* The terminal, if it is his and takes messages; else -1. What it is is asked of the open one. */
static int open_terminal(const char *path, uid_t owner)
{
    struct stat st;
    int fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_uid == owner &&
        (st.st_mode & S_IWGRP) && isatty(fd))
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* The user's next terminal, open; -1 behind the last. */
static int next_terminal(const char *user, uid_t owner)
{
    char path[64];
    const struct utmpx *entry;
    while ((entry = getutxent())) {
        if (entry->ut_type != USER_PROCESS || strlen(user) > sizeof entry->ut_user ||
            strncmp(entry->ut_user, user, sizeof entry->ut_user) != 0 ||
            !line_path(entry, path, sizeof path))
            continue;
        int fd = open_terminal(path, owner);
        if (fd >= 0)
            return fd;
    }
    return -1;
}

/* False: there is no such user. */
static bool begin(const char *utmp, const char *user, uid_t *owner)
{
    const struct passwd *pw = *user ? getpwnam(user) : NULL;
    if (!pw)
        return false;
    *owner = pw->pw_uid;
    utmpxname(utmp ? utmp : _PATH_UTMPX);
    setutxent();
    return true;
}

bool terminals_active(const char *utmp, const char *user)
{
    uid_t owner;
    if (!begin(utmp, user, &owner))
        return false;
    int fd = next_terminal(user, owner);
    endutxent();
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* Whether all of text went out before the deadline. */
static bool write_text(int fd, struct span text, int64_t deadline)
{
    while (text.n) {
        ssize_t n = write(fd, text.p, text.n);
        if (n > 0) {
            text = span_skip(text, (size_t)n);
            continue;
        }
        if (n < 0 && errno == EINTR)
            continue;
        int64_t left = deadline - when_steady_ms();
        struct pollfd p = {fd, POLLOUT, 0};
        if ((n < 0 && errno != EAGAIN) || left <= 0 || poll(&p, 1, (int)left) <= 0)
            return false;
    }
    return true;
}

enum err terminals_write(const char *utmp, const char *user, struct span text, struct why *why)
{
    int64_t deadline = when_steady_ms() + TERMINALS_WAIT_MS;
    bool shown = false;
    uid_t owner;
    int fd;
    if (!begin(utmp, user, &owner))
        return why_set(why, ERR_NO, "%s: no such user of this machine", user);
    while ((fd = next_terminal(user, owner)) >= 0) {
        shown = write_text(fd, text, deadline) || shown;
        close(fd);
    }
    endutxent();
    return shown ? ERR_NONE : why_set(why, ERR_NO, "%s: no terminal takes messages", user);
}
