#include "store/db.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static enum err class_of(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_AGAIN;
    case SQLITE_FULL:
    case SQLITE_IOERR:
        return ERR_IO;
    case SQLITE_NOMEM:
        return ERR_OS;
    case SQLITE_CONSTRAINT:
        return ERR_NO;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_CANTOPEN:
        return ERR_CONFIG;
    default:
        return ERR_BUG;
    }
}

enum err db_fail(sqlite3 *db, struct why *why)
{
    int rc = db ? sqlite3_extended_errcode(db) : SQLITE_NOMEM;
    const char *name = db ? sqlite3_db_filename(db, "main") : NULL;
    if (!name)
        name = "tables";
    if (rc == SQLITE_READONLY_ROLLBACK)
        return why_set(why, ERR_CONFIG, "%s: a writer died; `fuser check` as the owner repairs it",
                       name);
    if ((rc & 0xff) == SQLITE_BUSY)
        return why_set(why, ERR_AGAIN, "%s: locked by another program", name);
    if ((rc & 0xff) == SQLITE_READONLY)
        return why_set(why, ERR_CONFIG, "%s: not ours to change", name);
    return why_set(why, class_of(rc), "%s: %s", name, db ? sqlite3_errmsg(db) : "out of memory");
}

static int bind(sqlite3_stmt *stmt, const char *types, va_list args)
{
    int rc = SQLITE_OK;
    for (int i = 1; *types && rc == SQLITE_OK; types++, i++) {
        const char *text;
        struct span s;
        switch (*types) {
        case 't':
            text = va_arg(args, const char *);
            rc = sqlite3_bind_text(stmt, i, text, -1, SQLITE_TRANSIENT);
            break;
        case 'i':
            rc = sqlite3_bind_int64(stmt, i, va_arg(args, int64_t));
            break;
        case 's':
            s = va_arg(args, struct span);
            rc = sqlite3_bind_text64(stmt, i, s.n ? (const char *)s.p : "", s.n, SQLITE_TRANSIENT,
                                     SQLITE_UTF8);
            break;
        default:
            s = va_arg(args, struct span);
            rc = s.n ? sqlite3_bind_blob64(stmt, i, s.p, s.n, SQLITE_TRANSIENT)
                     : sqlite3_bind_null(stmt, i);
        }
    }
    return rc;
}

static enum err query(sqlite3 *db, sqlite3_stmt **stmt, struct why *why, const char *sql,
                      const char *types, va_list args)
{
    *stmt = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, stmt, NULL) == SQLITE_OK &&
        bind(*stmt, types, args) == SQLITE_OK)
        return ERR_NONE;
    enum err e = db_fail(db, why);
    sqlite3_finalize(*stmt);
    *stmt = NULL;
    return e;
}

enum err db_query(sqlite3 *db, sqlite3_stmt **stmt, struct why *why, const char *sql,
                  const char *types, ...)
{
    va_list args;
    va_start(args, types);
    enum err e = query(db, stmt, why, sql, types, args);
    va_end(args);
    return e;
}

enum err db_step(sqlite3_stmt *stmt, struct why *why)
{
    int rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW)
        return ERR_NONE;
    return rc == SQLITE_DONE ? ERR_NO : db_fail(sqlite3_db_handle(stmt), why);
}

enum err db_run(sqlite3 *db, int *changed, struct why *why, const char *sql, const char *types,
                ...)
{
    sqlite3_stmt *stmt;
    va_list args;
    va_start(args, types);
    enum err e = query(db, &stmt, why, sql, types, args);
    va_end(args);
    if (e)
        return e;
    int rc;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
        ;
    e = rc == SQLITE_DONE ? ERR_NONE : db_fail(db, why);
    if (changed)
        *changed = sqlite3_changes(db);
    sqlite3_finalize(stmt);
    return e;
}

enum err db_exec(sqlite3 *db, const char *sql, struct why *why)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? ERR_NONE : db_fail(db, why);
}

const char *db_text(sqlite3_stmt *stmt, int column)
{
    const char *text = (const char *)sqlite3_column_text(stmt, column);
    return text ? text : "";
}

struct span db_span(sqlite3_stmt *stmt, int column)
{
    const void *p = sqlite3_column_blob(stmt, column);
    return span_of(p, (size_t)sqlite3_column_bytes(stmt, column));
}

void db_copy(sqlite3_stmt *stmt, int column, char *out, size_t n)
{
    snprintf(out, n, "%s", db_text(stmt, column));
}

enum err db_enter(struct store *s, struct why *why)
{
    return s->began ? ERR_NONE : db_exec(s->users, "BEGIN IMMEDIATE", why);
}

enum err db_leave(struct store *s, enum err e, struct why *why)
{
    if (s->began)
        return e;
    if (!e)
        e = db_exec(s->users, "COMMIT", why);
    if (e && !sqlite3_get_autocommit(s->users))
        sqlite3_exec(s->users, "ROLLBACK", NULL, NULL, NULL);
    return e;
}

const char *db_fold(struct buf *b, struct span text)
{
    buf_clear(b);
    return user_fold(text, b) ? NULL : buf_cstr(b);
}
