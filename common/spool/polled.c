#include "spool/polled.h"

#include "tool/diag.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

enum err polled_lock(const struct home *home, const char *code, int *fd, struct why *why)
{
    char name[64], path[HOME_PATH_MAX];
    snprintf(name, sizeof name, "db/%s.poll", code);
    enum err e = home_path(home, name, path, why);
    *fd = -1;
    if (e)
        return e;
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (*fd < 0)
        return why_errno(why, ERR_CREATE, "%s", path);
    if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
        return ERR_NONE;
    e = errno == EWOULDBLOCK ? why_set(why, ERR_AGAIN, "another poll is at it")
                             : why_errno(why, ERR_IO, "%s", path);
    close(*fd);
    *fd = -1;
    return e;
}

enum err polled_state(struct spool *s, struct store *store, const struct seen_key *key,
                      enum seen_state *state, struct why *why)
{
    struct buf file;
    buf_init(&file, SPOOL_NAME_MAX + 1);
    enum err e = store_seen_get(store, key, state, &file, why);
    if (!e && *state == SEEN_COMING) {
        const char *name = buf_cstr(&file);
        *state = name && spool_has(s, name) ? SEEN_DONE : SEEN_NOT;
        if (*state == SEEN_DONE)
            e = store_seen_done(store, key, why);
    }
    buf_release(&file);
    return e;
}

enum err polled_commit(struct spool_delivery *d, struct store *store, const struct seen_key *key,
                       const char *code, struct why *why)
{
    enum err e = spool_delivery_sync(d, why);
    if (!e)
        e = store_seen_coming(store, key, code, spool_delivery_name(d), why);
    if (!e)
        e = spool_delivery_commit(d, why);
    return e ? e : store_seen_done(store, key, why);
}
