#include "spool/deliver.h"

#include "tool/cleanup.h"
#include "tool/diag.h"
#include "tool/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PATH_SIZE = 4096, STALE_SECONDS = 36 * 3600 };

enum step { WRITING, SYNCED, DONE };

struct target {
    char *dir;
    bool made;   /* tmp/NAME is there */
    bool linked; /* new/NAME is there */
};

struct spool_delivery {
    char name[SPOOL_NAME_MAX + 1];
    unsigned flags;
    enum step step;
    int fd; /* of the first target's tmp/NAME while WRITING, else -1 */
    uint64_t size;
    size_t count;
    struct target *targets;
    struct writer out;
};

static enum err path_of(const struct spool_delivery *d, const struct target *t, const char *sub,
                        char out[PATH_SIZE], struct why *why)
{
    int n = snprintf(out, PATH_SIZE, "%s/%s/%s", t->dir, sub, d->name);
    if (n < 0 || n >= PATH_SIZE)
        return why_set(why, ERR_CREATE, "directory name too long");
    return ERR_NONE;
}

static enum err make_temporary(struct spool_delivery *d, struct target *t, int *fd,
                               struct why *why)
{
    char path[PATH_SIZE];
    enum err e = path_of(d, t, "tmp", path, why);
    if (e)
        return e;
    mode_t mode = d->flags & SPOOL_FOREIGN ? 0600 : 0640;
    *fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (*fd < 0)
        return why_errno(why, ERR_CREATE, "%s/tmp", t->dir);
    t->made = true;
    cleanup_add(path);
    /* Whatever the umask: the station's owner reads through the group. */
    if (fchmod(*fd, mode) != 0) {
        e = why_errno(why, ERR_CREATE, "%s/tmp: chmod", t->dir);
        close(*fd);
        *fd = -1;
    }
    return e;
}

void spool_clean_stale(const char *dir)
{
    DIR *handle = opendir(dir);
    const struct dirent *entry;
    struct stat st;
    time_t now = time(NULL);
    while (handle && (entry = readdir(handle))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (fstatat(dirfd(handle), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            !S_ISDIR(st.st_mode) && now - st.st_mtime > STALE_SECONDS)
            unlinkat(dirfd(handle), entry->d_name, 0);
    }
    if (handle)
        closedir(handle);
}

static bool named_before(const struct spool_delivery *d, const char *dir)
{
    for (size_t i = 0; i < d->count; i++)
        if (strcmp(d->targets[i].dir, dir) == 0)
            return true;
    return false;
}

static enum err fill(struct spool_delivery *d, const char *const dirs[], size_t count,
                     struct why *why)
{
    char tmp[PATH_SIZE];
    d->targets = calloc(count, sizeof *d->targets);
    if (!d->targets)
        return why_set(why, ERR_OS, "out of memory");
    for (size_t i = 0; i < count; i++) {
        if (named_before(d, dirs[i]))
            continue;
        d->targets[d->count].dir = strdup(dirs[i]);
        if (!d->targets[d->count].dir)
            return why_set(why, ERR_OS, "out of memory");
        d->count++;
    }
    enum err e = spool_name_make(d->name, why);
    if (e)
        return e;
    if ((size_t)snprintf(tmp, sizeof tmp, "%s/tmp", dirs[0]) < sizeof tmp)
        spool_clean_stale(tmp);
    return make_temporary(d, &d->targets[0], &d->fd, why);
}

enum err spool_delivery_begin(const char *const dirs[], size_t count, unsigned flags,
                              struct spool_delivery **delivery, struct why *why)
{
    struct spool_delivery *d = calloc(1, sizeof *d);
    *delivery = NULL;
    if (!d)
        return why_set(why, ERR_OS, "out of memory");
    d->flags = flags;
    d->fd = -1;
    enum err e = count ? fill(d, dirs, count, why) : why_set(why, ERR_BUG, "no directory");
    if (e) {
        spool_delivery_free(d);
        return e;
    }
    writer_init(&d->out, d->fd);
    *delivery = d;
    return ERR_NONE;
}

const char *spool_delivery_name(const struct spool_delivery *d)
{
    return d->name;
}

enum err spool_delivery_write(struct spool_delivery *d, const void *p, size_t n, struct why *why)
{
    if (d->step != WRITING)
        return why_set(why, ERR_BUG, "delivery: written to after its end");
    writer_add(&d->out, p, n);
    d->size += n;
    return d->out.err ? why_set(why, d->out.err, "%s", d->out.why.text) : ERR_NONE;
}

uint64_t spool_delivery_size(const struct spool_delivery *d)
{
    return d->size;
}

/* Syncs (unless told not to) and closes; both may be the first to tell of a loss. */
static enum err finish(const struct spool_delivery *d, int fd, enum err e, struct why *why)
{
    if (!e && !(d->flags & SPOOL_NO_SYNC))
        e = io_sync(fd, why);
    enum err closed = io_close(fd, e ? NULL : why);
    return e ? e : closed;
}

static enum err copy_to(struct spool_delivery *d, struct target *t, struct why *why)
{
    int fd;
    enum err e = make_temporary(d, t, &fd, why);
    if (e)
        return e;
    e = lseek(d->fd, 0, SEEK_SET) == 0 ? io_copy(d->fd, fd, NULL, why)
                                       : why_errno(why, ERR_IO, "seek");
    return finish(d, fd, e, why);
}

enum err spool_delivery_sync(struct spool_delivery *d, struct why *why)
{
    if (d->step != WRITING)
        return ERR_NONE;
    enum err e = writer_flush(&d->out, why);
    for (size_t i = 1; i < d->count && !e; i++)
        e = copy_to(d, &d->targets[i], why);
    e = finish(d, d->fd, e, why);
    d->fd = -1;
    if (!e)
        d->step = SYNCED;
    return e;
}

static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    return lstat(a, &x) == 0 && lstat(b, &y) == 0 && x.st_ino == y.st_ino && x.st_dev == y.st_dev;
}

static enum err link_new(const struct spool_delivery *d, struct target *t, struct why *why)
{
    char from[PATH_SIZE], to[PATH_SIZE];
    enum err e = path_of(d, t, "tmp", from, why);
    if (!e)
        e = path_of(d, t, "new", to, why);
    if (e)
        return e;
    /* A reply lost on NFS makes a link that worked look as if it had not. */
    if (link(from, to) != 0 && !same_file(from, to))
        return why_errno(why, ERR_CREATE, "%s/new", t->dir);
    t->linked = true;
    return ERR_NONE;
}

static enum err sync_new(const struct target *t, struct why *why)
{
    char path[PATH_SIZE];
    if ((size_t)snprintf(path, sizeof path, "%s/new", t->dir) >= sizeof path)
        return why_set(why, ERR_CREATE, "directory name too long");
    return io_sync_dir(path, why);
}

static void drop(const struct spool_delivery *d, struct target *t, const char *sub, bool *there)
{
    char path[PATH_SIZE];
    if (*there && !path_of(d, t, sub, path, NULL)) {
        unlink(path);
        cleanup_forget(path);
    }
    *there = false;
}

enum err spool_delivery_commit(struct spool_delivery *d, struct why *why)
{
    enum err e = spool_delivery_sync(d, why);
    if (!e && d->step != SYNCED)
        e = why_set(why, ERR_BUG, "delivery: committed twice");
    for (size_t i = 0; i < d->count && !e; i++)
        e = link_new(d, &d->targets[i], why);
    for (size_t i = 0; i < d->count && !e && !(d->flags & SPOOL_NO_SYNC); i++)
        e = sync_new(&d->targets[i], why);
    if (e)
        return e;
    d->step = DONE;
    for (size_t i = 0; i < d->count; i++)
        drop(d, &d->targets[i], "tmp", &d->targets[i].made);
    return ERR_NONE;
}

void spool_delivery_free(struct spool_delivery *d)
{
    if (!d)
        return;
    if (d->fd >= 0)
        close(d->fd);
    for (size_t i = 0; i < d->count; i++) {
        struct target *t = &d->targets[i];
        if (d->step != DONE)
            drop(d, t, "new", &t->linked);
        drop(d, t, "tmp", &t->made);
        free(t->dir);
    }
    free(d->targets);
    free(d);
}
