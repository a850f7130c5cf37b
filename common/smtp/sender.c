#include "smtp/sender_inner.h"

#include "smtp/verdict.h"

#include <stdio.h>
#include <string.h>

enum err sender_init(struct sender *s, bool lmtp, const char *helo, struct why *why)
{
    memset(s, 0, sizeof *s);
    reply_reader_init(&s->reader);
    wire_init(&s->encoder, WIRE_DOTS);
    buf_init(&s->out, 4 * SENDER_PIECE);
    buf_init(&s->over, 4 * SENDER_PIECE);
    s->content_at = SIZE_MAX;
    s->lmtp = lmtp;
    s->helo = helo;
    s->state = GREETING;
    if (!*helo || strlen(helo) > 255)
        return why_set(why, ERR_DATA, "our name is empty or over 255 bytes");
    for (const char *c = helo; *c; c++)
        if ((unsigned char)*c <= 0x20 || *c == 0x7f)
            return why_set(why, ERR_DATA, "blanks or control bytes in our own name");
    return ERR_NONE;
}

void sender_release(struct sender *s)
{
    buf_release(&s->out);
    buf_release(&s->over);
    reply_reader_release(&s->reader);
}

void sender_begin_at_ready(struct sender *s, struct span capabilities)
{
    sender_learn(s, capabilities);
    s->state = READY;
}

static bool command(struct sender *s, const char *text)
{
    if (!buf_add_str(&s->out, text) && !buf_add(&s->out, "\r\n", 2))
        return true;
    sender_lost(s, ERR_OS, "out of memory");
    return false;
}

static void fill(struct sender_result *r, enum err e, const struct reply *a)
{
    r->err = e;
    r->code = a->code;
    memcpy(r->enhanced, a->enhanced, sizeof r->enhanced);
    verdict_words(a, r->text, sizeof r->text);
}

void sender_settle_rest(struct sender *s, const struct sender_result *r)
{
    for (size_t i = 0; s->mail && i < s->mail->count; i++) {
        struct sender_result *open = &s->mail->results[i];
        if (!open->settled) {
            bool accepted = open->accepted && !s->astray;
            *open = *r;
            open->accepted = accepted;
            open->settled = true;
            open->at_rcpt = false;
        }
    }
}

void sender_settle_rest_by(struct sender *s, enum err e, const struct reply *a)
{
    struct sender_result r = {0};
    fill(&r, e, a);
    sender_settle_rest(s, &r);
}

static void close_with(struct sender *s, const struct sender_result *failure)
{
    s->state = CLOSED;
    s->err = failure->err;
    s->failure = *failure;
    sender_settle_rest(s, failure);
    s->mail = NULL;
    buf_clear(&s->out);
}

void sender_lost(struct sender *s, enum err e, const char *words)
{
    struct sender_result r = {.err = e};
    if (s->state == CLOSED)
        return;
    if (s->state == QUIT) {
        /* All is settled; a receiver that closes without its 221 has done no harm. */
        s->state = CLOSED;
        return;
    }
    snprintf(r.text, sizeof r.text, "%s", words);
    s->in_doubt = s->state == FINAL || (s->state == CHUNKS && s->last_chunk && !s->chunk_left);
    close_with(s, &r);
}

void sender_protocol_error(struct sender *s, const char *words)
{
    sender_lost(s, ERR_PROTOCOL, words);
}

/* Ends the dialogue by the receiver's own word. */
static void refused(struct sender *s, enum err e, const struct reply *a)
{
    struct sender_result r = {0};
    fill(&r, e ? e : ERR_PROTOCOL, a);
    close_with(s, &r);
}

void sender_mail_over(struct sender *s, bool dirty)
{
    s->dirty = dirty;
    s->mail = NULL;
    s->state = READY;
}

/* All of the envelope is answered, or nothing more of it will be sent. */
static void envelope_over(struct sender *s)
{
    if (s->data_taken && s->accepted) {
        s->state = CONTENT;
        wire_init(&s->encoder, WIRE_DOTS);
    } else if (s->data_taken) {
        /* Nobody to send it to, and yet the receiver waits: an empty mail that goes nowhere. */
        s->state = EMPTY;
        command(s, ".");
    } else if (sender_chunked(s) && s->mail_taken && s->accepted) {
        sender_chunks_begin(s);
    } else {
        sender_mail_over(s, true);
    }
}

static void answer_to_rcpt(struct sender *s, const struct reply *a)
{
    struct sender_result *r = &s->mail->results[s->answered - 1];
    if (a->code / 100 == 2) {
        s->accepted += s->mail_taken;
        r->accepted = s->mail_taken && sender_restartable(s);
    } else if (!r->settled) {
        enum err e = verdict_class(a, true);
        fill(r, e ? e : ERR_PROTOCOL, a);
        r->settled = r->at_rcpt = true;
    }
}

void sender_envelope_reply(struct sender *s, const struct reply *a)
{
    size_t which = s->answered;
    if (which == s->sent) {
        sender_protocol_error(s, "a reply to nothing");
        return;
    }
    if (which == 0 && sender_restarts(s, a))
        return;
    if (which == 0) {
        s->mail_taken = a->code / 100 == 2;
        if (!s->mail_taken) {
            enum err e = verdict_class(a, false);
            sender_settle_rest_by(s, e ? e : ERR_PROTOCOL, a);
        }
    } else if (which <= s->mail->count) {
        answer_to_rcpt(s, a);
    } else {
        s->data_taken = a->code == 354;
        if (!s->data_taken && a->code < 400) {
            sender_protocol_error(s, "DATA was answered neither yes nor no");
            return;
        }
        if (!s->data_taken)
            sender_settle_rest_by(s, verdict_class(a, false), a);
    }
    s->answered++;
    if (s->state == CHUNKS)
        return;
    bool all = s->answered == sender_commands(s);
    /* One at a time there is nothing more to say once nobody is left to say it for. */
    bool none = s->sent == s->answered && (!s->mail_taken || s->answered == s->mail->count + 1) &&
                (!s->mail_taken || !s->accepted);
    if (all || none)
        envelope_over(s);
}

static void take_result(const struct sender *s, struct sender_result *r, const struct reply *a)
{
    enum err e = verdict_class(a, false);
    fill(r, a->code / 100 == 3 ? ERR_PROTOCOL : e, a);
    r->settled = true;
    r->dsn = !e && s->peer.dsn;
    r->mtrk = !e && s->peer.mtrk;
    r->in_time = !e && sender_keeps_time(s, s->mail);
}

bool sender_content_reply(struct sender *s, const struct reply *a)
{
    struct sender_result *results = s->mail->results;
    bool one_taken = false;
    for (; s->cursor < s->mail->count && !(s->lmtp && one_taken); s->cursor++)
        if (!results[s->cursor].settled) {
            take_result(s, &results[s->cursor], a);
            one_taken = true;
        }
    while (s->cursor < s->mail->count && results[s->cursor].settled)
        s->cursor++;
    return s->cursor == s->mail->count;
}

static void answer_to_hello(struct sender *s, const struct reply *a)
{
    char line[300];
    if (a->code == 250 && s->state == EHLO) {
        sender_begin_at_ready(s, buf_span(&a->text));
    } else if (a->code / 100 == 2) {
        memset(&s->peer, 0, sizeof s->peer);
        s->state = READY;
    } else if (a->code / 100 == 5 && s->state == EHLO && !s->lmtp) {
        snprintf(line, sizeof line, "HELO %s", s->helo);
        s->state = HELO;
        command(s, line);
    } else {
        refused(s, verdict_class(a, false), a);
    }
}

static void answer_to_greeting(struct sender *s, const struct reply *a)
{
    char line[300];
    if (a->code != 220) {
        refused(s, verdict_class(a, false), a);
        return;
    }
    snprintf(line, sizeof line, "%s %s", s->lmtp ? "LHLO" : "EHLO", s->helo);
    s->state = EHLO;
    command(s, line);
}

static void answered(struct sender *s, const struct reply *a)
{
    if (a->code == 421 && s->state != QUIT) {
        refused(s, ERR_AGAIN, a);
        return;
    }
    switch ((enum state)s->state) {
    case GREETING:
        answer_to_greeting(s, a);
        break;
    case EHLO:
    case HELO:
        answer_to_hello(s, a);
        break;
    case RSET:
        if (a->code / 100 != 2)
            refused(s, verdict_class(a, false), a);
        else
            s->state = ENVELOPE;
        break;
    case ENVELOPE:
        sender_envelope_reply(s, a);
        break;
    case CONTENT:
        /* The receiver gives its verdict before the end: where it stands then nobody knows. */
        if (a->code >= 400)
            refused(s, verdict_class(a, false), a);
        else
            sender_protocol_error(s, "a reply in the middle of the content");
        break;
    case EMPTY:
        sender_mail_over(s, true);
        break;
    case FINAL:
        if (sender_content_reply(s, a))
            sender_mail_over(s, false);
        break;
    case CHUNKS:
        sender_chunks_reply(s, a);
        break;
    case ASK:
        s->state = READY;
        break;
    case QUIT:
        s->state = CLOSED;
        break;
    case READY:
        sender_protocol_error(s, "a reply to nothing");
        break;
    case CLOSED:
        break;
    }
}

void sender_push(struct sender *s, struct span bytes)
{
    while (s->state != CLOSED && bytes.n) {
        size_t used;
        enum reply_state state = reply_push(&s->reader, bytes, &used);
        bytes = span_skip(bytes, used);
        if (state == REPLY_DONE)
            answered(s, &s->reader.reply);
        else if (state == REPLY_BAD)
            sender_protocol_error(s, "what came is no SMTP reply");
    }
}

enum sender_event sender_next(struct sender *s)
{
    if (s->state == ENVELOPE)
        sender_build_envelope(s);
    if (s->state == CLOSED)
        return SENDER_CLOSED;
    if (s->state == CHUNKS)
        return sender_chunks_next(s);
    if (s->out.len)
        return SENDER_WRITE;
    if (s->state == CONTENT)
        return SENDER_CONTENT;
    return s->state == READY ? SENDER_READY : SENDER_READ;
}

bool sender_awaits_verdict(const struct sender *s)
{
    return s->state == FINAL || (s->state == CHUNKS && s->last_chunk && s->chunk_left == 0 &&
                                 s->answered == sender_commands(s));
}

bool sender_in_reply(const struct sender *s)
{
    return s->reader.line.len > 0 || (s->reader.reply.code && !s->reader.done);
}

struct span sender_output(const struct sender *s)
{
    return buf_span(&s->out);
}

struct span sender_shown(const struct sender *s)
{
    return span_take(buf_span(&s->out), s->content_at);
}

void sender_written(struct sender *s)
{
    buf_clear(&s->out);
    s->content_at = SIZE_MAX;
}

enum err sender_mail(struct sender *s, const struct sender_mail *mail, struct why *why)
{
    enum err e = sender_check(mail, why);
    if (e)
        return e;
    if (s->state != READY || mail->count == 0)
        return why_set(why, ERR_BUG, "a mail out of turn");
    memset(mail->results, 0, mail->count * sizeof *mail->results);
    s->mail = mail;
    if (sender_cannot_take(s, mail)) {
        s->mail = NULL;
        return ERR_NONE;
    }
    s->sent = s->answered = s->accepted = s->cursor = 0;
    s->mail_taken = s->data_taken = s->astray = s->nameless = false;
    s->skip = 0;
    s->state = ENVELOPE;
    if (s->dirty) {
        s->state = RSET;
        command(s, "RSET");
    }
    s->dirty = false;
    return ERR_NONE;
}

/* What stands behind this in the output is the mail's, and nobody's to be shown. */
static void content_follows(struct sender *s)
{
    if (s->content_at == SIZE_MAX)
        s->content_at = s->out.len;
}

enum err sender_content(struct sender *s, struct span piece)
{
    uint8_t *room;
    if (s->state == CHUNKS || s->state == CONTENT)
        content_follows(s);
    if (s->state == CHUNKS)
        return sender_chunks_content(s, piece);
    if (s->state != CONTENT)
        return ERR_NONE; /* the dialogue ended meanwhile */
    enum err e = buf_reserve(&s->out, wire_bound(piece.n), &room);
    if (e)
        return e;
    size_t n = wire_encode(&s->encoder, piece, room);
    s->out.len += s->skip ? sender_skip(s, room, n) : n;
    return ERR_NONE;
}

enum err sender_content_end(struct sender *s)
{
    uint8_t *room;
    if (s->state == CHUNKS || s->state == CONTENT)
        content_follows(s);
    if (s->state == CHUNKS)
        return sender_chunks_end(s);
    if (s->state != CONTENT)
        return ERR_NONE;
    enum err e = buf_reserve(&s->out, WIRE_END, &room);
    if (e)
        return e;
    size_t n = wire_end(&s->encoder, room);
    if (s->skip) {
        size_t left = sender_skip(s, room, n - 3);
        memcpy(room + left, ".\r\n", 3);
        n = left + 3;
    }
    if (s->skip) {
        s->astray = true;
        sender_protocol_error(s, "a transaction offset that is not within the mail");
        return ERR_NONE;
    }
    s->out.len += n;
    s->state = FINAL;
    s->cursor = 0;
    return ERR_NONE;
}

enum err sender_check_question(const char *words, struct why *why)
{
    for (const char *c = words; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return why_set(why, ERR_DATA, "control bytes in a question");
    if (strlen(words) >= SENDER_WORDS)
        return why_set(why, ERR_DATA, "the question is too long");
    return ERR_NONE;
}

enum err sender_ask(struct sender *s, const char *verb, const char *words, struct why *why)
{
    char line[SENDER_WORDS + 16];
    enum err e = sender_check_question(words, why);
    if (e)
        return e;
    if (s->state != READY)
        return why_set(why, ERR_BUG, "a question out of turn");
    snprintf(line, sizeof line, "%s%s%s", verb, *words ? " " : "", words);
    s->state = ASK;
    command(s, line);
    return ERR_NONE;
}

const struct reply *sender_answer(const struct sender *s)
{
    return &s->reader.reply;
}

void sender_quit(struct sender *s)
{
    if (s->state != READY)
        return;
    s->state = QUIT;
    command(s, "QUIT");
}
