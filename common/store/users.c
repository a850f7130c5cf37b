/* Rows of the user registration table. */
#include "store/db.h"

#include <stdio.h>
#include <string.h>

enum { SQL_MAX = 4096 };

static enum err add_columns(struct buf *sql, const char *before, const char *between)
{
    enum err e = ERR_NONE;
    for (size_t i = 0; i < USER_COLUMNS && !e; i++)
        e = buf_add_format(sql, "%s%s%s", i ? between : "", before, user_columns[i].sql);
    return e;
}

/* What a row of SELECT (all the columns) says. */
static void read_row(sqlite3_stmt *stmt, struct user *u)
{
    memset(u, 0, sizeof *u);
    for (int i = 0; i < USER_COLUMNS; i++) {
        const struct column *c = &user_columns[i];
        void *field = (char *)u + c->offset;
        if (c->kind == COLUMN_TEXT)
            db_copy(stmt, i, field, c->size);
        else if (c->kind == COLUMN_SWITCH)
            *(bool *)field = sqlite3_column_int(stmt, i) != 0;
        else
            *(int *)field = sqlite3_column_int(stmt, i);
    }
}

/* SELECT columns FROM users WHERE tail; one value of text, or two. ERR_NO: no row. */
static enum err select_one(struct store *s, const char *tail, const char *one, const char *two,
                           struct user *u, struct why *why)
{
    struct buf sql;
    sqlite3_stmt *stmt = NULL;
    buf_init(&sql, SQL_MAX);
    enum err e = buf_add_str(&sql, "SELECT ");
    if (!e)
        e = add_columns(&sql, "", ", ");
    if (!e)
        e = buf_add_format(&sql, " FROM users WHERE %s", tail);
    const char *text = e ? NULL : buf_cstr(&sql);
    e = text ? db_query(s->users, &stmt, why, text, two ? "tt" : "t", one, two)
             : why_set(why, ERR_OS, "out of memory");
    if (!e)
        e = db_step(stmt, why);
    if (!e)
        read_row(stmt, u);
    sqlite3_finalize(stmt);
    buf_release(&sql);
    return e;
}

static enum err no_user(enum err e, struct why *why, const char *code)
{
    return e == ERR_NO ? why_set(why, ERR_NO_USER, "%s: no such user", code) : e;
}

enum err store_user_get(struct store *s, const char *code, struct user *u, struct why *why)
{
    return no_user(select_one(s, "code = ?1", code, NULL, u, why), why, code);
}

/* A row that only one user has; two are as good as none, since mail is confidential. */
static enum err only_one(struct store *s, const char *column, const char *value, struct user *u,
                         struct why *why)
{
    char tail[256];
    snprintf(tail, sizeof tail, "%s = ?1 AND (SELECT count(*) FROM users WHERE %s = ?1) = 1",
             column, column);
    return select_one(s, tail, value, NULL, u, why);
}

static bool ours(struct span domain, const char *const *domains)
{
    if (!domains)
        return true;
    for (; *domains; domains++)
        if (span_eq_nocase(domain, span_str(*domains)))
            return true;
    return false;
}

/* The digits and the leading '+' of a telephone number, "" when it is none. */
static void plain_number(struct span number, char *out, size_t n)
{
    const struct column *c = user_column(span_str("fax-number"));
    if (!c->valid(number, out, n))
        out[0] = '\0';
}

static void sub_address_of(struct span local, char *out, size_t n)
{
    struct span rest = local;
    out[0] = '\0';
    while (rest.n) {
        rest = span_skip(rest, span_find(rest, '/') + 1);
        if (span_starts_nocase(rest, span_str("T33S="))) {
            rest = span_skip(rest, 5);
            if (!span_copy(span_take(rest, span_find(rest, '/')), out, n))
                out[0] = '\0';
            return;
        }
    }
}

static enum err by_number(struct store *s, struct span local, struct user *u, struct why *why)
{
    char number[32], sub[32];
    struct span fax = fax_number_of(local);
    enum err e = ERR_NO;
    plain_number(fax.n ? fax : local, number, sizeof number);
    if (!number[0])
        return ERR_NO;
    sub_address_of(local, sub, sizeof sub);
    if (fax.n && sub[0])
        e = select_one(s, "sub_address = ?1 AND fax_number IN (?2, '') "
                          "ORDER BY fax_number = '', code LIMIT 1", sub, number, u, why);
    return e == ERR_NO ? select_one(s, "fax_number = ?1", number, NULL, u, why) : e;
}

static enum err by_local(struct store *s, struct span local, struct user *u, struct why *why)
{
    struct buf key;
    char code[USER_CODE_MAX + 1];
    buf_init(&key, 2 * USER_ADDRESS_MAX);
    const char *folded = db_fold(&key, local);
    enum err e = folded ? only_one(s, "local_key", folded, u, why) : ERR_NO;
    if (e == ERR_NO && span_copy(local, code, sizeof code))
        e = select_one(s, "code = ?1", code, NULL, u, why);
    if (e == ERR_NO)
        e = by_number(s, local, u, why);
    buf_release(&key);
    return e;
}

enum err store_user_by_address(struct store *s, const char *address, const char *const *domains,
                               struct user *u, struct why *why)
{
    const char *at = strrchr(address, '@');
    struct buf key;
    buf_init(&key, 4 * USER_ADDRESS_MAX);
    const char *folded = db_fold(&key, span_str(address));
    enum err e = ERR_NO;
    if (at && folded)
        e = select_one(s, "address_key = ?1", folded, NULL, u, why);
    if (e == ERR_NO && (!at || ours(span_str(at + 1), domains)))
        e = by_local(s, at ? span_of(address, (size_t)(at - address)) : span_str(address), u, why);
    buf_release(&key);
    return no_user(e, why, address);
}

enum err store_user_by_login(struct store *s, const char *login, struct user *u, struct why *why)
{
    struct buf key;
    buf_init(&key, 4 * USER_ADDRESS_MAX);
    enum err e = select_one(s, "code = ?1", login, NULL, u, why);
    const char *folded = db_fold(&key, span_str(login));
    if (e == ERR_NO && folded && *folded)
        e = select_one(s, "address_key = ?1", folded, NULL, u, why);
    if (e == ERR_NO && *login)
        e = only_one(s, "login", login, u, why);
    buf_release(&key);
    return no_user(e, why, login);
}

enum err store_users(struct store *s, enum err (*each)(void *arg, const struct user *u), void *arg,
                     struct why *why)
{
    /* One row a query, so that nothing is locked while each does its work. */
    struct user u = {.code = ""};
    char last[USER_CODE_MAX + 1] = "";
    for (;;) {
        enum err e = select_one(s, "code > ?1 ORDER BY code LIMIT 1", last, NULL, &u, why);
        if (e)
            return e == ERR_NO ? ERR_NONE : e;
        memcpy(last, u.code, sizeof last);
        e = each(arg, &u);
        if (e)
            return e;
    }
}

static enum err number_of(struct store *s, int64_t *n, struct why *why, const char *sql,
                          const char *one, const char *two, const char *three)
{
    sqlite3_stmt *stmt;
    enum err e = db_query(s->users, &stmt, why, sql, three ? "ttt" : two ? "tt" : one ? "t" : "",
                          one, two, three);
    if (!e)
        e = db_step(stmt, why);
    *n = e ? 0 : sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return e;
}

enum err store_user_count(struct store *s, unsigned *count, struct why *why)
{
    int64_t n;
    enum err e = number_of(s, &n, why, "SELECT count(*) FROM users", NULL, NULL, NULL);
    *count = (unsigned)n;
    return e;
}

/* What is compared: the folded name, address, and its local part. */
struct keys {
    struct buf name, address, local;
};

static void keys_release(struct keys *k)
{
    buf_release(&k->name);
    buf_release(&k->address);
    buf_release(&k->local);
}

static enum err keys_make(struct keys *k, const struct user *u, struct why *why)
{
    const char *at = strrchr(u->address, '@');
    buf_init(&k->name, 4 * USER_TEXT_MAX);
    buf_init(&k->address, 4 * USER_ADDRESS_MAX);
    buf_init(&k->local, 4 * USER_ADDRESS_MAX);
    struct span local = span_of(u->address, at ? (size_t)(at - u->address) : 0);
    if (db_fold(&k->name, span_str(u->name)) && db_fold(&k->address, span_str(u->address)) &&
        db_fold(&k->local, local))
        return ERR_NONE;
    return why_set(why, ERR_OS, "out of memory");
}

/* Claim 13: no two users with the same of these. adding: the code must be free too. */
static enum err taken(struct store *s, const struct user *u, struct keys *k, bool adding,
                      struct why *why)
{
    const char *name = buf_cstr(&k->name), *address = buf_cstr(&k->address);
    const char *local = buf_cstr(&k->local);
    const struct {
        const char *words, *sql, *one, *two, *three;
    } rules[] = {
        {"user code already taken", "SELECT count(*) FROM users WHERE code = ?1 AND ?2",
         u->code, adding ? "1" : "0", NULL},
        {"user name already taken",
         "SELECT count(*) FROM users WHERE name_key = ?1 AND code <> ?2 COLLATE NOCASE", name,
         u->code, NULL},
        {"mail address already taken",
         "SELECT count(*) FROM users WHERE ?1 <> '' AND address_key = ?1 AND code <> ?2 "
         "COLLATE NOCASE", address, u->code, NULL},
        {"mail address or code already taken by an alias",
         "SELECT count(*) FROM aliases WHERE name_key <> '' AND name_key IN (?1, ?2, lower(?3))",
         address, local, u->code},
        {"fax number already taken",
         "SELECT count(*) FROM users WHERE ?1 <> '' AND fax_number = ?1 AND code <> ?2 "
         "COLLATE NOCASE", u->fax_number, u->code, NULL},
        {"log-in ID already taken",
         "SELECT count(*) FROM users WHERE ?1 <> '' AND login = ?1 AND mailbox = ?2 AND "
         "code <> ?3 COLLATE NOCASE", u->login, u->mailbox, u->code},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        int64_t n;
        enum err e =
            number_of(s, &n, why, rules[i].sql, rules[i].one, rules[i].two, rules[i].three);
        if (e)
            return e;
        if (n)
            return why_set(why, ERR_NO, "%s", rules[i].words);
    }
    return ERR_NONE;
}

enum err store_user_free(struct store *s, const struct user *u, struct why *why)
{
    struct keys k;
    enum err e = keys_make(&k, u, why);
    if (!e)
        e = taken(s, u, &k, true, why);
    keys_release(&k);
    return e;
}

static enum err bind_row(sqlite3_stmt *stmt, const struct user *u, struct keys *k)
{
    int rc = SQLITE_OK, i = 1;
    for (size_t n = 0; n < USER_COLUMNS && rc == SQLITE_OK; n++, i++) {
        const struct column *c = &user_columns[n];
        const void *field = (const char *)u + c->offset;
        if (c->kind == COLUMN_TEXT)
            rc = sqlite3_bind_text(stmt, i, field, -1, SQLITE_STATIC);
        else
            rc = sqlite3_bind_int(stmt, i, c->kind == COLUMN_SWITCH ? *(const bool *)field
                                                                    : *(const int *)field);
    }
    struct buf *keys[] = {&k->name, &k->address, &k->local};
    for (int n = 0; n < 3 && rc == SQLITE_OK; n++, i++)
        rc = sqlite3_bind_text(stmt, i, buf_cstr(keys[n]), -1, SQLITE_STATIC);
    return rc == SQLITE_OK ? ERR_NONE : ERR_OS;
}

/* The parameters are the columns in their order and then the three keys. */
static enum err write_sql(struct buf *sql, bool adding)
{
    static const char *const keys[] = {"name_key", "address_key", "local_key"};
    enum err e = buf_add_str(sql, adding ? "INSERT INTO users (" : "UPDATE users SET ");
    if (!e && adding)
        e = add_columns(sql, "", ", ");
    for (size_t i = 0; i < USER_COLUMNS && !e && !adding; i++)
        e = buf_add_format(sql, "%s%s = ?%zu", i ? ", " : "", i ? user_columns[i].sql : "code",
                           i + 1);
    for (size_t i = 0; i < 3 && !e; i++)
        e = adding ? buf_add_format(sql, ", %s", keys[i])
                   : buf_add_format(sql, ", %s = ?%zu", keys[i], USER_COLUMNS + i + 1);
    if (!e)
        e = buf_add_str(sql, adding ? ") VALUES (" : " WHERE code = ?1");
    for (size_t i = 0; i < USER_COLUMNS + 3 && !e && adding; i++)
        e = buf_add_str(sql, i ? ", ?" : "?");
    return e || !adding ? e : buf_add_byte(sql, ')');
}

static enum err write_row(struct store *s, const struct user *u, struct keys *k, bool adding,
                          struct why *why)
{
    struct buf sql;
    sqlite3_stmt *stmt = NULL;
    buf_init(&sql, SQL_MAX);
    enum err e = write_sql(&sql, adding);
    const char *text = e ? NULL : buf_cstr(&sql);
    e = text ? db_query(s->users, &stmt, why, text, "") : why_set(why, ERR_OS, "out of memory");
    if (!e && bind_row(stmt, u, k))
        e = db_fail(s->users, why);
    if (!e)
        e = db_step(stmt, why);
    /* ERR_NO here is "no more rows"; a constraint that failed would be one of claim 13's. */
    if (e == ERR_NO)
        e = sqlite3_errcode(s->users) == SQLITE_DONE ? ERR_NONE : e;
    if (!e && !adding && sqlite3_changes(s->users) == 0)
        e = no_user(ERR_NO, why, u->code);
    sqlite3_finalize(stmt);
    buf_release(&sql);
    return e;
}

static enum err room_for_one(struct store *s, unsigned max, struct why *why)
{
    unsigned count;
    enum err e = max ? store_user_count(s, &count, why) : ERR_NONE;
    if (!e && max && count >= max)
        return why_set(why, ERR_NO, "user registration filled");
    return e;
}

static enum err put(struct store *s, const struct user *u, bool adding, unsigned max,
                    struct why *why)
{
    struct keys k;
    enum err e = keys_make(&k, u, why);
    if (!e)
        e = db_enter(s, why);
    if (!e) {
        e = adding ? room_for_one(s, max, why) : ERR_NONE;
        if (!e)
            e = taken(s, u, &k, adding, why);
        if (!e)
            e = write_row(s, u, &k, adding, why);
        e = db_leave(s, e, why);
    }
    keys_release(&k);
    return e;
}

enum err store_user_add(struct store *s, const struct user *u, unsigned max, struct why *why)
{
    return put(s, u, true, max, why);
}

enum err store_user_edit(struct store *s, const struct user *u, struct why *why)
{
    struct user old;
    enum err e = store_user_get(s, u->code, &old, why);
    if (e)
        return e;
    struct user row = *u;
    memcpy(row.code, old.code, sizeof row.code); /* as it was first written */
    return put(s, &row, false, 0, why);
}

enum err store_user_remove(struct store *s, const char *code, struct why *why)
{
    int changed;
    enum err e = db_run(s->users, &changed, why, "DELETE FROM users WHERE code = ?", "t", code);
    return e || changed ? e : no_user(ERR_NO, why, code);
}
