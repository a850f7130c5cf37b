#include "store/db.h"

#include "tool/io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum err store_open(const struct home *h, enum store_access access, struct store **out,
                    struct why *why)
{
    struct store *s = calloc(1, sizeof *s);
    bool read_only = false;
    *out = NULL;
    if (!s)
        return why_set(why, ERR_OS, "out of memory");
    s->home = h;
    s->access = access;
    enum err e = db_open(h, &db_users_file, access == STORE_MAKE, &read_only, &s->users, why);
    if (!e && access != STORE_READ && read_only)
        e = why_set(why, ERR_CONFIG, "%s/%s: not ours to change", h->path, db_users_file.path);
    if (!e && access == STORE_READ)
        e = db_exec(s->users, "PRAGMA query_only = ON", why);
    if (!e && access == STORE_MAKE)
        e = db_state(s, true, why);
    if (e)
        store_close(s);
    else
        *out = s;
    return e;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    sqlite3_close(s->users);
    sqlite3_close(s->state);
    free(s);
}

const struct home *store_home(const struct store *s)
{
    return s->home;
}

enum err db_state(struct store *s, bool write, struct why *why)
{
    if (!s->state) {
        enum err e = db_open(s->home, &db_state_file, s->access == STORE_MAKE, &s->state_read_only,
                             &s->state, why);
        if (e)
            return e;
    }
    if (write && s->state_read_only)
        return why_set(why, ERR_CONFIG, "%s/%s: not ours to change", s->home->path,
                       db_state_file.path);
    return ERR_NONE;
}

enum err store_begin(struct store *s, struct why *why)
{
    enum err e = db_exec(s->users, "BEGIN IMMEDIATE", why);
    s->began = !e;
    return e;
}

enum err store_commit(struct store *s, struct why *why)
{
    s->began = false;
    return db_leave(s, ERR_NONE, why);
}

void store_rollback(struct store *s)
{
    s->began = false;
    db_leave(s, ERR_NO, NULL);
}

static enum err check_one(sqlite3 *db, const char *pragma, bool quick,
                          void (*report)(void *arg, const char *fault), void *arg, unsigned *faults,
                          struct why *why)
{
    sqlite3_stmt *stmt;
    enum err e = db_query(db, &stmt, why, pragma, "");
    while (!e && !(e = db_step(stmt, why))) {
        if (!quick && strcmp(db_text(stmt, 0), "ok") == 0)
            continue;
        ++*faults;
        if (report)
            report(arg, quick ? "a row belongs to nobody" : db_text(stmt, 0));
    }
    sqlite3_finalize(stmt);
    return e == ERR_NO ? ERR_NONE : e;
}

enum err store_check(struct store *s, void (*report)(void *arg, const char *fault), void *arg,
                     struct why *why)
{
    unsigned faults = 0;
    enum err e = db_state(s, false, why);
    if (!e)
        e = check_one(s->users, "PRAGMA integrity_check", false, report, arg, &faults, why);
    if (!e)
        e = check_one(s->users, "PRAGMA foreign_key_check", true, report, arg, &faults, why);
    if (!e)
        e = check_one(s->state, "PRAGMA integrity_check", false, report, arg, &faults, why);
    if (!e && faults)
        e = why_set(why, ERR_CONFIG, "the tables have %u fault%s", faults, faults == 1 ? "" : "s");
    return e;
}

static enum err copy_to(struct store *s, const char *path, struct why *why)
{
    sqlite3 *to = NULL;
    enum err e = ERR_NONE;
    if (sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
        e = why_set(why, ERR_CREATE, "%s: %s", path, to ? sqlite3_errmsg(to) : "out of memory");
    sqlite3_backup *copy = e ? NULL : sqlite3_backup_init(to, "main", s->users, "main");
    int rc = SQLITE_OK;
    if (copy) {
        /* All pages in one step: consistent, and a second's lock at most. */
        rc = sqlite3_backup_step(copy, -1);
        if (sqlite3_backup_finish(copy) == SQLITE_OK && rc == SQLITE_DONE)
            rc = SQLITE_OK;
    }
    if (!e && (!copy || rc != SQLITE_OK))
        e = why_set(why, rc == SQLITE_BUSY ? ERR_AGAIN : ERR_IO, "backup: %s", sqlite3_errmsg(to));
    if (sqlite3_close(to) != SQLITE_OK && !e)
        e = why_set(why, ERR_IO, "backup: not closed");
    return e;
}

enum err store_backup(struct store *s, const char *path, struct why *why)
{
    struct outfile out;
    mode_t mask = umask(0177);
    enum err e = outfile_open(&out, path, why);
    umask(mask);
    if (e)
        return e;
    if (!out.temp[0])
        e = why_set(why, ERR_CREATE, "not a regular file");
    else
        e = copy_to(s, out.temp, why);
    if (e)
        outfile_abort(&out);
    return e ? e : outfile_commit(&out, why);
}
