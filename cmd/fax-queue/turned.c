#include "turned.h"

#include "net/transfer.h"
#include "queue/owed.h"
#include "tool/diag.h"
#include "tool/io.h"
#include "tool/status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The entry's wishes, as its sender had them, and what is left of the time; orcpts has room for
 * everybody. Those who are given a mail together want the same. */
static struct delivery wishes(const struct queue_entry *entry, struct queue_recipient *const to[],
                              const char **orcpts, size_t count)
{
    struct delivery d = {.notify = to[0]->notify, .envid = entry->envid, .orcpts = orcpts,
                         .by = entry->by.at != 0, .by_mode = entry->by.mode,
                         .by_trace = entry->by.trace,
                         .by_seconds = queue_time_left(&entry->by, (int64_t)time(NULL))};
    int64_t left = entry->mtrk_until ? entry->mtrk_until - (int64_t)time(NULL) : 0;
    if (*entry->mtrk && left >= 0 && (left || !entry->mtrk_until)) {
        snprintf(d.mtrk, sizeof d.mtrk, "%s", entry->mtrk);
        d.mtrk_seconds = left;
    }
    if (*entry->ret)
        delivery_ret(entry->ret, &d.ret);
    for (size_t i = 0; i < count; i++)
        orcpts[i] = *to[i]->orcpt ? to[i]->orcpt : NULL;
    return d;
}

static void take_result(struct queue_recipient *to, const struct sender_result *r, int *status)
{
    *status = status_of(r->err);
    to->code = r->code;
    to->dsn = r->dsn;
    to->in_time = r->in_time;
    to->mtrk = r->mtrk;
    snprintf(to->enhanced, sizeof to->enhanced, "%s", r->enhanced);
    snprintf(to->text, sizeof to->text, "%.*s", QUEUE_WORDS - 1, r->text);
    for (char *c = to->text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    diag_trace("<%s>: %u %s %s", to->path, to->code, to->enhanced, to->text);
}

/* An attempt_give_fn; arg is the struct transfer. */
static enum err give(void *arg, const struct queue_entry *entry, int mail,
                     struct queue_recipient *const to[], int statuses[], size_t count,
                     struct why *why)
{
    struct transfer *t = arg;
    struct outgoing content;
    int spooled = -1;
    if (!transfer_is_open(t))
        return why_set(why, ERR_PIPE, "%s", t->sender.failure.text);
    const char **paths = calloc(count, sizeof *paths), **orcpts = calloc(count, sizeof *orcpts);
    struct sender_result *results = calloc(count, sizeof *results);
    enum err e = paths && orcpts && results ? ERR_NONE : why_set(why, ERR_OS, "out of memory");
    if (!e && lseek(mail, 0, SEEK_SET) != 0)
        e = why_errno(why, ERR_IO, "the mail");
    if (!e)
        e = outgoing_take(mail, &content, &spooled, why);
    for (size_t i = 0; i < count && paths; i++)
        paths[i] = to[i]->path;
    if (!e) {
        struct sender_mail m = {.from = entry->from, .recipients = paths, .count = count,
                                .results = results,
                                .delivery = wishes(entry, to, orcpts, count)};
        e = transfer_mail(t, &m, &content, why);
    }
    for (size_t i = 0; i < count && !e; i++)
        take_result(to[i], &results[i], &statuses[i]);
    io_close(spooled, NULL);
    free(results);
    free(orcpts);
    free(paths);
    return e;
}

static void own_name(const struct home *home, char out[256])
{
    const char *set = conf_get(home->conf, "hostname");
    if (set)
        snprintf(out, 256, "%s", set);
    else if (gethostname(out, 255) != 0 || !*out)
        snprintf(out, 256, "localhost");
    out[255] = '\0';
}

static enum err converse(const struct queue *q, const struct home *home,
                         const struct flush_options *asked, struct flush_counts *counts,
                         struct why *why)
{
    struct channel *channel;
    struct transfer t;
    struct flush_options o = *asked;
    char name[256];
    own_name(home, name);
    enum err e = channel_open_fds(STDIN_FILENO, STDOUT_FILENO, 0, &channel, why);
    if (e)
        return e;
    e = transfer_open(&t, channel, &(struct transfer_options){.helo = name}, why);
    o.give = give;
    o.give_arg = &t;
    if (!e) {
        e = queue_flush(q, home, &o, counts, why);
        if (e == ERR_PIPE)
            e = t.sender.err;
        transfer_quit(&t);
    }
    transfer_close(&t);
    return e;
}

enum err turned_flush(const struct queue *q, const struct home *home,
                      const struct flush_options *o, struct flush_counts *counts, struct why *why)
{
    bool owes = queue_owes(q, o->domain);
    memset(counts, 0, sizeof *counts);
    enum err e = io_write(STDOUT_FILENO, owes ? "250\n" : "453\n", 4, why);
    if (!e)
        e = converse(q, home, o, counts, why);
    return owes ? e : why_set(why, ERR_NO, "nothing waits for %.400s", o->domain);
}
