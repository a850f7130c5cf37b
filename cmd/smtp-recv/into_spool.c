#include "into_spool.h"

#include "answers.h"
#include "net/handover.h"
#include "notices.h"
#include "smtp/route.h"
#include "spool/deliver.h"
#include "spool/spool.h"
#include "tool/io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER_KEPT = 65536 };

/* The directory of a code. In a worker the spool is the root. */
static enum err code_dir(const struct spool_way *way, const char *code, char out[HOME_PATH_MAX],
                         struct why *why)
{
    if (!way->inside)
        return spool_dir(way->home, code, out, why);
    snprintf(out, HOME_PATH_MAX, "/%s", code);
    return ERR_NONE;
}

/* A user whose terminals are to have the mail, and what became of it. */
struct showing {
    char code[SPOOL_CODE_MAX + 1];
    char mark;
    enum receiver_verdict verdict;
};

/* A mail on its way into directories and, where it is relayed, into the queue. */
struct mail {
    const struct spool_way *way;
    const struct envelope *envelope;
    struct spool_delivery *delivery; /* NULL: nobody here is meant */
    struct handover *relayed;        /* NULL: nobody elsewhere is */
    struct handover *whole;          /* for terminals and the off-ramp; NULL: for neither */
    struct handover *header;         /* for a notice of success, and more; NULL: none is wanted */
    size_t header_size;
    struct buf showings;
    bool begun;
    char **dirs;
    size_t count;
};

static enum err add_dir(struct mail *m, struct span code, struct why *why)
{
    char text[SPOOL_CODE_MAX + 1], dir[HOME_PATH_MAX];
    if (!span_copy(code, text, sizeof text) || !spool_code_valid(code))
        return why_set(why, ERR_BUG, "the clerk named no user");
    enum err e = code_dir(m->way, text, dir, why);
    if (e)
        return e;
    char **more = reallocarray(m->dirs, m->count + 1, sizeof *more);
    if (more)
        m->dirs = more;
    if (!more || !(more[m->count] = strdup(dir)))
        return why_set(why, ERR_OS, "out of memory");
    m->count++;
    return ERR_NONE;
}

static struct showing *find_showing(const struct mail *m, struct span code)
{
    struct showing *s = (struct showing *)(void *)m->showings.data;
    for (size_t i = 0; i < m->showings.len / sizeof *s; i++)
        if (span_eq(code, span_str(s[i].code)))
            return &s[i];
    return NULL;
}

/* However often he is named, he is shown it once. */
static enum err add_showing(struct mail *m, char mark, struct span code, struct why *why)
{
    struct showing s = {.mark = mark};
    if (find_showing(m, code))
        return ERR_NONE;
    if (!span_copy(code, s.code, sizeof s.code) || !spool_code_valid(code))
        return why_set(why, ERR_BUG, "the clerk named no user");
    return buf_add(&m->showings, &s, sizeof s) ? why_set(why, ERR_OS, "out of memory") : ERR_NONE;
}

/* A line of what the clerk named. */
static enum err sort_line(struct mail *m, struct span line, struct why *why)
{
    char mark = line.n ? (char)line.p[0] : ROUTE_DIRECT;
    bool shown = mark == MARK_SEND || mark == MARK_SOML || mark == MARK_SAML;
    enum err e = ERR_NONE;
    if (mark == ROUTE_DIRECT || mark == ROUTE_SOURCE)
        return m->relayed ? ERR_NONE : handover_open(&m->relayed, why);
    if ((shown || mark == MARK_OFFRAMP) && !m->whole)
        e = handover_open(&m->whole, why);
    if (!e && shown)
        e = add_showing(m, mark, span_skip(line, 1), why);
    if (e || mark == MARK_SEND || mark == MARK_SOML || mark == MARK_OFFRAMP)
        return e;
    return add_dir(m, span_skip(line, shown), why);
}

static enum err sort_recipients(struct mail *m, struct why *why)
{
    enum err e = ERR_NONE;
    for (size_t i = 0; !e && i < m->envelope->count; i++) {
        struct span left = span_str(m->envelope->recipients[i].mailboxes);
        while (!e && left.n) {
            struct span line = span_take(left, span_find(left, '\n'));
            left = span_skip(left, line.n + 1);
            e = sort_line(m, line, why);
        }
    }
    return e;
}

static void mail_free(void *mail)
{
    struct mail *m = mail;
    spool_delivery_free(m->delivery);
    handover_close(m->relayed);
    handover_close(m->whole);
    handover_close(m->header);
    buf_release(&m->showings);
    for (size_t i = 0; i < m->count; i++)
        free(m->dirs[i]);
    free(m->dirs);
    free(m);
}

static enum err mail_begin(void *arg, const struct envelope *envelope, void **mail,
                           struct why *why)
{
    const struct spool_way *way = arg;
    struct mail *m = calloc(1, sizeof *m);
    unsigned sync = SPOOL_LATE | (way->no_sync ? SPOOL_NO_SYNC : 0);
    enum err e = ERR_NONE;
    if (!m)
        return why_set(why, ERR_OS, "out of memory");
    m->way = way;
    m->envelope = envelope;
    buf_init(&m->showings, SIZE_MAX / 2);
    if (!way->maildir)
        e = sort_recipients(m, why);
    if (!e && !way->maildir && notices_wanted(envelope))
        e = handover_open(&m->header, why);
    if (!e && way->maildir)
        e = spool_delivery_begin(&way->maildir, 1, SPOOL_FOREIGN | sync, &m->delivery, why);
    else if (!e && m->count)
        e = spool_delivery_begin((const char *const *)m->dirs, m->count, SPOOL_OURS | sync,
                                 &m->delivery, why);
    if (e)
        mail_free(m);
    else
        *mail = m;
    return e;
}

static const char *mail_id(void *mail)
{
    const struct mail *m = mail;
    return m->delivery ? spool_delivery_name(m->delivery) : NULL;
}

static enum err mail_write(void *mail, struct span piece, struct why *why)
{
    struct mail *m = mail;
    enum err e = m->delivery ? spool_delivery_write(m->delivery, piece.p, piece.n, why) : ERR_NONE;
    if (!e && m->whole)
        e = handover_write(m->whole, piece, why);
    /* The Return-Path, our first line, is final delivery's alone. */
    if (!m->begun)
        piece = span_skip(piece, span_find(piece, '\n') + 1);
    m->begun = true;
    if (!e && m->header && m->header_size < HEADER_KEPT) {
        m->header_size += piece.n;
        e = handover_write(m->header, piece, why);
    }
    return e || !m->relayed ? e : handover_write(m->relayed, piece, why);
}

/* What is to be shown, in full or (SAML's, which is in mailboxes as well) as far as it fits. */
static enum err show(struct mail *m, bool also_mailed, struct why *why)
{
    struct clerk_question *q = calloc(1, sizeof *q);
    struct showing *s = (struct showing *)(void *)m->showings.data;
    enum err e = q ? ERR_NONE : why_set(why, ERR_OS, "out of memory");
    for (size_t i = 0; !e && i < m->showings.len / sizeof *s; i++) {
        if ((s[i].mark == MARK_SAML) != also_mailed)
            continue;
        q->kind = CLERK_SHOW;
        q->verb = also_mailed ? RECEIVER_SAML : RECEIVER_SEND;
        span_copy(span_str(m->envelope->sender), q->sender, sizeof q->sender);
        span_copy(span_str(s[i].code), q->text, sizeof q->text);
        e = handover_ask(m->whole, m->way->clerk, q, &s[i].verdict, why);
    }
    free(q);
    return e;
}

/* Off-ramps are asked, and what is shown to nobody counts, recipient by recipient. */
static enum err settle_others(struct mail *m, enum receiver_verdict verdicts[], struct why *why)
{
    struct clerk_question *q = calloc(1, sizeof *q);
    enum err e = q ? ERR_NONE : why_set(why, ERR_OS, "out of memory");
    for (size_t i = 0; !e && i < m->envelope->count; i++) {
        struct span left = span_str(m->envelope->recipients[i].mailboxes);
        while (!e && left.n) {
            struct span line = span_take(left, span_find(left, '\n'));
            left = span_skip(left, line.n + 1);
            if (line.n && line.p[0] == MARK_SEND) {
                const struct showing *s = find_showing(m, span_skip(line, 1));
                verdicts[i] = s && s->verdict ? s->verdict : verdicts[i];
            } else if (line.n && line.p[0] == MARK_OFFRAMP) {
                q->kind = CLERK_OFFRAMP;
                span_copy(span_str(m->envelope->sender), q->sender, sizeof q->sender);
                span_copy(span_skip(line, 1), q->text, sizeof q->text);
                e = handover_ask(m->whole, m->way->clerk, q, &verdicts[i], why);
            }
        }
    }
    free(q);
    return e;
}

static enum err copy_whole(struct mail *m, struct spool_delivery *d, struct why *why)
{
    uint8_t bytes[16384];
    size_t got = 1;
    int fd = -1;
    enum err e = handover_read(m->whole, &fd, why);
    while (!e && got) {
        e = io_read(fd, bytes, sizeof bytes, &got, why);
        if (!e && got)
            e = spool_delivery_write(d, bytes, got, why);
    }
    return e;
}

/* SOML: into the mailboxes of those on whose terminals it is not. */
static enum err mail_instead(struct mail *m, struct why *why)
{
    const struct showing *s = (const struct showing *)(const void *)m->showings.data;
    unsigned flags = SPOOL_OURS | (m->way->no_sync ? SPOOL_NO_SYNC : 0);
    size_t first = m->count;
    struct spool_delivery *d = NULL;
    enum err e = ERR_NONE;
    for (size_t i = 0; !e && i < m->showings.len / sizeof *s; i++)
        if (s[i].mark == MARK_SOML && s[i].verdict)
            e = add_dir(m, span_str(s[i].code), why);
    if (e || m->count == first)
        return e;
    e = spool_delivery_begin((const char *const *)m->dirs + first, m->count - first, flags, &d,
                             why);
    if (!e)
        e = copy_whole(m, d, why);
    if (!e)
        e = spool_delivery_commit(d, why);
    spool_delivery_free(d);
    return e;
}

/* Terminals and off-ramp: those who have nothing else first, so that a failure leaves no mailbox
 * with a mail that is refused. */
static enum err hand_out(struct mail *m, enum receiver_verdict verdicts[], struct why *why)
{
    enum err e = show(m, false, why);
    if (!e)
        e = mail_instead(m, why);
    return e ? e : settle_others(m, verdicts, why);
}

/* All local users have it, or none; each path to relay to has its own verdict. */
static enum err mail_commit(void *mail, enum receiver_verdict verdicts[], struct why *why)
{
    struct mail *m = mail;
    struct why unseen = {""};
    enum err e = m->delivery ? spool_delivery_sync(m->delivery, why) : ERR_NONE;
    if (!e && m->whole)
        e = hand_out(m, verdicts, why);
    if (!e && m->relayed)
        e = handover_queue(m->relayed, m->way->clerk, m->envelope, m->way->hostname, verdicts,
                           why);
    if (!e && m->delivery)
        e = spool_delivery_commit(m->delivery, why);
    if (!e && m->header)
        e = notices_send(m->way->clerk, m->envelope, verdicts, m->header, why);
    /* The mailbox is what counts; the terminal is an extra. */
    if (!e && m->whole)
        show(m, true, &unseen);
    return e;
}

/* A big mail would keep the others waiting, and so would the clerk. */
static enum delivery_way mail_way(void *mail)
{
    enum { BIG = 1 << 20 };
    const struct mail *m = mail;
    if (m->relayed || m->whole || m->header || !m->delivery ||
        spool_delivery_size(m->delivery) > BIG)
        return DELIVERY_ALONE;
    return m->way->no_sync ? DELIVERY_AT_ONCE : DELIVERY_TOGETHER;
}

static void mail_commit_all(struct delivery_commit list[], size_t count)
{
    struct spool_commit *batch = calloc(count, sizeof *batch);
    for (size_t i = 0; batch && i < count; i++)
        batch[i].mail = ((struct mail *)list[i].mail)->delivery;
    if (batch)
        spool_delivery_commit_all(batch, count);
    for (size_t i = 0; i < count; i++) {
        if (batch)
            list[i].why = batch[i].why;
        list[i].err = batch ? batch[i].err : why_set(&list[i].why, ERR_OS, "out of memory");
    }
    free(batch);
}

static void mail_prepare(void *mail)
{
    const struct mail *m = mail;
    if (m->delivery)
        spool_delivery_prepare(m->delivery);
}

static void mail_tidy(void *mail)
{
    const struct mail *m = mail;
    if (m->delivery)
        spool_delivery_tidy(m->delivery);
}

const struct delivery_method into_spool = {.begin = mail_begin,
                                           .id = mail_id,
                                           .write = mail_write,
                                           .commit = mail_commit,
                                           .way = mail_way,
                                           .commit_all = mail_commit_all,
                                           .prepare = mail_prepare,
                                           .tidy = mail_tidy,
                                           .free = mail_free};
