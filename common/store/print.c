#include "store/print.h"

#include "policy/explain.h"
#include "store/db.h"
#include "tool/when.h"

#include <string.h>

struct printing {
    const struct print *p;
    struct listing l;
    struct why *why;
};

static void begin(struct printing *g, const struct print *p, const char *const *names,
                  unsigned count, struct why *why)
{
    g->p = p;
    g->why = why;
    listing_begin(&g->l, p->format, names, count, p->out);
}

static enum err drained(struct printing *g)
{
    return g->l.err ? why_set(g->why, g->l.err, "listing too long") : g->p->drain(g->p->out);
}

static enum err end(struct printing *g, enum err e)
{
    enum err last = listing_end(&g->l);
    if (!e && last)
        e = why_set(g->why, last, "listing too long");
    return e ? e : g->p->drain(g->p->out);
}

/* ---- Users ---- */

static const char *const shown[] = {"code", "name", "address", "auto-receive", "auto-print",
                                    "days", "check-on-send", "text-mail", "encrypt"};
enum { SHOWN = sizeof shown / sizeof *shown };

static enum err user_row(void *arg, const struct user *u)
{
    struct printing *g = arg;
    const struct column *which[SHOWN];
    for (int i = 0; i < SHOWN; i++)
        which[i] = user_column(span_str(shown[i]));
    user_list_row(&g->l, u, g->p->format == LISTING_PLAIN ? which : NULL, SHOWN);
    return drained(g);
}

enum err store_print_users(const struct print *p, struct why *why)
{
    struct printing g;
    bool plain = p->format == LISTING_PLAIN;
    begin(&g, p, plain ? shown : user_column_names, plain ? SHOWN : USER_COLUMNS, why);
    return end(&g, store_users(p->store, user_row, &g, why));
}

/* ---- Rules ---- */

static void text(struct printing *g, const char *s)
{
    listing_text(&g->l, span_str(s));
}

static void three_way(struct printing *g, int value)
{
    text(g, value < 0 ? "" : value ? "on" : "off");
}

static enum err sender_row(void *arg, const struct sender_row *row)
{
    struct printing *g = arg;
    text(g, row->code);
    text(g, row->pattern);
    three_way(g, row->rule.auto_print);
    three_way(g, row->rule.text_mail);
    listing_switch(&g->l, row->rule.refuse);
    return drained(g);
}

enum err store_print_senders(const struct print *p, const char *code, struct why *why)
{
    static const char *const names[] = {"code", "pattern", "auto-print", "text-mail", "refuse"};
    struct printing g;
    begin(&g, p, names, 5, why);
    return end(&g, store_senders(p->store, code, sender_row, &g, why));
}

static enum err encryption_row(void *arg, const char *recipient, const char *method,
                               struct span cert)
{
    struct printing *g = arg;
    text(g, recipient);
    text(g, method);
    listing_switch(&g->l, cert.n > 0);
    return drained(g);
}

enum err store_print_encryptions(const struct print *p, struct why *why)
{
    static const char *const names[] = {"recipient", "method", "certificate"};
    struct printing g;
    begin(&g, p, names, 3, why);
    return end(&g, store_encryptions(p->store, encryption_row, &g, why));
}

static const char *const kinds[] = {"list", "forward", "moved"};

const char *alias_kind_name(enum alias_kind kind)
{
    return kinds[kind];
}

bool alias_kind_of(const char *name, enum alias_kind *kind)
{
    for (int i = 0; i < 3; i++) {
        if (strcmp(name, kinds[i]) == 0) {
            *kind = (enum alias_kind)i;
            return true;
        }
    }
    return false;
}

static enum err join_member(void *arg, const char *member)
{
    struct buf *b = arg;
    enum err e = b->len ? buf_add_str(b, ", ") : ERR_NONE;
    return e ? e : buf_add_str(b, member);
}

static enum err alias_row(void *arg, const struct alias *alias)
{
    struct printing *g = arg;
    struct alias found;
    struct buf members;
    buf_init(&members, 1 << 20);
    enum err e = store_alias_get(g->p->store, alias->name, &found, join_member, &members, g->why);
    text(g, alias->name);
    text(g, alias_kind_name(alias->kind));
    listing_text(&g->l, buf_span(&members));
    buf_release(&members);
    return e ? e : drained(g);
}

enum err store_print_aliases(const struct print *p, struct why *why)
{
    static const char *const names[] = {"name", "as", "members"};
    struct printing g;
    begin(&g, p, names, 3, why);
    return end(&g, store_aliases(p->store, alias_row, &g, why));
}

/* ---- The journal ---- */

static enum err journal_row(void *arg, const struct journal_row *row)
{
    struct printing *g = arg;
    char when[32];
    when_text(row->when, when);
    listing_number(&g->l, row->id);
    if (g->p->format == LISTING_JSON)
        listing_number(&g->l, row->when);
    else
        text(g, when);
    text(g, row->code);
    text(g, row->result);
    listing_number(&g->l, row->pages);
    text(g, row->mail);
    text(g, row->sender);
    text(g, row->note);
    return drained(g);
}

enum err store_print_journal(const struct print *p, const struct journal_filter *filter,
                             struct why *why)
{
    static const char *const names[] = {"id",    "time", "code",   "result",
                                        "pages", "mail", "sender", "note"};
    struct printing g;
    begin(&g, p, names, 8, why);
    return end(&g, store_journal_list(p->store, filter, journal_row, &g, why));
}

enum err store_print_report(const struct print *p, const struct journal_filter *f,
                            struct why *why)
{
    static const char *const names[] = {"code", "result", "mails", "pages"};
    struct printing g;
    sqlite3_stmt *stmt = NULL;
    int64_t until = f->until ? f->until : INT64_MAX;
    begin(&g, p, names, 4, why);
    enum err e = db_state(p->store, false, why);
    if (!e)
        e = db_query(p->store->state, &stmt, why,
                     "SELECT user, result, count(*), sum(max(pages, 0)) FROM journal "
                     "WHERE time >= ?1 AND time < ?2 AND (?3 IS NULL OR user = ?3) "
                     "AND (?4 IS NULL OR result = ?4) GROUP BY user, result ORDER BY user, result",
                     "iitt", f->since, until, f->code, f->result);
    while (!e && !(e = db_step(stmt, why))) {
        text(&g, db_text(stmt, 0));
        text(&g, db_text(stmt, 1));
        listing_number(&g.l, sqlite3_column_int64(stmt, 2));
        listing_number(&g.l, sqlite3_column_int64(stmt, 3));
    }
    sqlite3_finalize(stmt);
    return end(&g, e == ERR_NO ? ERR_NONE : e);
}
