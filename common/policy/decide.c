#include "policy/decide.h"

#include <stdarg.h>
#include <stdio.h>

static void say(struct decision *d, const char *step, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(struct decision *d, const char *step, const char *format, ...)
{
    if (d->steps == STEPS_MAX)
        return;
    struct step *s = &d->step[d->steps++];
    va_list args;
    s->step = step;
    va_start(args, format);
    vsnprintf(s->text, sizeof s->text, format, args);
    va_end(args);
}

static void end(struct decision *d, enum mail_action action)
{
    d->action = action;
}

const char *action_name(enum mail_action action)
{
    static const char *const names[] = {"stay", "wait", "refuse", "print", "hold", "follow"};
    return names[action];
}

static bool index_of(struct span name, const char *const *names, int count, int *index)
{
    for (*index = 0; *index < count; ++*index)
        if (span_eq(name, span_str(names[*index])))
            return true;
    return false;
}

bool kind_of(struct span name, enum mail_kind *kind)
{
    static const char *const names[] = {"text", "fax", "mixed"};
    int i;
    bool found = index_of(name, names, 3, &i);
    if (found)
        *kind = (enum mail_kind)i;
    return found;
}

bool source_of(struct span name, enum mail_source *source)
{
    static const char *const names[] = {"polled", "pushed"};
    int i;
    bool found = index_of(name, names, 2, &i);
    if (found)
        *source = (enum mail_source)i;
    return found;
}

bool occasion_of(struct span name, enum mail_occasion *occasion)
{
    static const char *const names[] = {"automatic", "manual", "sent"};
    int i;
    bool found = index_of(name, names, 3, &i);
    if (found)
        *occasion = (enum mail_occasion)i;
    return found;
}

enum err case_words(struct mail_case *c, const char *kind, const char *source,
                    const char *occasion, struct why *why)
{
    if (kind && !kind_of(span_str(kind), &c->kind))
        return why_set(why, ERR_USAGE, "--kind: %s: not text, fax or mixed", kind);
    if (source && !source_of(span_str(source), &c->source))
        return why_set(why, ERR_USAGE, "--source: %s: not polled or pushed", source);
    if (occasion && !occasion_of(span_str(occasion), &c->occasion))
        return why_set(why, ERR_USAGE, "--occasion: %s: not automatic, manual or sent", occasion);
    return ERR_NONE;
}

int user_priority(const struct user *u)
{
    return !u->auto_receive ? 2 : u->auto_print ? 0 : 1;
}

/* The column as it is for this sender. */
static bool prints(const struct user *u, const struct sender_rule *rule)
{
    return rule && rule->auto_print >= 0 ? rule->auto_print : u->auto_print;
}

static bool takes_text(const struct user *u, const struct sender_rule *rule)
{
    return rule && rule->text_mail >= 0 ? rule->text_mail : u->text_mail;
}

enum admission decide_admission(const struct user *u, const struct sender_rule *rule,
                                bool spool_full)
{
    if (rule && rule->refuse)
        return ADMIT_REFUSE;
    if (spool_full && !(u->auto_receive && prints(u, rule)))
        return ADMIT_LATER;
    return ADMIT;
}

static const char *place(const struct mail_case *c)
{
    return c->source == SOURCE_PUSHED ? "in new/" : "on the server";
}

/* S21, S22, S30: is this user's mail looked at at all? */
static bool is_looked_at(const struct mail_case *c, struct decision *d)
{
    const struct user *u = c->user;
    say(d, "S21", "user %s: the row is read", u->code);
    if (c->occasion == OCCASION_MANUAL) {
        say(d, "", "manual reception, with the user's password");
        return true;
    }
    if (c->occasion == OCCASION_SENT) {
        say(d, "S48", "check mail on transmission is %s", u->check_on_send ? "on" : "off");
        return u->check_on_send;
    }
    say(d, "S22", "automatic reception is %s", u->auto_receive ? "on" : "off");
    if (!u->auto_receive)
        say(d, "S30", "next user: the mail stays %s", place(c));
    else
        say(d, "", "priority: %s", user_priority(u) == 0 ? "served before confidential users"
                                                          : "served after users who print at once");
    return u->auto_receive;
}

/* S24, S25. Of pushed mail new/ is the only place, so its owner gets text by hand all the same. */
static bool text_stays(const struct mail_case *c, struct decision *d)
{
    say(d, "S24", "the mail is %s", c->kind == KIND_TEXT ? "only text" : "not only text");
    if (c->kind != KIND_TEXT)
        return false;
    bool on = takes_text(c->user, c->rule);
    bool own = c->rule && c->rule->text_mail >= 0;
    say(d, "S25", "text mail reception is %s%s", on ? "on" : "off", own ? " for this sender" : "");
    if (on)
        return false;
    if (c->source == SOURCE_PUSHED && c->occasion == OCCASION_MANUAL) {
        say(d, "", "manual reception takes it from new/ all the same");
        return false;
    }
    say(d, "", "this mail stays %s", place(c));
    return true;
}

/* Users without automatic reception have no print mode: what they fetch themselves is printed. */
static bool at_once(const struct mail_case *c, struct decision *d)
{
    const struct user *u = c->user;
    if (!u->auto_receive) {
        say(d, c->occasion == OCCASION_SENT ? "S49" : "", "no automatic reception: no print mode, "
                                                          "printed at once");
        return true;
    }
    bool on = prints(u, c->rule);
    bool own = c->rule && c->rule->auto_print >= 0;
    say(d, "S27", "automatic printing is %s%s", on ? "on" : "off", own ? " for this sender" : "");
    return on;
}

static bool follows(const struct mail_case *c, struct decision *d, bool print)
{
    const struct user *u = c->user;
    if (!u->follow[0] || !u->auto_receive)
        return false;
    if (!print && !c->can_encrypt) {
        say(d, "", "confidential, and %.90s cannot be encrypted for: not passed on", u->follow);
        return false;
    }
    d->encrypt = !print;
    say(d, "", "passed on to %.90s%s", u->follow, print ? "" : ", encrypted");
    return true;
}

static void hold(const struct mail_case *c, struct decision *d)
{
    static const char *const told[] = {"printed", "mailed", "not made"};
    static const char *const over[] = {"printed", "deleted", "forwarded"};
    d->days = c->user->days;
    d->notice = c->user->notice;
    d->on_expiry = c->user->on_expiry;
    say(d, "S29", "held for %d day%s", d->days, d->days == 1 ? "" : "s");
    say(d, "", "the reception notification is %s", told[d->notice]);
    say(d, "", "when the days are over it is %s", over[d->on_expiry]);
    end(d, ACTION_HOLD);
}

static void download(const struct mail_case *c, struct decision *d)
{
    d->keep = c->user->keep && c->source == SOURCE_POLLED;
    if (c->source == SOURCE_PUSHED)
        say(d, "S26", "taken from new/");
    else
        say(d, "S26", "downloaded; once durable here it is %s the server",
            d->keep ? "kept on" : "deleted from");
}

static bool is_refused(const struct mail_case *c, struct decision *d)
{
    if (!c->rule)
        return false;
    say(d, "", "a row for this sender stands over the user's columns");
    if (!c->rule->refuse)
        return false;
    say(d, "", "the sender is refused: the mail stays %s", place(c));
    return true;
}

void decide(const struct mail_case *c, struct decision *d)
{
    *d = (struct decision){.action = ACTION_STAY};
    if (!is_looked_at(c, d))
        return;
    if (c->source == SOURCE_POLLED)
        say(d, "S23", "log-in as %.90s; looked at before downloading", c->user->login);
    if (is_refused(c, d)) {
        end(d, ACTION_REFUSE);
        return;
    }
    if (text_stays(c, d))
        return;
    /* The print mode is asked before the download, since a full spool has no room to hold. */
    struct decision ahead = *d;
    bool print = at_once(c, &ahead);
    /* What was pushed is in the spool already: holding it takes no more room. */
    if (c->spool_full && !print && c->source == SOURCE_POLLED) {
        say(d, "", "the spool is over its limit: confidential mail waits %s", place(c));
        end(d, ACTION_WAIT);
        return;
    }
    download(c, d);
    print = at_once(c, d);
    if (follows(c, d, print)) {
        end(d, ACTION_FOLLOW);
    } else if (print) {
        say(d, c->user->auto_receive ? "S28" : "", "printed at once");
        end(d, ACTION_PRINT);
    } else {
        hold(c, d);
    }
}
