#include "listing.h"

#include "bytes/json.h"
#include "tool/diag.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PIECE = 65536, OBJECT_MAX = 1 << 30 };

struct listing {
    const struct queue *q;
    bool wants_json;
    struct queue_entry entry; /* its memory serves one after another */
    struct buf out;
    struct json json;
    unsigned count;
    int64_t now;
};

static const char *state_of(const struct queue_entry *entry, int64_t now, bool busy)
{
    return busy ? "sending" : entry->held ? "held" : queue_is_due(entry, now) ? "due" : "waiting";
}

static void list_json(struct listing *l, const struct queue_entry *entry, const char *state)
{
    struct json *j = &l->json;
    json_open(j, NULL, '{');
    json_add_str(j, "id", entry->id);
    json_add_str(j, "state", state);
    json_add_str(j, "from", entry->from);
    json_add_str(j, "user", entry->user);
    json_add_int(j, "size", (long long)entry->size);
    json_add_int(j, "created", entry->created);
    json_add_int(j, "at", entry->at);
    json_add_int(j, "next", entry->next);
    json_add_int(j, "tries", entry->tries);
    json_open(j, "recipients", '[');
    for (size_t i = 0; i < queue_count(entry); i++) {
        const struct queue_recipient *r = queue_recipient(entry, i);
        json_open(j, NULL, '{');
        json_add_str(j, "recipient", r->path);
        json_add_int(j, "code", r->code);
        json_add_str(j, "enhanced", r->enhanced);
        json_add_str(j, "text", r->text);
        json_close(j, '}');
    }
    json_close(j, ']');
    json_close(j, '}');
}

/* "2026-11-21 22:54", in local time. */
static const char *minute(int64_t at, char out[32])
{
    time_t t = (time_t)at;
    struct tm tm;
    if (!localtime_r(&t, &tm) || !strftime(out, 32, "%Y-%m-%d %H:%M", &tm))
        snprintf(out, 32, "?");
    return out;
}

static void list_text(struct listing *l, const struct queue_entry *entry, const char *state)
{
    char created[32], next[32];
    if (l->count++ == 0)
        printf("%-35s %-8s %10s %5s  %-16s %-16s  %s\n", "ID", "STATE", "OCTETS", "TRIES", "SINCE",
               "NEXT", "FROM");
    printf("%-35s %-8s %10llu %5u  %-16s %-16s  <%s>\n", entry->id, state,
           (unsigned long long)entry->size, entry->tries, minute(entry->created, created),
           minute(entry->next, next), entry->from);
    for (size_t i = 0; i < queue_count(entry); i++) {
        const struct queue_recipient *r = queue_recipient(entry, i);
        printf("    <%s>%s", r->path, *r->text ? ": " : "");
        if (r->code)
            printf("%u %s%s", r->code, r->enhanced, *r->enhanced ? " " : "");
        printf("%s\n", r->text);
    }
}

/* Who has the entry is asked only where somebody may have it: see queue_postpone. */
static bool is_busy(const struct listing *l, const char *id)
{
    int lock;
    if (l->entry.look > l->now)
        return false;
    enum err e = queue_lock(l->q, id, &lock, NULL);
    if (!e)
        close(lock);
    return e == ERR_AGAIN;
}

static void drain(struct listing *l)
{
    if (l->out.len)
        fwrite(l->out.data, 1, l->out.len, stdout);
    buf_clear(&l->out);
}

static enum err list_one(void *arg, const char *id)
{
    struct listing *l = arg;
    struct queue_entry *entry = &l->entry;
    struct why why = {""};
    queue_entry_clear(entry);
    enum err e = queue_read(l->q, id, entry, &why);
    if (e && e != ERR_NO)
        diag_error("%s: %s", id, why.text);
    if (e)
        return ERR_NONE;
    /* What waits for its next hop is tried no sooner than that. */
    if (entry->look > entry->next && !entry->held)
        entry->next = entry->look;
    const char *state = state_of(entry, l->now, is_busy(l, id));
    if (l->wants_json)
        list_json(l, entry, state);
    else
        list_text(l, entry, state);
    if (l->out.len > PIECE)
        drain(l);
    return l->json.err;
}

enum err listing_print(const struct queue *q, bool json, struct why *why)
{
    struct listing l = {.q = q, .wants_json = json, .now = (int64_t)time(NULL)};
    queue_entry_init(&l.entry);
    buf_init(&l.out, OBJECT_MAX);
    json_init(&l.json, &l.out);
    if (json)
        json_open(&l.json, NULL, '[');
    enum err e = queue_each(q, list_one, &l, why);
    if (json && !e) {
        json_close(&l.json, ']');
        e = l.json.err ? l.json.err : buf_add_byte(&l.out, '\n');
    }
    drain(&l);
    buf_release(&l.out);
    queue_entry_release(&l.entry);
    return e;
}
