/* Passwords, verifiers, keys and certificates of users, and the counting of wrong tries. */
#include "store/db.h"

#include "tool/secret.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PEM_MAX = 64 * 1024, NAMES_MAX = 10000, TRIES = 5 };
enum { BLOCK_FIRST = 60, BLOCK_MAX = 900, DELAY_FIRST_MS = 100, DELAY_MAX_MS = 3000 };

static enum err of_nobody(struct why *why, const char *code)
{
    return why_set(why, ERR_NO_USER, "%s: no such user", code);
}

/* One column of one user, appended to out; empty when nothing is there. */
static enum err get_bytes(struct store *s, const char *column, const char *code, struct buf *out,
                          struct why *why)
{
    char sql[128];
    sqlite3_stmt *stmt;
    snprintf(sql, sizeof sql, "SELECT %s FROM users WHERE code = ?", column);
    enum err e = db_query(s->users, &stmt, why, sql, "t", code);
    if (!e)
        e = db_step(stmt, why);
    if (e == ERR_NO)
        e = of_nobody(why, code);
    else if (!e)
        e = buf_add_span(out, db_span(stmt, 0));
    sqlite3_finalize(stmt);
    return e;
}

static enum err set_bytes(struct store *s, const char *column, const char *code,
                          struct span value, struct why *why)
{
    char sql[128];
    int changed;
    snprintf(sql, sizeof sql, "UPDATE users SET %s = ?1 WHERE code = ?2", column);
    enum err e = db_run(s->users, &changed, why, sql, "bt", value, code);
    return e || changed ? e : of_nobody(why, code);
}

/* The code as the row has it: what is sealed is bound to it, letter for letter. */
static enum err true_code(struct store *s, const char *code, char out[USER_CODE_MAX + 1],
                          struct why *why)
{
    struct user u;
    enum err e = store_user_get(s, code, &u, why);
    if (!e)
        memcpy(out, u.code, sizeof u.code);
    return e;
}

static enum err set_sealed(struct store *s, const struct vault *v, const char *code,
                           const char *column, const char *sql_name, struct span plain,
                           struct why *why)
{
    char own[USER_CODE_MAX + 1];
    struct buf sealed;
    buf_init(&sealed, VAULT_SEALED_MAX);
    enum err e = true_code(s, code, own, why);
    if (!e && plain.n)
        e = v->seal(s->home, own, column, plain, &sealed, why);
    if (!e)
        e = set_bytes(s, sql_name, own, buf_span(&sealed), why);
    buf_release(&sealed);
    return e;
}

static enum err get_sealed(struct store *s, const struct vault *v, const char *code,
                           const char *column, const char *sql_name, struct buf *out,
                           struct why *why)
{
    char own[USER_CODE_MAX + 1];
    struct buf sealed;
    buf_init(&sealed, VAULT_SEALED_MAX);
    enum err e = true_code(s, code, own, why);
    if (!e)
        e = get_bytes(s, sql_name, own, &sealed, why);
    if (!e && sealed.len == 0)
        e = why_set(why, ERR_NO, "user %s: no %s", own, column);
    if (!e)
        e = v->unseal(s->home, own, column, buf_span(&sealed), out, why);
    buf_release(&sealed);
    return e;
}

enum err store_user_set_verifier(struct store *s, const char *code, struct span verifier,
                                 bool apart, struct why *why)
{
    int changed;
    enum err e = db_run(s->users, &changed, why,
                        "UPDATE users SET verifier = ?1, verifier_apart = ?2 WHERE code = ?3",
                        "sit", verifier, (int64_t)apart, code);
    return e || changed ? e : of_nobody(why, code);
}

static enum err new_verifier(struct store *s, const struct vault *v, const char *code,
                             struct span password, bool apart, struct why *why)
{
    struct buf verifier;
    buf_init(&verifier, VAULT_VERIFIER_MAX);
    enum err e = v->verifier(s->home, password, &verifier, why);
    if (!e)
        e = store_user_set_verifier(s, code, buf_span(&verifier), apart, why);
    buf_release(&verifier);
    return e;
}

enum err store_user_release_apart(struct store *s, const char *code, bool *apart, struct why *why)
{
    struct buf text;
    buf_init(&text, 16);
    enum err e = get_bytes(s, "verifier_apart", code, &text, why);
    *apart = !e && span_eq(buf_span(&text), span_str("1"));
    buf_release(&text);
    return e;
}

enum err store_user_set_password(struct store *s, const struct vault *v, const char *code,
                                 struct span password, struct why *why)
{
    bool apart = false;
    enum err e = db_enter(s, why);
    if (e)
        return e;
    e = store_user_release_apart(s, code, &apart, why);
    if (!e)
        e = set_sealed(s, v, code, "password", "password", password, why);
    if (!e && !apart)
        e = new_verifier(s, v, code, password, false, why);
    return db_leave(s, e, why);
}

enum err store_user_set_release(struct store *s, const struct vault *v, const char *code,
                                struct span password, struct why *why)
{
    return new_verifier(s, v, code, password, true, why);
}

static enum err run_command(const struct user *u, struct buf *out, struct why *why)
{
    char command[USER_LONG_MAX + 1];
    if (geteuid() == 0)
        return why_set(why, ERR_CONFIG, "user %s: a password command is not run as root", u->code);
    memcpy(command, u->password_command, sizeof command);
    struct secret_source source = {.fd = -1, .command = command};
    return secret_read(&source, NULL, out, why);
}

enum err store_user_password(struct store *s, const struct vault *v, const char *code,
                             struct buf *out, struct why *why)
{
    struct user u;
    enum err e = store_user_get(s, code, &u, why);
    if (e)
        return e;
    if (u.password_command[0])
        return run_command(&u, out, why);
    e = get_sealed(s, v, code, "password", "password", out, why);
    return e == ERR_NO ? why_set(why, ERR_AUTH, "user %s: no password is set", u.code) : e;
}

enum err store_user_verifier(struct store *s, const char *code, struct buf *out, struct why *why)
{
    enum err e = get_bytes(s, "verifier", code, out, why);
    return e == ERR_NO_USER ? ERR_NONE : e;
}

enum err store_user_set_smime_key(struct store *s, const struct vault *v, const char *code,
                                  struct span pem, struct why *why)
{
    return set_sealed(s, v, code, "smime-key", "smime_key", pem, why);
}

enum err store_user_smime_key(struct store *s, const struct vault *v, const char *code,
                              struct buf *pem, struct why *why)
{
    return get_sealed(s, v, code, "smime-key", "smime_key", pem, why);
}

enum err store_user_set_certificate(struct store *s, const char *code, struct span pem,
                                    struct why *why)
{
    if (pem.n > PEM_MAX)
        return why_set(why, ERR_DATA, "certificate: over %d bytes", PEM_MAX);
    return set_bytes(s, "certificate", code, pem, why);
}

enum err store_user_certificate(struct store *s, const char *code, struct buf *pem,
                                struct why *why)
{
    size_t before = pem->len;
    enum err e = get_bytes(s, "certificate", code, pem, why);
    return !e && pem->len == before ? why_set(why, ERR_NO, "user %s: no certificate", code) : e;
}

enum err store_user_pair(struct store *s, const struct vault *v, const char *code, struct why *why)
{
    struct buf key, certs;
    buf_init(&key, STORE_CERT_MAX);
    buf_init(&certs, STORE_CERT_MAX);
    enum err e = store_user_smime_key(s, v, code, &key, why);
    if (!e)
        e = store_user_certificate(s, code, &certs, why);
    if (!e)
        e = v->pair(buf_span(&key), buf_span(&certs), why);
    buf_wipe(&key);
    buf_release(&certs);
    return e == ERR_NO ? ERR_NONE : e;
}

/* ---- Wrong tries ---- */

struct tries {
    int64_t wrong, until;
};

static enum err tries_get(struct store *s, const char *code, struct tries *t, struct why *why)
{
    sqlite3_stmt *stmt;
    *t = (struct tries){0, 0};
    enum err e = db_query(s->state, &stmt, why, "SELECT wrong, until FROM tries WHERE code = ?",
                          "t", code);
    if (!e)
        e = db_step(stmt, why);
    if (!e)
        *t = (struct tries){sqlite3_column_int64(stmt, 0), sqlite3_column_int64(stmt, 1)};
    sqlite3_finalize(stmt);
    return e == ERR_NO ? ERR_NONE : e;
}

static enum err try_allowed(struct store *s, const char *code, struct why *why)
{
    struct tries t = {0, 0};
    enum err e = db_state(s, true, why);
    if (!e)
        e = tries_get(s, code, &t, why);
    int64_t now = time(NULL);
    /* A clock that was set back must not block for years. */
    if (!e && t.until > now && t.until <= now + BLOCK_MAX)
        e = why_set(why, ERR_AUTH, "too many wrong passwords: wait %lld seconds",
                    (long long)(t.until - now));
    return e;
}

static int64_t blocked_for(int64_t wrong, int64_t limit)
{
    int64_t over = wrong - limit;
    if (limit == 0 || over < 0)
        return 0;
    return over > 4 ? BLOCK_MAX : (int64_t)BLOCK_FIRST << over < BLOCK_MAX
                                      ? (int64_t)BLOCK_FIRST << over
                                      : BLOCK_MAX;
}

/* Strangers choose the codes: after a day, and over ten thousand, none is remembered. */
static enum err count_wrong(struct store *s, const char *code, bool *counted, struct why *why)
{
    uint64_t limit;
    struct tries t = {0, 0};
    int changed = 0;
    int64_t now = time(NULL);
    enum err e = conf_number(s->home->conf, "password-tries", TRIES, 1000, &limit, why);
    if (!e)
        e = db_run(s->state, NULL, why, "DELETE FROM tries WHERE last < ?", "i", now - 86400);
    if (!e)
        e = tries_get(s, code, &t, why);
    if (!e)
        e = db_run(s->state, &changed, why,
                   "INSERT INTO tries SELECT ?1, 1, ?2, ?3 WHERE (SELECT count(*) FROM tries) < ?4 "
                   "OR EXISTS (SELECT 1 FROM tries WHERE code = ?1) ON CONFLICT (code) "
                   "DO UPDATE SET wrong = wrong + 1, last = ?2, until = ?3",
                   "tiii", code, now, now + blocked_for(t.wrong + 1, (int64_t)limit),
                   (int64_t)NAMES_MAX);
    *counted = changed != 0;
    return e;
}

static enum err allow_and_count(struct store *s, const char *code, bool *counted, struct why *why)
{
    enum err e = try_allowed(s, code, why);
    return e ? e : count_wrong(s, code, counted, why);
}

enum err store_try_claim(struct store *s, const char *code, bool *counted, struct why *why)
{
    *counted = false;
    enum err e = db_state(s, true, why);
    if (!e)
        e = db_exec(s->state, "BEGIN IMMEDIATE", why);
    if (e)
        return e;
    e = allow_and_count(s, code, counted, why);
    if (!e)
        e = db_exec(s->state, "COMMIT", why);
    if (e)
        sqlite3_exec(s->state, "ROLLBACK", NULL, NULL, NULL);
    return e;
}

enum err store_try_settle(struct store *s, const char *code, enum err result, bool counted,
                          struct why *why)
{
    struct journal_row row = {.code = code, .result = "wrong-password", .pages = -1};
    if (!result) {
        enum err e = db_state(s, true, why);
        return e ? e : db_run(s->state, NULL, why, "DELETE FROM tries WHERE code = ?", "t", code);
    }
    if (result == ERR_AUTH && counted && store_journal_add(s, &row, NULL) != ERR_NONE)
        return why_set(why, ERR_AUTH, "wrong password (and no journal)");
    return result;
}

unsigned store_try_delay(struct store *s, const char *code)
{
    struct tries t = {0, 0};
    if (db_state(s, false, NULL) || tries_get(s, code, &t, NULL) || t.wrong == 0)
        return 0;
    return t.wrong > 5 ? DELAY_MAX_MS : DELAY_FIRST_MS << (t.wrong - 1);
}

enum err store_user_verify(struct store *s, const struct vault *v, const char *code,
                           struct span password, struct why *why)
{
    struct buf verifier;
    bool counted = false;
    enum err e = store_try_claim(s, code, &counted, why);
    if (e)
        return e;
    buf_init(&verifier, VAULT_VERIFIER_MAX);
    e = store_user_verifier(s, code, &verifier, why);
    if (!e)
        e = v->verify(s->home, buf_span(&verifier), password, why);
    buf_release(&verifier);
    return store_try_settle(s, code, e, counted, why);
}

enum err store_user_admit(struct store *s, const struct vault *v, const char *code,
                          struct span password, struct why *why)
{
    enum err e = store_user_verify(s, v, code, password, why);
    if (e == ERR_AUTH) {
        unsigned ms = store_try_delay(s, code);
        const struct timespec delay = {ms / 1000, (long)(ms % 1000) * 1000000};
        nanosleep(&delay, NULL);
    }
    return e;
}
