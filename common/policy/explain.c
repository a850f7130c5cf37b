#include "policy/explain.h"

#include <string.h>

const char *const user_column_names[USER_COLUMNS] = {
    "code",       "name",          "address",      "fax-number", "login",
    "mailbox",    "submit",        "auto-receive", "auto-print", "days",
    "check-on-send", "text-mail",  "encrypt",      "on-expiry",  "notice",
    "keep",       "keep-days",     "printer",      "follow",     "expiry-address",
    "mdn",        "sealed",        "sub-address",  "unix-user",  "domains",
    "language",   "password-command",
};

void user_list_row(struct listing *l, const struct user *u, const struct column *const *which,
                   unsigned count)
{
    struct buf text;
    buf_init(&text, USER_LONG_MAX + 1);
    for (unsigned i = 0; i < (which ? count : USER_COLUMNS); i++) {
        const struct column *c = which ? which[i] : &user_columns[i];
        const void *field = (const char *)u + c->offset;
        buf_clear(&text);
        if (c->kind == COLUMN_SWITCH) {
            listing_switch(l, *(const bool *)field);
        } else if (c->kind == COLUMN_NUMBER) {
            listing_number(l, *(const int *)field);
        } else {
            enum err e = user_text(u, c, &text);
            listing_text(l, buf_span(&text));
            if (!l->err)
                l->err = e;
        }
    }
    buf_release(&text);
}

enum err user_show(const struct user *u, struct buf *out)
{
    enum err e = ERR_NONE;
    for (size_t i = 0; i < USER_COLUMNS && !e; i++) {
        const struct column *c = &user_columns[i];
        if (c->kind == COLUMN_TEXT && !*((const char *)u + c->offset))
            continue;
        e = buf_add_format(out, "%-17s", c->name);
        if (!e)
            e = user_text(u, c, out);
        if (!e)
            e = buf_add_byte(out, '\n');
    }
    return e;
}

enum err explain_plain(const struct decision *d, struct buf *out)
{
    enum err e = ERR_NONE;
    for (int i = 0; i < d->steps && !e; i++)
        e = buf_add_format(out, "%-4s %s\n", d->step[i].step, d->step[i].text);
    return e ? e : buf_add_format(out, "%-4s %s\n", "=>", action_name(d->action));
}

/* A word column's value as its text. */
static void add_word(struct json *j, const struct user *u, const char *name)
{
    struct buf text;
    buf_init(&text, 64);
    if (user_text(u, user_column(span_str(name)), &text) && !j->err)
        j->err = ERR_OS;
    json_add_span(j, name, buf_span(&text));
    buf_release(&text);
}

enum err explain_json(const struct user *u, const struct decision *d, struct buf *out)
{
    struct json j;
    json_init(&j, out);
    json_open(&j, NULL, '{');
    json_add_str(&j, "code", u->code);
    json_add_str(&j, "action", action_name(d->action));
    if (d->action == ACTION_HOLD) {
        json_add_int(&j, "days", d->days);
        add_word(&j, u, "notice");
        add_word(&j, u, "on-expiry");
    } else {
        json_add_str(&j, "days", NULL);
        json_add_str(&j, "notice", NULL);
        json_add_str(&j, "on-expiry", NULL);
    }
    json_add_bool(&j, "keep", d->keep);
    json_add_bool(&j, "encrypt", d->encrypt);
    json_add_int(&j, "priority", user_priority(u));
    json_add_str(&j, "follow", u->follow);
    json_add_str(&j, "printer", u->printer);
    json_open(&j, "steps", '[');
    for (int i = 0; i < d->steps; i++) {
        json_open(&j, NULL, '{');
        json_add_str(&j, "step", d->step[i].step);
        json_add_str(&j, "text", d->step[i].text);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_close(&j, '}');
    return j.err ? j.err : buf_add_byte(out, '\n');
}
