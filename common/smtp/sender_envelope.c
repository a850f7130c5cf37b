/* The sender's side of the envelope: what the peer has offered, and the commands of a mail. */
#include "smtp/sender_inner.h"

#include "smtp/path.h"

#include <stdio.h>
#include <string.h>

static const char *const verbs[] = {"MAIL", "SEND", "SOML", "SAML"};


/* One line of the EHLO reply: a keyword, and perhaps a parameter. */
static void capability(struct sender_peer *peer, struct span line)
{
    size_t n = span_find(line, ' ');
    struct span word = span_take(line, n), rest = span_trim(span_skip(line, n));
    if (span_eq_nocase(word, span_str("CHECKPOINT")))
        peer->checkpoint = true;
    else if (span_eq_nocase(word, span_str("PIPELINING")))
        peer->pipelining = true;
    else if (span_eq_nocase(word, span_str("8BITMIME")))
        peer->eight_bit = true;
    else if (span_eq_nocase(word, span_str("BINARYMIME")))
        peer->binary = true;
    else if (span_eq_nocase(word, span_str("CHUNKING")))
        peer->chunking = true;
    else if (span_eq_nocase(word, span_str("SMTPUTF8")))
        peer->smtputf8 = true;
    else if (span_eq_nocase(word, span_str("DSN")))
        peer->dsn = true;
    else if (span_eq_nocase(word, span_str("MTRK")))
        peer->mtrk = true;
    else if (span_eq_nocase(word, span_str("DELIVERBY"))) {
        peer->deliver_by = true;
        if (!span_number(rest, BY_MAX, &peer->by_min))
            peer->by_min = 0;
    } else if (span_eq_nocase(word, span_str("ENHANCEDSTATUSCODES")))
        peer->enhanced = true;
    else if (span_eq_nocase(word, span_str("SIZE"))) {
        peer->size = true;
        if (!span_number(rest, UINT64_MAX, &peer->size_max))
            peer->size_max = 0;
    }
}


void sender_learn(struct sender *s, struct span lines)
{
    size_t first = span_find(lines, '\n');
    memset(&s->peer, 0, sizeof s->peer);
    s->peer.esmtp = true;
    for (lines = span_skip(lines, first + 1); lines.n;) {
        size_t n = span_find(lines, '\n');
        capability(&s->peer, span_trim(span_take(lines, n)));
        lines = span_skip(lines, n + 1);
    }
}


size_t sender_commands(const struct sender *s)
{
    return s->mail->count + (sender_chunked(s) ? 1 : 2);
}

bool sender_needs_utf8(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s > 127)
            return true;
    return false;
}

static bool wants_utf8(const struct sender_mail *mail)
{
    bool wants = sender_needs_utf8(mail->from);
    for (size_t i = 0; i < mail->count && !wants; i++)
        wants = sender_needs_utf8(mail->recipients[i]);
    return wants;
}

bool sender_keeps_time(const struct sender *s, const struct sender_mail *m)
{
    const struct delivery *d = &m->delivery;
    bool enough = d->by_seconds >= (int64_t)s->peer.by_min || d->by_mode == 'N';
    return d->by && s->peer.deliver_by && enough;
}

static enum err add_rcpt_command(struct sender *s, size_t n)
{
    const char *path = s->mail->recipients[n];
    enum err e = buf_add_format(&s->out, "RCPT TO:<%s>", path);
    if (!e && s->peer.dsn && delivery_wants_dsn(&s->mail->delivery))
        e = delivery_add_rcpt(&s->mail->delivery, n, path, &s->out);
    return e;
}

static enum err add_mail_command(struct sender *s)
{
    const struct sender_mail *m = s->mail;
    enum err e = buf_add_format(&s->out, "%s FROM:<%s>", verbs[m->verb], m->from);
    if (!e && s->peer.size && m->size)
        e = buf_add_format(&s->out, " SIZE=%llu", (unsigned long long)m->size);
    if (!e && m->binary)
        e = buf_add_str(&s->out, " BODY=BINARYMIME");
    else if (!e && s->peer.eight_bit && m->eight_bit)
        e = buf_add_str(&s->out, " BODY=8BITMIME");
    if (!e && s->peer.smtputf8 && (m->utf8 || wants_utf8(m)))
        e = buf_add_str(&s->out, " SMTPUTF8");
    if (!e && s->peer.dsn)
        e = delivery_add_mail(&m->delivery, &s->out);
    if (!e && sender_keeps_time(s, m))
        e = buf_add_format(&s->out, " BY=%lld;%c%s", (long long)m->delivery.by_seconds,
                           m->delivery.by_mode, m->delivery.by_trace ? "T" : "");
    if (!e && sender_restartable(s))
        e = buf_add_format(&s->out, " TRANSID=%s", m->delivery.transid);
    if (!e && *m->delivery.mtrk && s->peer.mtrk && s->peer.dsn)
        e = buf_add_format(&s->out, " MTRK=%s", m->delivery.mtrk);
    if (!e && *m->delivery.mtrk && s->peer.mtrk && s->peer.dsn && m->delivery.mtrk_seconds)
        e = buf_add_format(&s->out, ":%lld", (long long)m->delivery.mtrk_seconds);
    return e;
}

/* Whether the next command of the envelope may go out now. */
static bool may_send(const struct sender *s)
{
    if (s->sent == sender_commands(s) || s->out.len >= FLIGHT)
        return false;
    /* With a TRANSID it is MAIL's reply that says what comes next. */
    if (s->peer.pipelining && !(s->sent == 1 && s->answered == 0 && sender_restartable(s)))
        return true;
    return s->sent == s->answered;
}

void sender_build_envelope(struct sender *s)
{
    while (s->state == ENVELOPE && may_send(s)) {
        enum err e;
        if (s->sent == 0)
            e = add_mail_command(s);
        else if (s->sent <= s->mail->count)
            e = add_rcpt_command(s, s->sent - 1);
        else
            e = buf_add_str(&s->out, "DATA");
        if (e || buf_add(&s->out, "\r\n", 2)) {
            sender_lost(s, ERR_OS, "out of memory");
            return;
        }
        s->sent++;
    }
    if (s->state == ENVELOPE && sender_chunked(s) && s->peer.pipelining &&
        s->sent == sender_commands(s))
        sender_chunks_begin(s);
}


static enum err check_path(const char *text, unsigned flags, struct why *why)
{
    struct path path;
    enum path_fault fault = path_parse_bare(span_str(text), flags | PATH_UTF8, &path);
    if (fault == PATH_OK)
        return ERR_NONE;
    return why_set(why, ERR_DATA, "%.300s: %s", text, path_fault_words(fault));
}

enum err sender_check(const struct sender_mail *mail, struct why *why)
{
    enum err e = check_path(mail->from, PATH_NULL, why);
    for (size_t i = 0; i < mail->count && !e; i++)
        e = check_path(mail->recipients[i], PATH_NO_DOMAIN, why);
    return e ? e : delivery_check(&mail->delivery, mail->count, why);
}

bool sender_cannot_take(struct sender *s, const struct sender_mail *m)
{
    struct sender_result r = {.err = ERR_UNAVAILABLE, .code = 0};
    const char *enhanced = NULL, *words = NULL;
    if (s->peer.size_max && m->size > s->peer.size_max) {
        enhanced = "5.3.4";
        words = "the mail is larger than the receiver takes";
    } else if (m->utf8 && !s->peer.smtputf8 && !s->peer.eight_bit) {
        enhanced = "5.6.7";
        words = "the receiver takes no header fields beyond ASCII";
    } else if (m->binary && !(s->peer.binary && s->peer.chunking)) {
        enhanced = "5.6.3";
        words = "the receiver takes no binary mail";
    } else if (m->eight_bit && !m->binary && !s->peer.eight_bit) {
        enhanced = "5.6.3";
        words = "the receiver takes no 8-bit mail";
    } else if (wants_utf8(m) && !s->peer.smtputf8) {
        enhanced = "5.6.7";
        words = "the receiver takes only ASCII addresses";
    }
    if (!words && m->delivery.by_mode == 'R' && m->delivery.by && !sender_keeps_time(s, m)) {
        enhanced = s->peer.deliver_by ? "5.4.7" : "5.3.3";
        words = "the receiver does not keep the time that is asked for";
    }
    if (!words)
        return false;
    snprintf(r.enhanced, sizeof r.enhanced, "%s", enhanced);
    snprintf(r.text, sizeof r.text, "%s", words);
    sender_settle_rest(s, &r);
    return true;
}

