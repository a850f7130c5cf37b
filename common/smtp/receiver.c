#include "smtp/receiver.h"

#include "smtp/auth.h"
#include "smtp/commands.h"
#include "smtp/reply.h"
#include "smtp/trace.h"

#include <stdio.h>
#include <string.h>

enum { REPLIES_HIGH = 16384, REPLIES_ROOM = 65536, REPLY_OCTETS = 160 };

void receiver_init(struct receiver *r, const struct receiver_options *options)
{
    memset(r, 0, sizeof *r);
    r->options = options;
    r->told = true;
    r->tls = options->tls_on;
    buf_init(&r->line, RECEIVER_AUTH_LINE_MAX);
    auth_init(r);
    /* LMTP says a line for each recipient at once. */
    buf_init(&r->out, REPLIES_ROOM + (size_t)options->max_recipients * REPLY_OCTETS);
    buf_init(&r->text, RECEIVER_CONTENT);
    buf_init(&r->helo, PATH_DOMAIN_MAX + 1);
}

void receiver_release(struct receiver *r)
{
    auth_release(r);
    buf_wipe(&r->line);
    buf_release(&r->out);
    buf_release(&r->text);
    buf_release(&r->helo);
}

void receiver_clock(struct receiver *r, int64_t now)
{
    r->now = now;
}

void receiver_tell(struct receiver *r, enum receiver_event_kind kind, bool ask)
{
    r->event.kind = kind;
    r->told = false;
    if (ask) {
        r->phase = RECEIVER_ASKED;
        r->asked = kind;
    }
}

void receiver_forget(struct receiver *r)
{
    if (r->begun)
        receiver_tell(r, RECEIVER_ABORT, false);
    r->begun = r->in_mail = r->resumed = false;
    r->mail = (struct mail_parameters){0};
    r->recipients = r->refused = r->settled = 0;
    r->sender[0] = r->recipient[0] = '\0';
    r->worst = r->trouble = RECIPIENT_OK;
}

void receiver_close(struct receiver *r)
{
    r->phase = RECEIVER_CLOSED;
    r->in = span_of(NULL, 0);
    r->told = true;
    if (r->begun)
        receiver_tell(r, RECEIVER_ABORT, false);
    r->begun = false;
}

void receiver_say_free(struct receiver *r, unsigned code, const char *enhanced, const char *text)
{
    if (code >= 400 && r->worst_reply / 100 < code / 100)
        r->worst_reply = code;
    if (reply_add(&r->out, code, enhanced, text))
        r->failed = true;
}

void receiver_say(struct receiver *r, unsigned code, const char *enhanced, const char *text)
{
    if (code >= 500 && ++r->errors >= RECEIVER_ERRORS_MAX) {
        receiver_say_free(r, 421, "4.7.0", "too many errors");
        receiver_close(r);
        return;
    }
    receiver_say_free(r, code, enhanced, text);
}

struct verdict {
    unsigned code;
    const char *enhanced;
    const char *text;
};

static const struct verdict *verdict_reply(enum receiver_verdict verdict)
{
    static const struct verdict replies[] = {
        [RECIPIENT_OK] = {250, "2.1.5", "OK"},
        [RECIPIENT_UNKNOWN] = {550, "5.1.1", "no such user here"},
        [RECIPIENT_FOREIGN] = {550, "5.7.1", "not a user of ours, and no relaying"},
        [RECIPIENT_REFUSED] = {550, "5.7.1", "refused by the recipient"},
        [RECIPIENT_FULL] = {452, "4.2.2", "mailbox full"},
        [RECIPIENT_NO_ROOM] = {452, "4.3.1", "insufficient system storage"},
        [RECIPIENT_LATER] = {451, "4.3.0", "local trouble, try again later"},
        [RECIPIENT_REJECTED] = {554, "5.3.0", "cannot be delivered"},
        [RECIPIENT_FORWARDED] = {251, "2.1.5", "User not local; will forward to"},
        [RECIPIENT_MOVED] = {551, "5.1.6", "User not local; please try"},
        [RECIPIENT_INACTIVE] = {450, "4.2.1", "User not active now"},
        [RECIPIENT_MAILED] = {250, "2.1.5", "User not active now, so will do mail."},
    };
    return &replies[verdict];
}

void receiver_say_verdict(struct receiver *r, enum receiver_verdict verdict)
{
    const struct verdict *v = verdict_reply(verdict);
    receiver_say(r, v->code, v->enhanced, v->text);
}

void receiver_greet(struct receiver *r)
{
    char text[300];
    if (r->options->no_mail) {
        snprintf(text, sizeof text, "%s takes no mail", r->options->hostname);
        receiver_say_free(r, 521, "", text);
        return;
    }
    snprintf(text, sizeof text, "%s %s faxpipe", r->options->hostname,
             r->options->lmtp ? "LMTP" : "ESMTP");
    receiver_say_free(r, 220, "", text);
}

void receiver_push(struct receiver *r, struct span in)
{
    if (r->phase != RECEIVER_CLOSED)
        r->in = in;
}

/* Only lines of AUTH may be longer than others. */
static size_t line_limit(const struct receiver *r, struct span piece)
{
    char start[5];
    size_t n = 0;
    if (r->auth.step)
        return RECEIVER_AUTH_LINE_MAX;
    for (; n < sizeof start && n < r->line.len + piece.n; n++)
        start[n] = (char)(n < r->line.len ? buf_span(&r->line).p[n] : piece.p[n - r->line.len]);
    return auth_is_command(span_of(start, n)) ? RECEIVER_AUTH_LINE_MAX : RECEIVER_LINE_MAX;
}

/* Gathers one command line. False: more bytes are needed. */
static bool take_line(struct receiver *r)
{
    size_t n = span_find(r->in, '\n');
    bool whole = n < r->in.n;
    if (r->line_done)
        buf_clear(&r->line);
    r->line_done = false;
    struct span piece = span_take(r->in, whole ? n + 1 : n);
    r->in = span_skip(r->in, piece.n);
    if (!r->skipping && r->line.len + piece.n > line_limit(r, piece))
        r->skipping = true;
    if (!r->skipping && buf_add_span(&r->line, piece))
        r->failed = true;
    return whole && !r->failed;
}

static void command(struct receiver *r)
{
    struct span line = buf_span(&r->line);
    bool ended = line.n >= 2 && line.p[line.n - 2] == '\r';
    memset(&r->event, 0, sizeof r->event);
    r->commands++;
    bool secret = r->auth.step || auth_is_command(line);
    line.n -= ended ? 2 : line.n > 0;
    if (r->skipping) {
        auth_end(r);
        receiver_say(r, 500, "5.5.2", "line too long");
    } else if (!ended) {
        receiver_say(r, 501, "5.5.2", "line does not end in CR LF");
    } else if (span_find(line, '\0') < line.n || span_find(line, '\r') < line.n) {
        receiver_say(r, 501, "5.5.2", "NUL or CR in a command");
    } else if (r->auth.step) {
        auth_line(r, line);
    } else {
        commands_run(r, line);
    }
    if (secret)
        buf_wipe(&r->line);
    r->skipping = false;
    r->line_ready = false;
    r->line_done = true;
}

static void line_taken(struct receiver *r)
{
    r->line_ready = true;
    if (!r->options->trace)
        return;
    r->event.text = span_trim(buf_span(&r->line));
    if (r->auth.step)
        r->event.text = span_str("(a response)");
    else if (auth_is_command(r->event.text))
        r->event.text = span_str("AUTH ...");
    receiver_tell(r, RECEIVER_LINE, false);
}

/* RFC 3848 and 6531 4.3: how the mail came, for the Received field. */
static void protocol(const struct receiver *r, char out[16])
{
    bool extended = r->extended || r->options->lmtp;
    snprintf(out, 16, "%s%s%s%s", r->mail.utf8 ? "UTF8" : extended && !r->options->lmtp ? "E" : "",
             r->options->lmtp ? "LMTP" : "SMTP", extended && r->tls ? "S" : "",
             extended && r->auth.done ? "A" : "");
}

void receiver_begun(struct receiver *r, enum receiver_verdict verdict, const char *id)
{
    if (r->phase != RECEIVER_ASKED || r->asked != RECEIVER_BEGIN)
        return;
    r->phase = r->chunk.pending ? RECEIVER_IN_CHUNK : RECEIVER_COMMANDS;
    if (verdict) {
        r->chunk.answered = true;
        receiver_say_verdict(r, verdict);
        receiver_forget(r);
        return;
    }
    const char *helo = buf_cstr(&r->helo);
    char with[16];
    protocol(r, with);
    struct trace trace = {
        .sender = r->sender,
        .helo = helo ? helo : "",
        .client = r->options->client,
        .hostname = r->options->hostname,
        .protocol = with,
        .id = id,
        .recipient = r->recipients == 1 ? r->recipient : NULL,
        .now = r->now,
    };
    if (!r->chunk.pending) {
        receiver_say(r, 354, "", r->resumed ? "Go on where it broke; end with <CRLF>.<CRLF>"
                                            : "Start mail input; end with <CRLF>.<CRLF>");
        r->phase = RECEIVER_IN_DATA;
    }
    content_init(&r->content);
    buf_clear(&r->text);
    r->failed = r->failed || trace_add(&r->text, &trace);
    r->begun = true;
    r->event.text = buf_span(&r->text);
    receiver_tell(r, RECEIVER_DATA, false);
}

static void abort_mail(struct receiver *r)
{
    content_mute(&r->content);
    r->begun = false;
    receiver_tell(r, RECEIVER_ABORT, false);
}

/* The one reply after the data, which in LMTP is one for each recipient (RFC 2033 4.2). */
static void say_for_all(struct receiver *r, const struct verdict *v)
{
    unsigned times = r->options->lmtp ? r->recipients : 1;
    for (unsigned i = 1; i < times; i++)
        receiver_say_free(r, v->code, v->enhanced, v->text);
    receiver_say(r, v->code, v->enhanced, v->text);
    receiver_forget(r);
}

static bool too_large(const struct receiver *r)
{
    return r->options->max_size && r->content.octets > r->options->max_size;
}

/* What is wrong with the mail itself, so far; NULL: nothing. */
static const struct verdict *content_fault(const struct receiver *r)
{
    static const struct verdict bare = {550, "5.6.11", "bare CR or LF, or NUL, in the mail"};
    static const struct verdict large = {552, "5.3.4", "mail larger than the limit"};
    static const struct verdict loop = {554, "5.4.6", "too many hops"};
    static const struct verdict late = {554, "5.4.7", "the time for its delivery is over"};
    return r->content.bare                               ? &bare
           : too_large(r)                                ? &large
           : r->content.received > RECEIVER_RECEIVED_MAX ? &loop
           : r->by && r->now > r->by                     ? &late
                                                         : NULL;
}

static void end_of_data(struct receiver *r)
{
    const struct verdict *fault = content_fault(r);
    r->phase = RECEIVER_COMMANDS;
    buf_release(&r->text);
    if (fault) {
        say_for_all(r, fault);
    } else if (r->trouble) {
        say_for_all(r, verdict_reply(r->trouble));
    } else {
        r->begun = false;
        receiver_tell(r, RECEIVER_END, false);
        r->phase = RECEIVER_SETTLING;
    }
}

/* The mail is lost with this chunk, of which no more is looked at. */
static void fail_chunk(struct receiver *r, const struct verdict *v)
{
    r->chunk.answered = true;
    if (r->chunk.last) {
        say_for_all(r, v);
    } else {
        receiver_say(r, v->code, v->enhanced, v->text);
        receiver_forget(r);
    }
}

void receiver_unwritable(struct receiver *r, enum receiver_verdict verdict)
{
    if (!r->begun)
        return;
    if (r->phase == RECEIVER_IN_CHUNK)
        fail_chunk(r, verdict_reply(verdict));
    if (r->phase != RECEIVER_IN_DATA)
        return;
    r->trouble = verdict;
    abort_mail(r);
}

/* One step through the mail's bytes. False: more are needed. */
static bool data(struct receiver *r)
{
    enum err e;
    buf_clear(&r->text);
    struct span raw = span_take(r->in, content_push(&r->content, r->in, &r->text, &e));
    r->in = span_skip(r->in, raw.n);
    r->event.raw = *r->mail.transid ? raw : span_of(NULL, 0);
    if (e) {
        r->failed = true;
    } else if (r->begun && content_fault(r)) {
        abort_mail(r);
    } else if (r->begun && (r->text.len || r->event.raw.n)) {
        r->event.text = buf_span(&r->text);
        receiver_tell(r, RECEIVER_DATA, false);
    } else if (r->content.state == CONTENT_ENDED) {
        end_of_data(r);
    } else {
        return r->in.n > 0;
    }
    return true;
}

static void end_of_chunk(struct receiver *r)
{
    char text[64];
    buf_clear(&r->text);
    if (r->chunk.last && !r->chunk.answered) {
        r->failed = r->failed || content_end_octets(&r->content, &r->text);
        if (r->text.len) {
            r->event.text = buf_span(&r->text);
            receiver_tell(r, RECEIVER_DATA, false);
            return;
        }
    }
    r->chunk.pending = false;
    r->phase = RECEIVER_COMMANDS;
    if (r->chunk.answered)
        return;
    if (r->chunk.last) {
        end_of_data(r);
        return;
    }
    snprintf(text, sizeof text, "%llu octets", (unsigned long long)r->content.octets);
    receiver_say(r, 250, "2.0.0", text);
}

/* One step through the octets of a BDAT. False: more are needed. */
static bool chunk(struct receiver *r)
{
    struct span piece = r->chunk.left < r->in.n ? span_take(r->in, (size_t)r->chunk.left) : r->in;
    enum err e = ERR_NONE;
    if (r->chunk.left == 0) {
        end_of_chunk(r);
        return true;
    }
    buf_clear(&r->text);
    if (!r->chunk.answered)
        piece.n = content_push_octets(&r->content, piece, &r->text, &e);
    r->in = span_skip(r->in, piece.n);
    r->chunk.left -= piece.n;
    if (e) {
        r->failed = true;
    } else if (!r->chunk.answered && content_fault(r)) {
        fail_chunk(r, content_fault(r));
    } else if (!r->chunk.answered && r->text.len) {
        r->event.text = buf_span(&r->text);
        receiver_tell(r, RECEIVER_DATA, false);
    }
    return piece.n > 0;
}

static enum receiver_event_kind plain(struct receiver_event *event, enum receiver_event_kind kind)
{
    memset(event, 0, sizeof *event);
    return event->kind = kind;
}

enum receiver_event_kind receiver_next(struct receiver *r, struct receiver_event *event)
{
    for (;;) {
        if (r->failed && r->phase != RECEIVER_CLOSED)
            receiver_close(r);
        if (!r->told) {
            r->told = true;
            *event = r->event;
            return event->kind;
        }
        switch (r->phase) {
        case RECEIVER_CLOSED:
            return plain(event, RECEIVER_CLOSE);
        case RECEIVER_REVERSED:
            return plain(event, RECEIVER_TURNED);
        case RECEIVER_ASKED:
        case RECEIVER_SETTLING:
        case RECEIVER_HANDSHAKE:
            return plain(event, RECEIVER_WAIT);
        case RECEIVER_IN_DATA:
            if (!data(r))
                return plain(event, RECEIVER_NEED);
            break;
        case RECEIVER_IN_CHUNK:
            if (!chunk(r))
                return plain(event, RECEIVER_NEED);
            break;
        case RECEIVER_COMMANDS:
            if (r->out.len > REPLIES_HIGH)
                return plain(event, RECEIVER_FLUSH);
            if (r->line_ready)
                command(r);
            else if (take_line(r))
                line_taken(r);
            else if (!r->failed)
                return plain(event, RECEIVER_NEED);
            break;
        }
    }
}

struct span receiver_output(const struct receiver *r)
{
    return buf_span(&r->out);
}

void receiver_sent(struct receiver *r, size_t n)
{
    buf_consume(&r->out, n);
}

void receiver_recipient(struct receiver *r, enum receiver_verdict verdict, const char *path)
{
    const struct verdict *v = verdict_reply(verdict);
    char text[PATH_MAX_OCTETS + 64];
    if (r->phase != RECEIVER_ASKED || r->asked != RECEIVER_RECIPIENT)
        return;
    r->phase = RECEIVER_COMMANDS;
    bool accepted = v->code / 100 == 2;
    if (accepted && !r->recipients++)
        span_copy(r->event.path.text, r->recipient, sizeof r->recipient);
    r->refused += !accepted;
    snprintf(text, sizeof text, path ? "%s <%s>" : "%s", v->text, path ? path : "");
    receiver_say(r, v->code, verdict ? v->enhanced : "2.1.5", text);
}

void receiver_verified(struct receiver *r, unsigned code, const char *lines)
{
    if (r->phase != RECEIVER_ASKED || r->asked != RECEIVER_VERIFY)
        return;
    /* RFC 821 4.3 has 250 and 550 alone for EXPN. */
    if (r->event.expand)
        code = code == 251 ? 250 : code == 551 || code == 553 ? 550 : code;
    const char *enhanced = code == 250   ? "2.1.5"
                           : code == 251 ? "2.1.5"
                           : code == 252 ? "2.5.2"
                           : code == 551 ? "5.1.6"
                           : code == 553 ? "5.1.4"
                           : code < 500  ? "4.3.0"
                                         : "5.1.1";
    r->phase = RECEIVER_COMMANDS;
    receiver_say(r, code, enhanced, lines);
}

void receiver_queued(struct receiver *r, unsigned code)
{
    if (r->phase != RECEIVER_ASKED || r->asked != RECEIVER_ETRN)
        return;
    r->phase = RECEIVER_COMMANDS;
    receiver_say(r, code, code == 250 ? "2.0.0" : code == 458 ? "4.3.0" : "5.7.1",
                 code == 250   ? "queuing started"
                 : code == 458 ? "cannot look into the queue now"
                               : "not for this node");
}

static bool is_transient(enum receiver_verdict verdict)
{
    return verdict_reply(verdict)->code / 100 == 4;
}

void receiver_settled(struct receiver *r, enum receiver_verdict verdict)
{
    static const struct verdict done = {250, "2.0.0", "OK"};
    /* RFC 821 4.3 has no 450 after the data. */
    static const struct verdict left = {451, "4.2.1", "User not active any more"};
    if (r->phase != RECEIVER_SETTLING || r->settled >= r->recipients)
        return;
    /* SMTP has one reply for all: what may still succeed later must be tried again. */
    if (verdict && (!r->worst || is_transient(verdict)))
        r->worst = verdict;
    r->settled++;
    bool last = r->settled == r->recipients;
    if (!verdict && (r->options->lmtp || last))
        r->errors = r->idle = 0;
    if (last)
        r->phase = RECEIVER_COMMANDS;
    enum receiver_verdict said = r->options->lmtp ? verdict : r->worst;
    const struct verdict *v = said == RECIPIENT_INACTIVE ? &left
                              : said                       ? verdict_reply(said) : &done;
    if (r->options->lmtp || last)
        receiver_say(r, v->code, v->enhanced, v->text);
    if (last)
        receiver_forget(r);
}

void receiver_tls(struct receiver *r, enum receiver_tls_answer answer)
{
    if (r->phase != RECEIVER_ASKED || r->asked != RECEIVER_STARTTLS)
        return;
    r->phase = RECEIVER_COMMANDS;
    if (answer == RECEIVER_TLS_EARLY) {
        receiver_drop(r, RECEIVER_DROP_EARLY);
    } else if (answer == RECEIVER_TLS_UNAVAILABLE) {
        receiver_say(r, 454, "4.7.0", "TLS not available now");
    } else {
        receiver_say(r, 220, "2.0.0", "go ahead");
        r->phase = RECEIVER_HANDSHAKE;
    }
}

void receiver_tls_started(struct receiver *r)
{
    if (r->phase != RECEIVER_HANDSHAKE)
        return;
    receiver_forget(r);
    auth_reset(r);
    buf_clear(&r->helo);
    r->greeted = r->extended = false;
    r->spoken = false;
    r->tls = true;
    r->phase = RECEIVER_COMMANDS;
}

void receiver_drop(struct receiver *r, enum receiver_drop reason)
{
    static const struct verdict replies[] = {
        [RECEIVER_DROP_IDLE] = {421, "4.4.2", "timed out, closing"},
        [RECEIVER_DROP_SLOW] = {421, "4.4.2", "too slow, closing"},
        [RECEIVER_DROP_SHUTDOWN] = {421, "4.3.2", "shutting down"},
        [RECEIVER_DROP_FULL] = {421, "4.7.0", "too many connections"},
        [RECEIVER_DROP_EARLY] = {554, "5.5.0", "you spoke out of turn"},
    };
    if (r->phase == RECEIVER_CLOSED)
        return;
    const struct verdict *v = &replies[reason];
    receiver_say_free(r, v->code, v->enhanced, v->text);
    receiver_close(r);
}

bool receiver_in_data(const struct receiver *r)
{
    return r->phase == RECEIVER_IN_DATA || r->phase == RECEIVER_IN_CHUNK;
}

uint64_t receiver_commands(const struct receiver *r)
{
    return r->commands;
}

unsigned receiver_worst_reply(const struct receiver *r)
{
    return r->worst_reply;
}
