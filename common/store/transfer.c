#include "store/transfer.h"

#include "policy/rows.h"
#include "store/enrol.h"
#include "store/print.h"
#include "tool/diag.h"
#include "tool/io.h"
#include "tool/station.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { VALUE_MAX = 128 * 1024, TEXT_MAX = 64 << 20 };

/* What an export begins with says that it ends with the other: a text cut between two lines is
 * one that means something else. */
static const char first_line[] = "# faxpipe users 1\n", last_line[] = "# end\n";

/* ---- Out ---- */

struct exporting {
    struct store *s;
    const struct vault *v;
    struct buf *out;
    struct why *why;
};

static enum err add(struct exporting *x, const char *key, struct span value)
{
    enum err e = rows_add_value(x->out, key, value);
    return e ? why_set(x->why, e, "the tables are too large to export") : ERR_NONE;
}

static enum err add_str(struct exporting *x, const char *key, const char *value)
{
    return add(x, key, span_str(value));
}

static enum err section(struct exporting *x, const char *kind, const char *one, const char *two)
{
    enum err e = rows_add_section(x->out, kind, one, two);
    return e ? why_set(x->why, e, "the tables are too large to export") : ERR_NONE;
}

/* A secret that may be missing. */
static enum err add_found(struct exporting *x, const char *key, enum err found, struct buf *b)
{
    enum err e = found == ERR_NONE && b->len ? add(x, key, buf_span(b)) : ERR_NONE;
    if (found && found != ERR_NO && found != ERR_AUTH)
        e = found;
    buf_wipe(b);
    return e;
}

static enum err add_secrets(struct exporting *x, const struct user *u)
{
    struct buf b;
    bool apart = false;
    buf_init(&b, VALUE_MAX);
    enum err e = ERR_NONE;
    if (!u->password_command[0])
        e = add_found(x, "password", store_user_password(x->s, x->v, u->code, &b, x->why), &b);
    if (!e)
        e = store_user_release_apart(x->s, u->code, &apart, x->why);
    if (!e)
        e = add_found(x, apart ? "release-verifier" : "verifier",
                      store_user_verifier(x->s, u->code, &b, x->why), &b);
    if (!e)
        e = add_found(x, "smime-key", store_user_smime_key(x->s, x->v, u->code, &b, x->why), &b);
    return e;
}

static enum err export_user(void *arg, const struct user *u)
{
    struct exporting *x = arg;
    struct buf b;
    buf_init(&b, VALUE_MAX);
    enum err e = section(x, "user", u->code, NULL);
    for (int i = 1; i < USER_COLUMNS && !e; i++) {
        buf_clear(&b);
        e = user_text(u, &user_columns[i], &b);
        if (!e && b.len)
            e = add(x, user_columns[i].name, buf_span(&b));
    }
    buf_clear(&b);
    if (!e)
        e = add_found(x, "certificate", store_user_certificate(x->s, u->code, &b, x->why), &b);
    if (!e && x->v)
        e = add_secrets(x, u);
    buf_release(&b);
    return e;
}

static enum err three_way(struct exporting *x, const char *key, int value)
{
    return value < 0 ? ERR_NONE : add_str(x, key, value ? "on" : "off");
}

static enum err export_sender(void *arg, const struct sender_row *row)
{
    struct exporting *x = arg;
    enum err e = section(x, "sender", row->code, row->pattern);
    if (!e)
        e = three_way(x, "auto-print", row->rule.auto_print);
    if (!e)
        e = three_way(x, "text-mail", row->rule.text_mail);
    return e ? e : three_way(x, "refuse", row->rule.refuse);
}

static enum err export_encryption(void *arg, const char *recipient, const char *method,
                                  struct span cert)
{
    struct exporting *x = arg;
    enum err e = section(x, "encryption", recipient, NULL);
    if (!e)
        e = add_str(x, "method", method);
    return e || cert.n == 0 ? e : add(x, "certificate", cert);
}

static enum err export_member(void *arg, const char *member)
{
    return add_str(arg, "member", member);
}

static enum err export_alias(void *arg, const struct alias *alias)
{
    struct exporting *x = arg;
    struct alias found;
    enum err e = section(x, "alias", alias->name, NULL);
    if (!e)
        e = add_str(x, "as", alias_kind_name(alias->kind));
    return e ? e : store_alias_get(x->s, alias->name, &found, export_member, x, x->why);
}

enum err store_export(struct store *s, const struct vault *v, struct buf *out, struct why *why)
{
    struct exporting x = {s, v, out, why};
    enum err e = buf_add_str(out, first_line);
    if (!e)
        e = store_users(s, export_user, &x, why);
    if (!e)
        e = store_senders(s, NULL, export_sender, &x, why);
    if (!e)
        e = store_encryptions(s, export_encryption, &x, why);
    if (!e)
        e = store_aliases(s, export_alias, &x, why);
    return e || !buf_add_str(out, last_line)
               ? e
               : why_set(why, ERR_OS, "the tables are too large to export");
}

enum err store_export_file(struct store *s, const struct vault *v, const char *path,
                           struct why *why)
{
    struct outfile file;
    struct buf text;
    buf_init(&text, TEXT_MAX);
    enum err e = store_export(s, v, &text, why);
    if (!e) {
        mode_t mask = umask(0177);
        e = outfile_open(&file, path, why);
        umask(mask);
    }
    if (e) {
        buf_wipe(&text);
        return e;
    }
    e = io_write(file.fd, text.data, text.len, why);
    buf_wipe(&text);
    if (e)
        outfile_abort(&file);
    return e ? e : outfile_commit(&file, why);
}

/* ---- In ---- */

enum section_kind { SECTION_NONE, SECTION_USER, SECTION_SENDER, SECTION_ENCRYPTION, SECTION_ALIAS };

/* The section that is being read; it is stored when the next one begins. */
struct importing {
    struct store *s;
    const struct vault *v;
    const struct key_works *works;
    unsigned max, line;
    enum err (*each)(void *arg, const struct user *u);
    void *arg;
    enum section_kind kind;
    struct user user;
    bool exists;
    struct buf password, verifier, key, cert;
    bool has_verifier, apart;
    struct sender_row sender;
    char recipient[USER_ADDRESS_MAX + 1], method[STORE_METHOD_MAX + 1];
    struct alias alias;
    struct buf members; /* each ended by a NUL */
    unsigned member_count;
};

static void clear(struct importing *m)
{
    m->kind = SECTION_NONE;
    buf_wipe(&m->password);
    buf_clear(&m->verifier);
    buf_wipe(&m->key);
    buf_clear(&m->cert);
    m->has_verifier = m->apart = false;
    m->method[0] = '\0';
    buf_clear(&m->members);
    m->member_count = 0;
}

static enum err at_line(const struct importing *m, enum err e, const char *what, struct why *why)
{
    return why_set(why, e, "line %u: %s", m->line, what);
}

static enum err begin_user(struct importing *m, const struct row_line *line, struct why *why)
{
    struct why reason = {""};
    user_defaults(&m->user);
    enum err e = user_set(&m->user, &user_columns[0], line->one, &reason);
    if (e)
        return at_line(m, ERR_DATA, reason.text, why);
    char code[USER_CODE_MAX + 1];
    memcpy(code, m->user.code, sizeof code);
    struct user old;
    e = store_user_get(m->s, code, &old, why);
    m->exists = e == ERR_NONE;
    if (m->exists)
        m->user = old;
    return e == ERR_NO_USER ? ERR_NONE : e;
}

static enum err begin_sender(struct importing *m, const struct row_line *line, struct why *why)
{
    m->sender.rule = (struct sender_rule){.auto_print = -1, .text_mail = -1};
    if (!user_code_valid(line->one) ||
        !span_copy(line->one, m->sender.code, sizeof m->sender.code) ||
        !sender_pattern(line->two, m->sender.pattern, sizeof m->sender.pattern))
        return at_line(m, ERR_DATA, "not [sender CODE PATTERN]", why);
    return ERR_NONE;
}

static enum err begin_section(struct importing *m, const struct row_line *line, struct why *why)
{
    static const char *const names[] = {"", "user", "sender", "encryption", "alias"};
    for (int i = SECTION_USER; i <= SECTION_ALIAS; i++)
        if (span_eq(line->kind, span_str(names[i])))
            m->kind = (enum section_kind)i;
    m->line = line->number;
    switch (m->kind) {
    case SECTION_USER:
        return begin_user(m, line, why);
    case SECTION_SENDER:
        return begin_sender(m, line, why);
    case SECTION_ENCRYPTION:
        return span_copy(line->one, m->recipient, sizeof m->recipient)
                   ? ERR_NONE
                   : at_line(m, ERR_DATA, "recipient too long", why);
    case SECTION_ALIAS:
        m->alias.kind = ALIAS_LIST;
        return span_copy(line->one, m->alias.name, sizeof m->alias.name)
                   ? ERR_NONE
                   : at_line(m, ERR_DATA, "alias too long", why);
    default:
        return at_line(m, ERR_DATA, "no such kind of section", why);
    }
}

static enum err user_value(struct importing *m, struct span key, struct span value,
                           struct why *why)
{
    struct buf *place = span_eq(key, span_str("password"))      ? &m->password
                        : span_eq(key, span_str("smime-key"))   ? &m->key
                        : span_eq(key, span_str("certificate")) ? &m->cert
                                                                : NULL;
    const struct column *c = user_column(key);
    bool release = span_eq(key, span_str("release-verifier"));
    if (release || span_eq(key, span_str("verifier"))) {
        m->has_verifier = true;
        m->apart = release;
        place = &m->verifier;
    }
    if (place) {
        buf_clear(place);
        return buf_add_span(place, value);
    }
    if (!c || c == user_columns)
        return why_set(why, ERR_DATA, "no such column");
    return user_set(&m->user, c, value, why);
}

static enum err sender_value(struct importing *m, struct span key, struct span value)
{
    bool on;
    if (!user_switch(value, &on))
        return ERR_DATA;
    if (span_eq(key, span_str("auto-print")))
        m->sender.rule.auto_print = on;
    else if (span_eq(key, span_str("text-mail")))
        m->sender.rule.text_mail = on;
    else if (span_eq(key, span_str("refuse")))
        m->sender.rule.refuse = on;
    else
        return ERR_DATA;
    return ERR_NONE;
}

static enum err encryption_value(struct importing *m, struct span key, struct span value)
{
    if (span_eq(key, span_str("method")))
        return span_copy(value, m->method, sizeof m->method) ? ERR_NONE : ERR_DATA;
    buf_clear(&m->cert);
    return span_eq(key, span_str("certificate")) ? buf_add_span(&m->cert, value) : ERR_DATA;
}

static enum err alias_value(struct importing *m, struct span key, struct span value)
{
    char word[16];
    if (span_eq(key, span_str("as")))
        return span_copy(value, word, sizeof word) && alias_kind_of(word, &m->alias.kind)
                   ? ERR_NONE
                   : ERR_DATA;
    if (!span_eq(key, span_str("member")) || m->member_count == STORE_MEMBERS_MAX)
        return ERR_DATA;
    m->member_count++;
    enum err e = buf_add_span(&m->members, value);
    return e ? e : buf_add_byte(&m->members, 0);
}

static enum err take_value(struct importing *m, const struct row_line *line, struct why *why)
{
    struct buf value;
    struct why reason = {"not known here"};
    buf_init(&value, VALUE_MAX);
    enum err e = rows_value(line->two, &value);
    m->line = line->number;
    if (e)
        snprintf(reason.text, sizeof reason.text, "a backslash that means nothing, or too long");
    else if (m->kind == SECTION_USER)
        e = user_value(m, line->one, buf_span(&value), &reason);
    else if (m->kind == SECTION_SENDER)
        e = sender_value(m, line->one, buf_span(&value));
    else if (m->kind == SECTION_ENCRYPTION)
        e = encryption_value(m, line->one, buf_span(&value));
    else
        e = m->kind == SECTION_ALIAS ? alias_value(m, line->one, buf_span(&value)) : ERR_DATA;
    buf_wipe(&value);
    return e ? at_line(m, ERR_DATA, reason.text, why) : ERR_NONE;
}

static enum err put_user(struct importing *m, struct why *why)
{
    struct user *u = &m->user;
    if (!u->name[0])
        memcpy(u->name, u->code, sizeof u->code);
    enum err e = m->exists ? store_user_edit(m->s, u, why) : store_user_add(m->s, u, m->max, why);
    if (!e && m->password.len)
        e = store_user_set_password(m->s, m->v, u->code, buf_span(&m->password), why);
    if (!e && m->has_verifier && m->v->check(buf_span(&m->verifier), why))
        e = ERR_DATA;
    if (!e && m->has_verifier)
        e = store_user_set_verifier(m->s, u->code, buf_span(&m->verifier), m->apart, why);
    if (!e && m->key.len)
        e = m->v->pem(buf_span(&m->key), false, why);
    if (!e && m->cert.len)
        e = m->v->pem(buf_span(&m->cert), true, why);
    if (!e && m->key.len)
        e = store_user_set_smime_key(m->s, m->v, u->code, buf_span(&m->key), why);
    if (!e && m->cert.len)
        e = store_user_set_certificate(m->s, u->code, buf_span(&m->cert), why);
    if (!e && (m->key.len || m->cert.len))
        e = store_user_pair(m->s, m->v, u->code, why);
    if (!e && m->each)
        e = m->each(m->arg, u);
    return e;
}

static enum err put_alias(struct importing *m, struct why *why)
{
    const char *list[STORE_MEMBERS_MAX];
    const char *at = (const char *)m->members.data;
    for (unsigned i = 0; i < m->member_count; i++) {
        list[i] = at;
        at += strlen(at) + 1;
    }
    return store_alias_set(m->s, &m->alias, list, m->member_count, why);
}

static enum err put_encryption(struct importing *m, struct why *why)
{
    enum err e = ERR_NONE;
    if (!m->method[0])
        return why_set(why, ERR_DATA, "%s: no method", m->recipient);
    if (m->cert.len)
        e = m->v->pem(buf_span(&m->cert), true, why);
    if (!e && m->cert.len)
        e = m->works->check(buf_span(&m->cert), m->recipient, true, why);
    return e ? e : store_encryption_set(m->s, m->recipient, m->method, buf_span(&m->cert), why);
}

static enum err put_section(struct importing *m, struct why *why)
{
    struct why reason = {""};
    enum err e = ERR_NONE;
    if (m->kind == SECTION_USER)
        e = put_user(m, &reason);
    else if (m->kind == SECTION_SENDER)
        e = store_sender_set(m->s, &m->sender, &reason);
    else if (m->kind == SECTION_ENCRYPTION)
        e = put_encryption(m, &reason);
    else if (m->kind == SECTION_ALIAS)
        e = put_alias(m, &reason);
    clear(m);
    return e ? at_line(m, e, reason.text, why) : ERR_NONE;
}

static enum err read_all(struct importing *m, struct span text, struct why *why)
{
    struct rows rows;
    struct row_line line;
    rows_init(&rows, text);
    for (;;) {
        enum err e = rows_next(&rows, &line, why);
        if (!e && line.event != ROW_VALUE)
            e = put_section(m, why);
        if (!e && line.event == ROW_SECTION)
            e = begin_section(m, &line, why);
        else if (!e && line.event == ROW_VALUE)
            e = take_value(m, &line, why);
        if (e || line.event == ROW_END)
            return e;
    }
}

enum err store_import(struct store *s, const struct vault *v, const struct key_works *works,
                      struct span text, unsigned max,
                      enum err (*each)(void *arg, const struct user *u), void *arg,
                      struct why *why)
{
    struct importing m = {.s = s, .v = v, .works = works, .max = max, .each = each,
                          .arg = arg};
    struct buf *bufs[] = {&m.password, &m.verifier, &m.key, &m.cert};
    for (int i = 0; i < 4; i++)
        buf_init(bufs[i], VALUE_MAX);
    buf_init(&m.members, 1 << 20);
    enum err e = store_begin(s, why);
    if (!e) {
        e = read_all(&m, text, why);
        if (e)
            store_rollback(s);
        else
            e = store_commit(s, why);
    }
    clear(&m);
    for (int i = 1; i < 4; i++)
        buf_release(bufs[i]);
    buf_release(&m.members);
    return e;
}

/* ERR_DATA for an export that was cut, and for what has nothing to import in it. */
static enum err check_whole(struct span text, struct why *why)
{
    struct span begin = span_str(first_line), end = span_str(last_line);
    bool ended = text.n >= end.n && span_eq(span_skip(text, text.n - end.n), end);
    if (text.n == 0)
        return why_set(why, ERR_DATA, "empty");
    if (text.n >= begin.n && span_eq(span_take(text, begin.n), begin))
        return ended ? ERR_NONE : why_set(why, ERR_DATA, "an export that was cut short");
    return memchr(text.p, '[', text.n) ? ERR_NONE : why_set(why, ERR_DATA, "no section in it");
}

static enum err make_spool(void *arg, const struct user *u)
{
    const struct home *h = arg;
    struct why why = {""};
    enum err e = station_user_make(h, u->code, &why);
    return e ? diag_fail(e, &why, "%s", u->code) : ERR_NONE;
}

enum err store_import_file(struct store *s, const struct vault *v, const struct key_works *works,
                           const char *path, struct why *why)
{
    struct home h = *store_home(s);
    struct buf text;
    struct why reason = {""};
    unsigned max;
    buf_init(&text, TEXT_MAX);
    enum err e = io_read_file(path, &text, &reason);
    if (e)
        why_set(why, e, "%.300s: %.200s", path, reason.text);
    if (!e)
        e = store_max_users(s, &max, why);
    if (!e && check_whole(buf_span(&text), &reason))
        e = why_set(why, ERR_DATA, "%.300s: %.200s", path, reason.text);
    if (!e)
        e = store_import(s, v, works, buf_span(&text), max, make_spool, &h, why);
    buf_wipe(&text);
    return e;
}
