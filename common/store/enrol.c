#include "store/enrol.h"

#include "policy/register.h"
#include "tool/ask.h"
#include "tool/diag.h"
#include "tool/io.h"
#include "tool/secret.h"
#include "tool/station.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PEM_MAX = 64 * 1024 };

void enrolment_init(struct enrolment *n)
{
    user_defaults(&n->user);
    buf_init(&n->password, SECRET_MAX);
    buf_init(&n->release, SECRET_MAX);
    buf_init(&n->key, PEM_MAX);
    buf_init(&n->cert, PEM_MAX);
    n->has_release = n->has_key = n->has_cert = false;
}

void enrolment_release(struct enrolment *n)
{
    buf_wipe(&n->password);
    buf_wipe(&n->release);
    buf_wipe(&n->key);
    buf_release(&n->cert);
}

enum err enrolment_read_file(const char *path, struct buf *b, struct why *why)
{
    struct why reason = {""};
    enum err e = path && *path ? io_read_file(path, b, &reason) : ERR_NONE;
    if (e)
        return why_set(why, e, "%.300s: %.200s", path, reason.text);
    return path && *path && b->len == 0 ? why_set(why, ERR_DATA, "%s: empty", path) : ERR_NONE;
}

enum err enrolment_read_pem(const char *path, struct buf *b, struct why *why)
{
    enum err e = enrolment_read_file(path, b, why);
    if (e == ERR_NONE && path && *path && !memmem(b->data, b->len, "-----BEGIN ", 11))
        e = why_set(why, ERR_DATA, "%s: not PEM", path);
    return e;
}

enum err enrolment_ask_password(struct enrolment *n, struct why *why)
{
    struct buf again;
    buf_init(&again, SECRET_MAX);
    enum err e = secret_ask("password: ", &n->password, why);
    if (!e)
        e = secret_ask("password again: ", &again, why);
    if (!e && !span_eq(buf_span(&again), buf_span(&n->password)))
        e = why_set(why, ERR_AUTH, "invalid password");
    buf_wipe(&again);
    return e;
}

enum err enrolment_read(struct enrolment *n, const struct enrolment_files *f, struct why *why)
{
    enum err e = ERR_NONE;
    n->has_release = f->release;
    n->has_key = f->key;
    n->has_cert = f->cert;
    if (secret_given(&f->password))
        e = secret_read(&f->password, NULL, &n->password, why);
    if (!e && f->release) {
        /* secret_read does not write through the name. */
        struct secret_source release = {.file = (char *)(uintptr_t)f->release, .fd = -1};
        e = secret_read(&release, NULL, &n->release, why);
        if (!e && n->release.len == 0)
            e = why_set(why, ERR_USAGE, "the release password is empty");
    }
    enum err (*read)(const char *, struct buf *, struct why *) =
        f->any_form ? enrolment_read_file : enrolment_read_pem;
    if (!e)
        e = read(f->key, &n->key, why);
    return e ? e : read(f->cert, &n->cert, why);
}

static enum err one_default(struct user *u, const struct column *c, const char *pattern,
                            struct why *why)
{
    struct buf text;
    buf_init(&text, USER_LONG_MAX);
    enum err e = user_default_text(span_str(pattern), span_str(u->login), &text);
    if (!e)
        e = user_set(u, c, buf_span(&text), NULL);
    buf_release(&text);
    return e ? why_set(why, ERR_CONFIG, "%s = %s: not %s", c->name, pattern, c->expect) : ERR_NONE;
}

enum err enrolment_defaults(struct enrolment *n, const struct home *h, bool on_expiry_given,
                            struct why *why)
{
    static const char *const keys[] = {"address", "mailbox", "submit", "on-expiry"};
    enum err e = ERR_NONE;
    for (int i = 0; i < 4 && !e; i++) {
        const struct column *c = user_column(span_str(keys[i]));
        const char *pattern = conf_get(h->conf, keys[i]);
        bool is_set = c->kind == COLUMN_TEXT ? *((const char *)&n->user + c->offset) != '\0'
                                             : on_expiry_given;
        if (pattern && !is_set)
            e = one_default(&n->user, c, pattern, why);
    }
    return e;
}

static enum err put_secrets(struct store *s, const struct vault *v, const struct enrolment *n,
                            struct why *why)
{
    const char *code = n->user.code;
    enum err e = ERR_NONE;
    if (n->has_release)
        e = store_user_set_release(s, v, code, buf_span(&n->release), why);
    if (!e && n->password.len)
        e = store_user_set_password(s, v, code, buf_span(&n->password), why);
    if (!e && n->has_key)
        e = store_user_set_smime_key(s, v, code, buf_span(&n->key), why);
    if (!e && n->has_cert)
        e = store_user_set_certificate(s, code, buf_span(&n->cert), why);
    return e || !(n->has_key || n->has_cert) ? e : store_user_pair(s, v, code, why);
}

enum err enrolment_check(const struct enrolment *n, struct why *why)
{
    if (n->user.on_expiry == ON_EXPIRY_FORWARD && !n->user.expiry_address[0])
        return why_set(why, ERR_USAGE, "on-expiry forward needs an expiry-address");
    return ERR_NONE;
}

enum err store_enrol(struct store *s, const struct vault *v, const struct enrolment *n,
                     struct why *why)
{
    unsigned max;
    enum err e = enrolment_check(n, why);
    if (!e)
        e = store_max_users(s, &max, why);
    if (!e)
        e = store_begin(s, why);
    if (e)
        return e;
    e = store_user_add(s, &n->user, max, why);
    if (!e)
        e = put_secrets(s, v, n, why);
    /* Before the commit: a user whose mail could not be taken in must never be seen. */
    if (!e)
        e = station_user_make(store_home(s), n->user.code, why);
    if (e)
        store_rollback(s);
    return e ? e : store_commit(s, why);
}

enum err store_enrol_edit(struct store *s, const struct vault *v, const struct enrolment *n,
                          struct why *why)
{
    enum err e = enrolment_check(n, why);
    if (!e)
        e = store_begin(s, why);
    if (e)
        return e;
    e = store_user_edit(s, &n->user, why);
    if (!e)
        e = put_secrets(s, v, n, why);
    if (e)
        store_rollback(s);
    return e ? e : store_commit(s, why);
}

enum err store_max_users(struct store *s, unsigned *max, struct why *why)
{
    uint64_t n;
    enum err e = conf_number(store_home(s)->conf, "max-users", 0, UINT32_MAX, &n, why);
    *max = (unsigned)n;
    return e;
}

/* S1, S2. */
static enum err room_left(struct store *s, struct why *why)
{
    unsigned max, count = 0;
    enum err e = store_max_users(s, &max, why);
    if (!e && max)
        e = store_user_count(s, &count, why);
    return !e && max && count >= max ? why_set(why, ERR_NO, "user registration filled") : e;
}

static enum err store_answers(struct store *s, const struct vault *v, struct registration *r,
                              struct why *why)
{
    struct enrolment n;
    enrolment_init(&n);
    n.user = r->user;
    enum err e = enrolment_defaults(&n, store_home(s), false, why);
    if (!e)
        e = buf_add_span(&n.password, buf_span(&r->password));
    if (!e)
        e = store_enrol(s, v, &n, why);
    enrolment_release(&n);
    return e;
}

static enum err ask_one(struct store *s, const struct vault *v, struct registration *r,
                        struct why *why)
{
    bool secret;
    struct buf answer;
    const char *prompt = registration_prompt(r, &secret);
    enum registration_event event = REGISTRATION_NEXT;
    buf_init(&answer, SECRET_MAX);
    enum err e = secret ? secret_ask(prompt, &answer, why) : ask_line(prompt, &answer, why);
    if (!e)
        event = registration_answer(r, buf_span(&answer));
    buf_wipe(&answer);
    if (event == REGISTRATION_CHECK) {
        e = store_user_free(s, &r->user, why);
        event = registration_checked(r, !e);
        if (e == ERR_NO) {
            ask_tell(why->text);
            e = ERR_NONE;
        }
    }
    if (!e && r->message)
        ask_tell(r->message);
    if (event == REGISTRATION_FAILED)
        return why_set(why, ERR_AUTH, "the passwords differed three times");
    return e || event != REGISTRATION_STORE ? e : store_answers(s, v, r, why);
}

enum err store_enrol_dialogue(struct store *s, const struct vault *v, struct why *why)
{
    struct registration r;
    const struct conf *conf = store_home(s)->conf;
    enum err e = room_left(s, why);
    registration_init(&r, !conf_get(conf, "address"), !conf_get(conf, "mailbox"),
                      !conf_get(conf, "submit"));
    while (!e && r.step != REGISTRATION_DONE) {
        bool at_end = r.step == REGISTRATION_ANOTHER;
        e = ask_one(s, v, &r, why);
        if (at_end && e == ERR_NO) {
            e = ERR_NONE; /* the end of input, at S19, is a no */
            break;
        }
        if (!e && at_end && r.step == REGISTRATION_LOGIN)
            e = room_left(s, why);
    }
    registration_release(&r);
    return e;
}

static enum err make_spool(void *arg, const struct user *u)
{
    struct why why = {""};
    enum err e = station_user_make(arg, u->code, &why);
    return e ? diag_fail(e, &why, "%s", u->code) : ERR_NONE;
}

enum err store_make_station(struct home *h, bool system, struct why *why)
{
    struct store *s = NULL;
    bool new_key = false;
    unsigned users = 0;
    enum err e = station_make(h, system, &new_key, why);
    if (!e)
        e = home_open(h, HOME_KEEP_ROOT, why);
    if (!e)
        e = store_open(h, STORE_MAKE, &s, why);
    if (!e)
        e = store_user_count(s, &users, why);
    if (!e && new_key && users)
        diag_warn("%s: a new key: what the old one sealed does not open any more", h->path);
    if (!e)
        e = store_users(s, make_spool, h, why);
    store_close(s);
    /* Once more, for the owners of the tables that were just made. */
    struct home again = *h;
    return e ? e : station_make(&again, system, NULL, why);
}

struct checking {
    struct store *s;
    const struct vault *v;
    void (*report)(void *arg, const char *fault);
    void *arg;
    unsigned *faults;
};

static void tell(void *arg, const char *fault)
{
    struct checking *c = arg;
    ++*c->faults;
    if (c->report)
        c->report(c->arg, fault);
}

static enum err check_user(void *arg, const struct user *u)
{
    struct checking *c = arg;
    struct why why = {""};
    struct buf password;
    unsigned mails = 0;
    char relative[32], path[HOME_PATH_MAX];
    snprintf(relative, sizeof relative, "spool/%s/new", u->code);
    if (home_path(store_home(c->s), relative, path, &why) || access(path, F_OK) != 0) {
        why_set(&why, ERR_CONFIG, "user %s: no %s", u->code, relative);
        tell(c, why.text);
    }
    if (!u->password_command[0]) {
        buf_init(&password, SECRET_MAX);
        /* None at all (ERR_AUTH) is no fault: it has not been set yet. */
        if (store_user_password(c->s, c->v, u->code, &password, &why) == ERR_CONFIG)
            tell(c, why.text);
        buf_wipe(&password);
    }
    if (station_user_mails(store_home(c->s), u->code, &mails, &why))
        tell(c, why.text);
    return ERR_NONE;
}

enum err store_check_station(const struct home *h, const struct vault *v,
                             void (*report)(void *arg, const char *fault), void *arg,
                             unsigned *faults, struct why *why)
{
    struct checking c = {NULL, v, report, arg, faults};
    unsigned modes;
    *faults = 0;
    enum err e = station_check(h, report, arg, &modes, why);
    *faults = modes;
    if (!e)
        e = store_open(h, STORE_READ, &c.s, why);
    if (e)
        return e;
    e = store_check(c.s, tell, &c, why);
    if (e == ERR_CONFIG && *faults > modes)
        e = ERR_NONE;
    if (!e)
        e = store_users(c.s, check_user, &c, why);
    store_close(c.s);
    return e;
}
