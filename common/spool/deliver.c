#include "spool/deliver.h"

#include "bytes/hash.h"
#include "spool/flush.h"
#include "tool/cleanup.h"
#include "tool/diag.h"
#include "tool/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    PATH_SIZE = 4096,
    STALE_SECONDS = 36 * 3600,
    CLEAN_SECONDS = 600, /* between two looks into one tmp/ */
    OPEN_MAX = 8,        /* copies of a mail that wait for the disk together */
};

enum step {
    WRITING,
    WRITTEN, /* every tmp/NAME is complete; those that are open are not synced */
    SYNCED,
    DONE,
};

struct target {
    char *dir;
    int fd;      /* of tmp/NAME as long as it is open, else -1 */
    bool made;   /* tmp/NAME is there */
    bool unnamed; /* fd has no name yet: it gets its first in new/ */
    bool linked; /* new/NAME is there */
};

struct spool_delivery {
    char name[SPOOL_NAME_MAX + 1];
    unsigned flags;
    enum step step;
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

/* Whatever the umask: the station's owner reads through the group. */
static enum err set_mode(struct target *t, mode_t mode, struct why *why)
{
    struct stat st;
    if ((fstat(t->fd, &st) == 0 && (st.st_mode & 07777) == mode) || fchmod(t->fd, mode) == 0)
        return ERR_NONE;
    enum err e = why_errno(why, ERR_CREATE, "%s/tmp: chmod", t->dir);
    close(t->fd);
    t->fd = -1;
    return e;
}

static mode_t mode_of(const struct spool_delivery *d)
{
    return d->flags & SPOOL_FOREIGN ? 0600 : 0640;
}

static enum err make_temporary(const struct spool_delivery *d, struct target *t, struct why *why)
{
    char path[PATH_SIZE];
    enum err e = path_of(d, t, "tmp", path, why);
    if (e)
        return e;
    /* Remembered first: a signal between the two would leave it. */
    cleanup_add(path);
    t->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode_of(d));
    if (t->fd < 0) {
        e = why_errno(why, ERR_CREATE, "%s/tmp", t->dir);
        cleanup_forget(path);
        return e;
    }
    t->made = true;
    return set_mode(t, mode_of(d), why);
}

/* Some file systems have no files without names, and kernels before 6.10 let only root give them
 * one: then no more of them are tried. */
static bool names_needed;

/*
 * A file that has no name until it is whole: one call less, and nothing to clean up. Only without
 * syncs, though: where a file system keeps no journal, the sync of a directory brings the name but
 * not the file's own count of names.
 */
static bool make_unnamed(const struct spool_delivery *d, struct target *t)
{
    char path[PATH_SIZE];
    if (!(d->flags & SPOOL_NO_SYNC) || d->count != 1 ||
        __atomic_load_n(&names_needed, __ATOMIC_RELAXED) ||
        (size_t)snprintf(path, sizeof path, "%s/new", t->dir) >= sizeof path)
        return false;
    t->fd = open(path, O_RDWR | O_TMPFILE | O_CLOEXEC, mode_of(d));
    t->unnamed = t->fd >= 0 && !set_mode(t, mode_of(d), NULL);
    return t->unnamed;
}

/* It could not be given its name: it goes on as a file in tmp/. */
static enum err name_after_all(struct spool_delivery *d, struct target *t, struct why *why)
{
    int unnamed = t->fd;
    __atomic_store_n(&names_needed, true, __ATOMIC_RELAXED);
    t->unnamed = false;
    enum err e = make_temporary(d, t, why);
    if (!e)
        e = lseek(unnamed, 0, SEEK_SET) == 0 ? io_copy(unnamed, t->fd, NULL, why)
                                             : why_errno(why, ERR_IO, "seek");
    close(unnamed);
    return e;
}

/* Makes the first file, unless it is there. */
static enum err make_first(struct spool_delivery *d, struct why *why)
{
    struct target *t = &d->targets[0];
    enum err e = t->made || t->unnamed || make_unnamed(d, t) ? ERR_NONE
                                                             : make_temporary(d, t, why);
    d->out.fd = t->fd;
    return e;
}

/* Removes from dir what is older than 36 hours: the leavings of killed deliveries. */
static void clean_stale(const char *dir)
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

/* Whether it is time to look what killed deliveries have left in dir. A place for many
 * directories: two that meet in one are looked at more often. */
static bool due(const char *dir)
{
    static struct {
        uint32_t dir;
        uint32_t when;
    } looked[64];
    static pthread_mutex_t looking = PTHREAD_MUTEX_INITIALIZER;
    uint32_t hash = (uint32_t)hash_bytes(HASH_START, dir, strlen(dir)), now = (uint32_t)time(NULL);
    size_t i = hash % (sizeof looked / sizeof *looked);
    pthread_mutex_lock(&looking);
    bool yes = looked[i].dir != hash || now - looked[i].when > CLEAN_SECONDS;
    if (yes) {
        looked[i].dir = hash;
        looked[i].when = now;
    }
    pthread_mutex_unlock(&looking);
    return yes;
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
        d->targets[d->count].fd = -1;
        d->targets[d->count].dir = strdup(dirs[i]);
        if (!d->targets[d->count].dir)
            return why_set(why, ERR_OS, "out of memory");
        d->count++;
    }
    enum err e = spool_name_make(d->name, why);
    if (e)
        return e;
    if (due(dirs[0]) && (size_t)snprintf(tmp, sizeof tmp, "%s/tmp", dirs[0]) < sizeof tmp)
        clean_stale(tmp);
    return d->flags & SPOOL_LATE ? ERR_NONE : make_first(d, why);
}

enum err spool_delivery_begin(const char *const dirs[], size_t count, unsigned flags,
                              struct spool_delivery **delivery, struct why *why)
{
    struct spool_delivery *d = malloc(sizeof *d);
    *delivery = NULL;
    if (!d)
        return why_set(why, ERR_OS, "out of memory");
    d->flags = flags;
    d->step = WRITING;
    d->size = 0;
    d->count = 0;
    d->targets = NULL;
    writer_init(&d->out, -1);
    enum err e = count ? fill(d, dirs, count, why) : why_set(why, ERR_BUG, "no directory");
    if (e) {
        spool_delivery_free(d);
        return e;
    }
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
    if (n > sizeof d->out.bytes - d->out.len) {
        enum err e = make_first(d, why);
        if (e)
            return e;
    }
    writer_add(&d->out, p, n);
    d->size += n;
    return d->out.err ? why_set(why, d->out.err, "%s", d->out.why.text) : ERR_NONE;
}

uint64_t spool_delivery_size(const struct spool_delivery *d)
{
    return d->size;
}

/* Closes, which may be the first to tell of a loss. */
static enum err shut(struct target *t, enum err e, struct why *why)
{
    enum err closed = t->fd >= 0 ? io_close(t->fd, e ? NULL : why) : ERR_NONE;
    t->fd = -1;
    return e ? e : closed;
}

/* The copies of a mail that goes to many are synced as they come. */
static enum err copy_to(struct spool_delivery *d, struct target *t, bool keep_open, struct why *why)
{
    enum err e = make_temporary(d, t, why);
    if (e)
        return e;
    e = lseek(d->targets[0].fd, 0, SEEK_SET) == 0 ? io_copy(d->targets[0].fd, t->fd, NULL, why)
                                                  : why_errno(why, ERR_IO, "seek");
    if (keep_open && !e)
        return e;
    if (!e && !(d->flags & SPOOL_NO_SYNC))
        e = io_sync(t->fd, why);
    return shut(t, e, why);
}

/* Every copy complete; closed where nothing is to be synced. */
static enum err write_out(struct spool_delivery *d, struct why *why)
{
    bool no_sync = d->flags & SPOOL_NO_SYNC;
    if (d->step != WRITING)
        return ERR_NONE;
    enum err e = make_first(d, why);
    if (!e)
        e = writer_flush(&d->out, why);
    for (size_t i = 1; i < d->count && !e; i++)
        e = copy_to(d, &d->targets[i], i < OPEN_MAX && !no_sync, why);
    if (e || (no_sync && !d->targets[0].unnamed))
        e = shut(&d->targets[0], e, why);
    if (!e)
        d->step = no_sync ? SYNCED : WRITTEN;
    return e;
}

static bool is_to_be_synced(const struct target *t)
{
    return t->fd >= 0 && !t->unnamed;
}

/* Syncs and closes all that is open of the mails of a batch. */
static void sync_files(struct spool_commit list[], size_t count)
{
    size_t open = 0, n = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; !list[i].err && k < list[i].mail->count; k++)
            open += is_to_be_synced(&list[i].mail->targets[k]);
    struct flushed *files = open ? calloc(open, sizeof *files) : NULL;
    for (size_t i = 0; files && i < count; i++)
        for (size_t k = 0; !list[i].err && k < list[i].mail->count; k++)
            if (is_to_be_synced(&list[i].mail->targets[k]))
                files[n++].fd = list[i].mail->targets[k].fd;
    spool_flush(files, n);
    n = 0;
    for (size_t i = 0; i < count; i++) {
        struct spool_commit *c = &list[i];
        bool written = !c->err;
        for (size_t k = 0; written && k < c->mail->count; k++) {
            if (!is_to_be_synced(&c->mail->targets[k]))
                continue;
            if (!files && !c->err)
                c->err = why_set(&c->why, ERR_OS, "out of memory");
            else if (files && files[n].err && !c->err)
                c->err = why_set(&c->why, files[n].err, "%s", files[n].why.text);
            c->err = shut(&c->mail->targets[k], c->err, &c->why);
            n++;
        }
        if (!c->err && c->mail->step == WRITTEN)
            c->mail->step = SYNCED;
    }
    free(files);
}

enum err spool_delivery_sync(struct spool_delivery *d, struct why *why)
{
    struct spool_commit one = {.mail = d};
    one.err = write_out(d, &one.why);
    if (!one.err && d->step == WRITTEN)
        sync_files(&one, 1);
    return one.err ? why_set(why, one.err, "%s", one.why.text) : ERR_NONE;
}

static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    return lstat(a, &x) == 0 && lstat(b, &y) == 0 && x.st_ino == y.st_ino && x.st_dev == y.st_dev;
}

/* ERR_NO: a file without a name cannot be given one. */
static enum err link_unnamed(struct target *t, const char *to, struct why *why)
{
    if (linkat(t->fd, "", AT_FDCWD, to, AT_EMPTY_PATH) != 0)
        return errno == ENOENT || errno == EPERM || errno == EXDEV || errno == EINVAL
                   ? ERR_NO
                   : why_errno(why, ERR_CREATE, "%s/new", t->dir);
    t->linked = true;
    return shut(t, ERR_NONE, why);
}

static enum err link_new(struct spool_delivery *d, struct target *t, struct why *why)
{
    char from[PATH_SIZE], to[PATH_SIZE];
    enum err e = path_of(d, t, "tmp", from, why);
    if (!e)
        e = path_of(d, t, "new", to, why);
    if (!e && t->unnamed && (e = link_unnamed(t, to, why)) != ERR_NO)
        return e;
    if (e == ERR_NO)
        e = shut(t, name_after_all(d, t, why), why);
    if (e)
        return e;
    /* A reply lost on NFS makes a link that worked look as if it had not. */
    if (link(from, to) != 0 && !same_file(from, to))
        return why_errno(why, ERR_CREATE, "%s/new", t->dir);
    t->linked = true;
    return ERR_NONE;
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

/* A new/ with names in it that are not on the disk yet, and how its sync went. */
struct directory {
    const char *dir;
    size_t flush;
    enum err err;
};

/* The directories that the mails of a batch go to, once each. NULL: no memory. */
static struct directory *directories(struct spool_commit list[], size_t count, size_t *found)
{
    size_t targets = 0, n = 0, k;
    for (size_t i = 0; i < count; i++)
        targets += list[i].err ? 0 : list[i].mail->count;
    struct directory *all = calloc(targets + 1, sizeof *all);
    for (size_t i = 0; all && i < count; i++) {
        const struct spool_delivery *d = list[i].mail;
        for (size_t t = 0; !list[i].err && !(d->flags & SPOOL_NO_SYNC) && t < d->count; t++) {
            for (k = 0; k < n && strcmp(all[k].dir, d->targets[t].dir) != 0; k++)
                continue;
            if (k == n)
                all[n++].dir = d->targets[t].dir;
        }
    }
    *found = n;
    return all;
}

/* One sync of each directory, some dozens open at once. The first failure's reason is in why. */
static void sync_directories(struct directory all[], size_t count, struct why *why)
{
    enum { AT_ONCE = 64 };
    static const struct flushed nothing;
    struct flushed flushes[AT_ONCE];
    for (size_t i = 0; i < count; i += AT_ONCE) {
        size_t n = 0, end = i + AT_ONCE < count ? i + AT_ONCE : count;
        for (size_t k = i; k < end; k++) {
            char path[PATH_SIZE];
            flushes[n] = nothing;
            flushes[n].fd = -1;
            if ((size_t)snprintf(path, sizeof path, "%s/new", all[k].dir) < sizeof path)
                flushes[n].fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            if (flushes[n].fd < 0)
                all[k].err = why_errno(why, ERR_IO, "%s/new", all[k].dir);
            else
                all[k].flush = n++;
        }
        spool_flush(flushes, n);
        for (size_t k = i; k < end; k++) {
            if (all[k].err)
                continue;
            struct flushed *f = &flushes[all[k].flush];
            all[k].err = f->err ? why_set(why, f->err, "%s", f->why.text) : ERR_NONE;
            close(f->fd);
        }
    }
}

/* A mail fails with any of its directories. */
static void judge(struct spool_commit *c, const struct directory all[], size_t count,
                  const struct why *why)
{
    for (size_t k = 0; k < count; k++) {
        if (!all[k].err)
            continue;
        for (size_t t = 0; !c->err && t < c->mail->count; t++)
            if (strcmp(all[k].dir, c->mail->targets[t].dir) == 0)
                c->err = why_set(&c->why, all[k].err, "%s", why->text);
    }
}

static enum err link_all(struct spool_delivery *d, struct why *why)
{
    enum err e = d->step == SYNCED ? ERR_NONE
                                   : why_set(why, ERR_BUG, "delivery: committed twice");
    for (size_t i = 0; i < d->count && !e; i++)
        e = link_new(d, &d->targets[i], why);
    return e;
}

void spool_delivery_commit_all(struct spool_commit list[], size_t count)
{
    struct why why = {""};
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        list[i].err = write_out(list[i].mail, &list[i].why);
    sync_files(list, count);
    for (size_t i = 0; i < count; i++)
        if (!list[i].err)
            list[i].err = link_all(list[i].mail, &list[i].why);
    struct directory *all = directories(list, count, &found);
    if (all)
        sync_directories(all, found, &why);
    for (size_t i = 0; i < count; i++) {
        struct spool_commit *c = &list[i];
        if (!all && !c->err)
            c->err = why_set(&c->why, ERR_OS, "out of memory");
        else if (!c->err)
            judge(c, all, found, &why);
        if (!c->err)
            c->mail->step = DONE;
    }
    free(all);
}

void spool_delivery_prepare(struct spool_delivery *d)
{
    struct why unseen = {""};
    if (d->step == WRITING)
        make_first(d, &unseen);
}

void spool_delivery_tidy(struct spool_delivery *d)
{
    for (size_t i = 0; d->step == DONE && i < d->count; i++)
        drop(d, &d->targets[i], "tmp", &d->targets[i].made);
}

enum err spool_delivery_commit(struct spool_delivery *d, struct why *why)
{
    struct spool_commit one = {.mail = d};
    spool_delivery_commit_all(&one, 1);
    spool_delivery_tidy(d);
    return one.err ? why_set(why, one.err, "%s", one.why.text) : ERR_NONE;
}

void spool_delivery_free(struct spool_delivery *d)
{
    if (!d)
        return;
    for (size_t i = 0; i < d->count; i++) {
        struct target *t = &d->targets[i];
        if (t->fd >= 0)
            close(t->fd);
        if (d->step != DONE)
            drop(d, t, "new", &t->linked);
        drop(d, t, "tmp", &t->made);
        free(t->dir);
    }
    free(d->targets);
    free(d);
}
