#include "queue/queue.h"

#include "queue/envelope.h"
#include "queue/host.h"
#include "tool/diag.h"
#include "tool/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A clock that is ahead of ours by more was wrong. What is held has a time of its own: 2100. */
enum { CLOCKS = 60 };
#define NEVER INT64_C(4102444800)

/* What replies may add to an envelope: so many of them at once, each of so many octets. */
enum { REPLIES = 1000, REPLY = QUEUE_WORDS + TRANSID_MAX + 64 };

enum { DAY = 86400, NAME = HOME_PATH_MAX + QUEUE_ID_SIZE + 16, FILE_NAME = QUEUE_ID_SIZE + 8 };

static void name_of(const struct queue *q, const char *id, const char *suffix, char out[NAME])
{
    snprintf(out, NAME, "%s/%s%s", q->dir, id, suffix);
}

/* IDs come from the command line too: nothing that could leave the directory. */
static bool is_id(struct span id)
{
    for (size_t i = 0; i < id.n; i++)
        if (!ascii_alnum(id.p[i]) && id.p[i] != '-')
            return false;
    return id.n > 0 && id.n < QUEUE_ID_SIZE;
}

enum err queue_open(struct queue *q, const struct home *home, struct why *why)
{
    enum err e = home_path(home, "queue", q->dir, why);
    if (!e && mkdir(q->dir, 0700) != 0 && errno != EEXIST)
        e = why_errno(why, ERR_CREATE, "%s", q->dir);
    if (!e && access(q->dir, R_OK | W_OK | X_OK) != 0)
        e = why_errno(why, ERR_CONFIG, "%s", q->dir);
    if (!e && (q->at = open(q->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        e = why_errno(why, ERR_CONFIG, "%s", q->dir);
    return e;
}

static enum err make_id(char id[QUEUE_ID_SIZE], struct why *why)
{
    uint32_t random[2];
    struct timespec now;
    if (getrandom(random, sizeof random, 0) != sizeof random)
        return why_errno(why, ERR_OS, "random numbers");
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(id, QUEUE_ID_SIZE, "%09llx%08lx-%08x%08x", (unsigned long long)now.tv_sec,
             (unsigned long)now.tv_nsec, random[0], random[1]);
    return ERR_NONE;
}

enum err queue_begin(const struct queue *q, struct queue_entry *entry, int *fd, struct why *why)
{
    char name[NAME];
    struct stat st;
    enum err e = entry->id[0] ? ERR_NONE : make_id(entry->id, why);
    if (e)
        return e;
    name_of(q, entry->id, ".env", name);
    if (stat(name, &st) == 0)
        return why_set(why, ERR_NO, "%s: there already", entry->id);
    name_of(q, entry->id, ".mail", name);
    *fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*fd < 0)
        return why_errno(why, ERR_CREATE, "%s", name);
    /* From its first byte on: nobody may take or sweep what is being written. Where it was there,
     * left by somebody who was killed, it may just have been swept. */
    if (flock(*fd, LOCK_EX | LOCK_NB) != 0 || fstat(*fd, &st) != 0 || st.st_nlink == 0) {
        close(*fd);
        return why_set(why, ERR_AGAIN, "%s: being written", entry->id);
    }
    if (ftruncate(*fd, 0) == 0)
        return ERR_NONE;
    close(*fd);
    return why_errno(why, ERR_IO, "%s", name);
}

enum err queue_commit(const struct queue *q, const struct queue_entry *entry, int fd,
                      struct why *why)
{
    enum err e = io_sync(fd, why);
    if (!e)
        e = queue_write(q, entry, why);
    if (e)
        queue_abort(q, entry, fd);
    else
        close(fd);
    return e;
}

void queue_abort(const struct queue *q, const struct queue_entry *entry, int fd)
{
    char name[NAME];
    /* The envelope first: it may have been written, and only its directory not synced. */
    name_of(q, entry->id, ".env", name);
    unlink(name);
    name_of(q, entry->id, ".mail", name);
    unlink(name);
    close(fd);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Whether an envelope's file has to be read to know that its entry is not due. */
static bool may_be_due(int dir, const char *file, int64_t now)
{
    struct stat st;
    return fstatat(dir, file, &st, AT_SYMLINK_NOFOLLOW) != 0 || st.st_mtime <= now ||
           st.st_ctime > now + CLOCKS;
}

/* A look through the directory. */
struct look {
    bool due;      /* only at what may be due */
    int64_t now;
    long mails;    /* so many more than envelopes */
    bool leavings; /* there are files of other kinds */
};

/* Whether the file is an envelope to be collected; else it is counted. */
static bool is_wanted(struct look *look, int dir, const char *file, size_t n)
{
    if (n < 5 || strcmp(file + n - 4, ".env") != 0 || !is_id(span_of(file, n - 4))) {
        bool mail = n > 5 && strcmp(file + n - 5, ".mail") == 0;
        look->mails += mail;
        look->leavings |= !mail && file[0] != '.';
        return false;
    }
    look->mails--;
    return !look->due || may_be_due(dir, file, look->now);
}

/* The IDs of the envelopes, sorted; each to be freed. */
static enum err collect(const struct queue *q, struct look *look, struct buf *ids,
                        struct why *why)
{
    DIR *dir = opendir(q->dir);
    struct dirent *d;
    enum err e = dir ? ERR_NONE : why_errno(why, ERR_IO, "%s", q->dir);
    while (!e && (d = readdir(dir))) {
        size_t n = strlen(d->d_name);
        if (!is_wanted(look, dirfd(dir), d->d_name, n))
            continue;
        char *id = strndup(d->d_name, n - 4);
        if (!id || buf_add(ids, &id, sizeof id)) {
            free(id);
            e = why_set(why, ERR_OS, "out of memory");
        }
    }
    if (dir)
        closedir(dir);
    if (ids->len)
        qsort(ids->data, ids->len / sizeof(char *), sizeof(char *), by_name);
    return e;
}

static enum err each_of(const struct queue *q, struct look *look,
                        enum err (*each)(void *arg, const char *id), void *arg, struct why *why)
{
    struct buf ids;
    buf_init(&ids, (size_t)10000000 * sizeof(char *));
    enum err e = collect(q, look, &ids, why);
    for (size_t i = 0; i < ids.len / sizeof(char *); i++) {
        char *id = ((char **)(void *)ids.data)[i];
        if (!e)
            e = each(arg, id);
        free(id);
    }
    buf_release(&ids);
    return e;
}

enum err queue_each(const struct queue *q, enum err (*each)(void *arg, const char *id), void *arg,
                    struct why *why)
{
    struct look look = {.due = false};
    return each_of(q, &look, each, arg, why);
}

/* The name in the directory itself: 100,000 of them are listed in one go. */
static void file_of(const char *id, const char *suffix, char out[FILE_NAME])
{
    size_t n = strlen(id);
    memcpy(out, id, n);
    strcpy(out + n, suffix);
}

enum err queue_lock(const struct queue *q, const char *id, int *lock, struct why *why)
{
    char name[FILE_NAME];
    struct stat st;
    *lock = -1;
    if (!is_id(span_str(id)))
        return why_set(why, ERR_NO, "%s: no such entry", id);
    file_of(id, ".mail", name);
    int fd = openat(q->at, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? why_set(why, ERR_NO, "%s: no such entry", id)
                               : why_errno(why, ERR_IO, "%s/%s", q->dir, name);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        return why_set(why, ERR_AGAIN, "%s: is being sent", id);
    }
    /* Whoever had it before may have ended it. */
    file_of(id, ".env", name);
    if (fstatat(q->at, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        close(fd);
        return why_set(why, ERR_NO, "%s: no such entry", id);
    }
    *lock = fd;
    return ERR_NONE;
}

/* The envelope's text, and its index. */
static enum err read_envelope(const struct queue *q, const char *id, struct buf *text,
                              int64_t *look, struct why *why)
{
    char name[FILE_NAME];
    struct stat st;
    uint8_t *room;
    size_t got = 0;
    file_of(id, ".env", name);
    int fd = openat(q->at, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? why_set(why, ERR_NO, "%s: no such entry", id)
                               : why_errno(why, ERR_IO, "%s/%s", q->dir, name);
    enum err e = fstat(fd, &st) == 0 ? ERR_NONE : why_errno(why, ERR_IO, "%s/%s", q->dir, name);
    size_t size = e ? 0 : (size_t)st.st_size;
    if (!e && buf_reserve(text, size, &room))
        e = why_set(why, ERR_CONFIG, "%s/%s: too large", q->dir, name);
    *look = e ? 0 : (int64_t)st.st_mtime;
    /* It never changes: a new one takes its name. */
    while (!e && text->len < size) {
        e = io_read(fd, text->data + text->len, size - text->len, &got, why);
        if (!e && got == 0)
            break;
        text->len += got;
    }
    close(fd);
    return e;
}

enum err queue_read(const struct queue *q, const char *id, struct queue_entry *entry,
                    struct why *why)
{
    char name[FILE_NAME];
    struct stat st;
    struct buf text;
    if (!is_id(span_str(id)))
        return why_set(why, ERR_NO, "%s: no such entry", id);
    buf_init(&text, QUEUE_ENVELOPE_MAX);
    enum err e = read_envelope(q, id, &text, &entry->look, why);
    if (!e)
        e = envelope_parse(buf_span(&text), entry, why);
    buf_release(&text);
    snprintf(entry->id, sizeof entry->id, "%s", id);
    file_of(id, ".mail", name);
    if (!e && fstatat(q->at, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        e = why_errno(why, ERR_CONFIG, "%s/%s", q->dir, name);
    if (!e)
        entry->size = (uint64_t)st.st_size;
    return e;
}

/* The index: see queue_each_due. */
static enum err set_index(int fd, int64_t next, struct why *why)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = (time_t)next}};
    return futimens(fd, times) == 0 ? ERR_NONE : why_errno(why, ERR_IO, "the time of an envelope");
}

enum err queue_write(const struct queue *q, const struct queue_entry *entry, struct why *why)
{
    char aside[NAME], name[NAME];
    struct buf text;
    name_of(q, entry->id, ".new", aside);
    name_of(q, entry->id, ".env", name);
    buf_init(&text, QUEUE_ENVELOPE_MAX);
    enum err e = envelope_write(entry, &text);
    /* Not cut before it is written: there may be room reserved in it. */
    int fd = e ? -1 : open(aside, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (e)
        e = why_set(why, e, "the envelope is too large");
    else if (fd < 0)
        e = why_errno(why, ERR_CREATE, "%s", aside);
    else
        e = io_write(fd, text.data, text.len, why);
    if (!e && ftruncate(fd, (off_t)text.len) != 0)
        e = why_errno(why, ERR_IO, "%s", aside);
    if (!e)
        e = set_index(fd, entry->held ? NEVER : entry->next, why);
    if (!e)
        e = io_sync(fd, why);
    enum err closed = fd >= 0 ? io_close(fd, e ? NULL : why) : ERR_NONE;
    e = e ? e : closed;
    if (!e && rename(aside, name) != 0)
        e = why_errno(why, ERR_CREATE, "%s", name);
    else if (e && fd >= 0)
        unlink(aside);
    buf_release(&text);
    return e ? e : io_sync_dir(q->dir, why);
}

enum err queue_reserve(const struct queue *q, const struct queue_entry *entry, struct why *why)
{
    char aside[NAME];
    struct buf text;
    size_t count = queue_count(entry), grows = count < REPLIES ? count : REPLIES;
    name_of(q, entry->id, ".new", aside);
    buf_init(&text, QUEUE_ENVELOPE_MAX);
    enum err e = envelope_write(entry, &text);
    size_t size = text.len + grows * REPLY;
    buf_release(&text);
    if (e)
        return why_set(why, e, "the envelope is too large");
    int fd = open(aside, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return why_errno(why, ERR_CREATE, "%s", aside);
    errno = posix_fallocate(fd, 0, (off_t)size);
    if (errno)
        e = why_errno(why, ERR_CREATE, "room for the envelope");
    close(fd);
    if (e)
        unlink(aside);
    return e;
}

void queue_unreserve(const struct queue *q, const char *id)
{
    char aside[NAME];
    name_of(q, id, ".new", aside);
    unlink(aside);
}

enum err queue_delete(const struct queue *q, const char *id, struct why *why)
{
    char name[NAME];
    name_of(q, id, ".env", name);
    if (unlink(name) != 0 && errno != ENOENT)
        return why_errno(why, ERR_IO, "%s", name);
    enum err e = io_sync_dir(q->dir, why);
    /* Without that the envelope may come back in a crash, and would want its mail. */
    name_of(q, id, ".mail", name);
    if (!e)
        unlink(name);
    return e;
}

enum err queue_delete_torn(const struct queue *q, const char *id, struct why *why)
{
    char name[FILE_NAME];
    struct stat st;
    if (is_id(span_str(id))) {
        /* Its mail is written first and removed last: where it is missing nobody has the entry. */
        file_of(id, ".mail", name);
        bool torn = fstatat(q->at, name, &st, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT;
        file_of(id, ".env", name);
        if (torn && fstatat(q->at, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
            return queue_delete(q, id, why);
    }
    return why_set(why, ERR_NO, "%s: no such entry", id);
}

/* A mail without envelope, or an envelope that was written aside, and nobody's. */
static void sweep_one(const struct queue *q, const char *file, int64_t now)
{
    char name[NAME], id[QUEUE_ID_SIZE];
    struct stat st;
    const char *dot = strrchr(file, '.');
    if (!dot || (strcmp(dot, ".mail") != 0 && strcmp(dot, ".new") != 0) ||
        !is_id(span_of(file, (size_t)(dot - file))))
        return;
    snprintf(id, sizeof id, "%.*s", (int)(dot - file), file);
    name_of(q, id, ".env", name);
    if (dot[1] == 'm' && stat(name, &st) == 0)
        return;
    /* Whoever writes an envelope aside has the entry's lock, which is the mail's. */
    name_of(q, id, ".mail", name);
    int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno != ENOENT)
        return;
    name_of(q, id, dot, name);
    if ((fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0) && lstat(name, &st) == 0 &&
        now - st.st_mtime > DAY)
        unlink(name);
    if (fd >= 0)
        close(fd);
}

static void sweep(const struct queue *q, int64_t now)
{
    DIR *dir = opendir(q->dir);
    struct dirent *d;
    while (dir && (d = readdir(dir)))
        if (!host_sweep(q, d->d_name, now))
            sweep_one(q, d->d_name, now);
    if (dir)
        closedir(dir);
}

enum err queue_each_due(const struct queue *q, int64_t now,
                        enum err (*each)(void *arg, const char *id), void *arg, struct why *why)
{
    struct look look = {.due = true, .now = now};
    enum err e = each_of(q, &look, each, arg, why);
    if (look.mails || look.leavings)
        sweep(q, now);
    return e;
}

enum err queue_postpone(const struct queue *q, const char *id, int64_t until, struct why *why)
{
    char name[NAME];
    name_of(q, id, ".env", name);
    int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return why_errno(why, ERR_IO, "%s", name);
    enum err e = set_index(fd, until, why);
    close(fd);
    return e;
}

void queue_remind(const struct queue *q, const char *id)
{
    struct queue_entry entry;
    int lock;
    if (queue_lock(q, id, &lock, NULL))
        return;
    /* Only now nobody changes it. */
    queue_entry_init(&entry);
    if (!queue_read(q, id, &entry, NULL))
        queue_postpone(q, id, entry.held ? NEVER : entry.next, NULL);
    queue_entry_release(&entry);
    close(lock);
}

enum { FIRST = 300, LAST = 4 * 3600 };

bool queue_is_due(const struct queue_entry *entry, int64_t now)
{
    /* Nothing else is ever put off for longer: where it looks so, the clock has been set back. */
    return entry->next <= now || (entry->next - now > LAST && entry->next != entry->at);
}

int64_t queue_since(const struct queue_entry *entry)
{
    return entry->at > entry->created ? entry->at : entry->created;
}

int64_t queue_time_left(const struct queue_by *by, int64_t now)
{
    int64_t left = by->at - now;
    return left > BY_MAX ? BY_MAX : left < -BY_MAX ? -BY_MAX : left;
}

int64_t queue_interval(unsigned tries)
{
    int64_t seconds = FIRST;
    while (tries-- > 1 && seconds < LAST)
        seconds *= 2;
    return seconds < LAST ? seconds : LAST;
}

int64_t queue_next_try(unsigned tries, int64_t now)
{
    int64_t seconds = queue_interval(tries);
    uint32_t random = 0;
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) != sizeof random)
        random = 0;
    return now + seconds - (int64_t)(random % (uint32_t)(seconds / 8));
}
