#include "entries.h"

#include "bytes/json.h"
#include "sending.h"
#include "server.h"
#include "tool/diag.h"
#include "tool/pass.h"
#include "tool/status.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ENVELOPE_MAX = 1 << 28, ENVELOPE_LINE = 1 << 12 };

/* What was given, and its strings. */
struct entry {
    struct buf text;    /* the envelope's lines, and the empty one */
    struct buf strings; /* as C strings: envid, and for each recipient "" or his orcpt */
    bool again;         /* the last recipient had been named before */
    int mail;
    size_t number;
};

/* Whether an envelope is whole in text; its length then. */
static bool whole(const struct buf *text, size_t *length)
{
    const uint8_t *end = text->len ? memmem(text->data, text->len, "\n\n", 2) : NULL;
    *length = end ? (size_t)(end - text->data) + 2 : 0;
    return end != NULL;
}

/* Waits for the next. ERR_NO: there are no more. */
static enum err receive(struct entry *entry, struct why *why)
{
    size_t length, got;
    uint8_t *room;
    int descriptor;
    while (!whole(&entry->text, &length)) {
        enum err e = buf_reserve(&entry->text, 65536, &room);
        if (!e)
            e = pass_receive(STDIN_FILENO, room, 65536, &got, &descriptor, why);
        if (e)
            return e;
        entry->text.len += got;
        if (descriptor >= 0 && entry->mail >= 0)
            close(descriptor);
        else if (descriptor >= 0)
            entry->mail = descriptor;
        if (got == 0)
            return entry->text.len ? why_set(why, ERR_PROTOCOL, "an envelope is cut") : ERR_NO;
    }
    return entry->mail >= 0 ? ERR_NONE : why_set(why, ERR_PROTOCOL, "an envelope without a mail");
}

static enum err add_string(struct buf *strings, struct span s)
{
    enum err e = buf_add_span(strings, s);
    return e ? e : buf_add_byte(strings, '\0');
}

/* A line of an envelope. Where a string lies may still move: orcpts are kept as places, from 1. */
static enum err take_line(struct job *j, struct entry *entry, struct span key, struct span value)
{
    char text[ENVELOPE_LINE];
    size_t place = 0, at = entry->strings.len;
    if (!span_copy(value, text, sizeof text))
        return ERR_DATA;
    if (span_eq(key, span_str("from")))
        return span_copy(value, j->from, sizeof j->from) ? ERR_NONE : ERR_DATA;
    if (span_eq(key, span_str("dsn")))
        return delivery_notify(text, &j->delivery.notify) ? ERR_NONE : ERR_DATA;
    if (span_eq(key, span_str("ret")))
        return delivery_ret(text, &j->delivery.ret) ? ERR_NONE : ERR_DATA;
    if (span_eq(key, span_str("by")))
        return delivery_by(text, &j->delivery) ? ERR_NONE : ERR_DATA;
    bool resume = span_eq(key, span_str("resume"));
    j->delivery.resume |= resume;
    if (resume || span_eq(key, span_str("transid")))
        return span_copy(value, j->transid, sizeof j->transid) ? ERR_NONE : ERR_DATA;
    if (span_eq(key, span_str("mtrk")))
        return mtrk_parse(value, j->delivery.mtrk, &j->delivery.mtrk_seconds) ? ERR_NONE
                                                                              : ERR_DATA;
    if (span_eq(key, span_str("envid")))
        return entry->strings.len ? ERR_DATA : add_string(&entry->strings, value);
    if (span_eq(key, span_str("to"))) {
        enum err e = addressees_add(&j->to, text);
        entry->again = addressees_count(&j->to) == j->orcpts.len / sizeof place;
        return e || entry->again ? e : buf_add(&j->orcpts, &place, sizeof place);
    }
    if (!span_eq(key, span_str("orcpt")) || j->orcpts.len == 0)
        return ERR_DATA;
    if (entry->again)
        return ERR_NONE;
    place = at + 1;
    memcpy(j->orcpts.data + j->orcpts.len - sizeof place, &place, sizeof place);
    return add_string(&entry->strings, value);
}

/* Makes pointers of the places, now that nothing moves any more. */
static void point(struct job *j, const struct entry *entry, bool envid)
{
    const char *strings = (const char *)entry->strings.data;
    bool any = false;
    j->delivery.envid = envid ? strings : NULL;
    for (size_t i = 0; i < j->orcpts.len / sizeof(size_t); i++) {
        size_t place;
        memcpy(&place, j->orcpts.data + i * sizeof place, sizeof place);
        const char *orcpt = place ? strings + place - 1 : NULL;
        any |= orcpt != NULL;
        memcpy(j->orcpts.data + i * sizeof orcpt, &orcpt, sizeof orcpt);
    }
    j->delivery.orcpts = any ? (const char *const *)(const void *)j->orcpts.data : NULL;
}

static enum err parse(struct job *j, struct entry *entry, struct why *why)
{
    _Static_assert(sizeof(size_t) == sizeof(char *), "places become pointers where they lie");
    bool envid = false;
    enum err e = ERR_NONE;
    addressees_cut(&j->to, 0);
    buf_clear(&j->orcpts);
    buf_clear(&entry->strings);
    j->delivery = (struct delivery){.notify = 0};
    j->from[0] = j->transid[0] = '\0';
    j->delivery.transid = j->transid;
    struct span rest = buf_span(&entry->text);
    for (size_t n; !e && (n = span_find(rest, '\n')) > 0; rest = span_skip(rest, n + 1)) {
        struct span line = span_take(rest, n);
        size_t key = span_find(line, ' ');
        envid |= span_eq(span_take(line, key), span_str("envid"));
        e = take_line(j, entry, span_take(line, key), span_skip(line, key + 1));
    }
    if (e || addressees_count(&j->to) == 0)
        return why_set(why, ERR_PROTOCOL, "what came is no envelope");
    point(j, entry, envid);
    buf_consume(&entry->text, entry->text.len - rest.n + 1);
    return ERR_NONE;
}

/* The mail as a whole: what cannot be sent to anybody has no objects of recipients. */
static enum err send_it(struct job *j, struct entry *entry, struct why *why)
{
    struct sender_mail mail = {.from = j->from,
                               .recipients = addressees_paths(&j->to),
                               .count = addressees_count(&j->to),
                               .delivery = j->delivery};
    int fd = entry->mail;
    entry->mail = -1;
    mailbag_release(&j->bag);
    mailbag_init(&j->bag);
    enum err e = mailbag_take(&j->bag, fd, false, why);
    if (!e)
        e = sender_check(&mail, why);
    if (!e && (e = sending_one(j, 0)) != ERR_NONE)
        why_set(why, e, "the mail cannot be sent");
    mailbag_release(&j->bag);
    mailbag_init(&j->bag);
    return e;
}

static enum err tell_end(struct job *j, size_t number, enum err e, const struct why *why)
{
    struct json json;
    bool open = j->connected && transfer_is_open(&j->transfer);
    /* A domain that is not there, or takes no mail, has been heard: its entries are settled. */
    bool final = j->unreachable && j->fault.settled && *j->fault.enhanced == '5';
    buf_clear(&j->line);
    json_init(&json, &j->line);
    json_open(&json, NULL, '{');
    json_add_int(&json, "mail", (long long)number);
    json_add_int(&json, "exit", status_of(e));
    json_add_bool(&json, "reached", final || !j->unreachable);
    json_add_bool(&json, "open", open);
    json_add_str(&json, "text", j->unreachable ? j->reason.text : why->text);
    json_close(&json, '}');
    if (json.err || buf_add_byte(&j->line, '\n'))
        return ERR_OS;
    if (fwrite(j->line.data, 1, j->line.len, stdout) != j->line.len || fflush(stdout) != 0)
        return ERR_PIPE;
    return ERR_NONE;
}

enum err entries_serve(struct job *j)
{
    struct entry entry = {.mail = -1};
    struct why why = {""};
    enum err e;
    buf_init(&entry.text, ENVELOPE_MAX);
    buf_init(&entry.strings, ENVELOPE_MAX);
    while (!(e = receive(&entry, &why)) && !(e = parse(j, &entry, &why))) {
        struct why failure = {""};
        /* Whoever sees a server that cannot be reached gives it up himself. */
        j->unreachable = ERR_NONE;
        enum err sent = send_it(j, &entry, &failure);
        e = tell_end(j, ++entry.number, sent, &failure);
        if (e)
            break;
    }
    if (entry.mail >= 0)
        close(entry.mail);
    buf_release(&entry.strings);
    buf_release(&entry.text);
    if (e == ERR_NO)
        return ERR_NONE;
    return e == ERR_PIPE ? e : diag_fail(e == ERR_IO ? ERR_USAGE : e, &why, "--entries");
}
