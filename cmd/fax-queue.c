/* fax-queue: mail that waits for its next try. */
#include "fax-queue/listing.h"
#include "fax-queue/turned.h"
#include "net/addressees.h"
#include "net/outgoing.h"
#include "queue/flush.h"
#include "queue/queue.h"
#include "queue/track.h"
#include "smtp/sender.h"
#include "store/store.h"
#include "tool/diag.h"
#include "tool/home.h"
#include "tool/io.h"
#include "tool/program.h"
#include "tool/spawn.h"
#include "tool/when.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { JOBS = 8, JOBS_MAX = 200 };

static struct {
    char *from, *at, *user, *id, *domain, *dsn, *ret, *envid, *by, *mtrk, **orcpts, **notifies;
    int all, json, turned, jobs;
} opt;

static struct poptOption options[] = {
    {"from", 'f', POPT_ARG_STRING, &opt.from, 0, "add: the reverse-path; <> for none", "PATH"},
    {"user", 0, POPT_ARG_STRING, &opt.user, 0, "add: goes by this user's server", "CODE"},
    {"dsn", 0, POPT_ARG_STRING, &opt.dsn, 0, "add: notices: never, or success,failure,delay",
     "LIST"},
    {"ret", 0, POPT_ARG_STRING, &opt.ret, 0, "add: what they return: full or hdrs", "WHAT"},
    {"envid", 0, POPT_ARG_STRING, &opt.envid, 0, "add: the envelope's ID, which they tell", "ID"},
    {"orcpt", 0, POPT_ARG_ARGV, &opt.orcpts, 0, "add: the next recipient's first name, or none...",
     "TYPE;ADDRESS"},
    {"notify", 0, POPT_ARG_ARGV, &opt.notifies, 0,
     "add: what the next recipient has of --dsn, or none...", "LIST"},
    {"by", 0, POPT_ARG_STRING, &opt.by, 0,
     "add: deliver within; else N a notice, R return it; T trace", "SECONDS[N|R][T]"},
    {"mtrk", 0, POPT_ARG_STRING, &opt.mtrk, 0, "add: have it tracked, by its envelope's ID",
     "CERTIFIER[:SECONDS]"},
    {"at", 0, POPT_ARG_STRING, &opt.at, 0, "add: not before: YYYY-MM-DD HH:MM, or @SECONDS",
     "TIME"},
    {"json", 0, POPT_ARG_NONE, &opt.json, 0, "list: an array of objects", NULL},
    {"all", 0, POPT_ARG_NONE, &opt.all, 0, "flush: also what is not due yet", NULL},
    {"id", 0, POPT_ARG_STRING, &opt.id, 0, "flush: this entry alone", "ID"},
    {"domain", 0, POPT_ARG_STRING, &opt.domain, 0, "flush: recipients of these domains alone",
     "DOMAIN,.."},
    {"jobs", 0, POPT_ARG_INT, &opt.jobs, 0, "flush: so many next hops at once (8)", "N"},
    {"turned", 0, POPT_ARG_NONE, &opt.turned, 0,
     "flush: over stdin and stdout, to a peer that has turned the connection", NULL},
    POPT_TABLEEND,
};

/* What every command works on. */
struct work {
    struct home home;
    struct queue queue;
};

static enum err work_open(struct work *w)
{
    struct why why = {""};
    enum err e = home_open(&w->home, HOME_ANY, &why);
    if (e)
        return diag_fail(e, &why, "station");
    e = queue_open(&w->queue, &w->home, &why);
    return e ? diag_fail(e, &why, "queue") : ERR_NONE;
}

/* ---- add ---- */

/* Takes the nth out of an option's list. */
static void drop_nth(char **list, size_t n)
{
    for (size_t i = 0; list && list[i]; i++)
        if (i == n) {
            free(list[i]);
            for (; list[i]; i++)
                list[i] = list[i + 1];
            return;
        }
}

/* Who is named again has been taken already, and his own --orcpt and --notify stay behind. */
static enum err take_operand(struct addressees *to, const char *path)
{
    size_t before = addressees_count(to);
    enum err e = addressees_add(to, path);
    if (!e && addressees_count(to) == before) {
        drop_nth(opt.orcpts, before);
        drop_nth(opt.notifies, before);
    }
    return e;
}

static enum err take_envelope(struct queue_entry *entry, const struct operands *operands,
                              struct why *why)
{
    struct addressees from, to;
    enum err e = ERR_NONE;
    addressees_init(&from);
    addressees_init(&to);
    /* Angle brackets go, and nobody is named twice. */
    if (addressees_add(&from, opt.from))
        e = why_set(why, ERR_OS, "out of memory");
    for (int i = 1; i < operands->count && !e; i++)
        if (take_operand(&to, operands->list[i]))
            e = why_set(why, ERR_OS, "too many recipients");
    struct sender_mail mail = {.from = e ? "" : addressees_paths(&from)[0],
                               .recipients = addressees_paths(&to),
                               .count = addressees_count(&to)};
    if (!e)
        e = sender_check(&mail, why);
    if (!e && !span_copy(span_str(mail.from), entry->from, sizeof entry->from))
        e = why_set(why, ERR_DATA, "the reverse-path is too long");
    for (size_t i = 0; i < mail.count && !e; i++)
        e = queue_add_recipient(entry, mail.recipients[i], why);
    addressees_release(&from);
    addressees_release(&to);
    return e;
}

static enum err take_orcpts(struct queue_entry *entry, struct why *why)
{
    char **orcpt = opt.orcpts;
    enum err e = ERR_NONE;
    for (size_t i = 0; orcpt && *orcpt && i < queue_count(entry) && !e; i++, orcpt++) {
        struct delivery d = {.orcpts = (const char *const *)orcpt};
        if (strcmp(*orcpt, "none") == 0)
            continue;
        e = delivery_check(&d, 1, why);
        if (!e && !span_copy(span_str(*orcpt), queue_recipient(entry, i)->orcpt, QUEUE_PATH_SIZE))
            e = why_set(why, ERR_DATA, "an original recipient is too long");
    }
    return e || !orcpt || !*orcpt ? e
                                  : why_set(why, ERR_USAGE, "more of --orcpt than recipients");
}

static enum err take_notifies(struct queue_entry *entry, struct why *why)
{
    unsigned all = 0;
    char **notify = opt.notifies;
    if (opt.dsn && !delivery_notify(opt.dsn, &all))
        return why_set(why, ERR_USAGE, "--dsn: not never, nor of success,failure,delay");
    for (size_t i = 0; i < queue_count(entry); i++) {
        struct queue_recipient *r = queue_recipient(entry, i);
        r->notify = all;
        if (!notify || !*notify)
            continue;
        if (strcmp(*notify, "none") != 0 && !delivery_notify(*notify, &r->notify))
            return why_set(why, ERR_USAGE, "--notify: not never, nor of success,failure,delay");
        notify++;
    }
    return notify && *notify ? why_set(why, ERR_USAGE, "more of --notify than recipients")
                             : ERR_NONE;
}

/* What is wanted of notices; the recipients are there already. */
static enum err take_wishes(struct queue_entry *entry, struct why *why)
{
    struct delivery d = {.envid = opt.envid};
    if (opt.ret && !delivery_ret(opt.ret, &d.ret))
        return why_set(why, ERR_USAGE, "--ret: not full or hdrs");
    if (opt.by && !delivery_by(opt.by, &d))
        return why_set(why, ERR_USAGE, "--by: not SECONDS, with N or R, and T");
    if (opt.mtrk && !mtrk_parse(span_str(opt.mtrk), d.mtrk, &d.mtrk_seconds))
        return why_set(why, ERR_USAGE, "--mtrk: not CERTIFIER or CERTIFIER:SECONDS");
    enum err e = delivery_check(&d, 0, why);
    e = e ? e : take_notifies(entry, why);
    e = e ? e : take_orcpts(entry, why);
    if (e)
        return e;
    snprintf(entry->ret, sizeof entry->ret, "%s",
             !d.ret ? "" : d.ret == RET_FULL ? "full" : "hdrs");
    span_copy(span_str(opt.envid ? opt.envid : ""), entry->envid, sizeof entry->envid);
    snprintf(entry->mtrk, sizeof entry->mtrk, "%s", d.mtrk);
    entry->mtrk_until = d.mtrk_seconds ? (int64_t)time(NULL) + d.mtrk_seconds : 0;
    if (!d.by)
        return ERR_NONE;
    entry->by = (struct queue_by){(int64_t)time(NULL) + d.by_seconds, d.by_mode, d.by_trace};
    /* Whoever passed on what is late already has told its sender so. */
    for (size_t i = 0; d.by_seconds <= 0 && i < queue_count(entry); i++)
        queue_recipient(entry, i)->told = true;
    return ERR_NONE;
}

static enum err check_user(struct work *w, struct queue_entry *entry, struct why *why)
{
    struct store *store = NULL;
    struct user user;
    if (!opt.user)
        return ERR_NONE;
    enum err e = store_open(&w->home, STORE_READ, &store, why);
    if (!e)
        e = store_user_get(store, opt.user, &user, why);
    if (!e)
        snprintf(entry->user, sizeof entry->user, "%s", user.code);
    store_close(store);
    return e;
}

/* The mail is whole before the entry begins. */
static enum err put(struct work *w, struct queue_entry *entry, const struct outgoing *mail,
                    struct why *why)
{
    int fd;
    enum err e = queue_begin(&w->queue, entry, &fd, why);
    if (e)
        return e;
    e = outgoing_copy(mail, fd, why);
    if (e)
        queue_abort(&w->queue, entry, fd);
    else
        e = queue_commit(&w->queue, entry, fd, why);
    return e;
}

/* Everything about the mail that can be known without the station. */
static enum err take(struct queue_entry *entry, const struct operands *operands,
                     struct outgoing *mail, int *spooled)
{
    struct why why = {""};
    enum err e = take_envelope(entry, operands, &why);
    if (!e)
        e = take_wishes(entry, &why);
    if (!e && opt.at)
        e = when_parse(opt.at, &entry->at, &why);
    if (!e)
        e = outgoing_take(STDIN_FILENO, mail, spooled, &why);
    return e ? diag_fail(e, &why, "add") : ERR_NONE;
}

/* It waits: that is the first that can be told of it. */
static void track_new(struct work *w, const struct queue_entry *entry)
{
    const struct track t = {.envid = entry->envid, .certifier = entry->mtrk,
                            .arrival = entry->created, .until = entry->mtrk_until};
    for (size_t i = 0; i < queue_count(entry); i++) {
        const struct queue_recipient *r = queue_recipient(entry, i);
        const struct track_event event = {.path = r->path, .orcpt = r->orcpt, .action = "delayed"};
        track_note(&w->queue, &t, &event, 1, entry->created);
    }
}

static enum err put_checked(struct work *w, struct queue_entry *entry, const struct outgoing *mail)
{
    struct why why = {""};
    entry->created = entry->next = (int64_t)time(NULL);
    if (entry->at > entry->next)
        entry->next = entry->at;
    enum err e = check_user(w, entry, &why);
    if (!e)
        e = put(w, entry, mail, &why);
    if (!e && *entry->mtrk)
        track_new(w, entry);
    return e ? diag_fail(e, &why, "add") : ERR_NONE;
}

static enum err add(struct work *w, const struct operands *operands)
{
    struct queue_entry entry;
    struct outgoing mail = {.fd = -1};
    int spooled = -1;
    if (!opt.from || operands->count < 2) {
        diag_error("add: %s", opt.from ? "recipients: there are none" : "--from is missing");
        return ERR_USAGE;
    }
    queue_entry_init(&entry);
    enum err e = take(&entry, operands, &mail, &spooled);
    if (!e)
        e = work_open(w);
    if (!e)
        e = put_checked(w, &entry, &mail);
    if (!e)
        printf("%s\n", entry.id);
    io_close(spooled, NULL);
    queue_entry_release(&entry);
    return e;
}

/* ---- list ---- */

static enum err list(struct work *w, const struct operands *operands)
{
    struct why why = {""};
    enum err e = operands_check(operands, 1, 1);
    if (!e)
        e = work_open(w);
    if (e)
        return e;
    e = listing_print(&w->queue, opt.json, &why);
    return e ? diag_fail(e, &why, "list") : ERR_NONE;
}

/* ---- flush ---- */

static enum err flush(struct work *w, const struct operands *operands)
{
    char program[4096];
    struct flush_counts counts;
    struct why why = {""};
    enum err e = operands_check(operands, 1, 1);
    if (!e)
        e = work_open(w);
    if (e)
        return e;
    struct flush_options o = {
        .sender = spawn_beside("smtp-send", program, sizeof program),
        .all = opt.all,
        .id = opt.id,
        .domain = opt.domain,
        .jobs = opt.jobs ? (size_t)opt.jobs : JOBS,
        .now = (int64_t)time(NULL),
    };
    e = opt.turned ? turned_flush(&w->queue, &w->home, &o, &counts, &why)
                   : queue_flush(&w->queue, &w->home, &o, &counts, &why);
    diag_trace("%u sent, %u deferred, %u failed, %u entries busy", counts.sent, counts.deferred,
               counts.failed, counts.busy);
    return e == ERR_NO && opt.turned ? e : e ? diag_fail(e, &why, "flush") : ERR_NONE;
}

/* ---- track ---- */

static enum err track(struct work *w, const struct operands *operands)
{
    struct why why = {""};
    struct buf text;
    char host[256];
    enum err e = operands_check(operands, 2, 2);
    if (!e)
        e = work_open(w);
    if (e)
        return e;
    const char *set = conf_get(w->home.conf, "hostname");
    if (set)
        snprintf(host, sizeof host, "%s", set);
    else if (gethostname(host, sizeof host) != 0)
        snprintf(host, sizeof host, "localhost");
    host[sizeof host - 1] = '\0';
    buf_init(&text, (size_t)1 << 28);
    e = track_tell(&w->queue, operands->list[1], host, &text, &why);
    if (!e)
        printf("%.*s", (int)text.len, (const char *)text.data);
    buf_release(&text);
    return e ? diag_fail(e, &why, "track") : ERR_NONE;
}

/* ---- remove, hold, release ---- */

/* Takes the named entry, lets change do its work, and gives it free. */
static enum err change(struct work *w, const struct operands *operands,
                       enum err (*what)(struct work *, struct queue_entry *, struct why *))
{
    struct queue_entry entry;
    struct why why = {""};
    int lock = -1;
    enum err e = operands_check(operands, 2, 2);
    if (!e)
        e = work_open(w);
    if (e)
        return e;
    const char *id = operands->list[1];
    queue_entry_init(&entry);
    /* What is damaged can still be removed. */
    bool removes = strcmp(operands->list[0], "remove") == 0;
    e = queue_lock(&w->queue, id, &lock, &why);
    bool torn = e == ERR_NO && removes;
    if (torn)
        e = queue_delete_torn(&w->queue, id, &why);
    else if (!e)
        e = queue_read(&w->queue, id, &entry, &why);
    if (!torn && (!e || (e == ERR_CONFIG && removes)))
        e = what(w, &entry, &why);
    io_close(lock, NULL);
    queue_entry_release(&entry);
    return e ? diag_fail(e, &why, "%s", operands->list[0]) : ERR_NONE;
}

static enum err do_remove(struct work *w, struct queue_entry *entry, struct why *why)
{
    return queue_delete(&w->queue, entry->id, why);
}

static enum err do_hold(struct work *w, struct queue_entry *entry, struct why *why)
{
    entry->held = true;
    return queue_write(&w->queue, entry, why);
}

static enum err do_release(struct work *w, struct queue_entry *entry, struct why *why)
{
    entry->held = false;
    entry->at = 0;
    entry->next = (int64_t)time(NULL);
    return queue_write(&w->queue, entry, why);
}

static enum err remove_entry(struct work *w, const struct operands *operands)
{
    return change(w, operands, do_remove);
}

static enum err hold(struct work *w, const struct operands *operands)
{
    return change(w, operands, do_hold);
}

static enum err release(struct work *w, const struct operands *operands)
{
    return change(w, operands, do_release);
}

static const struct command {
    const char *name;
    enum err (*run)(struct work *w, const struct operands *operands);
    const char *takes; /* letters of the options it has */
} commands[] = {
    {"add", add, "fuD"},          {"list", list, "j"}, {"flush", flush, "aidt"},
    {"remove", remove_entry, ""}, {"hold", hold, ""},  {"release", release, ""},
    {"track", track, ""},
};

static enum err foreign_option(const struct command *c)
{
    const struct {
        char letter;
        const char *name;
        bool given;
    } all[] = {{'f', "--from", opt.from},     {'f', "--at", opt.at},
               {'u', "--user", opt.user},     {'j', "--json", opt.json},
               {'D', "--dsn", opt.dsn},       {'D', "--ret", opt.ret},
               {'D', "--envid", opt.envid},   {'D', "--orcpt", opt.orcpts},
               {'D', "--by", opt.by},         {'D', "--notify", opt.notifies},
               {'D', "--mtrk", opt.mtrk},     {'a', "--all", opt.all},
               {'i', "--id", opt.id},         {'d', "--domain", opt.domain},
               {'t', "--turned", opt.turned}, {'a', "--jobs", opt.jobs}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].given && !strchr(c->takes, all[i].letter)) {
            diag_error("%s: not an option of %s", all[i].name, c->name);
            return ERR_USAGE;
        }
    if (opt.at && opt.by) {
        diag_error("--at: not with --by");
        return ERR_USAGE;
    }
    if (opt.turned && (!opt.domain || opt.all)) {
        diag_error("--turned: %s", opt.all ? "not with --all" : "needs --domain");
        return ERR_USAGE;
    }
    if (opt.jobs < 0 || opt.jobs > JOBS_MAX) {
        diag_error("--jobs: not a number up to %d", JOBS_MAX);
        return ERR_USAGE;
    }
    if (opt.id && (opt.all || opt.domain)) {
        diag_error("--id: not with --all or --domain");
        return ERR_USAGE;
    }
    return ERR_NONE;
}

static enum err run(const struct operands *operands)
{
    struct work work = {.queue = {.at = -1}};
    const char *word = operands->count ? operands->list[0] : "";
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i].name, word) == 0) {
            enum err e = foreign_option(&commands[i]);
            if (!e)
                e = commands[i].run(&work, operands);
            home_close(&work.home);
            return e;
        }
    diag_error("%s: not a command: add, list, flush, remove, hold, release, track",
               *word ? word : "nothing");
    return ERR_USAGE;
}

static const struct program program = {
    .name = "fax-queue",
    .operands = "COMMAND [RECIPIENT...|ID]",
    .options = options,
    .run = run,
};

int main(int argc, char **argv)
{
    return program_main(&program, argc, argv);
}
