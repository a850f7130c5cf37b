#include "into_spool.h"

#include "net/handover.h"
#include "smtp/route.h"
#include "spool/deliver.h"
#include "spool/spool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The directory of a code. In a worker the spool is the root. */
static enum err code_dir(const struct spool_way *way, const char *code, char out[HOME_PATH_MAX],
                         struct why *why)
{
    if (!way->inside)
        return spool_dir(way->home, code, out, why);
    snprintf(out, HOME_PATH_MAX, "/%s", code);
    return ERR_NONE;
}

/* A mail on its way into directories and, where it is relayed, into the queue. */
struct mail {
    const struct spool_way *way;
    const struct envelope *envelope;
    struct spool_delivery *delivery; /* NULL: nobody here is meant */
    struct handover *relayed;        /* NULL: nobody elsewhere is */
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

static enum err sort_recipients(struct mail *m, struct why *why)
{
    enum err e = ERR_NONE;
    for (size_t i = 0; !e && i < m->envelope->count; i++) {
        struct span left = span_str(m->envelope->recipients[i].mailboxes);
        while (!e && left.n) {
            struct span line = span_take(left, span_find(left, '\n'));
            left = span_skip(left, line.n + 1);
            if (line.n && line.p[0] != ROUTE_DIRECT && line.p[0] != ROUTE_SOURCE)
                e = add_dir(m, line, why);
            else if (!m->relayed)
                e = handover_open(&m->relayed, why);
        }
    }
    return e;
}

static void mail_free(void *mail)
{
    struct mail *m = mail;
    spool_delivery_free(m->delivery);
    handover_close(m->relayed);
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
    unsigned sync = way->no_sync ? SPOOL_NO_SYNC : 0;
    enum err e = ERR_NONE;
    if (!m)
        return why_set(why, ERR_OS, "out of memory");
    m->way = way;
    m->envelope = envelope;
    if (!way->maildir)
        e = sort_recipients(m, why);
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
    /* The Return-Path, our first line, is final delivery's alone. */
    if (!m->begun)
        piece = span_skip(piece, span_find(piece, '\n') + 1);
    m->begun = true;
    return e || !m->relayed ? e : handover_write(m->relayed, piece, why);
}

/* All local users have it, or none; each path to relay to has its own verdict. */
static enum err mail_commit(void *mail, enum receiver_verdict verdicts[], struct why *why)
{
    struct mail *m = mail;
    enum err e = m->delivery ? spool_delivery_sync(m->delivery, why) : ERR_NONE;
    if (!e && m->relayed)
        e = handover_queue(m->relayed, m->way->clerk, m->envelope, m->way->hostname, verdicts,
                           why);
    return e || !m->delivery ? e : spool_delivery_commit(m->delivery, why);
}

const struct delivery_method into_spool = {mail_begin, mail_id, mail_write, mail_commit,
                                           mail_free};
