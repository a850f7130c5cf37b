#include "spool/deliver.h"
#include "spool/entry.h"
#include "store/store.h"
#include "tool/diag.h"
#include "tool/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static enum err sync_sub(const struct spool *s, bool in_cur, struct why *why)
{
    char path[ENTRY_PATH_MAX];
    entry_path(s, in_cur, "", path);
    return io_sync_dir(path, why);
}

/* Unlinks; that it was gone already is no failure: the step is being repeated. */
static enum err drop(const struct spool *s, bool in_cur, const char *name, struct why *why)
{
    char path[ENTRY_PATH_MAX];
    entry_path(s, in_cur, name, path);
    if (unlink(path) != 0 && errno != ENOENT)
        return why_errno(why, ERR_IO, "%s", path);
    return ERR_NONE;
}

/* The names that a killed copy left in cur/. */
static void clean_copies(const struct spool *s)
{
    char path[ENTRY_PATH_MAX];
    const struct dirent *d;
    struct stat st;
    entry_path(s, true, "", path);
    DIR *dir = opendir(path);
    while (dir && (d = readdir(dir)))
        if (d->d_name[0] == '.' && fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(st.st_mode) && time(NULL) - st.st_mtime > 36 * 3600)
            unlinkat(dirfd(dir), d->d_name, 0);
    if (dir)
        closedir(dir);
}

static bool is_ours(const struct spool *s, int fd)
{
    char path[ENTRY_PATH_MAX];
    struct stat file, cur;
    entry_path(s, true, "", path);
    return fstat(fd, &file) == 0 && stat(path, &cur) == 0 && file.st_uid == geteuid() &&
           file.st_gid == cur.st_gid;
}

/* A copy of from under a dotted name in cur/, which the caller links and drops. */
static enum err copy_into(const struct spool *s, int from, char dotted[SPOOL_NAME_MAX + 2],
                          struct why *why)
{
    char path[ENTRY_PATH_MAX];
    dotted[0] = '.';
    enum err e = spool_name_make(dotted + 1, why);
    if (e)
        return e;
    entry_path(s, true, dotted, path);
    int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0660);
    if (to < 0)
        return why_errno(why, ERR_CREATE, "%s", path);
    e = fchmod(to, 0660) == 0 ? io_copy(from, to, NULL, why)
                              : why_errno(why, ERR_CREATE, "%s: mode", path);
    if (!e)
        e = io_sync(to, why);
    enum err closed = io_close(to, e ? NULL : why);
    if (!e)
        e = closed;
    if (e)
        unlink(path);
    return e;
}

static enum err link_names(const char *from, const char *to, struct why *why)
{
    /* There already: this step was killed after its link. */
    if (link(from, to) != 0 && errno != EEXIST)
        return why_errno(why, ERR_CREATE, "%s", to);
    return ERR_NONE;
}

/*
 * new/NAME becomes cur/ID. What another uid wrote is copied: he may still have it open, and what
 * lies in cur/ must be of cur/'s group, for those who read it with that group alone.
 */
static enum err into_cur(const struct spool *s, const struct entry *entry, struct why *why)
{
    char from[ENTRY_PATH_MAX], to[ENTRY_PATH_MAX], dotted[SPOOL_NAME_MAX + 2] = "";
    struct stat st;
    entry_path(s, false, entry->name, from);
    entry_path(s, true, entry->mail.id, to);
    int fd = open(from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return why_errno(why, ERR_IO, "%s", from);
    enum err e = ERR_NONE;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        e = why_set(why, ERR_IO, "%s: not a file", from);
    else if (!is_ours(s, fd))
        e = copy_into(s, fd, dotted, why);
    else if (fchmod(fd, 0660) != 0)
        e = why_errno(why, ERR_IO, "%s: mode", from);
    else
        e = io_sync(fd, why);
    close(fd);
    if (!e && dotted[0])
        entry_path(s, true, dotted, from);
    if (!e)
        e = link_names(from, to, why);
    if (dotted[0])
        drop(s, true, dotted, NULL);
    return e;
}

/* Whatever state the mail is in, it is claimed or held afterwards, and gone from new/. */
static enum err claim(const struct spool *s, const char *id, struct entries *found,
                      struct why *why)
{
    enum err e = entry_find(s, id, found, why);
    if (!e && found->list[0].mail.state == SPOOL_NEW)
        e = into_cur(s, &found->list[0], why);
    if (!e)
        e = sync_sub(s, true, why);
    bool dropped = false;
    for (size_t i = 0; i < found->count && !e; i++) {
        if (!found->list[i].in_cur) {
            e = drop(s, false, found->list[i].name, why);
            dropped = true;
        }
    }
    if (!e && dropped)
        e = sync_sub(s, false, why);
    return e ? e : entry_find(s, id, found, why);
}

/* A mailbox's row is completed first: after this, the file may be gone before it is looked for. */
static enum err claim_seen(const struct spool *s, struct store *store, const char *id,
                           struct entries *found, struct why *why)
{
    enum err e = store ? store_seen_done_file(store, s->code, id, why) : ERR_NONE;
    return e && e != ERR_NO ? e : claim(s, id, found, why);
}

static bool offered(const struct spool_mail *mail, const char *id, const char *after)
{
    if (mail->state == SPOOL_HELD)
        return false;
    if (id)
        return strcmp(mail->id, id) == 0;
    return !after || strcmp(mail->id, after) > 0;
}

enum err spool_take(struct spool *s, struct store *store, const char *id, const char *after,
                    struct spool_mail *mail, struct why *why)
{
    struct spool_list list;
    struct entries found = {0};
    if (!s->locked)
        return why_set(why, ERR_BUG, "take without the lock");
    clean_copies(s);
    enum err e = spool_list(s, &list, why);
    if (e)
        return e;
    e = ERR_NO;
    for (size_t i = 0; i < list.count && e == ERR_NO; i++)
        if (offered(&list.mails[i], id, after))
            e = claim_seen(s, store, list.mails[i].id, &found, why);
    spool_list_free(&list);
    if (e == ERR_NO)
        return why_set(why, ERR_NO, "nothing to take");
    if (!e)
        *mail = found.list[0].mail;
    return e;
}

/* The other names of a mail that is held go. */
static enum err settle(const struct spool *s, const struct entries *found, const char *name,
                       struct why *why)
{
    enum err e = sync_sub(s, true, why);
    for (size_t i = 0; i < found->count && !e; i++)
        if (strcmp(found->list[i].name, name) != 0)
            e = drop(s, found->list[i].in_cur, found->list[i].name, why);
    return e ? e : sync_sub(s, true, why);
}

enum err spool_hold(struct spool *s, const char *id, int64_t until, bool undecodable,
                    struct why *why)
{
    struct entries found = {0};
    char name[ENTRY_NAME_MAX + 1], from[ENTRY_PATH_MAX], to[ENTRY_PATH_MAX];
    if (until <= 0)
        return why_set(why, ERR_USAGE, "no such day");
    enum err e = claim(s, id, &found, why);
    if (e)
        return e;
    for (size_t i = 0; i < found.count; i++)
        undecodable = undecodable || found.list[i].mail.undecodable;
    entry_held_name(id, until, undecodable, name);
    if (strcmp(found.list[0].name, name) != 0) {
        entry_path(s, true, found.list[0].name, from);
        entry_path(s, true, name, to);
        e = link_names(from, to, why);
    }
    return e ? e : settle(s, &found, name, why);
}

static bool is_empty(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && st.st_size == 0;
}

/* A name that the mail does not have yet: the days end a second later where need be. */
static void free_name(const struct entries *found, const char *id, int64_t until,
                      char name[ENTRY_NAME_MAX + 1])
{
    size_t i = 0;
    entry_held_name(id, until, false, name);
    while (i < found->count) {
        if (strcmp(found->list[i++].name, name) == 0) {
            entry_held_name(id, ++until, false, name);
            i = 0;
        }
    }
}

enum err spool_hold_opened(struct spool *s, const char *id, int64_t until, int fd,
                           struct why *why)
{
    struct entries found = {0};
    char name[ENTRY_NAME_MAX + 1], dotted[SPOOL_NAME_MAX + 2];
    char from[ENTRY_PATH_MAX], to[ENTRY_PATH_MAX];
    if (until <= 0)
        return why_set(why, ERR_USAGE, "no such day");
    enum err e = claim(s, id, &found, why);
    if (!e)
        e = copy_into(s, fd, dotted, why);
    if (e)
        return e;
    free_name(&found, id, until, name);
    entry_path(s, true, dotted, from);
    entry_path(s, true, name, to);
    e = is_empty(from) ? why_set(why, ERR_DATA, "nothing to hold in its place")
                       : link_names(from, to, why);
    drop(s, true, dotted, NULL);
    return e ? e : settle(s, &found, name, why);
}

enum err spool_read(struct spool *s, const char *id, int *fd, struct why *why)
{
    struct entries found = {0};
    char path[ENTRY_PATH_MAX];
    /* A step of somebody else may change the name between looking and opening. */
    for (int tries = 0; tries < 10; tries++) {
        enum err e = entry_find(s, id, &found, why);
        if (e)
            return e;
        entry_path(s, found.list[0].in_cur, found.list[0].name, path);
        /* Whoever writes into new/ may put a pipe there between our looking and opening. */
        *fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
        struct stat st;
        if (*fd >= 0 && fstat(*fd, &st) == 0 && S_ISREG(st.st_mode))
            return ERR_NONE;
        if (*fd >= 0) {
            close(*fd);
            *fd = -1;
            return why_set(why, ERR_IO, "%s: not a file", path);
        }
        if (errno != ENOENT)
            return why_errno(why, ERR_IO, "%s", path);
    }
    return why_set(why, ERR_AGAIN, "mail keeps moving");
}

/* Drops those of found that are in one directory, and syncs it if there were any. */
static enum err drop_all(const struct spool *s, const struct entries *found, bool in_cur,
                         struct why *why)
{
    enum err e = ERR_NONE;
    bool any = false;
    for (size_t i = 0; i < found->count && !e; i++) {
        if (found->list[i].in_cur == in_cur) {
            e = drop(s, in_cur, found->list[i].name, why);
            any = true;
        }
    }
    return e || !any ? e : sync_sub(s, in_cur, why);
}

enum err spool_remove(struct spool *s, const char *id, struct why *why)
{
    struct entries found = {0};
    enum err e = entry_find(s, id, &found, why);
    if (e)
        return e;
    while (!e) {
        /* new/ first: the other way round, a kill between would make it arrive once more. */
        e = drop_all(s, &found, false, why);
        if (!e)
            e = drop_all(s, &found, true, why);
        if (!e && entry_find(s, id, &found, NULL) != ERR_NONE)
            break;
    }
    return e;
}
