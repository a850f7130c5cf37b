#include "queue/attempt.h"

#include "bytes/json.h"
#include "queue/hop.h"
#include "queue/lane.h"
#include "smtp/delivery.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum {
    LINE_MAX_OCTETS = 65536,
    WORTH_A_NAME = 256 << 10, /* octets: what breaks of a smaller mail is soon sent again */
};

/* What a recipient's exit status, and what the receiver said, mean for him. */
static enum fate fate_of(int status, const struct queue_recipient *r)
{
    switch (status) {
    case 0:
        return FATE_SENT;
    case 65:
    case 67:
        return FATE_FAILED;
    case 69:
        /* Without a word about the mail there was no dialogue: the TLS that is required, the log-in
         * or the greeting was refused, perhaps by somebody on the way. That may pass. */
        return r->code || *r->enhanced ? FATE_FAILED : FATE_DEFERRED;
    case 68:
        /* The DNS is sure that there is no such domain; else it may be a matter of the moment. */
        return *r->enhanced == '5' ? FATE_FAILED : FATE_DEFERRED;
    default:
        /* 71, 74 to 78; and what nobody foresaw is no reason to give mail up. */
        return FATE_DEFERRED;
    }
}

static bool member_text(struct span line, const char *key, char *out, size_t size)
{
    struct buf value;
    buf_init(&value, LINE_MAX_OCTETS);
    bool found = json_member(line, key, &value) == ERR_NONE;
    struct span text = span_take(buf_span(&value), size - 1);
    memcpy(out, text.p ? (const char *)text.p : "", found ? text.n : 0);
    out[found ? text.n : 0] = '\0';
    for (char *c = out; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    buf_release(&value);
    return found;
}

void attempt_take(struct attempt_group *g, struct span line)
{
    char path[QUEUE_PATH_SIZE], number[16], exit[16];
    uint64_t status, code;
    if (!member_text(line, "recipient", path, sizeof path) ||
        !member_text(line, "exit", exit, sizeof exit) ||
        !span_number(span_str(exit), 255, &status))
        return;
    for (size_t i = 0; i < g->count; i++) {
        struct queue_recipient *r = queue_recipient(g->entry, g->members[i]);
        if (strcmp(r->path, path) != 0)
            continue;
        r->code = member_text(line, "code", number, sizeof number) &&
                          span_number(span_str(number), 999, &code)
                      ? (unsigned)code
                      : 0;
        member_text(line, "enhanced", r->enhanced, sizeof r->enhanced);
        member_text(line, "text", r->text, sizeof r->text);
        r->dsn = member_text(line, "dsn", number, sizeof number) && strcmp(number, "true") == 0;
        r->mtrk = member_text(line, "mtrk", number, sizeof number) && strcmp(number, "true") == 0;
        r->in_time = member_text(line, "by", number, sizeof number) && strcmp(number, "true") == 0;
        bool cut = member_text(line, "accepted", number, sizeof number) &&
                   strcmp(number, "true") == 0;
        snprintf(r->cut, sizeof r->cut, "%s", cut ? g->transid : "");
        g->fates[g->members[i]] = fate_of((int)status, r);
    }
}

/* Those of whom no object told: smtp-send itself failed. Only 65 is their mail's own fault. */
void attempt_silent(struct attempt_group *g, int status, const char *words)
{
    for (size_t i = 0; i < g->count; i++) {
        struct queue_recipient *r = queue_recipient(g->entry, g->members[i]);
        enum fate *fate = &g->fates[g->members[i]];
        if (*fate != FATE_UNTRIED)
            continue;
        *fate = status == 65 ? FATE_FAILED : FATE_DEFERRED;
        r->code = 0;
        r->enhanced[0] = '\0';
        if (*words)
            snprintf(r->text, sizeof r->text, "%s", words);
        else
            snprintf(r->text, sizeof r->text, "smtp-send ended with status %d", status);
    }
}

/* A line of an envelope, where it says something. */
static enum err add_wish(struct buf *out, const char *key, const char *value)
{
    return *value ? buf_add_format(out, "%s %s\n", key, value) : ERR_NONE;
}

/* The name of the transaction that broke, or a new one, which no other has or had. */
static void name_transaction(const struct attempt *a, struct attempt_group *g)
{
    const struct queue_entry *entry = g->entry;
    const struct queue_recipient *first = queue_recipient(entry, g->members[0]);
    char host[256];
    uint32_t random;
    const char *set = conf_get(a->conf, "hostname");
    g->transid[0] = '\0';
    g->resume = *first->cut != '\0';
    if (g->resume) {
        snprintf(g->transid, sizeof g->transid, "%s", first->cut);
        return;
    }
    if (entry->size < WORTH_A_NAME || getrandom(&random, sizeof random, 0) != sizeof random ||
        (!set && gethostname(host, sizeof host) != 0))
        return;
    host[sizeof host - 1] = '\0';
    int n = snprintf(g->transid, sizeof g->transid, "<%s.%08x@%s>", entry->id, random,
                     set ? set : host);
    if (n < 0 || (size_t)n >= sizeof g->transid || !transid_valid(span_str(g->transid)))
        g->transid[0] = '\0';
}

enum err attempt_envelope(const struct attempt *a, struct attempt_group *g, struct buf *out)
{
    const struct queue_entry *entry = g->entry;
    const struct queue_by *by = &entry->by;
    char notify[DELIVERY_NOTIFY_SIZE];
    delivery_notify_text(g->notify, notify);
    enum err e = buf_add_format(out, "from %s\n", entry->from);
    e = e ? e : add_wish(out, "dsn", notify);
    if (!e && by->at)
        e = buf_add_format(out, "by %lld%c%s\n", (long long)queue_time_left(by, a->now), by->mode,
                           by->trace ? "T" : "");
    if (!e && *entry->mtrk && !entry->mtrk_until)
        e = buf_add_format(out, "mtrk %s\n", entry->mtrk);
    else if (!e && *entry->mtrk && entry->mtrk_until > a->now)
        e = buf_add_format(out, "mtrk %s:%lld\n", entry->mtrk,
                           (long long)(entry->mtrk_until - a->now));
    name_transaction(a, g);
    e = e ? e : add_wish(out, g->resume ? "resume" : "transid", g->transid);
    e = e ? e : add_wish(out, "ret", entry->ret);
    e = e ? e : add_wish(out, "envid", entry->envid);
    for (size_t i = 0; i < g->count && !e; i++) {
        const struct queue_recipient *r = queue_recipient(entry, g->members[i]);
        e = add_wish(out, "to", r->path);
        e = e ? e : add_wish(out, "orcpt", r->orcpt);
    }
    return e ? e : buf_add_byte(out, '\n');
}

static enum err give(const struct attempt *a, struct attempt_group *g, struct why *why)
{
    struct queue_recipient *to[ATTEMPT_AT_ONCE];
    int statuses[ATTEMPT_AT_ONCE];
    for (size_t i = 0; i < g->count; i++)
        to[i] = queue_recipient(g->entry, g->members[i]);
    enum err e = a->give(a->give_arg, g->entry, a->mail, to, statuses, g->count, why);
    for (size_t i = 0; i < g->count && !e; i++)
        g->fates[g->members[i]] = fate_of(statuses[i], to[i]);
    for (size_t i = 0; i < g->count && !e; i++)
        to[i]->cut[0] = '\0';
    return e;
}

bool attempt_hop(const struct attempt *a, struct queue_entry *entry, size_t n, enum fate *fates,
                 char hop[ATTEMPT_HOP])
{
    struct queue_recipient *r = queue_recipient(entry, n);
    struct why why = {""};
    hop[0] = '\0';
    if (a->domain && !hop_is_of(r->path, a->domain))
        return false;
    if (a->give)
        return true;
    if (*entry->user)
        snprintf(hop, ATTEMPT_HOP, LANE_USER "%s", entry->user);
    enum err e = *entry->user ? ERR_NONE : hop_find(a->conf, r->path, hop, &why);
    if (!e && strcmp(hop, HOP_TURN) != 0)
        return true;
    fates[n] = e == ERR_DATA ? FATE_FAILED : FATE_DEFERRED;
    r->code = 0;
    snprintf(r->enhanced, sizeof r->enhanced, "%s", e == ERR_DATA ? "5.1.3" : "");
    snprintf(r->text, sizeof r->text, "%.*s", QUEUE_WORDS - 1,
             e ? why.text : "waits until its host asks for it (TURN, ATRN)");
    return false;
}

bool attempt_gather(const struct attempt *a, struct attempt_group *g, const char *hop)
{
    char other[ATTEMPT_HOP];
    const char *first = "";
    size_t i = g->next, passed = SIZE_MAX;
    g->count = 0;
    for (; i < queue_count(g->entry) && g->count < ATTEMPT_AT_ONCE; i++) {
        unsigned notify = queue_recipient(g->entry, i)->notify;
        if (g->fates[i] != FATE_UNTRIED || !attempt_hop(a, g->entry, i, g->fates, other) ||
            strcmp(hop, other) != 0)
            continue;
        const char *cut = queue_recipient(g->entry, i)->cut;
        if (g->count == 0) {
            g->notify = notify;
            first = cut;
        }
        if (notify == g->notify && strcmp(cut, first) == 0) {
            g->members[g->count++] = i;
            hop_host(hop, queue_recipient(g->entry, i)->remote);
        } else if (passed == SIZE_MAX)
            passed = i;
    }
    g->next = passed < i ? passed : i;
    return g->count > 0;
}

enum err attempt_by_giving(const struct attempt *a, struct queue_entry *entry, enum fate *fates,
                           bool *tried, struct why *why)
{
    struct attempt_group g = {.entry = entry, .fates = fates};
    enum err e = ERR_NONE;
    *tried = false;
    while (!e && attempt_gather(a, &g, "")) {
        *tried = true;
        e = give(a, &g, why);
    }
    /* What was learnt before a failure still counts; who was not tried stays. */
    bool learnt = false;
    for (size_t i = 0; i < queue_count(entry); i++)
        learnt |= fates[i] != FATE_UNTRIED;
    return learnt ? ERR_NONE : e;
}
