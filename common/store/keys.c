#include "store/keys.h"

#include "tool/io.h"

#include <stdio.h>
#include <sys/stat.h>

enum { YEARS_3 = 1095, DAYS_MAX = 36500 };

/* A row's key and certificates; wiped by release. */
struct pair {
    struct user user;
    struct buf key, certs;
};

static void pair_init(struct pair *p)
{
    buf_init(&p->key, STORE_CERT_MAX);
    buf_init(&p->certs, STORE_CERT_MAX);
}

static void pair_release(struct pair *p)
{
    buf_wipe(&p->key);
    buf_release(&p->certs);
}

/* The user, and what he has: nothing is no failure here. */
static enum err pair_read(struct pair *p, struct store *s, const struct vault *v, const char *code,
                          struct why *why)
{
    enum err e = store_user_get(s, code, &p->user, why);
    if (!e)
        e = store_user_smime_key(s, v, code, &p->key, why);
    if (!e || e == ERR_NO)
        e = store_user_certificate(s, code, &p->certs, why);
    return e == ERR_NO ? ERR_NONE : e;
}

static enum err pair_write(struct pair *p, struct store *s, const struct vault *v, struct why *why)
{
    enum err e = store_begin(s, why);
    if (e)
        return e;
    e = store_user_set_smime_key(s, v, p->user.code, buf_span(&p->key), why);
    if (!e)
        e = store_user_set_certificate(s, p->user.code, buf_span(&p->certs), why);
    if (e)
        store_rollback(s);
    return e ? e : store_commit(s, why);
}

static enum err no_key(const struct pair *p, struct why *why)
{
    return why_set(why, ERR_NO, "user %s: has no key", p->user.code);
}

static enum err owner_of(const struct user *u, int days, struct key_owner *owner, struct why *why)
{
    *owner = (struct key_owner){u->name, u->address, (unsigned)days};
    return u->address[0] ? ERR_NONE
                         : why_set(why, ERR_CONFIG, "user %s: has no mail address", u->code);
}

enum err store_key_make(struct store *s, const struct vault *v, const struct key_works *works,
                        const char *code, const struct key_order *order, struct buf *out,
                        struct why *why)
{
    struct pair p;
    struct key_owner owner;
    struct span kind = span_str(order->kind ? order->kind : "rsa3072");
    pair_init(&p);
    enum err e = order->days > DAYS_MAX ? why_set(why, ERR_USAGE, "%d days: too many", order->days)
                                        : pair_read(&p, s, v, code, why);
    if (!e && p.key.len && !order->replace)
        e = why_set(why, ERR_NO, "user %s: has a key, and --replace is not given", p.user.code);
    if (!e)
        e = owner_of(&p.user, order->days < 1 ? YEARS_3 : order->days, &owner, why);
    buf_wipe(&p.key);
    buf_clear(&p.certs);
    if (!e)
        e = works->make(kind, &owner, &p.key, &p.certs, why);
    if (!e && order->request)
        e = works->request(buf_span(&p.key), &owner, out, why);
    else if (!e)
        e = buf_add_span(out, buf_span(&p.certs));
    if (!e)
        e = pair_write(&p, s, v, why);
    if (e)
        buf_clear(out);
    pair_release(&p);
    return e;
}

/* More certificates of the key that is there, in front of those it has. */
static enum err add_certs(struct pair *p, const struct key_works *works,
                          const struct key_gift *gift, struct why *why)
{
    struct buf key, certs;
    struct span none = {NULL, 0};
    if (p->key.len == 0)
        return no_key(p, why);
    buf_init(&key, STORE_CERT_MAX);
    buf_init(&certs, STORE_CERT_MAX);
    enum err e = works->import(buf_span(&p->key), gift->certs, none, NULL, &key, &certs, why);
    /* The same once more changes nothing. */
    if (!e && !span_starts(buf_span(&p->certs), buf_span(&certs)) &&
        (e = buf_add_span(&certs, buf_span(&p->certs))))
        e = why_set(why, e, "user %s: too many certificates", p->user.code);
    else if (!e && span_starts(buf_span(&p->certs), buf_span(&certs)))
        certs.len = 0;
    if (!e && certs.len) {
        buf_clear(&p->certs);
        e = buf_add_span(&p->certs, buf_span(&certs));
    }
    buf_wipe(&key);
    buf_release(&certs);
    return e;
}

enum err store_key_import(struct store *s, const struct vault *v, const struct key_works *works,
                          const char *code, const struct key_gift *gift, struct why *why)
{
    struct pair p;
    pair_init(&p);
    enum err e = pair_read(&p, s, v, code, why);
    if (!e && gift->key.n && p.key.len && !gift->replace)
        e = why_set(why, ERR_NO, "user %s: has a key, and --replace is not given", p.user.code);
    if (!e && gift->key.n == 0) {
        e = add_certs(&p, works, gift, why);
    } else if (!e) {
        buf_wipe(&p.key);
        buf_clear(&p.certs);
        e = works->import(gift->key, gift->certs, gift->password, "password of the key: ", &p.key,
                          &p.certs, why);
    }
    if (!e)
        e = pair_write(&p, s, v, why);
    pair_release(&p);
    return e;
}

enum err store_key_export(struct store *s, const struct vault *v, const struct key_works *works,
                          const char *code, bool request, struct buf *out, struct why *why)
{
    struct pair p;
    struct key_owner owner;
    pair_init(&p);
    enum err e = pair_read(&p, s, v, code, why);
    if (!e && (request ? p.key.len : p.certs.len) == 0)
        e = no_key(&p, why);
    if (!e && request)
        e = owner_of(&p.user, YEARS_3, &owner, why);
    if (!e)
        e = request ? works->request(buf_span(&p.key), &owner, out, why)
                    : works->first(buf_span(&p.certs), out, why);
    pair_release(&p);
    return e;
}

static enum err write_secret(const char *path, struct span text, struct why *why)
{
    struct outfile file;
    mode_t mask = umask(0177);
    enum err e = outfile_open(&file, path, why);
    umask(mask);
    if (e)
        return e;
    e = io_write(file.fd, text.p, text.n, why);
    if (e)
        outfile_abort(&file);
    return e ? e : outfile_commit(&file, why);
}

enum err store_key_export_file(struct store *s, const struct vault *v,
                               const struct key_works *works, const char *code,
                               struct span password, const char *path, struct why *why)
{
    struct pair p;
    struct buf text;
    pair_init(&p);
    buf_init(&text, 4 * STORE_CERT_MAX);
    enum err e = pair_read(&p, s, v, code, why);
    if (!e && p.key.len == 0)
        e = no_key(&p, why);
    if (!e)
        e = works->export(buf_span(&p.key), password, &text, why);
    if (!e)
        e = buf_add_span(&text, buf_span(&p.certs));
    if (!e)
        e = write_secret(path, buf_span(&text), why);
    buf_wipe(&text);
    pair_release(&p);
    return e;
}
