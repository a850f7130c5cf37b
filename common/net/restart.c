#include "net/restart.h"

#include "net/session_inner.h"
#include "tool/diag.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE = 65536, LINES_MAX = 1 << 21 };

static void set_key(struct session *s, struct checkpoint_key *key)
{
    const char *identity = receiver_identity(&s->receiver);
    const char *helo = buf_cstr(&s->receiver.helo);
    *key = (struct checkpoint_key){.client = s->client ? s->client : "",
                                   .identity = identity ? identity : "",
                                   .helo = helo ? helo : "",
                                   .transid = s->asked_for.transid};
}

/* RFC 821's sisters have no mail that could be gone on with. */
static bool is_mail(const struct session *s)
{
    return s->host->checkpoints && s->receiver.verb == RECEIVER_MAIL;
}

/* "F" and the sender, and for each recipient "R", whether he is local, NOTIFY, ORCPT and his
 * path. */
static enum err write_envelope(const struct envelope *e, struct buf *out)
{
    enum err err = buf_add_format(out, "F%s\n", e->sender);
    for (size_t i = 0; i < e->count && !err; i++) {
        const struct envelope_recipient *r = &e->recipients[i];
        err = buf_add_format(out, "R%d %u %s %s\n", r->local, r->notify,
                             r->orcpt ? r->orcpt : "-", r->path);
    }
    return err;
}

/* The next word of a line. */
static struct span word(struct span *line)
{
    struct span one = span_take(*line, span_find(*line, ' '));
    *line = span_skip(*line, one.n + 1);
    return one;
}

/* Asks about a recipient as if he were named again. */
static bool accept(struct session *s, struct span line, struct asked *a)
{
    struct why why = {""};
    char orcpt[ORCPT_MAX + 1];
    uint64_t local, notify;
    bool good = span_number(word(&line), 1, &local) && span_number(word(&line), 15, &notify) &&
                span_copy(word(&line), orcpt, sizeof orcpt);
    struct clerk_question *q = &a->question;
    *q = (struct clerk_question){.kind = CLERK_RECIPIENT, .local = (uint8_t)local,
                                 .relay = s->options.relay || receiver_identity(&s->receiver)};
    q->notice = good && session_tells((unsigned)notify, &s->asked_for);
    span_copy(span_str(s->sender), q->sender, sizeof q->sender);
    if (!good || (!q->local && !q->relay) || !span_copy(line, q->text, sizeof q->text) ||
        clerk_ask(&s->host->clerk, q, s->options.relay ? s->channel : -1, &a->answer, &why))
        return false;
    enum receiver_verdict v = a->answer.verdict;
    return (v == RECIPIENT_OK || v == RECIPIENT_FORWARDED) &&
           session_accept(&s->envelope, q->text, a->answer.text, q->local, (unsigned)notify,
                          strcmp(orcpt, "-") ? orcpt : NULL);
}

/* All of them, of the same sender. */
static bool accept_all(struct session *s, struct span lines)
{
    struct asked *a = malloc(sizeof *a);
    struct span first = span_take(lines, span_find(lines, '\n'));
    bool good = a && first.n && span_eq(span_skip(first, 1), span_str(s->sender));
    lines = span_skip(lines, first.n + 1);
    while (good && lines.n) {
        struct span line = span_take(lines, span_find(lines, '\n'));
        lines = span_skip(lines, line.n + 1);
        good = line.n && line.p[0] == 'R' && s->envelope.count < s->options.max_recipients &&
               accept(s, span_skip(line, 1), a);
    }
    free(a);
    return good && s->envelope.count > 0;
}

static void forget_recipients(struct envelope *e)
{
    for (size_t i = 0; i < e->count; i++) {
        free(e->recipients[i].path);
        free(e->recipients[i].mailboxes);
        free(e->recipients[i].orcpt);
    }
    free(e->recipients);
    e->recipients = NULL;
    e->count = 0;
}

void restart_look(struct session *s)
{
    struct checkpoint_key key;
    struct why why = {""};
    if (!is_mail(s))
        return;
    set_key(s, &key);
    enum err e = checkpoint_find(s->host->checkpoints, &key, &s->checkpoint, &why);
    if (e && e != ERR_NO)
        diag_warn("checkpoint: %s", why.text);
    if (e || accept_all(s, checkpoint_envelope(s->checkpoint)))
        return;
    forget_recipients(&s->envelope);
    checkpoint_discard(s->checkpoint);
    s->checkpoint = NULL;
}

void restart_answer(struct session *s)
{
    const struct envelope *e = &s->envelope;
    receiver_resumed(&s->receiver, s->checkpoint ? (unsigned)e->count : 0,
                     s->checkpoint ? checkpoint_octets(s->checkpoint) : 0,
                     s->checkpoint && e->count == 1 ? e->recipients[0].path : NULL);
}

bool restart_is_done(const struct session *s)
{
    return s->checkpoint && checkpoint_is_whole(s->checkpoint);
}

enum err restart_begin(struct session *s, struct why *failure)
{
    struct checkpoint_key key;
    struct why why = {""};
    struct buf lines;
    if (!*s->asked_for.transid || !is_mail(s) || restart_is_done(s))
        return ERR_NONE;
    if (s->checkpoint) {
        s->replay = malloc(PIECE);
        return s->replay ? ERR_NONE : why_set(failure, ERR_OS, "out of memory");
    }
    buf_init(&lines, LINES_MAX);
    set_key(s, &key);
    enum err e = write_envelope(&s->envelope, &lines);
    if (!e)
        e = checkpoint_create(s->host->checkpoints, &key, buf_span(&lines), &s->checkpoint, &why);
    if (e && e != ERR_NO)
        diag_warn("checkpoint: %s", why.text);
    buf_release(&lines);
    return ERR_NONE;
}

void restart_take(struct session *s)
{
    struct why why = {""};
    if (!s->checkpoint || s->replay || !s->event.raw.n || restart_is_done(s))
        return;
    if (checkpoint_write(s->checkpoint, s->event.raw, &why)) {
        diag_warn("checkpoint: %s", why.text);
        checkpoint_discard(s->checkpoint);
        s->checkpoint = NULL;
    }
}

bool restart_replay(struct session *s)
{
    struct why why = {""};
    size_t got;
    if (!s->replay || !receiver_in_data(&s->receiver))
        return false;
    enum err e = checkpoint_read(s->checkpoint, s->replay, PIECE, &got, &why);
    if (!e && got) {
        receiver_push(&s->receiver, span_of(s->replay, got));
        return true;
    }
    free(s->replay);
    s->replay = NULL;
    if (e) {
        diag_warn("checkpoint: %s", why.text);
        receiver_unwritable(&s->receiver, RECIPIENT_LATER);
    }
    return e != ERR_NONE;
}

enum err restart_check(const struct session *s, struct why *why)
{
    return s->receiver.content.octets ? why_set(why, ERR_PROTOCOL, "more than the mail that was")
                                      : ERR_NONE;
}

void restart_end(struct session *s)
{
    bool delivered = !s->verdict;
    if (!s->checkpoint)
        return;
    for (size_t i = 0; i < s->envelope.count && delivered; i++)
        delivered = !s->verdicts[i];
    if (delivered)
        checkpoint_finish(s->checkpoint, s->receiver.content.octets);
    else
        checkpoint_discard(s->checkpoint);
    s->checkpoint = NULL;
}

void restart_abort(struct session *s)
{
    if (s->receiver.phase == RECEIVER_CLOSED)
        return;
    checkpoint_discard(s->checkpoint);
    s->checkpoint = NULL;
}

void restart_leave(struct session *s)
{
    free(s->replay);
    s->replay = NULL;
    if (restart_is_done(s))
        checkpoint_finish(s->checkpoint, 0);
    else
        checkpoint_keep(s->checkpoint);
    s->checkpoint = NULL;
}
