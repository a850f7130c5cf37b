#include "queue/flush.h"

#include "queue/attempt.h"
#include "queue/settle.h"
#include "tool/diag.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct run {
    const struct queue *q;
    const struct home *home;
    const struct flush_options *options;
    struct flush_counts *counts;
    struct settling settling;
    enum err err;    /* the first failure */
    struct why why;
};

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
                                  .give_arg = r->options->give_arg, .now = r->options->now,
                                  .mail = mail};
        if (!fates)
            e = why_set(why, ERR_OS, "out of memory");
        else if (settle_too_late(&entry, r->options->now, fates))
            attempt.tried = true;
        else
            e = attempt_all(&attempt, &entry, fates, why);
        if (!e && attempt.tried)
            e = settle(&r->settling, &entry, fates, mail, why);
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
    run.settling = (struct settling){
        .q = q, .home = home, .counts = counts, .now = options->now};
    memset(counts, 0, sizeof *counts);
    enum err e = settle_set(&run.settling, why);
    if (e)
        return e;
    queue_sweep(q, options->now);
    e = options->id ? treat(&run, options->id) : queue_each(q, treat, &run, &run.why);
    e = e ? e : run.err;
    return e ? why_set(why, e, "%s", run.why.text) : ERR_NONE;
}
