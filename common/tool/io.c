#include "tool/io.h"

#include "tool/cleanup.h"
#include "tool/diag.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 65536 };

enum err io_write(int fd, const void *p, size_t n, struct why *why)
{
    const uint8_t *at = p;
    while (n) {
        ssize_t k = write(fd, at, n);
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return why_errno(why, errno == EPIPE ? ERR_PIPE : ERR_IO, "write");
        at += k;
        n -= (size_t)k;
    }
    return ERR_NONE;
}

enum err io_read(int fd, void *p, size_t n, size_t *got, struct why *why)
{
    ssize_t k;
    do
        k = read(fd, p, n);
    while (k < 0 && errno == EINTR);
    *got = k > 0 ? (size_t)k : 0;
    if (k < 0)
        return why_errno(why, errno == EISDIR ? ERR_NO_INPUT : ERR_IO, "read");
    return ERR_NONE;
}

enum err io_read_all(int fd, struct buf *b, struct why *why)
{
    for (;;) {
        uint8_t *room;
        size_t want = b->max - b->len < CHUNK ? b->max - b->len : CHUNK, got;
        uint8_t over;
        if (want == 0) {
            enum err e = io_read(fd, &over, 1, &got, why);
            if (e || got == 0)
                return e;
            return why_set(why, ERR_DATA, "larger than %zu bytes", b->max);
        }
        enum err e = buf_reserve(b, want, &room);
        if (e)
            return why_set(why, e, "out of memory");
        e = io_read(fd, room, want, &got, why);
        if (e || got == 0)
            return e;
        b->len += got;
    }
}

enum err io_read_file(const char *path, struct buf *b, struct why *why)
{
    int fd;
    enum err e = io_open(path, &fd, why);
    if (e)
        return e;
    e = io_read_all(fd, b, why);
    if (fd > 2)
        close(fd);
    return e;
}

enum err io_copy_most(int from, int to, uint64_t most, uint64_t *copied, struct why *why)
{
    uint8_t *chunk = malloc(CHUNK);
    uint64_t total = 0;
    size_t got;
    if (!chunk)
        return why_set(why, ERR_OS, "out of memory");
    enum err e;
    while (!(e = io_read(from, chunk, CHUNK, &got, why)) && got) {
        if (got > most - total)
            e = why_set(why, ERR_DATA, "larger than %llu MiB", (unsigned long long)(most >> 20));
        else
            e = io_write(to, chunk, got, why);
        if (e)
            break;
        total += got;
    }
    free(chunk);
    if (copied)
        *copied = total;
    return e;
}

enum err io_copy(int from, int to, uint64_t *copied, struct why *why)
{
    return io_copy_most(from, to, UINT64_MAX, copied, why);
}

enum err io_open(const char *path, int *fd, struct why *why)
{
    struct stat st;
    *fd = 0;
    if (!path || strcmp(path, "-") == 0)
        return ERR_NONE;
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*fd < 0)
        return why_set(why, ERR_NO_INPUT, "%s", strerror(errno));
    if (fstat(*fd, &st) == 0 && S_ISDIR(st.st_mode)) {
        close(*fd);
        *fd = -1;
        return why_set(why, ERR_NO_INPUT, "%s", strerror(EISDIR));
    }
    return ERR_NONE;
}

enum err io_close(int fd, struct why *why)
{
    if (fd <= 2)
        return ERR_NONE;
    /* EINTR: on Linux the descriptor is gone all the same. */
    if (close(fd) != 0 && errno != EINTR)
        return why_errno(why, ERR_IO, "close");
    return ERR_NONE;
}

enum err io_sync(int fd, struct why *why)
{
    int r;
    do
        r = fsync(fd);
    while (r != 0 && errno == EINTR);
    if (r != 0 && errno != EINVAL && errno != EROFS)
        return why_errno(why, ERR_IO, "fsync");
    return ERR_NONE;
}

enum err io_sync_dir(const char *path, struct why *why)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return why_errno(why, ERR_IO, "%s", path);
    enum err e = io_sync(fd, why);
    close(fd);
    return e;
}

enum err io_sync_parent(const char *path, struct why *why)
{
    char parent[4096];
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    while (n > 0 && path[n - 1] != '/')
        n--;
    if (n >= sizeof parent)
        return why_set(why, ERR_IO, "file name too long");
    memcpy(parent, path, n);
    parent[n] = '\0';
    return io_sync_dir(n ? parent : ".", why);
}

enum err io_temp(int *fd, struct why *why)
{
    const char *dir = secure_getenv("TMPDIR");
    if (!dir || !*dir)
        dir = "/tmp";
    *fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (*fd >= 0)
        return ERR_NONE;
    char path[4096];
    if ((size_t)snprintf(path, sizeof path, "%s/faxpipe-XXXXXX", dir) >= sizeof path)
        return why_set(why, ERR_CREATE, "TMPDIR is too long");
    *fd = mkostemp(path, O_CLOEXEC);
    if (*fd < 0)
        return why_errno(why, ERR_CREATE, "%s", path);
    unlink(path);
    return ERR_NONE;
}

static bool written_directly(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

enum err outfile_open(struct outfile *f, const char *path, struct why *why)
{
    memset(f, 0, sizeof *f);
    f->fd = 1;
    if (!path || strcmp(path, "-") == 0)
        return ERR_NONE;
    if ((size_t)snprintf(f->path, sizeof f->path, "%s", path) >= sizeof f->path)
        return why_set(why, ERR_CREATE, "name too long");
    if (written_directly(path)) {
        f->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    } else {
        const char *slash = strrchr(f->path, '/');
        int dir = slash ? (int)(slash - f->path) + 1 : 0;
        snprintf(f->temp, sizeof f->temp, "%.*s.faxpipe-XXXXXX", dir, f->path);
        f->fd = mkostemp(f->temp, O_CLOEXEC);
        if (f->fd >= 0) {
            mode_t mask = umask(0);
            umask(mask);
            cleanup_add(f->temp);
            if (fchmod(f->fd, 0666 & ~mask) != 0) {
                enum err e = why_errno(why, ERR_CREATE, "chmod");
                outfile_abort(f);
                return e;
            }
        }
    }
    return f->fd < 0 ? why_set(why, ERR_CREATE, "%s", strerror(errno)) : ERR_NONE;
}

static enum err into_place(struct outfile *f, struct why *why)
{
    if (rename(f->temp, f->path) != 0)
        return why_errno(why, ERR_CREATE, "rename");
    cleanup_forget(f->temp);
    f->temp[0] = '\0';
    return io_sync_parent(f->path, why);
}

enum err outfile_commit(struct outfile *f, struct why *why)
{
    enum err e = f->temp[0] ? io_sync(f->fd, why) : ERR_NONE;
    enum err closed = io_close(f->fd, e ? NULL : why);
    f->fd = -1;
    if (!e)
        e = closed;
    if (!e && f->temp[0])
        e = into_place(f, why);
    if (e)
        outfile_abort(f);
    return e;
}

void outfile_abort(struct outfile *f)
{
    if (f->fd > 2)
        close(f->fd);
    f->fd = -1;
    if (f->temp[0]) {
        unlink(f->temp);
        cleanup_forget(f->temp);
        f->temp[0] = '\0';
    }
}

void writer_init(struct writer *w, int fd)
{
    w->fd = fd;
    w->err = ERR_NONE;
    w->len = 0;
    w->why.text[0] = '\0';
}

static void writer_send(struct writer *w, const void *p, size_t n)
{
    if (!w->err)
        w->err = io_write(w->fd, p, n, &w->why);
}

void writer_add(struct writer *w, const void *p, size_t n)
{
    if (n == 0)
        return;
    if (w->len + n > sizeof w->bytes) {
        writer_send(w, w->bytes, w->len);
        w->len = 0;
    }
    if (n > sizeof w->bytes) {
        writer_send(w, p, n);
        return;
    }
    memcpy(w->bytes + w->len, p, n);
    w->len += n;
}

enum err writer_flush(struct writer *w, struct why *why)
{
    writer_send(w, w->bytes, w->len);
    w->len = 0;
    return w->err ? why_set(why, w->err, "%s", w->why.text) : ERR_NONE;
}
