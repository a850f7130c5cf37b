/* The tables' shape, version after version, and how a file is opened and brought up to date. */
#include "store/db.h"

#include "tool/diag.h"
#include "tool/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUSY_MS = 10000 };

/*
 * Keys are what is compared: names and addresses with their letters made small (user_fold).
 * password and smime_key are sealed; verifier_apart tells a release password set apart.
 * A script is never changed once it has been released: changes are new scripts.
 */
static const char users_1[] =
    "CREATE TABLE users ("
    " code TEXT PRIMARY KEY COLLATE NOCASE NOT NULL,"
    " name TEXT NOT NULL, name_key TEXT NOT NULL UNIQUE,"
    " address TEXT NOT NULL, address_key TEXT NOT NULL, local_key TEXT NOT NULL,"
    " fax_number TEXT NOT NULL, login TEXT NOT NULL, mailbox TEXT NOT NULL,"
    " submit TEXT NOT NULL, auto_receive INTEGER NOT NULL, auto_print INTEGER NOT NULL,"
    " days INTEGER NOT NULL CHECK (days BETWEEN 1 AND 31), check_on_send INTEGER NOT NULL,"
    " text_mail INTEGER NOT NULL, encrypt INTEGER NOT NULL, on_expiry INTEGER NOT NULL,"
    " notice INTEGER NOT NULL, keep INTEGER NOT NULL, keep_days INTEGER NOT NULL,"
    " printer TEXT NOT NULL, follow TEXT NOT NULL, expiry_address TEXT NOT NULL,"
    " mdn INTEGER NOT NULL, sealed INTEGER NOT NULL, sub_address TEXT NOT NULL,"
    " unix_user TEXT NOT NULL, domains TEXT NOT NULL, language TEXT NOT NULL,"
    " password_command TEXT NOT NULL,"
    " password BLOB, verifier TEXT NOT NULL DEFAULT '',"
    " verifier_apart INTEGER NOT NULL DEFAULT 0, smime_key BLOB, certificate BLOB);"
    "CREATE UNIQUE INDEX users_address ON users (address_key) WHERE address_key <> '';"
    "CREATE INDEX users_local ON users (local_key);"
    "CREATE UNIQUE INDEX users_fax ON users (fax_number) WHERE fax_number <> '';"
    "CREATE UNIQUE INDEX users_login ON users (login, mailbox) WHERE login <> '';"
    "CREATE TABLE sender_rules ("
    " user TEXT NOT NULL COLLATE NOCASE REFERENCES users (code) ON DELETE CASCADE,"
    " pattern TEXT NOT NULL COLLATE NOCASE, auto_print INTEGER NOT NULL,"
    " text_mail INTEGER NOT NULL, refuse INTEGER NOT NULL, PRIMARY KEY (user, pattern));"
    "CREATE TABLE encryption (recipient TEXT PRIMARY KEY COLLATE NOCASE NOT NULL,"
    " method TEXT NOT NULL, certificate BLOB);";

static const char users_2[] =
    "CREATE TABLE aliases (name_key TEXT PRIMARY KEY NOT NULL, name TEXT NOT NULL,"
    " kind INTEGER NOT NULL);"
    "CREATE TABLE alias_members ("
    " alias TEXT NOT NULL REFERENCES aliases (name_key) ON DELETE CASCADE,"
    " position INTEGER NOT NULL, member TEXT NOT NULL, PRIMARY KEY (alias, position));";

static const char state_1[] =
    "CREATE TABLE seen (url TEXT NOT NULL, login TEXT NOT NULL, validity TEXT NOT NULL,"
    " uid TEXT NOT NULL, state INTEGER NOT NULL, user TEXT NOT NULL COLLATE NOCASE,"
    " file TEXT NOT NULL, time INTEGER NOT NULL, PRIMARY KEY (url, login, validity, uid));"
    "CREATE INDEX seen_file ON seen (file);"
    "CREATE TABLE tries (code TEXT PRIMARY KEY COLLATE NOCASE NOT NULL,"
    " wrong INTEGER NOT NULL, last INTEGER NOT NULL, until INTEGER NOT NULL);"
    "CREATE TABLE journal (id INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL,"
    " user TEXT NOT NULL COLLATE NOCASE, mail TEXT NOT NULL, sender TEXT NOT NULL,"
    " pages INTEGER NOT NULL, result TEXT NOT NULL, note TEXT NOT NULL);";

static const char *const users_scripts[] = {users_1, users_2, NULL};
static const char *const state_scripts[] = {state_1, NULL};

const struct db_file db_users_file = {"db/users.db", 0640, users_scripts};
const struct db_file db_state_file = {"state/state.db", 0660, state_scripts};

static enum err version_of(sqlite3 *db, int *version, struct why *why)
{
    sqlite3_stmt *stmt;
    enum err e = db_query(db, &stmt, why, "PRAGMA user_version", "");
    if (!e)
        e = db_step(stmt, why);
    *version = e ? 0 : sqlite3_column_int(stmt, 0);
    sqlite3_finalize(stmt);
    return e;
}

static int newest(const struct db_file *file)
{
    int n = 0;
    while (file->scripts[n])
        n++;
    return n;
}

/* All the missing scripts in one transaction; another process may have been faster. */
static enum err migrate(sqlite3 *db, const struct db_file *file, struct why *why)
{
    int version;
    char set[64];
    enum err e = db_exec(db, "BEGIN IMMEDIATE", why);
    if (e)
        return e;
    e = version_of(db, &version, why);
    for (int v = version; !e && file->scripts[v] && v < newest(file); v++) {
        e = db_exec(db, file->scripts[v], why);
        snprintf(set, sizeof set, "PRAGMA user_version = %d", v + 1);
        if (!e)
            e = db_exec(db, set, why);
    }
    if (!e)
        e = db_exec(db, "COMMIT", why);
    if (e)
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return e;
}

static enum err up_to_date(sqlite3 *db, const struct db_file *file, bool make, bool read_only,
                           struct why *why)
{
    int version;
    enum err e = version_of(db, &version, why);
    if (e)
        return e;
    if (version > newest(file))
        return why_set(why, ERR_CONFIG, "%s: made by a newer faxpipe", file->path);
    if (version == newest(file))
        return ERR_NONE;
    if (version == 0 && !make)
        return why_set(why, ERR_CONFIG, "%s: no tables in it: `fuser init` makes them",
                       file->path);
    if (read_only)
        return why_set(why, ERR_CONFIG, "%s: made by an older faxpipe: `fuser init` renews it",
                       file->path);
    return migrate(db, file, why);
}

/* SQLite would make it readable by everyone. */
static enum err make_file(const char *path, unsigned mode, struct why *why)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0 && errno == EEXIST)
        return ERR_NONE;
    if (fd < 0)
        return why_errno(why, ERR_CONFIG, "%s", path);
    enum err e = fchmod(fd, mode) == 0 ? ERR_NONE : why_errno(why, ERR_CONFIG, "%s", path);
    close(fd);
    return e;
}

/* A deleted journal is what commits; both of file and directory are synced (FULL and EXTRA's
 * directory sync come with DELETE mode's unlink). */
static const char settings[] = "PRAGMA journal_mode = DELETE; PRAGMA synchronous = EXTRA;"
                               "PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;"
                               "PRAGMA trusted_schema = OFF; PRAGMA secure_delete = ON";

enum err db_open(const struct home *h, const struct db_file *file, bool make, bool *read_only,
                 sqlite3 **db, struct why *why)
{
    char path[HOME_PATH_MAX];
    *db = NULL;
    enum err e = home_path(h, file->path, path, why);
    if (!e && make)
        e = make_file(path, file->mode, why);
    if (e)
        return e;
    if (eaccess(path, R_OK) != 0)
        return why_set(why, ERR_CONFIG, "%s: %s%s", path, strerror(errno),
                       errno == ENOENT ? " (`fuser init` makes it)" : "");
    /* eaccess: what counts is the effective id, also in fax-spool, which is setgid. */
    *read_only = eaccess(path, W_OK) != 0;
    int flags = *read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    if (sqlite3_open_v2(path, db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
        e = db_fail(*db, why);
    } else {
        sqlite3_busy_timeout(*db, BUSY_MS);
        sqlite3_extended_result_codes(*db, 1);
        e = db_exec(*db, settings, why);
    }
    if (!e)
        e = up_to_date(*db, file, make, *read_only, why);
    if (e) {
        sqlite3_close(*db);
        *db = NULL;
    }
    return e;
}
