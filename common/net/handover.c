#include "net/handover.h"

#include "net/wishes.h"
#include "tool/diag.h"
#include "tool/io.h"
#include "tool/program.h"
#include "tool/spawn.h"
#include "tool/status.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A mail on its way: all of it in an unlinked file. arg and envelope are the methods'. */
struct handover {
    void *arg;
    const struct envelope *envelope;
    int fd;
    struct writer out;
};

enum err handover_open(struct handover **h, struct why *why)
{
    struct handover *w = calloc(1, sizeof *w);
    if (!w)
        return why_set(why, ERR_OS, "out of memory");
    enum err e = io_temp(&w->fd, why);
    if (e) {
        free(w);
        return e;
    }
    writer_init(&w->out, w->fd);
    *h = w;
    return ERR_NONE;
}

static enum err waiting_begin(void *arg, const struct envelope *envelope, void **mail,
                              struct why *why)
{
    struct handover *w;
    enum err e = handover_open(&w, why);
    if (e)
        return e;
    w->arg = arg;
    w->envelope = envelope;
    *mail = w;
    return ERR_NONE;
}

static const char *waiting_id(void *mail)
{
    (void)mail;
    return NULL;
}

enum err handover_write(struct handover *h, struct span piece, struct why *why)
{
    writer_add(&h->out, piece.p, piece.n);
    return h->out.err ? why_set(why, h->out.err, "%s", h->out.why.text) : ERR_NONE;
}

static enum err waiting_write(void *mail, struct span piece, struct why *why)
{
    return handover_write(mail, piece, why);
}

void handover_close(struct handover *h)
{
    if (h)
        close(h->fd);
    free(h);
}

static void waiting_free(void *mail)
{
    handover_close(mail);
}

static enum err rewind_mail(struct handover *w, struct why *why)
{
    return lseek(w->fd, 0, SEEK_SET) == 0 ? ERR_NONE : why_errno(why, ERR_IO, "seek");
}

static enum err exec_commit(void *mail, enum receiver_verdict verdicts[], struct why *why)
{
    struct handover *w = mail;
    struct clerk_question *q = calloc(1, sizeof *q);
    struct clerk_answer *a = calloc(1, sizeof *a);
    enum err e = q && a ? writer_flush(&w->out, why) : why_set(why, ERR_OS, "out of memory");
    for (size_t i = 0; !e && i < w->envelope->count; i++) {
        q->kind = CLERK_EXEC;
        span_copy(span_str(w->envelope->sender), q->sender, sizeof q->sender);
        span_copy(span_str(w->envelope->recipients[i].path), q->text, sizeof q->text);
        /* The file's position is shared with whoever gets the descriptor. */
        e = rewind_mail(w, why);
        if (!e)
            e = clerk_ask(w->arg, q, w->fd, a, why);
        if (!e)
            verdicts[i] = a->verdict;
    }
    free(q);
    free(a);
    return e;
}

enum err handover_read(struct handover *h, int *fd, struct why *why)
{
    enum err e = writer_flush(&h->out, why);
    *fd = h->fd;
    return e ? e : rewind_mail(h, why);
}

enum err handover_ask(struct handover *h, const struct clerk *clerk,
                      const struct clerk_question *q, enum receiver_verdict *verdict,
                      struct why *why)
{
    struct clerk_answer *a = calloc(1, sizeof *a);
    int fd = -1;
    enum err e = a ? handover_read(h, &fd, why) : why_set(why, ERR_OS, "out of memory");
    if (!e)
        e = clerk_ask(clerk, q, fd, a, why);
    if (!e)
        *verdict = a->verdict;
    free(a);
    return e;
}

const struct delivery_method handover_exec = {.begin = waiting_begin,
                                              .id = waiting_id,
                                              .write = waiting_write,
                                              .commit = exec_commit,
                                              .free = waiting_free};

/* What the command's status means (sysexits): trouble of this system, and a command that is not
 * there (126 and 127 are the shell's), may have gone when the sender comes again. */
static enum receiver_verdict verdict_of_status(int status)
{
    switch (status_to_err(status)) {
    case ERR_NONE:
        return RECIPIENT_OK;
    case ERR_NO_USER:
        return RECIPIENT_UNKNOWN;
    case ERR_AUTH:
        return RECIPIENT_REFUSED;
    case ERR_OS:
    case ERR_CREATE:
    case ERR_IO:
    case ERR_AGAIN:
    case ERR_CONFIG:
        return RECIPIENT_LATER;
    default:
        return status < 126 ? RECIPIENT_REJECTED : RECIPIENT_LATER;
    }
}

/* number and sub, "NAME=value", may be NULL. */
static enum receiver_verdict run_command(const char *const words[],
                                         const struct clerk_question *q, const char *number,
                                         const char *sub, int mail)
{
    char sender[sizeof q->sender + 8], recipient[PATH_MAX_OCTETS + 16];
    const char *environment[] = {sender, recipient, number, sub, NULL};
    struct why why = {""};
    pid_t pid;
    int status;
    snprintf(sender, sizeof sender, "SENDER=%s", q->sender);
    snprintf(recipient, sizeof recipient, "RECIPIENT=%.*s", PATH_MAX_OCTETS, q->text);
    enum err e = spawn(words, mail, -1, environment, &pid, &why);
    if (!e)
        e = spawn_wait(pid, &status, &why);
    if (e) {
        diag_warn("%s: %s", words[0], why.text);
        return RECIPIENT_LATER;
    }
    if (status)
        diag_warn("%s: exit status %d", words[0], status);
    return verdict_of_status(status);
}

enum receiver_verdict handover_run(const char *const words[], const struct clerk_question *q,
                                   int mail)
{
    return run_command(words, q, NULL, NULL, mail);
}

enum receiver_verdict handover_offramp(const char *const words[], const struct clerk_question *q,
                                       int mail)
{
    struct path path;
    struct fax_address fax;
    char number[sizeof fax.number + 16], sub[sizeof fax.sub_address + 8];
    if (path_parse_bare(span_str(q->text), PATH_NO_DOMAIN, &path) || !path_fax(&path, &fax))
        return RECIPIENT_REJECTED;
    snprintf(number, sizeof number, "FAX_NUMBER=%s", fax.number);
    snprintf(sub, sizeof sub, "T33S=%s", fax.sub_address);
    return run_command(words, q, number, sub, mail);
}

/* The reverse-path with our host before it, where it fits; notices stay without one. */
static void grow(const char *sender, const char *hostname, char *out, size_t size)
{
    int n = snprintf(out, size, "@%s%c%s", hostname, *sender == '@' ? ',' : ':', sender);
    if (!*sender || n < 0 || n > PATH_MAX_OCTETS - 2)
        snprintf(out, size, "%s", sender);
}

/* Where the walk through all lines of all recipients' mailboxes stands. */
struct walk {
    size_t recipient;
    struct span left; /* of his lines */
};

/* The next line led by mark, without it; *w is behind it then. */
static bool next_path(const struct envelope *envelope, char mark, struct walk *w,
                      struct span *path)
{
    while (w->recipient < envelope->count) {
        if (!w->left.p)
            w->left = span_str(envelope->recipients[w->recipient].mailboxes);
        while (w->left.n) {
            struct span line = span_take(w->left, span_find(w->left, '\n'));
            w->left = span_skip(w->left, line.n + 1);
            if (line.n > 1 && line.p[0] == (uint8_t)mark) {
                *path = span_skip(line, 1);
                return true;
            }
        }
        w->left = span_of(NULL, 0);
        w->recipient++;
    }
    return false;
}

/* Puts the paths led by mark, from *w on, into q as far as they fit, with what was asked for;
 * false: there was none. */
static bool gather_paths(const struct envelope *envelope, char mark, struct walk *w,
                         struct clerk_question *q)
{
    struct walk behind = *w;
    struct span path;
    char lines[WISHES_RECIPIENT_MAX];
    size_t used = wishes_mail(envelope, (int64_t)time(NULL), q->text), first = used;
    while (next_path(envelope, mark, &behind, &path)) {
        const struct envelope_recipient *r = &envelope->recipients[behind.recipient];
        unsigned notify = strchr(r->mailboxes, '\n') ? wishes_of_members(r->notify) : r->notify;
        size_t n = wishes_recipient(envelope, r, path, notify, NULL, lines);
        if (n >= sizeof q->text - used)
            break;
        memcpy(q->text + used, lines, n + 1);
        used += n;
        *w = behind;
    }
    return used > first;
}

static bool has_path(const char *mailboxes, char mark)
{
    const char line[] = {'\n', mark, '\0'};
    return mailboxes[0] == mark || strstr(mailboxes, line);
}

enum err handover_queue(struct handover *h, const struct clerk *clerk,
                        const struct envelope *envelope, const char *hostname,
                        enum receiver_verdict verdicts[], struct why *why)
{
    struct clerk_question *q = calloc(1, sizeof *q);
    struct clerk_answer *a = calloc(1, sizeof *a);
    enum err e = q && a ? writer_flush(&h->out, why) : why_set(why, ERR_OS, "out of memory");
    for (const char *mark = ">@"; !e && *mark; mark++) {
        struct walk w = {0, {NULL, 0}};
        for (size_t from = 0; !e; from = w.recipient) {
            memset(q, 0, sizeof *q);
            q->kind = CLERK_QUEUE;
            grow(envelope->sender, hostname, q->sender, sizeof q->sender);
            if (*mark == '>')
                snprintf(q->sender, sizeof q->sender, "%s", envelope->sender);
            if (!gather_paths(envelope, *mark, &w, q))
                break;
            e = rewind_mail(h, why);
            if (!e)
                e = clerk_ask(clerk, q, h->fd, a, why);
            for (size_t i = from; !e && a->verdict && i <= w.recipient && i < envelope->count; i++)
                if (has_path(envelope->recipients[i].mailboxes, *mark))
                    verdicts[i] = a->verdict;
        }
    }
    free(q);
    free(a);
    return e;
}

bool handover_flush(const char *domain)
{
    static pthread_mutex_t starting = PTHREAD_MUTEX_INITIALIZER;
    static pid_t running[16];
    char program[4096], only[PATH_DOMAIN_MAX + 16];
    const char *flush[8] = {spawn_beside("fax-queue", program, sizeof program), "-q", "flush"};
    int n = program_pass_config(flush, 3);
    struct why why = {""};
    size_t i = 0;
    snprintf(only, sizeof only, "--domain=%s", domain ? domain : "");
    flush[n] = domain ? only : NULL;
    pthread_mutex_lock(&starting);
    /* Those that have ended are buried on the way to a free place. */
    while (i < sizeof running / sizeof *running && running[i] &&
           waitpid(running[i], NULL, WNOHANG) == 0)
        i++;
    bool started = i < sizeof running / sizeof *running;
    if (started && spawn(flush, -1, -1, NULL, &running[i], &why)) {
        running[i] = 0;
        started = false;
        diag_warn("queue: %s", why.text);
    }
    pthread_mutex_unlock(&starting);
    return started;
}

/* The arguments of `fax-queue add`. An option's value is an argument of its own, so whatever it is
 * it is taken for nothing else; and a path is in brackets. */
struct add_command {
    const char *list[2 * CLERK_QUESTION_MAX];
    size_t count;
    const char *paths[CLERK_QUESTION_MAX / 4];
    const char *notify[CLERK_QUESTION_MAX / 4], *orcpt[CLERK_QUESTION_MAX / 4]; /* of each path */
    size_t recipients;
    char from[PATH_MAX_OCTETS + 16];
    char text[CLERK_QUESTION_MAX];
};

static void add_words(struct add_command *c, const char *option, const char *value)
{
    c->list[c->count++] = option;
    c->list[c->count++] = value;
}

/* A line of the question, which lies in c->text and is terminated. */
static void add_wish(struct add_command *c, const struct wish *wish)
{
    const char *value = (const char *)wish->value.p;
    size_t last = c->recipients - 1;
    if (wish->letter == '<') {
        c->notify[c->recipients] = c->orcpt[c->recipients] = NULL;
        c->paths[c->recipients++] = value;
    } else if (wish->letter == 'N' && c->recipients) {
        c->notify[last] = value;
    } else if (wish->letter == 'O' && c->recipients) {
        c->orcpt[last] = value;
    } else if (wish->letter == 'R' || wish->letter == 'E') {
        add_words(c, wish->letter == 'R' ? "--ret" : "--envid", value);
    } else if (wish->letter == 'B' || wish->letter == 'M') {
        add_words(c, wish->letter == 'B' ? "--by" : "--mtrk", value);
    }
}

static void add_each(struct add_command *c, const char *option, const char *const values[])
{
    size_t last = 0;
    for (size_t i = 0; i < c->recipients; i++)
        last = values[i] ? i + 1 : last;
    for (size_t i = 0; i < last; i++)
        add_words(c, option, values[i] ? values[i] : "none");
}

/* False: there is nobody, or more than there is room for. */
static bool fill_command(struct add_command *c, const struct clerk_question *q)
{
    enum { FIXED = 10, MOST = sizeof c->paths / sizeof *c->paths };
    struct span left;
    struct wish wish;
    snprintf(c->from, sizeof c->from, "--from=<%s>", q->sender);
    snprintf(c->text, sizeof c->text, "%s", q->text);
    left = span_str(c->text);
    c->list[c->count++] = "-q";
    c->count = (size_t)program_pass_config(c->list, (int)c->count);
    c->list[c->count++] = "add";
    c->list[c->count++] = c->from;
    while (wishes_next(&left, &wish)) {
        c->text[(const char *)wish.value.p + wish.value.n - c->text] = '\0';
        if (c->recipients == MOST || c->count + FIXED > MOST)
            return false;
        add_wish(c, &wish);
    }
    /* Five arguments a recipient at the most. */
    if (c->count + 5 * c->recipients + FIXED > sizeof c->list / sizeof *c->list)
        return false;
    add_each(c, "--notify", c->notify);
    add_each(c, "--orcpt", c->orcpt);
    c->list[c->count++] = "--";
    for (size_t i = 0; i < c->recipients; i++)
        c->list[c->count++] = c->paths[i];
    c->list[c->count] = NULL;
    return c->recipients > 0;
}

enum receiver_verdict handover_enqueue(const struct clerk_question *q, int mail)
{
    char program[4096];
    struct add_command *c = calloc(1, sizeof *c);
    struct why why = {""};
    pid_t pid;
    int status;
    if (!c)
        return RECIPIENT_LATER;
    c->list[c->count++] = spawn_beside("fax-queue", program, sizeof program);
    enum err e = fill_command(c, q) ? spawn(c->list, mail, -1, NULL, &pid, &why) : ERR_DATA;
    if (!e)
        e = spawn_wait(pid, &status, &why);
    if (!e)
        e = status_to_err(status);
    free(c);
    if (!e)
        handover_flush(NULL);
    return e == ERR_NONE ? RECIPIENT_OK : e == ERR_DATA ? RECIPIENT_REJECTED : RECIPIENT_LATER;
}
