#include "spool/entry.h"

#include "tool/diag.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

bool spool_id_valid(struct span id)
{
    if (id.n == 0 || id.n > SPOOL_ID_MAX || id.p[0] == '.' || id.p[0] == '-')
        return false;
    for (size_t i = 0; i < id.n; i++)
        if (id.p[i] <= ' ' || id.p[i] > '~' || id.p[i] == '/' || id.p[i] == ':')
            return false;
    return !memmem(id.p, id.n, ",E=", 3);
}

bool spool_code_valid(struct span code)
{
    if (code.n == 0 || code.n > SPOOL_CODE_MAX || code.p[0] == '-')
        return false;
    for (size_t i = 0; i < code.n; i++)
        if (!ascii_alnum(code.p[i]) && code.p[i] != '-' && code.p[i] != '_')
            return false;
    return true;
}

static int64_t leading_seconds(const char *id)
{
    struct span s = span_str(id);
    uint64_t seconds;
    s = span_take(s, span_find(s, '.'));
    return s.n >= 9 && span_number(s, INT64_MAX, &seconds) ? (int64_t)seconds : 0;
}

/* Reads a file name of new/ or cur/; state, id, until and undecodable are set. False: not one. */
static bool parse(const char *name, bool in_cur, struct entry *e)
{
    struct span id = span_str(name);
    memset(e, 0, sizeof *e);
    if (!span_copy(id, e->name, sizeof e->name))
        return false;
    e->in_cur = in_cur;
    e->mail.state = in_cur ? SPOOL_TAKEN : SPOOL_NEW;
    size_t colon = span_find(id, ':');
    struct span info = span_skip(id, colon);
    if (info.n && !span_starts(info, span_str(":2,")))
        return false;
    id = span_take(id, colon);
    const uint8_t *end = memmem(id.p, id.n, ",E=", 3);
    if (end) {
        uint64_t until;
        size_t n = (size_t)(end - id.p);
        if (!in_cur || !span_number(span_skip(id, n + 3), INT64_MAX, &until) || until == 0)
            return false;
        id = span_take(id, n);
        e->mail.state = SPOOL_HELD;
        e->mail.until = (int64_t)until;
        e->mail.undecodable = info.n && span_find(info, 'U') < info.n;
    }
    if (!spool_id_valid(id) || !span_copy(id, e->mail.id, sizeof e->mail.id))
        return false;
    e->mail.arrived = leading_seconds(e->mail.id);
    return true;
}

void entry_held_name(const char *id, int64_t until, bool undecodable,
                     char out[ENTRY_NAME_MAX + 1])
{
    snprintf(out, ENTRY_NAME_MAX + 1, "%s,E=%lld:2,%s", id, (long long)until,
             undecodable ? "U" : "");
}

bool entry_outranks(const struct entry *a, const struct entry *b)
{
    if (a->mail.state != b->mail.state)
        return a->mail.state > b->mail.state;
    if (a->mail.until != b->mail.until)
        return a->mail.until > b->mail.until;
    return a->mail.undecodable && !b->mail.undecodable;
}

void entry_path(const struct spool *s, bool in_cur, const char *name, char out[ENTRY_PATH_MAX])
{
    snprintf(out, ENTRY_PATH_MAX, "%s/%s%s%s", s->dir, in_cur ? "cur" : "new", *name ? "/" : "",
             name);
}

static enum err walk_dir(const struct spool *s, bool in_cur,
                         enum err (*see)(void *, const struct entry *), void *context,
                         struct why *why)
{
    char path[ENTRY_PATH_MAX];
    struct entry entry;
    struct stat st;
    const struct dirent *d;
    enum err e = ERR_NONE;
    entry_path(s, in_cur, "", path);
    DIR *dir = opendir(path);
    if (!dir && errno == EACCES && !in_cur)
        return ERR_NONE;
    if (!dir)
        return why_errno(why, ERR_IO, "%s", path);
    while (!e && (errno = 0, d = readdir(dir))) {
        if (!parse(d->d_name, in_cur, &entry) ||
            fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode))
            continue;
        entry.mail.octets = (uint64_t)st.st_size;
        if (!entry.mail.arrived)
            entry.mail.arrived = st.st_mtime;
        e = see(context, &entry);
    }
    if (!e && errno)
        e = why_errno(why, ERR_IO, "%s", path);
    closedir(dir);
    return e;
}

enum err entry_walk(const struct spool *s, enum err (*see)(void *context, const struct entry *e),
                    void *context, struct why *why)
{
    /* new/ first: a mail that is claimed meanwhile is then seen twice rather than not at all. */
    enum err e = walk_dir(s, false, see, context, why);
    return e ? e : walk_dir(s, true, see, context, why);
}

struct search {
    const char *id;
    struct entries *found;
};

static enum err match(void *context, const struct entry *e)
{
    struct search *search = context;
    struct entries *found = search->found;
    if (strcmp(e->mail.id, search->id) != 0)
        return ERR_NONE;
    size_t room = sizeof found->list / sizeof *found->list;
    if (found->count < room)
        found->list[found->count++] = *e;
    /* The one that counts is kept at the front. */
    if (entry_outranks(e, &found->list[0])) {
        found->list[found->count - 1] = found->list[0];
        found->list[0] = *e;
    }
    return ERR_NONE;
}

enum err entry_find(const struct spool *s, const char *id, struct entries *found, struct why *why)
{
    struct search search = {id, found};
    found->count = 0;
    if (!spool_id_valid(span_str(id)))
        return why_set(why, ERR_DATA, "not an ID");
    enum err e = entry_walk(s, match, &search, why);
    if (!e && found->count == 0)
        e = why_set(why, ERR_NO_INPUT, "no such mail");
    return e;
}
