#include "queue/settle.h"

#include "queue/notice.h"
#include "queue/track.h"
#include "tool/diag.h"

#include <stdio.h>
#include <string.h>

enum { HOUR = 3600, DAY = 24 * HOUR };

enum err settle_set(struct settling *s, struct why *why)
{
    uint64_t days, hours;
    enum err e = conf_number(s->home->conf, "queue-days", 5, 3650, &days, why);
    if (!e)
        e = conf_number(s->home->conf, "delay-hours", 4, 87600, &hours, why);
    if (e)
        return e;
    s->give_up = (int64_t)days * DAY;
    s->delay = (int64_t)hours * HOUR;
    return ERR_NONE;
}

bool settle_too_late(const struct queue_entry *entry, int64_t now, enum fate *fates)
{
    bool late = entry->by.at && entry->by.mode == 'R' && now >= entry->by.at;
    for (size_t i = 0; late && i < queue_count(entry); i++)
        fates[i] = FATE_DEFERRED;
    return late;
}

/* The notices that one try may make, in the order of enum mime_dsn_action. */
enum { NOTICES = MIME_DSN_RELAYED + 1 };

struct outcome {
    enum settle_part part;
    struct buf stay;
    struct buf events; /* of struct track_event, where the mail is tracked */
    struct notice notices[NOTICES];
};

/* He has said that he wants it, or unsaid counts as that. */
static bool wants(const struct queue_recipient *r, enum notify what, bool unsaid)
{
    return r->notify ? (r->notify & what) != 0 : unsaid;
}

static enum err tell(struct outcome *o, enum mime_dsn_action action, const struct settling *s,
                     const struct queue_entry *entry, const struct queue_recipient *r,
                     const char *status, bool expired, struct why *why)
{
    int64_t over = queue_since(entry) + s->give_up;
    bool never = entry->by.mode == 'R' && entry->by.at && entry->by.at < over;
    bool said = action <= MIME_DSN_DELAYED; /* what was said last is why */
    const struct mime_dsn_recipient one = {
        .original = *r->orcpt ? r->orcpt : NULL,
        .path = r->path,
        .expired = expired,
        .status = status ? status : r->enhanced,
        .code = said ? r->code : 0,
        .text = said ? r->text : NULL,
        .remote = r->code && *r->remote ? r->remote : NULL,
        .attempt = s->now,
        .until = never ? entry->by.at : over,
    };
    return notice_add(&o->notices[action], &one, why);
}

/* What is written down of a mail that is tracked. */
static enum err track(struct outcome *o, const struct queue_entry *entry,
                      const struct queue_recipient *r, const char *action, const char *status,
                      struct why *why)
{
    const struct track_event event = {.path = r->path, .orcpt = r->orcpt, .action = action,
                                      .status = status, .remote = r->remote};
    if (*entry->mtrk && buf_add(&o->events, &event, sizeof event))
        return why_set(why, ERR_OS, "out of memory");
    return ERR_NONE;
}

static enum err sent(struct outcome *o, const struct settling *s, const struct queue_entry *entry,
                     const struct queue_recipient *r, struct why *why)
{
    const struct queue_by *by = &entry->by;
    bool untold = wants(r, NOTIFY_SUCCESS, false) && !r->dsn;
    bool timeless = by->at && by->mode == 'N' && !r->in_time && !(r->notify & NOTIFY_NEVER);
    bool traced = by->at && by->trace && !(r->notify & NOTIFY_NEVER);
    s->counts->sent++;
    enum err e = track(o, entry, r, r->mtrk ? "transferred" : "relayed", NULL, why);
    if (e || (!untold && !timeless && !traced))
        return e;
    return tell(o, MIME_DSN_RELAYED, s, entry, r, NULL, false, why);
}

static enum err ended(struct outcome *o, const struct settling *s, const struct queue_entry *entry,
                      const struct queue_recipient *r, bool expired, bool late, struct why *why)
{
    s->counts->failed++;
    enum err e = track(o, entry, r, "failed", late ? "5.4.7" : r->enhanced, why);
    if (e || !wants(r, NOTIFY_FAILURE, true))
        return e;
    return tell(o, MIME_DSN_FAILED, s, entry, r, late ? "5.4.7" : NULL, expired || late, why);
}

/* The N of a time for the delivery is over. */
static bool is_late(const struct settling *s, const struct queue_entry *entry)
{
    return entry->by.at && entry->by.mode == 'N' && s->now >= entry->by.at;
}

/* Who stays is told of it once, if he wants to know. */
static bool is_to_know(const struct settling *s, const struct queue_entry *entry,
                       const struct queue_recipient *r)
{
    bool slow = s->now - queue_since(entry) >= s->delay;
    return !r->told && *entry->from && ((slow && wants(r, NOTIFY_DELAY, false)) ||
                                        (is_late(s, entry) && wants(r, NOTIFY_DELAY, true)));
}

static enum err waits(struct outcome *o, const struct settling *s,
                      const struct queue_entry *entry, const struct queue_recipient *r, bool tried,
                      struct why *why)
{
    struct queue_recipient staying = *r;
    bool late = is_late(s, entry);
    enum err e = ERR_NONE;
    s->counts->deferred += tried;
    if (tried)
        e = track(o, entry, r, "delayed", r->enhanced, why);
    if (!e && o->part != SETTLE_FIRST && is_to_know(s, entry, r)) {
        e = tell(o, MIME_DSN_DELAYED, s, entry, r, late ? "4.4.7" : NULL, false, why);
        staying.told = true;
    }
    if (!e && buf_add(&o->stay, &staying, sizeof staying))
        e = why_set(why, ERR_OS, "out of memory");
    return e;
}

/* Nobody tries any more: it was refused for good, or is too old, or too late. */
static bool is_over(const struct settling *s, const struct queue_entry *entry, enum fate fate)
{
    bool old = s->now - queue_since(entry) >= s->give_up;
    bool late = entry->by.at && entry->by.mode == 'R' && s->now >= entry->by.at;
    return fate == FATE_FAILED || (fate == FATE_DEFERRED && (old || late));
}

static enum err sort_out(struct outcome *o, const struct settling *s,
                         const struct queue_entry *entry, const enum fate *fates, struct why *why)
{
    const struct queue_by *by = &entry->by;
    bool late = by->at && by->mode == 'R' && s->now >= by->at;
    enum err e = ERR_NONE;
    for (size_t i = 0; i < queue_count(entry) && !e; i++) {
        const struct queue_recipient *r = queue_recipient(entry, i);
        bool deferred = fates[i] == FATE_DEFERRED;
        if (fates[i] == FATE_SENT)
            e = sent(o, s, entry, r, why);
        else if (is_over(s, entry, fates[i]))
            e = ended(o, s, entry, r, deferred, late && fates[i] != FATE_FAILED, why);
        else
            e = waits(o, s, entry, r, deferred, why);
    }
    return e;
}

bool settle_has_news(const struct settling *s, const struct queue_entry *entry)
{
    const struct queue_by *by = &entry->by;
    bool over = s->now - queue_since(entry) >= s->give_up ||
                (by->at && by->mode == 'R' && s->now >= by->at);
    for (size_t i = 0; !over && i < queue_count(entry); i++)
        over = is_to_know(s, entry, queue_recipient(entry, i));
    return over;
}

enum err settle_prepare(const struct settling *s, const struct queue_entry *entry,
                        struct why *why)
{
    /* One alone is sent it, and his entry ends, for which no room is needed; or he is not. */
    return queue_count(entry) > 1 ? queue_reserve(s->q, entry, why) : ERR_NONE;
}

/* The envelope after the try. */
static enum err write_down(const struct settling *s, struct queue_entry *entry,
                           enum settle_part part, struct buf *stay, struct why *why)
{
    struct buf all = entry->recipients;
    entry->tries += part != SETTLE_FIRST;
    if (part == SETTLE_ALL)
        entry->next = queue_next_try(entry->tries, s->now);
    /* When the time that was set is over there is something to do. */
    if (entry->by.at > s->now && entry->by.at < entry->next)
        entry->next = entry->by.at;
    entry->recipients = *stay;
    *stay = all;
    if (queue_count(entry))
        return queue_write(s->q, entry, why);
    enum err e = queue_delete(s->q, entry->id, why);
    if (stay->len > sizeof(struct queue_recipient))
        queue_unreserve(s->q, entry->id);
    return e;
}

/* Who stays where some of the notices could not be made, since the disk is full, say: all who were
 * not sent it and are to be told of it yet. */
static enum err sort_untold(struct outcome *o, const struct settling *s,
                            const struct queue_entry *entry, const enum fate *fates,
                            const bool made[NOTICES], struct why *why)
{
    buf_clear(&o->stay);
    for (size_t i = 0; i < queue_count(entry); i++) {
        struct queue_recipient staying = *queue_recipient(entry, i);
        bool over = is_over(s, entry, fates[i]);
        bool untold = !made[MIME_DSN_FAILED] && wants(&staying, NOTIFY_FAILURE, true);
        if (fates[i] == FATE_SENT || (over && !untold))
            continue;
        if (!over && made[MIME_DSN_DELAYED] && o->part != SETTLE_FIRST)
            staying.told |= is_to_know(s, entry, &staying);
        if (buf_add(&o->stay, &staying, sizeof staying))
            return why_set(why, ERR_OS, "out of memory");
    }
    return ERR_NONE;
}

/* All the notices that can be made; the first failure, and which were. */
static enum err put_notices(const struct outcome *o, const struct settling *s,
                            const struct queue_entry *entry, int mail, bool made[NOTICES],
                            struct why *why)
{
    enum err first = ERR_NONE;
    for (int i = 0; i < NOTICES; i++) {
        enum err e = notice_put(s->q, s->home, entry, &o->notices[i], mail, s->now,
                                first ? NULL : why);
        made[i] = e == ERR_NONE;
        first = first ? first : e;
    }
    return first;
}

enum err settle(const struct settling *s, struct queue_entry *entry, const enum fate *fates,
                int mail, enum settle_part part, struct why *why)
{
    struct outcome o = {.part = part};
    bool made[NOTICES] = {false};
    const struct track tracked = {.envid = entry->envid, .certifier = entry->mtrk,
                                  .arrival = entry->created, .until = entry->mtrk_until};
    buf_init(&o.events, QUEUE_RECIPIENTS_MAX * sizeof(struct track_event));
    buf_init(&o.stay, entry->recipients.max);
    for (int i = 0; i < NOTICES; i++)
        notice_init(&o.notices[i], (enum mime_dsn_action)i);
    enum err e = sort_out(&o, s, entry, fates, why);
    if (!e && o.notices[MIME_DSN_FAILED].recipients.len && !*entry->from)
        diag_warn("%s: a notice could not be delivered and ends here", entry->id);
    enum err untold = ERR_NONE;
    if (!e)
        untold = put_notices(&o, s, entry, mail, made, why);
    if (untold)
        e = sort_untold(&o, s, entry, fates, made, NULL);
    else if (!e)
        track_note(s->q, &tracked, (const struct track_event *)(const void *)o.events.data,
                   o.events.len / sizeof(struct track_event), s->now);
    buf_release(&o.events);
    if (!e)
        e = write_down(s, entry, part, &o.stay, untold ? NULL : why);
    buf_release(&o.stay);
    for (int i = 0; i < NOTICES; i++)
        notice_release(&o.notices[i]);
    return untold ? untold : e;
}
