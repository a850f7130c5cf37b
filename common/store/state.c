/* What mailboxes have given, and the journal. */
#include "store/db.h"

#include <limits.h>
#include <string.h>
#include <time.h>

#define SEEN_KEY "url = ?1 AND login = ?2 AND validity = ?3 AND uid = ?4"

enum err store_seen_get(struct store *s, const struct seen_key *k, enum seen_state *state,
                        struct buf *file, struct why *why)
{
    sqlite3_stmt *stmt = NULL;
    *state = SEEN_NOT;
    enum err e = db_state(s, false, why);
    if (!e)
        e = db_query(s->state, &stmt, why, "SELECT state, file FROM seen WHERE " SEEN_KEY, "tttt",
                     k->url, k->login, k->validity, k->uid);
    if (!e)
        e = db_step(stmt, why);
    if (!e) {
        *state = (enum seen_state)sqlite3_column_int(stmt, 0);
        if (file && buf_add_span(file, db_span(stmt, 1)))
            e = why_set(why, ERR_OS, "out of memory");
    }
    sqlite3_finalize(stmt);
    return e == ERR_NO ? ERR_NONE : e;
}

enum err store_seen_coming(struct store *s, const struct seen_key *k, const char *code,
                           const char *file, struct why *why)
{
    enum err e = db_state(s, true, why);
    return e ? e
             : db_run(s->state, NULL, why,
                      "INSERT OR REPLACE INTO seen (url, login, validity, uid, state, user, file, "
                      "time) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                      "ttttitti", k->url, k->login, k->validity, k->uid, (int64_t)SEEN_COMING, code,
                      file, (int64_t)time(NULL));
}

enum err store_seen_done(struct store *s, const struct seen_key *k, struct why *why)
{
    int changed = 0;
    enum err e = db_state(s, true, why);
    if (!e)
        e = db_run(s->state, &changed, why, "UPDATE seen SET state = ?5 WHERE " SEEN_KEY, "tttti",
                   k->url, k->login, k->validity, k->uid, (int64_t)SEEN_DONE);
    return e || changed ? e : why_set(why, ERR_NO, "%s: no such mail", k->uid);
}

enum err store_seen_done_file(struct store *s, const char *code, const char *file,
                              struct why *why)
{
    enum err e = db_state(s, true, why);
    return e ? e
             : db_run(s->state, NULL, why,
                      "UPDATE seen SET state = ?1 WHERE file = ?2 AND user = ?3 AND state = ?4",
                      "itti", (int64_t)SEEN_DONE, file, code, (int64_t)SEEN_COMING);
}

enum err store_seen_forget(struct store *s, const struct seen_key *k, struct why *why)
{
    enum err e = db_state(s, true, why);
    return e ? e
             : db_run(s->state, NULL, why, "DELETE FROM seen WHERE " SEEN_KEY, "tttt", k->url,
                      k->login, k->validity, k->uid);
}

/* The row behind (validity, uid); row by row, so that nothing is locked in between. */
static enum err next_seen(struct store *s, const char *url, const char *login,
                          struct buf *validity, struct buf *uid, enum seen_state *state,
                          int64_t *when, struct why *why)
{
    sqlite3_stmt *stmt;
    enum err e = db_query(s->state, &stmt, why,
                          "SELECT validity, uid, state, time FROM seen WHERE url = ?1 AND "
                          "login = ?2 AND (validity, uid) > (?3, ?4) ORDER BY validity, uid "
                          "LIMIT 1", "ttss", url, login, buf_span(validity), buf_span(uid));
    if (!e)
        e = db_step(stmt, why);
    if (!e) {
        buf_clear(validity);
        buf_clear(uid);
        *state = (enum seen_state)sqlite3_column_int(stmt, 2);
        *when = sqlite3_column_int64(stmt, 3);
        if (buf_add_span(validity, db_span(stmt, 0)) || buf_add_span(uid, db_span(stmt, 1)))
            e = why_set(why, ERR_OS, "out of memory");
    }
    sqlite3_finalize(stmt);
    return e;
}

enum err store_seen_each(struct store *s, const char *url, const char *login,
                         enum err (*each)(void *arg, const char *validity, const char *uid,
                                          enum seen_state state, int64_t when),
                         void *arg, struct why *why)
{
    struct buf validity, uid;
    enum seen_state state;
    int64_t when;
    buf_init(&validity, 65536);
    buf_init(&uid, 65536);
    enum err failed = ERR_NONE, e = db_state(s, false, why);
    while (!e && !failed && !(e = next_seen(s, url, login, &validity, &uid, &state, &when, why))) {
        const char *v = buf_cstr(&validity), *u = buf_cstr(&uid);
        failed = v && u ? each(arg, v, u, state, when) : why_set(why, ERR_OS, "out of memory");
    }
    buf_release(&validity);
    buf_release(&uid);
    return failed ? failed : e == ERR_NO ? ERR_NONE : e;
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

enum err store_journal_add(struct store *s, const struct journal_row *r, struct why *why)
{
    enum err e = db_state(s, true, why);
    return e ? e
             : db_run(s->state, NULL, why,
                      "INSERT INTO journal (time, user, mail, sender, pages, result, note) "
                      "VALUES (?, ?, ?, ?, ?, ?, ?)",
                      "itttitt", r->when ? r->when : (int64_t)time(NULL), or_empty(r->code),
                      or_empty(r->mail), or_empty(r->sender), (int64_t)r->pages,
                      or_empty(r->result), or_empty(r->note));
}

/* Copies what each is shown, and gives the statement back, before each runs. */
static enum err show_row(sqlite3_stmt *stmt, struct journal_row *row, struct buf *text,
                         struct why *why)
{
    size_t at[5];
    buf_clear(text);
    for (int i = 0; i < 5; i++) {
        at[i] = text->len;
        if (buf_add_span(text, db_span(stmt, 3 + i)) || buf_add_byte(text, 0))
            return why_set(why, ERR_OS, "out of memory");
    }
    const char *base = (const char *)text->data;
    *row = (struct journal_row){
        .id = sqlite3_column_int64(stmt, 0),
        .when = sqlite3_column_int64(stmt, 1),
        .pages = sqlite3_column_int(stmt, 2),
        .code = base + at[0],
        .mail = base + at[1],
        .sender = base + at[2],
        .result = base + at[3],
        .note = base + at[4],
    };
    return ERR_NONE;
}

enum err store_journal_list(struct store *s, const struct journal_filter *f,
                            enum err (*each)(void *arg, const struct journal_row *row), void *arg,
                            struct why *why)
{
    struct buf text;
    struct journal_row row = {.id = 0};
    enum err failed = ERR_NONE, e = db_state(s, false, why);
    int64_t until = f->until ? f->until : INT64_MAX;
    buf_init(&text, 1 << 20);
    while (!e && !failed) {
        sqlite3_stmt *stmt;
        e = db_query(s->state, &stmt, why,
                     "SELECT id, time, pages, user, mail, sender, result, note FROM journal "
                     "WHERE id > ?1 AND time >= ?2 AND time < ?3 AND (?4 IS NULL OR user = ?4) "
                     "AND (?5 IS NULL OR result = ?5) ORDER BY id LIMIT 1",
                     "iiitt", row.id, f->since, until, f->code, f->result);
        if (!e)
            e = db_step(stmt, why);
        if (!e)
            e = show_row(stmt, &row, &text, why);
        sqlite3_finalize(stmt);
        if (!e)
            failed = each(arg, &row);
    }
    buf_release(&text);
    return failed ? failed : e == ERR_NO ? ERR_NONE : e;
}
