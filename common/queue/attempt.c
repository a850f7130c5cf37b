#include "queue/attempt.h"

#include "bytes/json.h"
#include "queue/hop.h"
#include "smtp/delivery.h"
#include "tool/diag.h"
#include "tool/io.h"
#include "tool/program.h"
#include "tool/spawn.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* So many recipients stay far below what a command line may hold. */
enum { AT_ONCE = 500, FIXED = 22, LINE_MAX_OCTETS = 65536 };

/* Those who go by one hop, and want the same notices, in one run of smtp-send. */
struct group {
    struct queue_entry *entry;
    enum fate *fates;
    unsigned notify;
    size_t members[AT_ONCE];
    size_t count;
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
    default:
        /* 68, 71, 74 to 78; and what nobody foresaw is no reason to give mail up. */
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

static void take_object(struct group *g, struct span line)
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
        r->in_time = member_text(line, "by", number, sizeof number) && strcmp(number, "true") == 0;
        g->fates[g->members[i]] = fate_of((int)status, r);
    }
}

/* Reads what smtp-send prints, a line an object. */
static enum err take_objects(struct group *g, int fd, struct why *why)
{
    struct buf text;
    size_t got;
    uint8_t *room;
    buf_init(&text, 2 * LINE_MAX_OCTETS);
    enum err e = ERR_NONE;
    do {
        e = buf_reserve(&text, 16384, &room);
        if (e || (e = io_read(fd, room, 16384, &got, why)))
            break;
        text.len += got;
        struct span rest = buf_span(&text);
        for (size_t n; (n = span_find(rest, '\n')) < rest.n; rest = span_skip(rest, n + 1))
            take_object(g, span_take(rest, n));
        buf_consume(&text, text.len - rest.n);
    } while (got);
    buf_release(&text);
    return e;
}

/* Those of whom no object told: smtp-send itself failed. Only 65 is their mail's own fault. */
static void settle_silent(struct group *g, int status, const char *words)
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

/*
 * Starts smtp-send with its stderr in a file: a mail that has to wait is no news, and what it says
 * when it fails as a whole goes into the entry. Under -v it speaks for itself.
 */
static enum err spawn_quietly(const char *const argv[], int in, int out, int words, pid_t *pid,
                              struct why *why)
{
    int ours = words >= 0 ? fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3) : -1;
    if (ours >= 0)
        dup2(words, STDERR_FILENO);
    enum err e = spawn(argv, in, out, NULL, pid, why);
    if (ours >= 0) {
        dup2(ours, STDERR_FILENO);
        close(ours);
    }
    return e;
}

/* The last line of the file, without its end; "" where there is none. */
static void last_line(int fd, char *out, size_t size)
{
    char text[2 * QUEUE_WORDS];
    out[0] = '\0';
    off_t end = fd >= 0 ? lseek(fd, 0, SEEK_END) : 0;
    off_t begin = end > (off_t)sizeof text ? end - (off_t)sizeof text : 0;
    ssize_t k = end > 0 ? pread(fd, text, sizeof text, begin) : 0;
    struct span s = span_trim(span_of(text, k > 0 ? (size_t)k : 0));
    for (size_t n; (n = span_find(s, '\n')) < s.n;)
        s = span_skip(s, n + 1);
    s = span_take(s, size - 1);
    for (size_t i = 0; i < s.n; i++)
        out[i] = s.p[i] < 0x20 || s.p[i] == 0x7f ? '?' : (char)s.p[i];
    out[s.n] = '\0';
}

/* What is left of the time for the delivery, as --by has it; "" where none is set. */
static void time_left(const struct attempt *a, const struct queue_by *by, char out[32])
{
    out[0] = '\0';
    if (by->at)
        snprintf(out, 32, "%lld%c%s", (long long)queue_time_left(by, a->now), by->mode, by->trace ? "T" : "");
}

/* What the sender asked for; the number of arguments then. The texts are the caller's to keep. */
static int add_wishes(const struct group *g, const char *notify, const char *by,
                      const char *argv[], int n)
{
    const struct queue_entry *entry = g->entry;
    const struct {
        const char *option, *value;
    } wishes[] = {
        {"--dsn", notify}, {"--ret", entry->ret}, {"--envid", entry->envid}, {"--by", by}};
    bool any = false;
    for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++)
        if (*wishes[i].value) {
            argv[n++] = wishes[i].option;
            argv[n++] = wishes[i].value;
        }
    for (size_t i = 0; i < g->count; i++)
        any |= *queue_recipient(entry, g->members[i])->orcpt != '\0';
    for (size_t i = 0; any && i < g->count; i++) {
        const char *orcpt = queue_recipient(entry, g->members[i])->orcpt;
        argv[n++] = "--orcpt";
        argv[n++] = *orcpt ? orcpt : "none";
    }
    return n;
}

static enum err run_sender(const struct attempt *a, struct group *g, const char *hop,
                           struct why *why)
{
    char from[QUEUE_PATH_SIZE + 2], said[QUEUE_WORDS], notify[DELIVERY_NOTIFY_SIZE], by[32];
    const char *argv[FIXED + 3 * AT_ONCE];
    int n = 0, ends[2], status, words = -1;
    pid_t pid;
    snprintf(from, sizeof from, "<%s>", g->entry->from);
    argv[n++] = a->sender;
    argv[n++] = "--json";
    argv[n++] = *g->entry->user ? "--user" : "--url";
    argv[n++] = *g->entry->user ? g->entry->user : hop;
    argv[n++] = "--from";
    argv[n++] = from;
    if (program_config()) {
        argv[n++] = "--config";
        argv[n++] = program_config();
    }
    if (diag_verbose())
        argv[n++] = "-v";
    delivery_notify_text(g->notify, notify);
    time_left(a, &g->entry->by, by);
    n = add_wishes(g, notify, by, argv, n);
    argv[n++] = "--";
    for (size_t i = 0; i < g->count; i++)
        argv[n++] = queue_recipient(g->entry, g->members[i])->path;
    argv[n] = NULL;
    /* The very descriptor that holds the lock: should we be killed, the entry stays locked until
     * smtp-send has ended as well. */
    if (lseek(a->mail, 0, SEEK_SET) != 0)
        return why_errno(why, ERR_IO, "the mail");
    if (pipe2(ends, O_CLOEXEC) != 0)
        return why_errno(why, ERR_OS, "pipe");
    if (!diag_verbose() && io_temp(&words, NULL))
        words = -1;
    enum err e = spawn_quietly(argv, a->mail, ends[1], words, &pid, why);
    close(ends[1]);
    if (!e) {
        e = take_objects(g, ends[0], why);
        enum err waited = spawn_wait(pid, &status, e ? NULL : why);
        e = e ? e : waited;
        last_line(words, said, sizeof said);
        settle_silent(g, e ? 71 : status, said);
    }
    close(ends[0]);
    io_close(words, NULL);
    return e;
}

static enum err give(const struct attempt *a, struct group *g, struct why *why)
{
    struct queue_recipient *to[AT_ONCE];
    int statuses[AT_ONCE];
    for (size_t i = 0; i < g->count; i++)
        to[i] = queue_recipient(g->entry, g->members[i]);
    enum err e = a->give(a->give_arg, g->entry, a->mail, to, statuses, g->count, why);
    for (size_t i = 0; i < g->count && !e; i++)
        g->fates[g->members[i]] = fate_of(statuses[i], to[i]);
    return e;
}

/* The hop of the nth recipient; who has none is settled at once. */
static bool hop_of(const struct attempt *a, struct queue_entry *entry, size_t n, enum fate *fates,
                   char hop[HOP_SIZE])
{
    struct queue_recipient *r = queue_recipient(entry, n);
    struct why why = {""};
    hop[0] = '\0';
    if (a->give || *entry->user || !hop_find(a->conf, r->path, hop, &why))
        return true;
    fates[n] = FATE_FAILED;
    r->code = 0;
    snprintf(r->enhanced, sizeof r->enhanced, "5.1.3");
    snprintf(r->text, sizeof r->text, "%.*s", QUEUE_WORDS - 1, why.text);
    return false;
}

static bool asked_for(const struct attempt *a, const struct queue_recipient *r)
{
    return !a->domain || hop_is_of(r->path, a->domain);
}

/* All from the nth recipient on who go where he goes and want what he wants, as many as fit. */
static void gather(const struct attempt *a, struct group *g, size_t n, const char *hop)
{
    char other[HOP_SIZE];
    g->count = 0;
    g->notify = queue_recipient(g->entry, n)->notify;
    for (size_t i = n; i < queue_count(g->entry) && g->count < AT_ONCE; i++)
        if (g->fates[i] == FATE_UNTRIED && queue_recipient(g->entry, i)->notify == g->notify &&
            asked_for(a, queue_recipient(g->entry, i)) &&
            hop_of(a, g->entry, i, g->fates, other) && strcmp(hop, other) == 0)
            g->members[g->count++] = i;
}

enum err attempt_all(struct attempt *a, struct queue_entry *entry, enum fate *fates,
                     struct why *why)
{
    struct group g = {.entry = entry, .fates = fates};
    char hop[HOP_SIZE];
    enum err e = ERR_NONE;
    for (size_t i = 0; i < queue_count(entry) && !e; i++) {
        if (fates[i] != FATE_UNTRIED || !asked_for(a, queue_recipient(entry, i)))
            continue;
        a->tried = true;
        if (!hop_of(a, entry, i, fates, hop))
            continue;
        gather(a, &g, i, hop);
        e = a->give ? give(a, &g, why) : run_sender(a, &g, hop, why);
    }
    /* What was learnt before a failure still counts; who was not tried stays. */
    bool learnt = false;
    for (size_t i = 0; i < queue_count(entry); i++)
        learnt |= fates[i] != FATE_UNTRIED;
    return learnt ? ERR_NONE : e;
}
