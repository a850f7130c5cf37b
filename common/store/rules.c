/* Sender rules, the encryption table, aliases. Listings go row by row, so that nothing is locked
 * while each does its work. */
#include "store/db.h"
#include "store/print.h"

#include <stdio.h>
#include <string.h>

/* ---- Sender rules ---- */

#define SENDER_COLUMNS "user, pattern, auto_print, text_mail, refuse"

static void read_sender(sqlite3_stmt *stmt, struct sender_row *row)
{
    db_copy(stmt, 0, row->code, sizeof row->code);
    db_copy(stmt, 1, row->pattern, sizeof row->pattern);
    row->rule.auto_print = sqlite3_column_int(stmt, 2);
    row->rule.text_mail = sqlite3_column_int(stmt, 3);
    row->rule.refuse = sqlite3_column_int(stmt, 4) != 0;
}

enum err store_sender_rule(struct store *s, const char *code, const char *sender,
                           struct sender_rule *rule, struct why *why)
{
    sqlite3_stmt *stmt;
    int best = 0;
    enum err e = db_query(s->users, &stmt, why,
                          "SELECT " SENDER_COLUMNS " FROM sender_rules WHERE user = ?", "t", code);
    while (!e && !(e = db_step(stmt, why))) {
        struct sender_row row;
        read_sender(stmt, &row);
        int fit = sender_match(span_str(row.pattern), span_str(sender));
        if (fit > best) {
            best = fit;
            *rule = row.rule;
        }
    }
    sqlite3_finalize(stmt);
    if (e != ERR_NO)
        return e;
    return best ? ERR_NONE : why_set(why, ERR_NO, "%s: no row for this sender", sender);
}

enum err store_sender_set(struct store *s, const struct sender_row *row, struct why *why)
{
    struct user u;
    enum err e = db_enter(s, why);
    if (e)
        return e;
    e = store_user_get(s, row->code, &u, why);
    if (!e)
        e = db_run(s->users, NULL, why,
                   "INSERT OR REPLACE INTO sender_rules (" SENDER_COLUMNS ") "
                   "VALUES (?, ?, ?, ?, ?)",
                   "ttiii", u.code, row->pattern, (int64_t)row->rule.auto_print,
                   (int64_t)row->rule.text_mail, (int64_t)row->rule.refuse);
    return db_leave(s, e, why);
}

enum err store_sender_remove(struct store *s, const char *code, const char *pattern,
                             struct why *why)
{
    int changed;
    enum err e = db_run(s->users, &changed, why,
                        "DELETE FROM sender_rules WHERE user = ? AND pattern = ?", "tt", code,
                        pattern);
    return e || changed ? e : why_set(why, ERR_NO, "%s: no such row", pattern);
}

static enum err next_sender(struct store *s, const char *code, struct sender_row *row,
                            struct why *why)
{
    sqlite3_stmt *stmt;
    enum err e = db_query(s->users, &stmt, why,
                          "SELECT " SENDER_COLUMNS " FROM sender_rules WHERE "
                          "(?1 IS NULL OR user = ?1) AND (user, pattern) > (?2, ?3) "
                          "ORDER BY user, pattern LIMIT 1",
                          "ttt", code, row->code, row->pattern);
    if (!e)
        e = db_step(stmt, why);
    if (!e)
        read_sender(stmt, row);
    sqlite3_finalize(stmt);
    return e;
}

enum err store_senders(struct store *s, const char *code,
                       enum err (*each)(void *arg, const struct sender_row *row), void *arg,
                       struct why *why)
{
    struct sender_row row = {.code = ""};
    enum err e;
    while (!(e = next_sender(s, code, &row, why))) {
        e = each(arg, &row);
        if (e)
            return e;
    }
    return e == ERR_NO ? ERR_NONE : e;
}

/* ---- The encryption table ---- */

static enum err encryption_row(struct store *s, const char *recipient,
                               char method[STORE_METHOD_MAX + 1], struct buf *cert,
                               struct why *why)
{
    sqlite3_stmt *stmt;
    enum err e = db_query(s->users, &stmt, why,
                          "SELECT method, certificate FROM encryption WHERE recipient = ?", "t",
                          recipient);
    if (!e)
        e = db_step(stmt, why);
    if (!e) {
        db_copy(stmt, 0, method, STORE_METHOD_MAX + 1);
        if (cert && buf_add_span(cert, db_span(stmt, 1)))
            e = why_set(why, ERR_OS, "out of memory");
    }
    sqlite3_finalize(stmt);
    return e;
}

enum err store_encryption(struct store *s, const char *recipient,
                          char method[STORE_METHOD_MAX + 1], struct buf *cert, struct why *why)
{
    const char *at = strrchr(recipient, '@');
    enum err e = encryption_row(s, recipient, method, cert, why);
    if (e == ERR_NO && at)
        e = encryption_row(s, at, method, cert, why);
    if (e == ERR_NO)
        e = encryption_row(s, "default", method, cert, why);
    return e == ERR_NO ? why_set(why, ERR_NO, "%s: not in the encryption table", recipient) : e;
}

enum err store_encryption_set(struct store *s, const char *recipient, const char *method,
                              struct span cert, struct why *why)
{
    if (strlen(method) > STORE_METHOD_MAX || cert.n > STORE_CERT_MAX)
        return why_set(why, ERR_DATA, "%s: method or certificate too long", recipient);
    return db_run(s->users, NULL, why,
                  "INSERT OR REPLACE INTO encryption (recipient, method, certificate) "
                  "VALUES (?, ?, ?)",
                  "ttb", recipient, method, cert);
}

enum err store_encryption_remove(struct store *s, const char *recipient, struct why *why)
{
    int changed;
    enum err e = db_run(s->users, &changed, why, "DELETE FROM encryption WHERE recipient = ?", "t",
                        recipient);
    return e || changed ? e : why_set(why, ERR_NO, "%s: no such row", recipient);
}

enum err store_encryptions(struct store *s,
                           enum err (*each)(void *arg, const char *recipient, const char *method,
                                            struct span cert),
                           void *arg, struct why *why)
{
    char last[USER_ADDRESS_MAX + 1] = "", method[STORE_METHOD_MAX + 1];
    struct buf cert;
    buf_init(&cert, STORE_CERT_MAX);
    enum err e;
    do {
        sqlite3_stmt *stmt;
        e = db_query(s->users, &stmt, why,
                     "SELECT recipient FROM encryption WHERE recipient > ? ORDER BY recipient "
                     "LIMIT 1", "t", last);
        if (!e)
            e = db_step(stmt, why);
        if (!e)
            db_copy(stmt, 0, last, sizeof last);
        sqlite3_finalize(stmt);
        buf_clear(&cert);
        if (!e)
            e = encryption_row(s, last, method, &cert, why);
        if (!e && (e = each(arg, last, method, buf_span(&cert))))
            break;
    } while (!e);
    buf_release(&cert);
    return e == ERR_NO ? ERR_NONE : e;
}

enum err store_mail_case(struct store *s, const char *code, const char *sender,
                         struct mail_rows *rows, struct mail_case *c, struct why *why)
{
    char method[STORE_METHOD_MAX + 1] = "none";
    c->user = &rows->user;
    c->rule = NULL;
    enum err e = store_user_get(s, code, &rows->user, why);
    if (!e && sender) {
        e = store_sender_rule(s, rows->user.code, sender, &rows->rule, why);
        c->rule = e ? NULL : &rows->rule;
    }
    if ((!e || e == ERR_NO) && rows->user.follow[0])
        e = store_encryption(s, rows->user.follow, method, NULL, why);
    c->can_encrypt = strcmp(method, "none") != 0;
    return e == ERR_NO ? ERR_NONE : e;
}

/* ---- Aliases ---- */

static enum err alias_row(struct store *s, struct span name, struct alias *alias, struct buf *key,
                          struct why *why)
{
    sqlite3_stmt *stmt;
    const char *folded = db_fold(key, name);
    if (!folded)
        return why_set(why, ERR_NO, "name too long");
    enum err e = db_query(s->users, &stmt, why, "SELECT name, kind FROM aliases WHERE name_key = ?",
                          "t", folded);
    if (!e)
        e = db_step(stmt, why);
    if (!e) {
        db_copy(stmt, 0, alias->name, sizeof alias->name);
        alias->kind = (enum alias_kind)sqlite3_column_int(stmt, 1);
    }
    sqlite3_finalize(stmt);
    return e;
}

static enum err members(struct store *s, const char *key,
                        enum err (*each)(void *arg, const char *member), void *arg,
                        struct why *why)
{
    enum err e = ERR_NONE;
    for (int64_t at = 0; !e; at++) {
        char member[USER_TEXT_MAX + USER_ADDRESS_MAX + 8];
        sqlite3_stmt *stmt;
        e = db_query(s->users, &stmt, why,
                     "SELECT member FROM alias_members WHERE alias = ? AND position = ?", "ti", key,
                     at);
        if (!e)
            e = db_step(stmt, why);
        if (!e)
            db_copy(stmt, 0, member, sizeof member);
        sqlite3_finalize(stmt);
        if (!e && (e = each(arg, member)))
            return e;
    }
    return e == ERR_NO ? ERR_NONE : e;
}

enum err store_alias_get(struct store *s, const char *name, struct alias *alias,
                         enum err (*each)(void *arg, const char *member), void *arg,
                         struct why *why)
{
    struct buf key;
    const char *at = strrchr(name, '@');
    buf_init(&key, 4 * USER_ADDRESS_MAX);
    enum err e = alias_row(s, span_str(name), alias, &key, why);
    if (e == ERR_NO && at)
        e = alias_row(s, span_of(name, (size_t)(at - name)), alias, &key, why);
    if (e == ERR_NO)
        e = why_set(why, ERR_NO, "%s: no such alias", name);
    if (!e && each)
        e = members(s, buf_cstr(&key), each, arg, why);
    buf_release(&key);
    return e;
}

static enum err alias_is_free(struct store *s, const char *key, struct why *why)
{
    sqlite3_stmt *stmt;
    enum err e = db_query(s->users, &stmt, why,
                          "SELECT 1 FROM users WHERE address_key = ?1 OR local_key = ?1 OR "
                          "code = ?1", "t", key);
    if (!e)
        e = db_step(stmt, why);
    sqlite3_finalize(stmt);
    if (e == ERR_NO)
        return ERR_NONE;
    return e ? e : why_set(why, ERR_NO, "%s: already taken by a user", key);
}

static enum err write_alias(struct store *s, const char *key, const struct alias *alias,
                            const char *const *list, unsigned count, struct why *why)
{
    enum err e = alias_is_free(s, key, why);
    if (!e)
        e = db_run(s->users, NULL, why, "DELETE FROM aliases WHERE name_key = ?", "t", key);
    if (!e)
        e = db_run(s->users, NULL, why,
                   "INSERT INTO aliases (name_key, name, kind) VALUES (?, ?, ?)",
                   "tti", key, alias->name, (int64_t)alias->kind);
    for (unsigned i = 0; i < count && !e; i++)
        e = db_run(s->users, NULL, why,
                   "INSERT INTO alias_members (alias, position, member) VALUES (?, ?, ?)", "tit",
                   key, (int64_t)i, list[i]);
    return e;
}

enum err store_alias_set(struct store *s, const struct alias *alias, const char *const *list,
                         unsigned count, struct why *why)
{
    struct buf key;
    if (count > STORE_MEMBERS_MAX)
        return why_set(why, ERR_DATA, "%s: over %d members", alias->name, STORE_MEMBERS_MAX);
    buf_init(&key, 4 * USER_ADDRESS_MAX);
    const char *folded = db_fold(&key, span_str(alias->name));
    enum err e = folded ? db_enter(s, why) : why_set(why, ERR_OS, "out of memory");
    if (!e)
        e = db_leave(s, write_alias(s, folded, alias, list, count, why), why);
    buf_release(&key);
    return e;
}

enum err store_alias_define(struct store *s, const char *name, const char *as,
                            const char *const *list, struct why *why)
{
    struct alias alias = {.name = ""};
    unsigned n = 0;
    while (list[n])
        n++;
    if (!span_copy(span_trim(span_str(name)), alias.name, sizeof alias.name) || !alias.name[0])
        return why_set(why, ERR_USAGE, "%s: not a name", name);
    if (!alias_kind_of(as, &alias.kind))
        return why_set(why, ERR_USAGE, "--as: %s: not list, forward or moved", as);
    if (alias.kind != ALIAS_LIST && n != 1)
        return why_set(why, ERR_USAGE, "%s: exactly one member", as);
    for (unsigned i = 0; i < n; i++)
        if (!user_member_valid(span_str(list[i])))
            return why_set(why, ERR_USAGE, "%s: not an address or `Name <address>`", list[i]);
    return store_alias_set(s, &alias, list, n, why);
}

enum err store_alias_remove(struct store *s, const char *name, struct why *why)
{
    struct buf key;
    int changed = 0;
    buf_init(&key, 4 * USER_ADDRESS_MAX);
    const char *folded = db_fold(&key, span_str(name));
    enum err e = folded ? db_run(s->users, &changed, why, "DELETE FROM aliases WHERE name_key = ?",
                                 "t", folded)
                        : why_set(why, ERR_OS, "out of memory");
    buf_release(&key);
    return e || changed ? e : why_set(why, ERR_NO, "%s: no such alias", name);
}

enum err store_aliases(struct store *s, enum err (*each)(void *arg, const struct alias *alias),
                       void *arg, struct why *why)
{
    struct buf key;
    buf_init(&key, 4 * USER_ADDRESS_MAX);
    enum err e = ERR_NONE;
    while (!e) {
        struct alias alias;
        sqlite3_stmt *stmt;
        const char *last = buf_cstr(&key);
        e = db_query(s->users, &stmt, why,
                     "SELECT name, kind, name_key FROM aliases WHERE name_key > ? "
                     "ORDER BY name_key LIMIT 1", "t", last ? last : "");
        if (!e)
            e = db_step(stmt, why);
        if (!e) {
            db_copy(stmt, 0, alias.name, sizeof alias.name);
            alias.kind = (enum alias_kind)sqlite3_column_int(stmt, 1);
            buf_clear(&key);
            if (buf_add_span(&key, db_span(stmt, 2)))
                e = why_set(why, ERR_OS, "out of memory");
        }
        sqlite3_finalize(stmt);
        if (!e && (e = each(arg, &alias))) {
            buf_release(&key);
            return e;
        }
    }
    buf_release(&key);
    return e == ERR_NO ? ERR_NONE : e;
}
