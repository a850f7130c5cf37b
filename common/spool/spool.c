#include "spool/spool.h"

#include "spool/entry.h"
#include "tool/diag.h"
#include "tool/station.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LIST_MAX = 1 << 20 };

enum err spool_dir(const struct home *home, const char *code, char out[HOME_PATH_MAX],
                   struct why *why)
{
    char relative[SPOOL_CODE_MAX + 16];
    if (!spool_code_valid(span_str(code)))
        return why_set(why, ERR_DATA, "not a user code");
    snprintf(relative, sizeof relative, "spool/%s", code);
    return home_path(home, relative, out, why);
}

enum err spool_open(const struct home *home, const char *code, struct spool **spool,
                    struct why *why)
{
    char relative[SPOOL_CODE_MAX + 16];
    struct stat st;
    struct spool *s = calloc(1, sizeof *s);
    *spool = NULL;
    if (!s)
        return why_set(why, ERR_OS, "out of memory");
    s->lock_fd = -1;
    enum err e = spool_dir(home, code, s->dir, why);
    if (!e) {
        snprintf(s->code, sizeof s->code, "%s", code);
        snprintf(relative, sizeof relative, "db/%s.lock", code);
        e = home_path(home, relative, s->lock, why);
    }
    if (!e && stat(s->dir, &st) != 0)
        e = errno == ENOENT ? why_set(why, ERR_NO_USER, "no such user")
                            : why_errno(why, ERR_IO, "%s", s->dir);
    if (e) {
        free(s);
        return e;
    }
    *spool = s;
    return ERR_NONE;
}

void spool_close(struct spool *s)
{
    if (!s)
        return;
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    free(s);
}

enum err spool_make(const struct home *home, const char *code, struct why *why)
{
    if (!spool_code_valid(span_str(code)))
        return why_set(why, ERR_DATA, "not a user code");
    char path[HOME_PATH_MAX];
    enum err e = home_path(home, "spool", path, why);
    if (e)
        return e;
    if (mkdir(path, 0711) != 0 && errno != EEXIST)
        return why_errno(why, ERR_CREATE, "%s", path);
    return station_user_make(home, code, why);
}

static enum err add(void *context, const struct entry *e)
{
    return buf_add(context, e, sizeof *e);
}

static int by_id_then_rank(const void *x, const void *y)
{
    const struct entry *a = x, *b = y;
    int order = strcmp(a->mail.id, b->mail.id);
    if (order)
        return order;
    return entry_outranks(a, b) ? -1 : entry_outranks(b, a) ? 1 : 0;
}

enum err spool_list(struct spool *s, struct spool_list *list, struct why *why)
{
    struct buf found;
    *list = (struct spool_list){NULL, 0};
    buf_init(&found, (size_t)LIST_MAX * sizeof(struct entry));
    enum err e = entry_walk(s, add, &found, why);
    size_t count = found.len / sizeof(struct entry);
    if (!e)
        list->mails = calloc(count + 1, sizeof *list->mails);
    if (e || !list->mails) {
        buf_release(&found);
        return e ? e : why_set(why, ERR_OS, "out of memory");
    }
    struct entry *entries = (struct entry *)(void *)found.data;
    if (count)
        qsort(entries, count, sizeof *entries, by_id_then_rank);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || strcmp(entries[i].mail.id, entries[i - 1].mail.id) != 0)
            list->mails[list->count++] = entries[i].mail;
    buf_release(&found);
    return ERR_NONE;
}

void spool_list_free(struct spool_list *list)
{
    free(list->mails);
    *list = (struct spool_list){NULL, 0};
}

enum err spool_find(struct spool *s, const char *id, struct spool_mail *mail, struct why *why)
{
    struct entries found = {0};
    enum err e = entry_find(s, id, &found, why);
    if (!e)
        *mail = found.list[0].mail;
    return e;
}

bool spool_has(struct spool *s, const char *name)
{
    struct entries found = {0};
    return entry_find(s, name, &found, NULL) == ERR_NONE;
}

enum err spool_lock(struct spool *s, int fd, struct why *why)
{
    struct stat file, given;
    if (s->locked)
        return ERR_NONE;
    if (fd >= 0) {
        if (stat(s->lock, &file) != 0 || fstat(fd, &given) != 0 || file.st_ino != given.st_ino ||
            file.st_dev != given.st_dev)
            return why_set(why, ERR_USAGE, "descriptor %d is not open on %s", fd, s->lock);
    } else {
        fd = s->lock_fd = open(s->lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
        if (fd < 0)
            return why_errno(why, ERR_CREATE, "%s", s->lock);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK
                   ? why_set(why, ERR_AGAIN, "somebody else is at this user's mail")
                   : why_errno(why, ERR_IO, "%s", s->lock);
    s->locked = true;
    return ERR_NONE;
}

static enum err count_octets(void *context, const struct entry *e)
{
    *(uint64_t *)context += e->mail.octets;
    return ERR_NONE;
}

enum err spool_usage(const struct home *home, uint64_t *octets, struct why *why)
{
    char path[HOME_PATH_MAX];
    const struct dirent *d;
    *octets = 0;
    enum err e = home_path(home, "spool", path, why);
    if (e)
        return e;
    DIR *dir = opendir(path);
    if (!dir)
        return why_errno(why, ERR_IO, "%s", path);
    while (!e && (d = readdir(dir))) {
        struct spool *s;
        if (!spool_code_valid(span_str(d->d_name)) || spool_open(home, d->d_name, &s, NULL))
            continue;
        e = entry_walk(s, count_octets, octets, why);
        spool_close(s);
    }
    closedir(dir);
    return e;
}
