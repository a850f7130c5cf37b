/* b64mime --all: every part to a file of its own. */
#include "text/open.h"

#include "bytes/hash.h"
#include "mime/filename.h"
#include "tool/cleanup.h"
#include "tool/diag.h"
#include "tool/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRIES = 100000, OPEN_FILES = 2, HINTS = 4096 };

/* A file being written. A uuencoded one opens while its text's is open: so there may be two. */
struct file {
    int fd;
    char path[4096 + MIME_FILENAME_SIZE + 16];
    char name[MIME_FILENAME_SIZE + 16];
    struct writer writer;
};

struct all {
    const char *dir;
    int dir_fd;
    unsigned count; /* files written whole */
    unsigned open;
    struct file files[OPEN_FILES];
    struct writer list;
    /* By a name's hash, the last number tried: many files of one name take linear time. */
    unsigned hints[HINTS];
};

static unsigned *hint(struct all *a, const char *name)
{
    return &a->hints[hash_bytes(HASH_START, name, strlen(name)) % HINTS];
}

/* "fax-2.tif" from "fax.tif". */
static void numbered(const char *name, unsigned n, char *out, size_t size)
{
    const char *dot = strrchr(name, '.');
    if (n < 2)
        snprintf(out, size, "%s", name);
    else if (dot && dot > name)
        snprintf(out, size, "%.*s-%u%s", (int)(dot - name), name, n, dot);
    else
        snprintf(out, size, "%s-%u", name, n);
}

static enum err open_file(struct all *a, const struct mime_part *part, struct why *why)
{
    struct file *f = &a->files[a->open];
    char name[MIME_FILENAME_SIZE], fallback[MIME_FILENAME_SIZE], tried[sizeof f->name];
    snprintf(fallback, sizeof fallback, "part-%.60s.%s", part->number,
             mime_extension(part->type));
    mime_filename(span_str(part->name), fallback, name);
    unsigned *last = hint(a, name);
    for (unsigned n = 1; n < TRIES; n = n == 1 && *last > 1 ? *last + 1 : n + 1) {
        numbered(name, n, tried, sizeof tried);
        f->fd = openat(a->dir_fd, tried,
                       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (f->fd < 0 && errno == EEXIST)
            continue;
        if (f->fd < 0)
            return why_errno(why, ERR_CREATE, "%s/%s", a->dir, tried);
        *last = n > *last ? n : *last;
        memcpy(f->name, tried, sizeof f->name);
        snprintf(f->path, sizeof f->path, "%s/%s", a->dir, tried);
        cleanup_add(f->path);
        writer_init(&f->writer, f->fd);
        a->open++;
        return ERR_NONE;
    }
    return why_set(why, ERR_CREATE, "%s/%s: too many files of that name", a->dir, name);
}

/* The innermost open file is whole. */
static enum err close_file(struct all *a, struct why *why)
{
    struct file *f = &a->files[--a->open];
    enum err e = writer_flush(&f->writer, why), closed = io_close(f->fd, e ? NULL : why);
    if (!e)
        e = closed;
    if (e)
        unlinkat(a->dir_fd, f->name, 0);
    cleanup_forget(f->path);
    if (e)
        return e;
    a->count++;
    writer_add(&a->list, f->path, strlen(f->path));
    writer_add(&a->list, "\n", 1);
    return ERR_NONE;
}

static void drop_files(struct all *a)
{
    while (a->open) {
        struct file *f = &a->files[--a->open];
        io_close(f->fd, NULL);
        unlinkat(a->dir_fd, f->name, 0);
        cleanup_forget(f->path);
    }
}

static enum err all_event(void *ctx, const struct mime_event *event, bool *stop, struct why *why)
{
    struct all *a = ctx;
    (void)stop;
    if (event->kind == MIME_END || event->part->container)
        return ERR_NONE;
    if (event->kind == MIME_PART_BEGIN)
        return open_file(a, event->part, why);
    if (event->kind == MIME_PART_END)
        return close_file(a, why);
    struct file *f = &a->files[a->open - 1];
    writer_add(&f->writer, event->body.p, event->body.n);
    return f->writer.err ? why_set(why, f->writer.err, "%s: %s", f->path, f->writer.why.text)
                         : ERR_NONE;
}

enum err mail_extract_all(const struct mail_open *m, const char *dir)
{
    static struct all a;
    struct why why = {""};
    a.dir = dir;
    a.open = a.count = 0;
    memset(a.hints, 0, sizeof a.hints);
    bool made = mkdir(dir, 0777) == 0;
    if (!made && errno != EEXIST)
        return diag_fail(why_errno(&why, ERR_CREATE, "mkdir"), &why, "%s", dir);
    a.dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (a.dir_fd < 0)
        return diag_fail(why_errno(&why, ERR_CREATE, "open"), &why, "%s", dir);
    writer_init(&a.list, STDOUT_FILENO);
    enum err e = mail_each(m, all_event, &a, &why);
    drop_files(&a);
    close(a.dir_fd);
    if (!e)
        e = writer_flush(&a.list, &why);
    /* Where not one file came of it. */
    if (e && made)
        rmdir(dir);
    return diag_fail(e, &why, "%s", mail_shown(m));
}
