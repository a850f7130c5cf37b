#include "spool/recipients.h"

#include "policy/decide.h"
#include "spool/spool.h"
#include "tool/diag.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DEPTH_MAX = 8, FOUND_MAX = 20 };

static enum err add_line(struct buf *b, const char *line)
{
    enum err e = b->len ? buf_add_byte(b, '\n') : ERR_NONE;
    return e ? e : buf_add_str(b, line);
}

static bool spool_full(struct recipients *r)
{
    struct why why = {""};
    uint64_t octets;
    int64_t now = (int64_t)time(NULL);
    if (!r->spool_limit || now == r->looked)
        return r->full;
    r->looked = now;
    if (spool_usage(r->home, &octets, &why))
        diag_warn("spool: %s", why.text);
    else
        r->full = octets >= r->spool_limit;
    return r->full;
}

static enum err admit(struct recipients *r, const struct user *u, const char *sender,
                      struct buf *codes, struct why *why)
{
    struct sender_rule rule;
    enum err e = store_sender_rule(r->store, u->code, sender, &rule, why);
    if (e && e != ERR_NO)
        return e;
    switch (decide_admission(u, e ? NULL : &rule, spool_full(r))) {
    case ADMIT_LATER:
        return why_set(why, ERR_AGAIN, "spool full");
    case ADMIT_REFUSE:
        return why_set(why, ERR_NO, "sender refused");
    case ADMIT:
        break;
    }
    return add_line(codes, u->code) ? why_set(why, ERR_OS, "too many recipients") : ERR_NONE;
}

/* The addresses of an alias, gathered: the store is not asked within its own call. */
struct members {
    char **list;
    size_t count;
};

static enum err add_member(void *arg, const char *member)
{
    struct members *m = arg;
    const char *open = strrchr(member, '<');
    char *copy = strndup(open ? open + 1 : member, open ? strcspn(open + 1, ">") : strlen(member));
    char **more = copy ? reallocarray(m->list, m->count + 1, sizeof *more) : NULL;
    if (!more) {
        free(copy);
        return ERR_OS;
    }
    m->list = more;
    m->list[m->count++] = copy;
    return ERR_NONE;
}

/* One question and where its answer gathers; depth counts down through lists in lists. */
struct question {
    struct recipients *r;
    const char *sender;
    enum recipients_fate fate;
    struct buf *codes;
    struct why *why;
};

static enum err find(struct question *q, const char *address, unsigned depth);

/* A list reaches all of its members or none: a second try must bring nobody a second copy. */
static enum err find_alias(struct question *q, const char *address, unsigned depth)
{
    struct alias alias;
    struct members m = {NULL, 0};
    enum err e = depth ? store_alias_get(q->r->store, address, &alias, add_member, &m, q->why)
                       : ERR_NO;
    if (e == ERR_NO || (!e && alias.kind == ALIAS_MOVED && (depth < DEPTH_MAX || !m.count)))
        e = why_set(q->why, ERR_NO_USER, "%s: no such user", address);
    if (!e && alias.kind == ALIAS_MOVED) {
        q->fate = RECIPIENTS_MOVED;
        e = add_line(q->codes, m.list[0]);
    } else {
        for (size_t i = 0; !e && i < m.count; i++)
            e = find(q, m.list[i], depth - 1);
        if (!e && alias.kind == ALIAS_FORWARD && depth == DEPTH_MAX &&
            q->codes->len && q->codes->data[0] == RECIPIENTS_OUTSIDE)
            q->fate = RECIPIENTS_FORWARDED;
    }
    for (size_t i = 0; i < m.count; i++)
        free(m.list[i]);
    free(m.list);
    return e;
}

static bool is_ours(const struct recipients *r, const char *address)
{
    const char *at = strrchr(address, '@');
    for (const char *const *d = r->domains; at && *d; d++)
        if (span_eq_nocase(span_str(at + 1), span_str(*d)))
            return true;
    return !at;
}

static enum err find(struct question *q, const char *address, unsigned depth)
{
    struct user u;
    enum err e = store_user_by_address(q->r->store, address, q->r->domains, &u, q->why);
    if (!e)
        return admit(q->r, &u, q->sender, q->codes, q->why);
    if (e == ERR_NO_USER)
        e = find_alias(q, address, depth);
    if (e != ERR_NO_USER || depth == DEPTH_MAX || is_ours(q->r, address))
        return e;
    char outside[USER_ADDRESS_MAX + 2];
    snprintf(outside, sizeof outside, "%c%s", RECIPIENTS_OUTSIDE, address);
    return add_line(q->codes, outside);
}

enum err recipients_find(struct recipients *r, const char *address, const char *sender,
                         enum recipients_fate *fate, struct buf *codes, struct why *why)
{
    struct question q = {r, sender, RECIPIENTS_HERE, codes, why};
    struct span local = span_str(address);
    enum err e = find(&q, address, DEPTH_MAX);
    *fate = q.fate;
    local = span_take(local, span_find(local, '@'));
    if (e != ERR_NO_USER || !span_eq_nocase(local, span_str("postmaster")))
        return e;
    buf_clear(codes);
    return add_line(codes, "postmaster");
}

struct search {
    const struct recipients *r;
    struct span wanted;
    struct buf *text;
    unsigned found;
};

static bool has_word(struct span name, struct span wanted)
{
    while (name.n) {
        struct span word = span_take(name, span_find(name, ' '));
        if (span_eq_nocase(word, wanted))
            return true;
        name = span_skip(name, word.n + 1);
    }
    return false;
}

static bool matches(const struct user *u, struct span wanted)
{
    struct span address = span_str(u->address), name = span_str(u->name);
    return span_eq_nocase(wanted, span_str(u->code)) || span_eq_nocase(wanted, address) ||
           span_eq_nocase(wanted, span_take(address, span_find(address, '@'))) ||
           span_eq_nocase(wanted, name) || has_word(name, wanted);
}

static enum err look_at(void *arg, const struct user *u)
{
    struct search *s = arg;
    char line[USER_TEXT_MAX + USER_ADDRESS_MAX + 8];
    if (!matches(u, s->wanted))
        return ERR_NONE;
    if (u->address[0])
        snprintf(line, sizeof line, "%s <%s>", u->name, u->address);
    else
        snprintf(line, sizeof line, "%s <%s@%s>", u->name, u->code, s->r->domains[0]);
    return s->found++ < FOUND_MAX ? add_line(s->text, line) : ERR_NONE;
}

static enum err list_member(void *arg, const char *member)
{
    char line[USER_ADDRESS_MAX + USER_TEXT_MAX + 8];
    snprintf(line, sizeof line, strchr(member, '<') ? "%s" : "<%s>", member);
    return add_line(arg, line);
}

/* RFC 821 3.2's words. */
static unsigned verify_forward(struct recipients *r, const char *name, enum alias_kind kind,
                               struct buf *text, struct why *why)
{
    struct alias alias;
    struct members m = {NULL, 0};
    enum err e = store_alias_get(r->store, name, &alias, add_member, &m, why);
    if (!e && m.count)
        e = buf_add_format(text, "User not local; %s <%s>",
                           kind == ALIAS_FORWARD ? "will forward to" : "please try", m.list[0]);
    for (size_t i = 0; i < m.count; i++)
        free(m.list[i]);
    free(m.list);
    return e ? 451 : kind == ALIAS_FORWARD ? 251 : 551;
}

unsigned recipients_verify(struct recipients *r, struct span wanted, bool expand,
                           struct buf *text, struct why *why)
{
    struct search s = {.r = r, .wanted = span_trim(wanted), .text = text};
    struct alias alias;
    char name[USER_ADDRESS_MAX + 1];
    if (s.wanted.n > 2 && s.wanted.p[0] == '<' && s.wanted.p[s.wanted.n - 1] == '>')
        s.wanted = span_of(s.wanted.p + 1, s.wanted.n - 2);
    enum err e = span_copy(s.wanted, name, sizeof name)
                     ? store_alias_get(r->store, name, &alias, expand ? list_member : NULL, text,
                                       why)
                     : ERR_NO;
    if (!e && alias.kind == ALIAS_LIST) {
        if (!expand)
            buf_add_format(text, "<%s>", name);
        return 250;
    }
    buf_clear(text);
    if (!e)
        return verify_forward(r, name, alias.kind, text, why);
    if (e == ERR_NO)
        e = store_users(r->store, look_at, &s, why);
    if (e)
        return 451;
    if (!s.found)
        buf_add_str(text, "no such user here");
    return s.found == 0 ? 550 : s.found == 1 ? 250 : 553;
}
