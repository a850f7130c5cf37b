#include "smtp/sender.h"

#include "smtp/path.h"
#include "smtp/verdict.h"

#include <stdio.h>
#include <string.h>

enum state {
    GREETING, /* waiting for 220 */
    EHLO,     /* EHLO or LHLO is out */
    HELO,     /* EHLO was not understood */
    READY,
    RSET,     /* before a mail, since the last one failed */
    ENVELOPE, /* commands of a mail are going out, replies coming in */
    CONTENT,  /* 354 has come */
    EMPTY,    /* 354 though no recipient was taken: a lone dot is out (RFC 2920 §3.1) */
    FINAL,    /* the dot is out */
    QUIT,
    CLOSED
};

/* How much of an envelope is built before it is written. */
enum { FLIGHT = 16384 };

static const char *const verbs[] = {"MAIL", "SEND", "SOML", "SAML"};

enum err sender_init(struct sender *s, bool lmtp, const char *helo, struct why *why)
{
    memset(s, 0, sizeof *s);
    reply_reader_init(&s->reader);
    wire_init(&s->encoder);
    buf_init(&s->out, 4 * SENDER_PIECE);
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
    reply_reader_release(&s->reader);
}

/* One line of the EHLO reply: a keyword, and perhaps a parameter. */
static void capability(struct sender_peer *peer, struct span line)
{
    size_t n = span_find(line, ' ');
    struct span word = span_take(line, n), rest = span_trim(span_skip(line, n));
    if (span_eq_nocase(word, span_str("PIPELINING")))
        peer->pipelining = true;
    else if (span_eq_nocase(word, span_str("8BITMIME")))
        peer->eight_bit = true;
    else if (span_eq_nocase(word, span_str("SMTPUTF8")))
        peer->smtputf8 = true;
    else if (span_eq_nocase(word, span_str("ENHANCEDSTATUSCODES")))
        peer->enhanced = true;
    else if (span_eq_nocase(word, span_str("SIZE"))) {
        peer->size = true;
        if (!span_number(rest, UINT64_MAX, &peer->size_max))
            peer->size_max = 0;
    }
}

static void learn(struct sender *s, struct span lines)
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

void sender_begin_at_ready(struct sender *s, struct span capabilities)
{
    learn(s, capabilities);
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

/* Settles what is open with r's words. */
static void settle_rest(struct sender *s, const struct sender_result *r)
{
    for (size_t i = 0; s->mail && i < s->mail->count; i++) {
        struct sender_result *open = &s->mail->results[i];
        if (!open->settled) {
            *open = *r;
            open->settled = true;
            open->at_rcpt = false;
        }
    }
}

static void settle_rest_by(struct sender *s, enum err e, const struct reply *a)
{
    struct sender_result r = {0};
    fill(&r, e, a);
    settle_rest(s, &r);
}

static void close_with(struct sender *s, const struct sender_result *failure)
{
    s->state = CLOSED;
    s->err = failure->err;
    s->failure = *failure;
    settle_rest(s, failure);
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
    close_with(s, &r);
}

static void protocol_error(struct sender *s, const char *words)
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

static void mail_over(struct sender *s)
{
    s->mail = NULL;
    s->state = READY;
}

/* The number of commands of this mail: MAIL, RCPTs, DATA. */
static size_t commands(const struct sender *s)
{
    return s->mail->count + 2;
}

static bool is_utf8(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s > 127)
            return true;
    return false;
}

static bool wants_utf8(const struct sender_mail *mail)
{
    bool wants = is_utf8(mail->from);
    for (size_t i = 0; i < mail->count && !wants; i++)
        wants = is_utf8(mail->recipients[i]);
    return wants;
}

static enum err add_mail_command(struct sender *s)
{
    const struct sender_mail *m = s->mail;
    enum err e = buf_add_format(&s->out, "%s FROM:<%s>", verbs[m->verb], m->from);
    if (!e && s->peer.size && m->size)
        e = buf_add_format(&s->out, " SIZE=%llu", (unsigned long long)m->size);
    if (!e && s->peer.eight_bit && m->eight_bit)
        e = buf_add_str(&s->out, " BODY=8BITMIME");
    if (!e && s->peer.smtputf8 && wants_utf8(m))
        e = buf_add_str(&s->out, " SMTPUTF8");
    return e;
}

/* Whether the next command of the envelope may go out now. */
static bool may_send(const struct sender *s)
{
    if (s->sent == commands(s) || s->out.len >= FLIGHT)
        return false;
    if (s->peer.pipelining)
        return true;
    return s->sent == s->answered;
}

static void build_envelope(struct sender *s)
{
    while (s->state == ENVELOPE && may_send(s)) {
        enum err e;
        if (s->sent == 0)
            e = add_mail_command(s);
        else if (s->sent <= s->mail->count)
            e = buf_add_format(&s->out, "RCPT TO:<%s>", s->mail->recipients[s->sent - 1]);
        else
            e = buf_add_str(&s->out, "DATA");
        if (e || buf_add(&s->out, "\r\n", 2)) {
            sender_lost(s, ERR_OS, "out of memory");
            return;
        }
        s->sent++;
    }
}

/* All of the envelope is answered, or nothing more of it will be sent. */
static void envelope_over(struct sender *s)
{
    if (s->data_taken && s->accepted) {
        s->state = CONTENT;
        wire_init(&s->encoder);
    } else if (s->data_taken) {
        /* Nobody to send it to, and yet the receiver waits: an empty mail that goes nowhere. */
        s->state = EMPTY;
        command(s, ".");
    } else {
        s->dirty = true;
        mail_over(s);
    }
}

static void answer_to_rcpt(struct sender *s, const struct reply *a)
{
    struct sender_result *r = &s->mail->results[s->answered - 1];
    if (a->code / 100 == 2) {
        s->accepted += s->mail_taken;
    } else if (!r->settled) {
        enum err e = verdict_class(a, true);
        fill(r, e ? e : ERR_PROTOCOL, a);
        r->settled = r->at_rcpt = true;
    }
}

static void answer_to_envelope(struct sender *s, const struct reply *a)
{
    size_t which = s->answered;
    if (which == s->sent) {
        protocol_error(s, "a reply to nothing");
        return;
    }
    if (which == 0) {
        s->mail_taken = a->code / 100 == 2;
        if (!s->mail_taken) {
            enum err e = verdict_class(a, false);
            settle_rest_by(s, e ? e : ERR_PROTOCOL, a);
        }
    } else if (which <= s->mail->count) {
        answer_to_rcpt(s, a);
    } else {
        s->data_taken = a->code == 354;
        if (!s->data_taken && a->code < 400) {
            protocol_error(s, "DATA was answered neither yes nor no");
            return;
        }
        if (!s->data_taken)
            settle_rest_by(s, verdict_class(a, false), a);
    }
    s->answered++;
    bool all = s->answered == commands(s);
    /* One at a time there is nothing more to say once nobody is left to say it for. */
    bool none = s->sent == s->answered && (!s->mail_taken || s->answered == s->mail->count + 1) &&
                (!s->mail_taken || !s->accepted);
    if (all || none)
        envelope_over(s);
}

static void take_result(struct sender_result *r, const struct reply *a)
{
    enum err e = verdict_class(a, false);
    fill(r, a->code / 100 == 3 ? ERR_PROTOCOL : e, a);
    r->settled = true;
}

/* After the dot: one reply, or in LMTP one for each recipient taken. */
static void answer_to_content(struct sender *s, const struct reply *a)
{
    struct sender_result *results = s->mail->results;
    bool one_taken = false;
    for (; s->cursor < s->mail->count && !(s->lmtp && one_taken); s->cursor++)
        if (!results[s->cursor].settled) {
            take_result(&results[s->cursor], a);
            one_taken = true;
        }
    while (s->cursor < s->mail->count && results[s->cursor].settled)
        s->cursor++;
    if (s->cursor == s->mail->count)
        mail_over(s);
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
        answer_to_envelope(s, a);
        break;
    case CONTENT:
        /* The receiver gives its verdict before the end: where it stands then nobody knows. */
        if (a->code >= 400)
            refused(s, verdict_class(a, false), a);
        else
            protocol_error(s, "a reply in the middle of the content");
        break;
    case EMPTY:
        s->dirty = true;
        mail_over(s);
        break;
    case FINAL:
        answer_to_content(s, a);
        break;
    case QUIT:
        s->state = CLOSED;
        break;
    case READY:
        protocol_error(s, "a reply to nothing");
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
            protocol_error(s, "what came is no SMTP reply");
    }
}

enum sender_event sender_next(struct sender *s)
{
    if (s->state == ENVELOPE)
        build_envelope(s);
    if (s->state == CLOSED)
        return SENDER_CLOSED;
    if (s->out.len)
        return SENDER_WRITE;
    if (s->state == CONTENT)
        return SENDER_CONTENT;
    return s->state == READY ? SENDER_READY : SENDER_READ;
}

bool sender_awaits_verdict(const struct sender *s)
{
    return s->state == FINAL;
}

bool sender_in_reply(const struct sender *s)
{
    return s->reader.line.len > 0 || (s->reader.reply.code && !s->reader.done);
}

struct span sender_output(const struct sender *s)
{
    return buf_span(&s->out);
}

void sender_written(struct sender *s)
{
    buf_clear(&s->out);
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
    return e;
}

/* What the peer has said it does not take is not sent at all. */
static bool cannot_take(struct sender *s, const struct sender_mail *m)
{
    struct sender_result r = {.err = ERR_UNAVAILABLE, .code = 0};
    const char *enhanced = NULL, *words = NULL;
    if (s->peer.size_max && m->size > s->peer.size_max) {
        enhanced = "5.3.4";
        words = "the mail is larger than the receiver takes";
    } else if (m->eight_bit && !s->peer.eight_bit) {
        enhanced = "5.6.3";
        words = "the receiver takes no 8-bit mail";
    } else if (wants_utf8(m) && !s->peer.smtputf8) {
        enhanced = "5.6.7";
        words = "the receiver takes only ASCII addresses";
    }
    if (!words)
        return false;
    snprintf(r.enhanced, sizeof r.enhanced, "%s", enhanced);
    snprintf(r.text, sizeof r.text, "%s", words);
    settle_rest(s, &r);
    return true;
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
    if (cannot_take(s, mail)) {
        s->mail = NULL;
        return ERR_NONE;
    }
    s->sent = s->answered = s->accepted = s->cursor = 0;
    s->mail_taken = s->data_taken = false;
    s->state = ENVELOPE;
    if (s->dirty) {
        s->state = RSET;
        command(s, "RSET");
    }
    s->dirty = false;
    return ERR_NONE;
}

enum err sender_content(struct sender *s, struct span piece)
{
    uint8_t *room;
    if (s->state != CONTENT)
        return ERR_NONE; /* the dialogue ended meanwhile */
    enum err e = buf_reserve(&s->out, wire_bound(piece.n), &room);
    if (!e)
        s->out.len += wire_encode(&s->encoder, piece, room);
    return e;
}

enum err sender_content_end(struct sender *s)
{
    uint8_t *room;
    if (s->state != CONTENT)
        return ERR_NONE;
    enum err e = buf_reserve(&s->out, WIRE_END, &room);
    if (e)
        return e;
    s->out.len += wire_end(&s->encoder, room);
    s->state = FINAL;
    s->cursor = 0;
    return ERR_NONE;
}

void sender_quit(struct sender *s)
{
    if (s->state != READY)
        return;
    s->state = QUIT;
    command(s, "QUIT");
}
