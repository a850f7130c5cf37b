#include "queue/flush.h"

#include "bytes/json.h"
#include "queue/attempt.h"
#include "queue/hop.h"
#include "queue/notice.h"
#include "smtp/delivery.h"
#include "tool/diag.h"
#include "tool/io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DAY = 86400, HEADER_SHOWN = 65536 };

struct run {
    const struct queue *q;
    const struct home *home;
    const struct flush_options *options;
    struct flush_counts *counts;
    int64_t give_up; /* seconds after which an entry is too old */
    enum err err;    /* the first failure */
    struct why why;
};

/* Those for whom the entry ends now. */
struct ended {
    struct buf recipients; /* of struct queue_recipient */
    struct buf expired;    /* of bool */
};

static enum err hostname(const struct home *home, char *out, size_t size)
{
    const char *set = conf_get(home->conf, "hostname");
    if (set)
        snprintf(out, size, "%s", set);
    else if (gethostname(out, size) != 0 || !*out)
        snprintf(out, size, "localhost");
    out[size - 1] = '\0';
    return ERR_NONE;
}

/* The header block, as far as a notice shows it. */
static enum err read_header(int fd, struct buf *out, struct why *why)
{
    uint8_t *room;
    enum err e = buf_reserve(out, HEADER_SHOWN, &room);
    ssize_t k = e ? 0 : pread(fd, room, HEADER_SHOWN, 0);
    if (e || k < 0)
        return e ? e : why_errno(why, ERR_IO, "read");
    out->len += (size_t)k;
    return ERR_NONE;
}

/* The notice about this try has an ID of its own, so that a run that was killed after it and
 * before the envelope's change makes no second one. */
static enum err put_notice(struct run *r, const struct queue_entry *entry, struct span text,
                           struct why *why)
{
    struct queue_entry notice;
    int fd;
    queue_entry_init(&notice);
    int n = snprintf(notice.id, sizeof notice.id, "%.50s-n%u", entry->id, entry->tries);
    snprintf(notice.user, sizeof notice.user, "%s", entry->user);
    notice.created = notice.next = r->options->now;
    enum err e = n < 0 ? ERR_BUG : queue_add_recipient(&notice, entry->from, why);
    if (!e)
        e = queue_begin(r->q, &notice, &fd, why);
    if (!e) {
        e = io_write(fd, text.p, text.n, why);
        if (e)
            queue_abort(r->q, &notice, fd);
        else
            e = queue_commit(r->q, &notice, fd, why);
    }
    queue_entry_release(&notice);
    return e == ERR_NO ? ERR_NONE : e;
}

static enum err notify(struct run *r, const struct queue_entry *entry, const struct ended *ended,
                       int mail, struct why *why)
{
    struct buf header, text;
    char host[256], from[300];
    const char *operator = conf_get(r->home->conf, "operator");
    buf_init(&header, HEADER_SHOWN);
    buf_init(&text, NOTICE_MAX);
    hostname(r->home, host, sizeof host);
    snprintf(from, sizeof from, "postmaster@%s", host);
    enum err e = read_header(mail, &header, why);
    struct notice notice = {
        .hostname = host,
        .from = operator ? operator : from,
        .entry = entry,
        .failed = (const struct queue_recipient *)(const void *)ended->recipients.data,
        .count = ended->recipients.len / sizeof(struct queue_recipient),
        .expired = (const bool *)ended->expired.data,
        .header = buf_span(&header),
        .now = r->options->now,
    };
    if (!e)
        e = notice_write(&notice, &text);
    if (!e)
        e = put_notice(r, entry, buf_span(&text), why);
    buf_release(&text);
    buf_release(&header);
    return e;
}

/* Sorts the recipients into those who stay (in *stay) and those who are ended. */
static enum err sort_out(struct run *r, const struct queue_entry *entry,
                         const enum fate *fates, struct buf *stay, struct ended *ended)
{
    bool old = r->options->now - entry->created >= r->give_up;
    enum err e = ERR_NONE;
    for (size_t i = 0; i < queue_count(entry) && !e; i++) {
        const struct queue_recipient *q = queue_recipient(entry, i);
        bool expired = old && fates[i] == FATE_DEFERRED;
        if (fates[i] == FATE_SENT) {
            r->counts->sent++;
        } else if (fates[i] == FATE_FAILED || expired) {
            r->counts->failed++;
            e = buf_add(&ended->recipients, q, sizeof *q);
            if (!e)
                e = buf_add(&ended->expired, &expired, sizeof expired);
        } else {
            r->counts->deferred += fates[i] == FATE_DEFERRED;
            e = buf_add(stay, q, sizeof *q);
        }
    }
    return e;
}

/* Nobody was passed over in this try. */
static bool all_tried(const struct queue_entry *entry, const enum fate *fates)
{
    for (size_t i = 0; i < queue_count(entry); i++)
        if (fates[i] == FATE_UNTRIED)
            return false;
    return true;
}

/* Who has said which notices he wants has said so of this one as well (RFC 3461 §4.1). */
static bool wants_failures(const struct queue_entry *entry)
{
    unsigned notify;
    return !*entry->dsn || !delivery_notify(entry->dsn, &notify) || (notify & NOTIFY_FAILURE);
}

/* Writes down what became of a try: first the notice, then the envelope. */
static enum err settle(struct run *r, struct queue_entry *entry, const enum fate *fates, int mail,
                       struct why *why)
{
    struct ended ended;
    struct buf stay;
    size_t max = entry->recipients.max;
    buf_init(&ended.recipients, max);
    buf_init(&ended.expired, max);
    buf_init(&stay, max);
    enum err e = sort_out(r, entry, fates, &stay, &ended);
    if (!e && ended.recipients.len && *entry->from && wants_failures(entry))
        e = notify(r, entry, &ended, mail, why);
    else if (!e && ended.recipients.len && !*entry->from)
        diag_warn("%s: a notice could not be delivered and ends here", entry->id);
    if (!e) {
        struct buf all = entry->recipients;
        entry->tries++;
        if (all_tried(entry, fates))
            entry->next = r->options->now + queue_interval(entry->tries);
        entry->recipients = stay;
        stay = all;
        e = queue_count(entry) ? queue_write(r->q, entry, why) : queue_delete(r->q, entry->id, why);
    }
    buf_release(&stay);
    buf_release(&ended.recipients);
    buf_release(&ended.expired);
    return e;
}

static bool wanted(const struct run *r, const struct queue_entry *entry)
{
    const struct flush_options *o = r->options;
    if (entry->held)
        return false;
    return o->id || o->all || o->domain || queue_is_due(entry, o->now);
}

static enum err treat_locked(struct run *r, const char *id, int mail, struct why *why)
{
    struct queue_entry entry;
    queue_entry_init(&entry);
    enum err e = queue_read(r->q, id, &entry, why);
    enum fate *fates = NULL;
    if (!e && wanted(r, &entry)) {
        fates = calloc(queue_count(&entry) + 1, sizeof *fates);
        struct attempt attempt = {.sender = r->options->sender, .conf = r->home->conf,
                                  .domain = r->options->domain, .give = r->options->give,
                                  .give_arg = r->options->give_arg, .mail = mail};
        e = fates ? attempt_all(&attempt, &entry, fates, why)
                  : why_set(why, ERR_OS, "out of memory");
        if (!e && attempt.tried)
            e = settle(r, &entry, fates, mail, why);
    }
    if (!e && entry.held && r->options->id)
        diag_warn("%s: held, not tried", id);
    free(fates);
    queue_entry_release(&entry);
    return e;
}

static void note(struct run *r, const char *id, enum err e, const struct why *why)
{
    if (e == ERR_NONE)
        return;
    diag_error("%s: %s", id, why->text);
    if (!r->err) {
        r->err = e;
        r->why = *why;
    }
}

static enum err treat(void *arg, const char *id)
{
    struct run *r = arg;
    struct why why = {""};
    int mail;
    enum err e = queue_lock(r->q, id, &mail, &why);
    if (e == ERR_AGAIN) {
        r->counts->busy++;
        diag_trace("%s", why.text);
        return r->options->id ? why_set(&r->why, e, "%s", why.text) : ERR_NONE;
    }
    if (e == ERR_NO)
        return r->options->id ? why_set(&r->why, e, "%s", why.text) : ERR_NONE;
    if (!e) {
        e = treat_locked(r, id, mail, &why);
        close(mail);
    }
    if (e == ERR_NO)
        return ERR_NONE; /* ended while we waited for its turn */
    if (e == ERR_PIPE)
        return why_set(&r->why, e, "%s", why.text); /* there is nobody any more to give it to */
    note(r, id, e, &why);
    return ERR_NONE;
}

enum err queue_flush(const struct queue *q, const struct home *home,
                     const struct flush_options *options, struct flush_counts *counts,
                     struct why *why)
{
    struct run run = {.q = q, .home = home, .options = options, .counts = counts};
    uint64_t days;
    memset(counts, 0, sizeof *counts);
    enum err e = conf_number(home->conf, "queue-days", 5, 3650, &days, why);
    if (e)
        return e;
    run.give_up = (int64_t)days * DAY;
    queue_sweep(q, options->now);
    e = options->id ? treat(&run, options->id) : queue_each(q, treat, &run, &run.why);
    e = e ? e : run.err;
    return e ? why_set(why, e, "%s", run.why.text) : ERR_NONE;
}
