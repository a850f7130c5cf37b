#include "queue/envelope.h"

#include "smtp/delivery.h"

#include <string.h>

void queue_entry_init(struct queue_entry *entry)
{
    memset(entry, 0, sizeof *entry);
    buf_init(&entry->recipients, QUEUE_RECIPIENTS_MAX * sizeof(struct queue_recipient));
}

void queue_entry_clear(struct queue_entry *entry)
{
    struct buf recipients = entry->recipients;
    buf_clear(&recipients);
    memset(entry, 0, sizeof *entry);
    entry->recipients = recipients;
}

void queue_entry_release(struct queue_entry *entry)
{
    buf_release(&entry->recipients);
}

size_t queue_count(const struct queue_entry *entry)
{
    return entry->recipients.len / sizeof(struct queue_recipient);
}

struct queue_recipient *queue_recipient(const struct queue_entry *entry, size_t n)
{
    return (struct queue_recipient *)(void *)entry->recipients.data + n;
}

static bool is_line(struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < 0x20 || s.p[i] == 0x7f)
            return false;
    return true;
}

static enum err add_recipient(struct queue_entry *entry, struct span path, struct why *why)
{
    struct queue_recipient r = {.code = 0};
    if (path.n == 0 || !is_line(path) || !span_copy(path, r.path, sizeof r.path))
        return why_set(why, ERR_DATA, "%.*s: not an address", path.n > 300 ? 300 : (int)path.n,
                       (const char *)path.p);
    if (buf_add(&entry->recipients, &r, sizeof r))
        return why_set(why, ERR_DATA, "too many recipients");
    return ERR_NONE;
}

enum err queue_add_recipient(struct queue_entry *entry, const char *path, struct why *why)
{
    return add_recipient(entry, span_str(path), why);
}

/* A line that is there only where it says something. */
static enum err add_wish(struct buf *out, const char *key, const char *value)
{
    return *value ? buf_add_format(out, "%s %s\n", key, value) : ERR_NONE;
}

static enum err add_recipient_lines(struct buf *out, const struct queue_recipient *r)
{
    char notify[DELIVERY_NOTIFY_SIZE];
    delivery_notify_text(r->notify, notify);
    enum err e = buf_add_format(out, "to %s\n", r->path);
    e = e ? e : add_wish(out, "orcpt", r->orcpt);
    e = e ? e : add_wish(out, "notify", notify);
    e = e ? e : add_wish(out, "cut", r->cut);
    e = e ? e : add_wish(out, "told", r->told ? "1" : "");
    if (!e && (r->code || *r->text))
        e = buf_add_format(out, "reply %u %s %s\n", r->code, *r->enhanced ? r->enhanced : "-",
                           r->text);
    return e;
}

enum err envelope_write(const struct queue_entry *entry, struct buf *out)
{
    enum err e = buf_add_format(out,
                                "faxpipe-queue 1\nfrom %s\nuser %s\n", entry->from,
                                entry->user);
    e = e ? e : add_wish(out, "ret", entry->ret);
    e = e ? e : add_wish(out, "envid", entry->envid);
    if (!e && entry->at)
        e = buf_add_format(out, "at %lld\n", (long long)entry->at);
    if (!e && entry->by.at)
        e = buf_add_format(out, "by %lld %c%s\n", (long long)entry->by.at, entry->by.mode,
                           entry->by.trace ? "T" : "");
    if (!e && *entry->mtrk)
        e = buf_add_format(out, "mtrk %s %lld\n", entry->mtrk, (long long)entry->mtrk_until);
    if (!e)
        e = buf_add_format(out, "created %lld\nnext %lld\ntries %u\nheld %d\n",
                           (long long)entry->created, (long long)entry->next, entry->tries,
                           entry->held);
    for (size_t i = 0; i < queue_count(entry) && !e; i++)
        e = add_recipient_lines(out, queue_recipient(entry, i));
    return e ? e : buf_add_str(out, "end\n");
}

static bool take_number(struct span value, uint64_t max, int64_t *out)
{
    uint64_t number = 0;
    bool good = span_number(value, max, &number);
    *out = (int64_t)number;
    return good;
}

/* "450 4.2.2 mailbox full" */
static bool take_reply(struct span value, struct queue_recipient *r)
{
    int64_t code;
    size_t n = span_find(value, ' ');
    if (!take_number(span_take(value, n), 999, &code))
        return false;
    value = span_skip(value, n + 1);
    n = span_find(value, ' ');
    struct span enhanced = span_take(value, n);
    r->code = (unsigned)code;
    if (span_eq(enhanced, span_str("-")))
        enhanced.n = 0;
    return span_copy(enhanced, r->enhanced, sizeof r->enhanced) &&
           span_copy(span_take(span_skip(value, n + 1), QUEUE_WORDS - 1), r->text, QUEUE_WORDS);
}

/* "1795302642 RT" */
static bool take_by(struct span value, struct queue_entry *entry)
{
    size_t n = span_find(value, ' ');
    struct span mode = span_skip(value, n + 1);
    if (mode.n < 1 || mode.n > 2 || (mode.n == 2 && mode.p[1] != 'T') ||
        (mode.p[0] != 'R' && mode.p[0] != 'N'))
        return false;
    entry->by.mode = (char)mode.p[0];
    entry->by.trace = mode.n == 2;
    return take_number(span_take(value, n), INT64_MAX, &entry->by.at);
}

static bool take_mtrk(struct span value, struct queue_entry *entry)
{
    int64_t none;
    size_t n = span_find(value, ' ');
    return mtrk_parse(span_take(value, n), entry->mtrk, &none) && !none &&
           take_number(span_skip(value, n + 1), INT64_MAX, &entry->mtrk_until);
}

static bool take_notify(struct span value, unsigned *notify)
{
    char words[DELIVERY_NOTIFY_SIZE];
    return span_copy(value, words, sizeof words) && delivery_notify(words, notify);
}

/* A line that is about the last recipient; false where there is none, or it is damaged. */
static bool take_recipient_line(struct span key, struct span value, struct queue_entry *entry)
{
    int64_t number;
    if (queue_count(entry) == 0)
        return false;
    struct queue_recipient *r = queue_recipient(entry, queue_count(entry) - 1);
    if (span_eq(key, span_str("orcpt")))
        return span_copy(value, r->orcpt, sizeof r->orcpt);
    if (span_eq(key, span_str("notify")))
        return take_notify(value, &r->notify);
    if (span_eq(key, span_str("cut")))
        return transid_valid(value) && span_copy(value, r->cut, sizeof r->cut);
    if (span_eq(key, span_str("reply")))
        return take_reply(value, r);
    r->told = true;
    return span_eq(key, span_str("told")) && take_number(value, 1, &number);
}

/* A line about the mail. *dsn is what every recipient of an old envelope wants. */
static bool take_line(struct span key, struct span value, struct queue_entry *entry, unsigned *dsn)
{
    int64_t number = 0;
    if (span_eq(key, span_str("from")))
        return span_copy(value, entry->from, sizeof entry->from);
    if (span_eq(key, span_str("user")))
        return span_copy(value, entry->user, sizeof entry->user);
    if (span_eq(key, span_str("dsn")))
        return take_notify(value, dsn);
    if (span_eq(key, span_str("ret")))
        return span_copy(value, entry->ret, sizeof entry->ret);
    if (span_eq(key, span_str("envid")))
        return span_copy(value, entry->envid, sizeof entry->envid);
    if (span_eq(key, span_str("by")))
        return take_by(value, entry);
    if (span_eq(key, span_str("mtrk")))
        return take_mtrk(value, entry);
    if (span_eq(key, span_str("at")))
        return take_number(value, INT64_MAX, &entry->at);
    if (span_eq(key, span_str("created")))
        return take_number(value, INT64_MAX, &entry->created);
    if (span_eq(key, span_str("next")))
        return take_number(value, INT64_MAX, &entry->next);
    if (span_eq(key, span_str("to"))) {
        bool added = !add_recipient(entry, value, NULL);
        if (added)
            queue_recipient(entry, queue_count(entry) - 1)->notify = *dsn;
        return added;
    }
    if (span_eq(key, span_str("tries"))) {
        bool good = take_number(value, 1000000000, &number);
        entry->tries = (unsigned)number;
        return good;
    }
    if (!span_eq(key, span_str("held")))
        return take_recipient_line(key, value, entry);
    bool good = take_number(value, 1, &number);
    entry->held = number != 0;
    return good;
}

enum err envelope_parse(struct span text, struct queue_entry *entry, struct why *why)
{
    struct span first = span_str("faxpipe-queue 1\n");
    unsigned dsn = 0;
    if (!span_starts(text, first))
        return why_set(why, ERR_CONFIG, "the envelope is damaged or of another version");
    text = span_skip(text, first.n);
    for (unsigned number = 2; text.n; number++) {
        size_t n = span_find(text, '\n');
        struct span line = span_take(text, n);
        if (n < text.n && span_eq(line, span_str("end")))
            return ERR_NONE;
        size_t key = span_find(line, ' ');
        if (n == text.n || !is_line(line) ||
            !take_line(span_take(line, key), span_skip(line, key + 1), entry, &dsn))
            return why_set(why, ERR_CONFIG, "line %u of the envelope is damaged", number);
        text = span_skip(text, n + 1);
    }
    return why_set(why, ERR_CONFIG, "the envelope is cut");
}
