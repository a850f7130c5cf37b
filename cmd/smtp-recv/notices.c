#include "notices.h"

#include "mime/report_write.h"
#include "net/handover.h"
#include "net/wishes.h"
#include "queue/track.h"
#include "smtp/route.h"
#include "tool/diag.h"
#include "tool/io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum { HEADER_SHOWN = 65536, TOLD_MAX = CLERK_QUESTION_MAX / 4 };

static bool is_told(const struct envelope *e, const struct envelope_recipient *r)
{
    return *e->sender && (r->notify & NOTIFY_SUCCESS);
}

/* What there is to tell, or to know, of who has the mail; NULL: nothing, or it is the queue's
 * business. */
static const char *action_of(const struct envelope *e, const struct envelope_recipient *r)
{
    char mark = r->mailboxes[0];
    if (!is_told(e, r) && !*e->mail->mtrk)
        return NULL;
    if (strchr(r->mailboxes, '\n'))
        return "expanded";
    return mark == ROUTE_DIRECT || mark == ROUTE_SOURCE ? NULL
           : mark == MARK_OFFRAMP                       ? "relayed"
                                                        : "delivered";
}

bool notices_wanted(const struct envelope *e)
{
    for (size_t i = 0; i < e->count; i++)
        if (action_of(e, &e->recipients[i]))
            return true;
    return false;
}

/* From the nth recipient on, as many as fit into a question; the first that did not. */
static size_t gather(const struct envelope *e, const enum receiver_verdict verdicts[], size_t n,
                     struct clerk_question *q)
{
    char lines[WISHES_RECIPIENT_MAX];
    size_t used = wishes_mail(e, (int64_t)time(NULL), q->text);
    for (; n < e->count; n++) {
        const struct envelope_recipient *r = &e->recipients[n];
        const char *action = verdicts[n] ? NULL : action_of(e, r);
        if (!action)
            continue;
        unsigned notify = is_told(e, r) ? NOTIFY_SUCCESS : 0;
        size_t k = wishes_recipient(e, r, span_str(r->path), notify, action, lines);
        if (k >= sizeof q->text - used)
            break;
        memcpy(q->text + used, lines, k + 1);
        used += k;
    }
    return n;
}

enum err notices_send(const struct clerk *clerk, const struct envelope *e,
                      const enum receiver_verdict verdicts[], struct handover *header,
                      struct why *why)
{
    struct clerk_question *q = calloc(1, sizeof *q);
    enum receiver_verdict verdict = RECIPIENT_OK;
    enum err err = q ? ERR_NONE : why_set(why, ERR_OS, "out of memory");
    for (size_t n = 0; !err && n < e->count;) {
        q->kind = CLERK_NOTICE;
        span_copy(span_str(e->sender), q->sender, sizeof q->sender);
        n = gather(e, verdicts, n, q);
        if (strchr(q->text, '<'))
            err = handover_ask(header, clerk, q, &verdict, why);
        if (!err && verdict)
            err = why_set(why, ERR_AGAIN, "a notice of delivery cannot be queued");
    }
    free(q);
    return err;
}

/* ---- The clerk's part ---- */

/* What a question says; the strings lie in text. wanted: the sender is to
 * hear of him. */
struct told {
    struct mime_dsn_recipient recipients[TOLD_MAX];
    bool wanted[TOLD_MAX];
    size_t count;
    const char *envid, *mtrk;
    char text[CLERK_QUESTION_MAX];
};

static enum mime_dsn_action action_named(const char *word)
{
    return strcmp(word, "expanded") == 0    ? MIME_DSN_EXPANDED
           : strcmp(word, "delivered") == 0 ? MIME_DSN_DELIVERED
                                            : MIME_DSN_RELAYED;
}

/* The path of who was told of, "<@us:bob@here>", without brackets and route. */
static const char *bare(char *path, size_t n)
{
    char *colon = path[1] == '@' ? strchr(path, ':') : NULL;
    path[n - 1] = '\0';
    return colon ? colon + 1 : path + 1;
}

static void parse(const struct clerk_question *q, struct told *t)
{
    struct span left;
    struct wish wish;
    snprintf(t->text, sizeof t->text, "%s", q->text);
    left = span_str(t->text);
    while (wishes_next(&left, &wish)) {
        char *value = t->text + ((const char *)wish.value.p - t->text);
        struct mime_dsn_recipient *last = t->count ? &t->recipients[t->count - 1] : NULL;
        value[wish.value.n] = '\0';
        if (wish.letter == '<' && wish.value.n > 2 && t->count < TOLD_MAX)
            t->recipients[t->count++] = (struct mime_dsn_recipient){
                .path = bare(value, wish.value.n), .action = MIME_DSN_RELAYED,
                .attempt = (int64_t)time(NULL)};
        else if (wish.letter == 'E')
            t->envid = value;
        else if (wish.letter == 'M')
            t->mtrk = value;
        else if (wish.letter == 'N' && last)
            t->wanted[t->count - 1] = true;
        else if (wish.letter == 'O' && last)
            last->original = value;
        else if (wish.letter == 'A' && last)
            last->action = action_named(value);
    }
}

/* What is known of a mail that is tracked (MTRK, RFC 3885). */
static void track(const struct answers *own, const struct told *t)
{
    static const char *const actions[] = {[MIME_DSN_DELIVERED] = "delivered",
                                          [MIME_DSN_RELAYED] = "relayed",
                                          [MIME_DSN_EXPANDED] = "expanded"};
    char certifier[MTRK_MAX + 1];
    struct queue q;
    struct why why = {""};
    int64_t seconds, now = (int64_t)time(NULL);
    if (!t->envid || !mtrk_parse(span_str(t->mtrk), certifier, &seconds))
        return;
    if (queue_open(&q, own->home, &why)) {
        diag_warn("tracking: %s", why.text);
        return;
    }
    const struct track known = {.envid = t->envid, .certifier = certifier, .arrival = now,
                                .until = seconds ? now + seconds : 0};
    for (size_t i = 0; i < t->count; i++) {
        const struct mime_dsn_recipient *r = &t->recipients[i];
        const struct track_event event = {.path = r->path, .orcpt = r->original,
                                          .action = actions[r->action]};
        track_note(&q, &known, &event, 1, now);
    }
}

/* Leaves those alone whom the sender wants to hear of. */
static void drop_unwanted(struct told *t)
{
    size_t kept = 0;
    for (size_t i = 0; i < t->count; i++)
        if (t->wanted[i])
            t->recipients[kept++] = t->recipients[i];
    t->count = kept;
}

static enum err write_notice(const struct answers *own, const struct clerk_question *q,
                             const struct told *t, struct span header, struct buf *out,
                             struct why *why)
{
    char boundary[64], id[64], from[300];
    const char *operator = conf_get(own->home->conf, "operator");
    uint64_t random[2];
    if (getrandom(random, sizeof random, 0) != sizeof random)
        return why_errno(why, ERR_OS, "random numbers");
    snprintf(boundary, sizeof boundary, "=_%016llx", (unsigned long long)random[0]);
    snprintf(id, sizeof id, "%llx.%016llx", (unsigned long long)time(NULL),
             (unsigned long long)random[1]);
    snprintf(from, sizeof from, "postmaster@%s", own->hostname);
    const struct mime_dsn dsn = {
        .head = {.hostname = own->hostname, .from = operator ? operator : from, .to = q->sender,
                 .message_id = id, .boundary = boundary, .date = (int64_t)time(NULL),
                 .original = header},
        .envelope_id = t->envid,
        .arrival = (int64_t)time(NULL),
        .recipients = t->recipients,
        .count = t->count,
    };
    return mime_dsn_write(&dsn, out) ? why_set(why, ERR_OS, "out of memory") : ERR_NONE;
}

/* Into the queue, from <>. */
static enum receiver_verdict enqueue(const char *to, struct span text, struct why *why)
{
    struct clerk_question *q = calloc(1, sizeof *q);
    enum receiver_verdict verdict = RECIPIENT_LATER;
    /* It is small, and the clerk may have no directory for temporary files. */
    int fd = q ? memfd_create("notice", MFD_CLOEXEC) : -1;
    enum err e = fd >= 0 ? ERR_NONE : why_errno(why, ERR_OS, "memory for it");
    if (!e)
        e = io_write(fd, text.p, text.n, why);
    if (!e && lseek(fd, 0, SEEK_SET) != 0)
        e = why_errno(why, ERR_IO, "seek");
    if (!e) {
        snprintf(q->text, sizeof q->text, "<%s>\n", to);
        verdict = handover_enqueue(q, fd);
    }
    if (e)
        diag_warn("notice: %s", why->text);
    io_close(fd, NULL);
    free(q);
    return verdict;
}

enum receiver_verdict notices_answer(const struct answers *own, const struct clerk_question *q,
                                     int mail)
{
    struct told *t = calloc(1, sizeof *t);
    struct buf header, text;
    struct why why = {""};
    uint8_t *room;
    enum receiver_verdict verdict = RECIPIENT_LATER;
    buf_init(&header, HEADER_SHOWN);
    buf_init(&text, (size_t)1 << 22);
    enum err e = t ? buf_reserve(&header, HEADER_SHOWN, &room) : ERR_OS;
    ssize_t k = e ? -1 : pread(mail, room, HEADER_SHOWN, 0);
    if (k >= 0) {
        header.len = (size_t)k;
        parse(q, t);
        if (t->mtrk)
            track(own, t);
        drop_unwanted(t);
        e = t->count ? write_notice(own, q, t, buf_span(&header), &text, &why) : ERR_NONE;
        if (e)
            diag_warn("notice: %s", why.text);
        else
            verdict = t->count && *q->sender ? enqueue(q->sender, buf_span(&text), &why)
                                             : RECIPIENT_OK;
    }
    buf_release(&header);
    buf_release(&text);
    free(t);
    return verdict;
}
