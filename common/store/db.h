/*
 * Inside store/ only: the few words in which the other files speak SQL.
 *
 * types of the variadic functions: 't' const char * (NULL binds NULL), 'i' int64_t, 's' struct
 * span as text, 'b' struct span as bytes (empty binds NULL).
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include "store/store.h"

#include <sqlite3.h>

struct store {
    const struct home *home;
    enum store_access access;
    sqlite3 *users, *state; /* state is opened when first needed */
    bool began;
    bool state_read_only;
};

/* The class and words for what went wrong last. */
enum err db_fail(sqlite3 *db, struct why *why);

/* Prepares and binds. Finalise with sqlite3_finalize, also (harmlessly) after a failure. */
enum err db_query(sqlite3 *db, sqlite3_stmt **stmt, struct why *why, const char *sql,
                  const char *types, ...);

/* ERR_NONE: there is a row; ERR_NO: no more of them. */
enum err db_step(sqlite3_stmt *stmt, struct why *why);

/* Prepares, binds, runs to the end; *changed (may be NULL) counts the rows. */
enum err db_run(sqlite3 *db, int *changed, struct why *why, const char *sql, const char *types,
                ...);

/* Plain statements without values. */
enum err db_exec(sqlite3 *db, const char *sql, struct why *why);

/* A column's text ("" for NULL), alive until the next step; and copied or appended. */
const char *db_text(sqlite3_stmt *stmt, int column);
struct span db_span(sqlite3_stmt *stmt, int column);
/* Copies, cut to fit. */
void db_copy(sqlite3_stmt *stmt, int column, char *out, size_t n);

/* One transaction around a few statements on the users' tables, also within store_begin. leave
 * commits when e is ERR_NONE, else undoes, and returns the first failure. */
enum err db_enter(struct store *s, struct why *why);
enum err db_leave(struct store *s, enum err e, struct why *why);

/* Opens the state when it is not open yet. write: must be writable. */
enum err db_state(struct store *s, bool write, struct why *why);

/* Opens one file and brings it up to the last of the scripts (ended by NULL). */
struct db_file {
    const char *path; /* within the home */
    unsigned mode;    /* when made */
    const char *const *scripts;
};
extern const struct db_file db_users_file, db_state_file;
enum err db_open(const struct home *h, const struct db_file *file, bool make, bool *read_only,
                 sqlite3 **db, struct why *why);

/* The folded form of text as a C string in b (cleared first). NULL: no memory. */
const char *db_fold(struct buf *b, struct span text);

#endif
