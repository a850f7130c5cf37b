#include "net/handover.h"

#include "tool/diag.h"
#include "tool/io.h"
#include "tool/spawn.h"
#include "tool/status.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
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
    return status == 0 ? RECIPIENT_OK
           : status == 75 || status > 127 ? RECIPIENT_LATER
                                          : RECIPIENT_REJECTED;
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

/* Puts the paths led by mark, from *w on, into q as far as they fit; false: there was none. */
static bool gather_paths(const struct envelope *envelope, char mark, struct walk *w,
                         struct clerk_question *q)
{
    struct walk behind = *w;
    struct span path;
    size_t used = 0;
    while (next_path(envelope, mark, &behind, &path) && path.n + 4 <= sizeof q->text - used) {
        used += (size_t)snprintf(q->text + used, sizeof q->text - used, "<%.*s>\n", (int)path.n,
                                 (const char *)path.p);
        *w = behind;
    }
    return used > 0;
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
    const char *const flush[] = {spawn_beside("fax-queue", program, sizeof program), "-q", "flush",
                                 domain ? only : NULL, NULL};
    struct why why = {""};
    size_t i = 0;
    snprintf(only, sizeof only, "--domain=%s", domain ? domain : "");
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

/* q->text is a list of paths in brackets; so none of them can be taken for an option. */
enum receiver_verdict handover_enqueue(const struct clerk_question *q, int mail)
{
    char from[PATH_MAX_OCTETS + 16], paths[CLERK_QUESTION_MAX];
    char program[4096];
    const char *list[CLERK_QUESTION_MAX / 4 + 8] = {
        spawn_beside("fax-queue", program, sizeof program), "-q", "add", from, "--"};
    size_t n = 5;
    struct why why = {""};
    pid_t pid;
    int status;
    snprintf(from, sizeof from, "--from=<%s>", q->sender);
    snprintf(paths, sizeof paths, "%s", q->text);
    for (char *at = paths, *path; n < sizeof list / sizeof *list - 1 && (path = strsep(&at, "\n"));)
        if (*path == '<')
            list[n++] = path;
    enum err e = n == 5 ? ERR_DATA : spawn(list, mail, -1, NULL, &pid, &why);
    if (!e)
        e = spawn_wait(pid, &status, &why);
    if (!e)
        e = status_to_err(status);
    if (!e)
        handover_flush(NULL);
    return e == ERR_NONE ? RECIPIENT_OK : e == ERR_DATA ? RECIPIENT_REJECTED : RECIPIENT_LATER;
}
