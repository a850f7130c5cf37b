#include "queue/flush.h"

#include "queue/notice.h"
#include "queue/run.h"
#include "queue/track.h"
#include "tool/diag.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool run_wants(const struct run *r, const struct queue_entry *entry)
{
    const struct flush_options *o = r->options;
    if (entry->held || (entry->at > o->now && !o->id) || notice_waits(r->q, entry))
        return false;
    return o->id || o->all || o->domain || queue_is_due(entry, o->now);
}

void run_note(struct run *r, const char *id, enum err e, const struct why *why)
{
    if (e == ERR_NONE)
        return;
    diag_error("%s: %s", id, why->text);
    if (!r->err) {
        r->err = e;
        r->why = *why;
    }
}

/* ---- Over a connection that is there ---- */

static bool all_tried(const struct queue_entry *entry, const enum fate *fates)
{
    for (size_t i = 0; i < queue_count(entry); i++)
        if (fates[i] == FATE_UNTRIED)
            return false;
    return true;
}

static enum err give_locked(struct run *r, const char *id, int mail, struct why *why)
{
    struct queue_entry entry;
    queue_entry_init(&entry);
    enum err e = queue_read(r->q, id, &entry, why);
    enum fate *fates = NULL;
    if (!e && run_wants(r, &entry)) {
        bool tried = false;
        if (entry.look > r->options->now)
            queue_postpone(r->q, id, r->options->now, NULL);
        fates = calloc(queue_count(&entry) + 1, sizeof *fates);
        r->attempt.mail = mail;
        if (!fates)
            e = why_set(why, ERR_OS, "out of memory");
        else if (settle_too_late(&entry, r->options->now, fates))
            tried = true;
        else if (!(e = settle_prepare(&r->settling, &entry, why)))
            e = attempt_by_giving(&r->attempt, &entry, fates, &tried, why);
        if (!e && tried)
            e = settle(&r->settling, &entry, fates, mail,
                       all_tried(&entry, fates) ? SETTLE_ALL : SETTLE_SOME, why);
    }
    free(fates);
    queue_entry_release(&entry);
    return e;
}

static enum err give(void *arg, const char *id)
{
    struct run *r = arg;
    struct why why = {""};
    int mail;
    enum err e = queue_lock(r->q, id, &mail, &why);
    if (e == ERR_AGAIN) {
        r->counts->busy++;
        diag_trace("%s", why.text);
        return ERR_NONE;
    }
    if (!e) {
        e = give_locked(r, id, mail, &why);
        close(mail);
    }
    if (e == ERR_NO)
        return ERR_NONE; /* ended while we waited for its turn */
    if (e == ERR_PIPE)
        return why_set(&r->why, e, "%s", why.text); /* there is nobody any more to give it to */
    run_note(r, id, e, &why);
    return ERR_NONE;
}

/* ---- By smtp-send ---- */

struct planning {
    struct run *r;
    struct plan plan;
};

static enum err plan_one(void *arg, const char *id)
{
    struct planning *p = arg;
    struct queue_entry entry;
    struct why why = {""};
    queue_entry_init(&entry);
    enum err e = queue_read(p->r->q, id, &entry, &why);
    if (!e && run_wants(p->r, &entry))
        e = plan_add(&p->plan, &p->r->attempt, &entry, &why);
    else if (!e && entry.held && p->r->options->id)
        diag_warn("%s: held, not tried", id);
    else if (!e)
        queue_remind(p->r->q, id);
    queue_entry_release(&entry);
    if (e == ERR_NO)
        return p->r->options->id && *why.text ? why_set(&p->r->why, e, "%s", why.text) : ERR_NONE;
    run_note(p->r, id, e, &why);
    return ERR_NONE;
}

/* Of an entry that is named it is said at once when somebody else has it. */
static enum err plan_named(struct planning *p, const char *id)
{
    int lock;
    enum err e = queue_lock(p->r->q, id, &lock, &p->r->why);
    if (e)
        return e;
    close(lock);
    return plan_one(p, id);
}

static enum err send_all(struct run *r)
{
    struct planning p = {.r = r};
    const struct flush_options *o = r->options;
    plan_init(&p.plan);
    enum err e = o->id ? plan_named(&p, o->id)
                 : o->all || o->domain
                     ? queue_each(r->q, plan_one, &p, &r->why)
                     : queue_each_due(r->q, o->now, plan_one, &p, &r->why);
    if (!e)
        e = run_lanes(r, &p.plan, &r->why);
    plan_release(&p.plan);
    return e;
}

enum err queue_flush(const struct queue *q, const struct home *home,
                     const struct flush_options *options, struct flush_counts *counts,
                     struct why *why)
{
    struct run run = {.q = q, .home = home, .options = options, .counts = counts};
    run.settling = (struct settling){
        .q = q, .home = home, .counts = counts, .now = options->now};
    run.attempt = (struct attempt){.conf = home->conf, .domain = options->domain,
                                   .give = options->give, .give_arg = options->give_arg,
                                   .now = options->now};
    memset(counts, 0, sizeof *counts);
    enum err e = settle_set(&run.settling, why);
    if (e)
        return e;
    track_sweep(q, options->now);
    e = options->give ? queue_each(q, give, &run, &run.why) : send_all(&run);
    e = e ? e : run.err;
    return e ? why_set(why, e, "%s", run.why.text) : ERR_NONE;
}
