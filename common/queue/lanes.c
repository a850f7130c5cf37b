#include "queue/lane.h"

#include "bytes/json.h"
#include "queue/run.h"
#include "tool/diag.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* After so many mails in a row that ended the connection, or so many smtp-sends, no more. */
enum { DROPS = 3 };

enum state { FREE = 0, IDLE, BUSY, ENDING };

/* A lane, where it leads, and the entry that is on its way. */
struct slot {
    enum state state;
    struct lane lane;
    struct plan_hop *hop;
    unsigned mails, drops; /* of this smtp-send; connections lost in a row */
    struct plan_entry *planned;
    struct queue_entry entry;
    struct attempt_group group;
    int mail;
    bool given_up; /* the hop is, and its other entries with it */
};

struct traffic {
    struct run *r;
    struct plan *plan;
    struct slot *slots;
    size_t count;
    size_t first; /* all hops before it are done */
};

/* The hop has been tried as far as this entry is concerned. */
static enum settle_part part_over(struct plan_entry *planned)
{
    planned->hops--;
    return planned->hops ? SETTLE_FIRST : planned->partial ? SETTLE_SOME : SETTLE_ALL;
}

/* Takes and reads the entry. ERR_NO: there is nothing to be done for it any more. */
static enum err take(struct run *r, struct plan_entry *planned, struct queue_entry *entry,
                     int *mail, struct why *why)
{
    enum err e = queue_lock(r->q, planned->id, mail, why);
    queue_entry_init(entry);
    if (e == ERR_AGAIN) {
        r->counts->busy++;
        diag_trace("%s", why->text);
        return r->options->id ? e : ERR_NO;
    }
    if (!e)
        e = queue_read(r->q, planned->id, entry, why);
    if (!e && entry->held && r->options->id)
        diag_warn("%s: held, not tried", planned->id);
    /* What we have tried ourselves at another hop is not due any more when it was settled. */
    if (!e && (planned->tried ? entry->held : !run_wants(r, entry)))
        e = ERR_NO;
    if (!e && entry->look > r->options->now)
        e = queue_postpone(r->q, planned->id, r->options->now, why);
    return e;
}

static void let_go(struct queue_entry *entry, int *mail)
{
    queue_entry_release(entry);
    if (*mail >= 0)
        close(*mail);
    *mail = -1;
}

/* ---- Hops that cannot be reached ---- */

/* Whoever was put off, or is too old, is settled; nothing else is opened again soon. */
static enum err put_off(struct run *r, struct plan_hop *hop, struct plan_entry *planned,
                        struct queue_entry *entry, int mail, enum settle_part part,
                        struct why *why)
{
    struct attempt_group *g = calloc(1, sizeof *g);
    enum fate *fates = calloc(queue_count(entry) + 1, sizeof *fates);
    int64_t until = planned->until;
    enum err e = ERR_NONE;
    if (!g || !fates) {
        e = why_set(why, ERR_OS, "out of memory");
    } else if (planned->tried || settle_has_news(&r->settling, entry)) {
        *g = (struct attempt_group){.entry = entry, .fates = fates};
        while (attempt_gather(&r->attempt, g, hop->name))
            attempt_silent(g, 75, hop->host.words);
        e = settle(&r->settling, entry, fates, mail, part, why);
    } else if (part != SETTLE_FIRST) {
        if (entry->by.at > r->options->now && entry->by.at < until)
            until = entry->by.at;
        e = queue_postpone(r->q, planned->id, until, why);
    }
    free(fates);
    free(g);
    return e;
}

static enum err pass_over_one(struct run *r, struct plan_hop *hop, struct plan_entry *planned,
                              struct why *why)
{
    struct queue_entry entry;
    int mail = -1;
    enum settle_part part = part_over(planned);
    if (planned->until == 0 || hop->host.until < planned->until)
        planned->until = hop->host.until;
    enum err e = take(r, planned, &entry, &mail, why);
    if (!e)
        e = put_off(r, hop, planned, &entry, mail, part, why);
    let_go(&entry, &mail);
    return e == ERR_NO ? ERR_NONE : e;
}

/* All entries that still wait for the hop stay as they are, and are not looked at for a while. */
static void pass_over(struct traffic *t, struct plan_hop *hop)
{
    struct plan_entry *planned;
    while (plan_take(t->plan, hop, &planned) == ERR_NONE) {
        struct why why = {""};
        enum err e = pass_over_one(t->r, hop, planned, &why);
        run_note(t->r, planned->id, e, &why);
    }
    /* Those that another lane has just now are passed over when that one is done. */
    hop->done = hop->at == hop->waiting.len / sizeof(uint32_t);
}

static bool forced(const struct run *r)
{
    return r->options->all || r->options->id || r->options->domain;
}

static void give_up(struct run *r, struct slot *s, const char *words)
{
    s->given_up = true;
    host_failed(r->q, s->hop->name, r->options->now, words, &s->hop->host);
}

/* ---- One entry on its way ---- */

static enum err give(struct run *r, struct slot *s, struct why *why)
{
    struct buf envelope;
    buf_init(&envelope, QUEUE_ENVELOPE_MAX);
    enum err e = attempt_envelope(&r->attempt, &s->group, &envelope);
    if (e)
        e = why_set(why, ERR_OS, "out of memory");
    else if (lseek(s->mail, 0, SEEK_SET) != 0)
        e = why_errno(why, ERR_IO, "the mail");
    else
        e = lane_give(&s->lane, buf_span(&envelope), s->mail, why);
    buf_release(&envelope);
    /* One that has gone is heard of at the end of its results. */
    return e == ERR_PIPE ? ERR_NONE : e;
}

/* The lane is free for the next entry. */
static void release(struct slot *s)
{
    free(s->group.fates);
    s->group.fates = NULL;
    let_go(&s->entry, &s->mail);
    s->planned->busy = false;
    s->planned = NULL;
    s->state = IDLE;
}

static void finish_entry(struct run *r, struct slot *s)
{
    struct why why = {""};
    s->planned->tried = true;
    enum err e = settle(&r->settling, &s->entry, s->group.fates, s->mail,
                        part_over(s->planned), &why);
    run_note(r, s->planned->id, e, &why);
    release(s);
}

/* Starts with the entry. ERR_NO: there is nobody for this hop. */
static enum err begin(struct run *r, struct slot *s, struct plan_entry *planned, struct why *why)
{
    s->planned = planned;
    planned->busy = true;
    s->mail = -1;
    enum err e = take(r, planned, &s->entry, &s->mail, why);
    s->group.entry = &s->entry;
    s->group.fates = e ? NULL : calloc(queue_count(&s->entry) + 1, sizeof *s->group.fates);
    s->group.next = 0;
    if (!e && !s->group.fates)
        e = why_set(why, ERR_OS, "out of memory");
    if (!e && settle_too_late(&s->entry, r->options->now, s->group.fates)) {
        e = settle(&r->settling, &s->entry, s->group.fates, s->mail, SETTLE_ALL, why);
        e = e ? e : ERR_NO;
    }
    if (!e && !attempt_gather(&r->attempt, &s->group, s->hop->name))
        e = ERR_NO;
    if (!e)
        e = settle_prepare(&r->settling, &s->entry, why);
    if (!e)
        e = give(r, s, why);
    s->state = BUSY;
    return e;
}

/* Gives an idle lane its next entry, or ends it where there is none. */
static void feed(struct traffic *t, struct slot *s)
{
    struct plan_entry *planned;
    while (s->state == IDLE) {
        struct why why = {""};
        enum err e = s->given_up ? ERR_NO : plan_take(t->plan, s->hop, &planned);
        if (e == ERR_AGAIN)
            return;
        if (e) {
            lane_finish(&s->lane);
            s->state = ENDING;
            return;
        }
        e = begin(t->r, s, planned, &why);
        if (!e)
            return;
        if (e == ERR_NO)
            part_over(planned);
        else
            run_note(t->r, planned->id, e, &why);
        release(s);
    }
}

static bool says(struct span object, const char *key, const char *what)
{
    struct buf value;
    buf_init(&value, 4096);
    bool is = !json_member(object, key, &value) && span_eq(buf_span(&value), span_str(what));
    buf_release(&value);
    return is;
}

static void words_of(struct span object, char words[LANE_WORDS])
{
    struct buf value;
    buf_init(&value, 65536);
    words[0] = '\0';
    if (!json_member(object, "text", &value))
        span_copy(span_take(buf_span(&value), LANE_WORDS - 1), words, LANE_WORDS);
    for (char *c = words; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    buf_release(&value);
}

/* Somebody is put off, as all would be. */
static bool any_deferred(const struct slot *s)
{
    for (size_t i = 0; i < s->group.count; i++)
        if (s->group.fates[s->group.members[i]] == FATE_DEFERRED)
            return true;
    return false;
}

/*
 * Nobody could be told of the mail. That is final only where the host says for good that it takes
 * no mail (521, 556: RFC 7504), or the domain that it has no host: any other greeting may pass.
 */
static void not_reached(struct slot *s)
{
    for (size_t i = 0; i < s->group.count; i++) {
        enum fate *fate = &s->group.fates[s->group.members[i]];
        const struct queue_recipient *r = queue_recipient(&s->entry, s->group.members[i]);
        if (*fate == FATE_FAILED && r->code != 521 && r->code != 556 &&
            strncmp(r->enhanced, "5.1.", 4) != 0)
            *fate = FATE_DEFERRED;
    }
}

/* The object that ends a mail: what is known of the hop now, and the entry's next group. */
static void mail_is_over(struct run *r, struct slot *s, struct span object)
{
    char words[LANE_WORDS];
    struct why why = {""};
    bool reached = !says(object, "reached", "false");
    words_of(object, words);
    s->mails++;
    attempt_silent(&s->group, says(object, "exit", "65") ? 65 : 75, words);
    s->drops = says(object, "open", "false") && any_deferred(s) ? s->drops + 1 : 0;
    if (!reached)
        not_reached(s);
    else
        host_reached(r->q, s->hop->name, &s->hop->host);
    if ((!reached && any_deferred(s)) || s->drops >= DROPS)
        give_up(r, s, reached ? "it ends one connection after another" : words);
    while (attempt_gather(&r->attempt, &s->group, s->hop->name)) {
        if (!s->given_up && !give(r, s, &why))
            return;
        attempt_silent(&s->group, 75, s->given_up ? s->hop->host.words : why.text);
    }
    finish_entry(r, s);
}

/* ---- Lanes ---- */

static enum err open_lane(struct traffic *t, struct slot *s, struct plan_hop *hop,
                          struct why *why)
{
    enum err e = lane_open(&s->lane, t->r->options->sender, hop->name, why);
    if (e)
        return e;
    hop->active = true;
    s->hop = hop;
    s->state = IDLE;
    s->mails = 0;
    s->given_up = false;
    return ERR_NONE;
}

/* The end of smtp-send: as it should be, or with an entry on its way. */
static enum err lane_is_over(struct traffic *t, struct slot *s, struct why *why)
{
    char words[LANE_WORDS], made[64] = "";
    bool ended = s->state == ENDING;
    int status = lane_bury(&s->lane, words);
    if (!ended && !*words)
        snprintf(made, sizeof made, "smtp-send ended with status %d", status);
    s->drops += !ended;
    if (!ended && (s->mails == 0 || s->drops >= DROPS))
        give_up(t->r, s, *made ? made : words);
    if (s->state == BUSY) {
        do
            attempt_silent(&s->group, 75, *made ? made : words);
        while (s->given_up && attempt_gather(&t->r->attempt, &s->group, s->hop->name));
        finish_entry(t->r, s);
    }
    s->state = FREE;
    s->hop->active = false;
    if (s->given_up)
        pass_over(t, s->hop);
    else if (ended)
        s->hop->done = true;
    else
        return open_lane(t, s, s->hop, why);
    return ERR_NONE;
}

static enum err hear(struct traffic *t, struct slot *s, struct why *why)
{
    struct span line;
    if (lane_read(&s->lane, NULL))
        return lane_is_over(t, s, why);
    while (s->state == BUSY && lane_line(&s->lane, &line)) {
        struct buf who;
        buf_init(&who, 65536);
        bool of_one = json_member(line, "recipient", &who) == ERR_NONE;
        buf_release(&who);
        if (of_one)
            attempt_take(&s->group, line);
        else
            mail_is_over(t->r, s, line);
    }
    return ERR_NONE;
}

/* Those whose path leads nowhere: no lane is needed to say so. */
static void go_nowhere(struct traffic *t, struct plan_hop *hop)
{
    struct plan_entry *planned;
    while (plan_take(t->plan, hop, &planned) == ERR_NONE) {
        struct why why = {""};
        struct queue_entry entry;
        int mail = -1;
        char other[ATTEMPT_HOP];
        enum err e = take(t->r, planned, &entry, &mail, &why);
        enum fate *fates = e ? NULL : calloc(queue_count(&entry) + 1, sizeof *fates);
        for (size_t i = 0; fates && i < queue_count(&entry); i++)
            attempt_hop(&t->r->attempt, &entry, i, fates, other);
        enum settle_part part = part_over(planned);
        planned->tried = true;
        if (fates)
            e = settle(&t->r->settling, &entry, fates, mail, part, &why);
        run_note(t->r, planned->id, e == ERR_NO ? ERR_NONE : e, &why);
        free(fates);
        let_go(&entry, &mail);
    }
    hop->done = hop->at == hop->waiting.len / sizeof(uint32_t);
}

/* Hops that nobody serves get a free lane each, as far as these go. */
static enum err start(struct traffic *t, struct why *why)
{
    size_t free_one = 0;
    while (t->first < plan_hops(t->plan) && plan_hop(t->plan, t->first)->done)
        t->first++;
    for (size_t i = t->first; i < plan_hops(t->plan); i++) {
        struct plan_hop *hop = plan_hop(t->plan, i);
        if (hop->active || hop->done)
            continue;
        if (!*hop->name) {
            go_nowhere(t, hop);
            continue;
        }
        while (free_one < t->count && t->slots[free_one].state != FREE)
            free_one++;
        if (free_one == t->count)
            break;
        host_read(t->r->q, hop->name, t->r->options->now, &hop->host);
        if (hop->host.until > t->r->options->now && !forced(t->r)) {
            pass_over(t, hop);
            continue;
        }
        t->slots[free_one].drops = 0;
        enum err e = open_lane(t, &t->slots[free_one], hop, why);
        if (e)
            return e;
    }
    return ERR_NONE;
}

/* Waits until somebody says something, and hears him. ERR_NO: there is nobody. */
static enum err turn(struct traffic *t, struct pollfd *polls, struct why *why)
{
    nfds_t n = 0;
    for (size_t i = 0; i < t->count; i++)
        if (t->slots[i].state != FREE)
            polls[n++] = (struct pollfd){.fd = t->slots[i].lane.results, .events = POLLIN};
    if (n == 0)
        return ERR_NO;
    while (poll(polls, n, -1) < 0)
        if (errno != EINTR)
            return why_errno(why, ERR_OS, "poll");
    for (size_t i = 0; i < t->count; i++)
        for (nfds_t k = 0; k < n; k++)
            if (t->slots[i].state != FREE && polls[k].fd == t->slots[i].lane.results &&
                polls[k].revents) {
                polls[k].fd = -1;
                enum err e = hear(t, &t->slots[i], why);
                if (e)
                    return e;
                break;
            }
    return ERR_NONE;
}

enum err run_lanes(struct run *r, struct plan *plan, struct why *why)
{
    size_t jobs = r->options->jobs ? r->options->jobs : 1;
    size_t count = jobs < plan_hops(plan) ? jobs : plan_hops(plan);
    struct traffic t = {.r = r, .plan = plan, .count = count};
    struct pollfd *polls = calloc(count + 1, sizeof *polls);
    t.slots = calloc(count + 1, sizeof *t.slots);
    enum err e = polls && t.slots ? ERR_NONE : why_set(why, ERR_OS, "out of memory");
    while (!e) {
        e = start(&t, why);
        for (size_t i = 0; i < count && !e; i++)
            feed(&t, &t.slots[i]);
        if (!e)
            e = turn(&t, polls, why);
    }
    for (size_t i = 0; t.slots && i < count; i++) {
        if (t.slots[i].state == BUSY)
            release(&t.slots[i]);
        if (t.slots[i].state != FREE)
            lane_bury(&t.slots[i].lane, (char[LANE_WORDS]){""});
    }
    free(t.slots);
    free(polls);
    return e == ERR_NO ? ERR_NONE : e;
}
