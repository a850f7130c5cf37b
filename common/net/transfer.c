#include "net/transfer.h"

#include "smtp/verdict.h"
#include "tool/diag.h"
#include "tool/io.h"
#include "tool/when.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 16384, CONTENT = SENDER_PIECE };

/* Where the content of the mail that is being sent stands. */
struct content {
    const struct outgoing *mail;
    uint64_t at;
};

/* What has come already, without waiting: a refusal may be the reason why the line broke. */
static void hear(struct transfer *t)
{
    uint8_t bytes[PIECE];
    size_t got;
    while (channel_read_for(t->channel, bytes, sizeof bytes, &got, 0, NULL) == ERR_NONE && got) {
        channel_trace("S", span_of(bytes, got));
        sender_push(&t->sender, span_of(bytes, got));
    }
}

static void say(struct transfer *t, bool content)
{
    struct why why = {""};
    struct span out = sender_output(&t->sender);
    channel_trace("C", sender_shown(&t->sender));
    enum err e = channel_write(t->channel, out.p, out.n, &why);
    t->written += out.n;
    diag_progress("%llu octets sent", (unsigned long long)t->written);
    t->since = when_steady_ms();
    if (!e)
        sender_written(&t->sender);
    /* In a long flight the replies come while the commands still go out. */
    if (e || !content)
        hear(t);
    if (e)
        sender_lost(&t->sender, e, why.text);
}

/* A reply has its time as a whole: a peer that says a byte now and then gains nothing by it. */
static void listen_for_more(struct transfer *t)
{
    uint8_t bytes[PIECE];
    size_t got;
    struct why why = {""};
    int64_t limit = t->reply_ms * (sender_awaits_verdict(&t->sender) ? INT64_C(2) : 1);
    int64_t left = t->since + limit - when_steady_ms();
    enum err e = channel_read_for(t->channel, bytes, sizeof bytes, &got,
                                  left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left, &why);
    if (e == ERR_NO) {
        why_set(&why, ERR_AGAIN, "no answer within %d seconds", (int)(limit / 1000));
        sender_lost(&t->sender, ERR_AGAIN, why.text);
    } else if (e) {
        sender_lost(&t->sender, ERR_AGAIN, why.text);
    } else if (got == 0) {
        sender_lost(&t->sender, ERR_AGAIN, "the receiver has closed the connection");
    } else {
        channel_trace("S", span_of(bytes, got));
        sender_push(&t->sender, span_of(bytes, got));
        if (!sender_in_reply(&t->sender))
            t->since = when_steady_ms();
    }
}

/* The next piece; what cannot be read ends the dialogue, since half a mail must not be sent. */
static void give_content(struct transfer *t, struct content *c)
{
    uint8_t piece[CONTENT];
    uint64_t left = c->mail->length - c->at;
    size_t want = left < sizeof piece ? (size_t)left : sizeof piece;
    hear(t);
    if (want == 0) {
        if (sender_content_end(&t->sender))
            sender_lost(&t->sender, ERR_OS, "out of memory");
        return;
    }
    ssize_t k;
    do
        k = pread(c->mail->fd, piece, want, (off_t)(c->mail->start + c->at));
    while (k < 0 && errno == EINTR);
    if (k <= 0) {
        sender_lost(&t->sender, ERR_IO, k ? strerror(errno) : "the mail's file became shorter");
        return;
    }
    c->at += (size_t)k;
    enum err e = sender_content(&t->sender, span_of(piece, (size_t)k));
    /* The end goes in one write with the last piece. */
    if (!e && c->at == c->mail->length)
        e = sender_content_end(&t->sender);
    if (e)
        sender_lost(&t->sender, ERR_OS, "out of memory");
}

/* Turns until the machine is ready for a mail, or over. content is NULL where none is due. */
static void turn(struct transfer *t, struct content *content)
{
    bool in_content = false;
    for (;;) {
        switch (sender_next(&t->sender)) {
        case SENDER_WRITE:
            say(t, in_content);
            break;
        case SENDER_READ:
            in_content = false;
            listen_for_more(t);
            break;
        case SENDER_CONTENT:
            in_content = true;
            if (content)
                give_content(t, content);
            else
                sender_lost(&t->sender, ERR_BUG, "content for no mail");
            break;
        case SENDER_READY:
        case SENDER_CLOSED:
            return;
        }
    }
}

enum err transfer_open(struct transfer *t, struct channel *channel,
                       const struct transfer_options *options, struct why *why)
{
    unsigned seconds = options->timeout ? options->timeout : 300;
    t->channel = channel;
    t->reply_ms = seconds < 1000000 ? (int)seconds * 1000 : 1000000000;
    t->since = when_steady_ms();
    t->written = 0;
    enum err e = sender_init(&t->sender, options->lmtp, options->helo, why);
    if (e)
        return e;
    if (options->greeted)
        sender_begin_at_ready(&t->sender, channel_capabilities(channel));
    turn(t, NULL);
    if (transfer_is_open(t))
        return ERR_NONE;
    const struct sender_result *f = &t->sender.failure;
    if (!f->code)
        return why_set(why, t->sender.err, "%s", f->text);
    return why_set(why, t->sender.err, "%u %s%s%s", f->code, f->enhanced, *f->enhanced ? " " : "",
                   f->text);
}

bool transfer_is_open(struct transfer *t)
{
    return sender_next(&t->sender) == SENDER_READY;
}

/* The receiver has had enough recipients for one mail: this one was not refused for himself. */
static bool too_many(const struct sender_result *r)
{
    return r->at_rcpt && r->err == ERR_AGAIN && (r->code == 452 || r->code == 552);
}

/* The recipients who were put off go to the front of mail; their number. */
static size_t keep_put_off(struct sender_mail *mail, const char **to, size_t *place)
{
    size_t left = 0;
    for (size_t i = 0; i < mail->count; i++)
        if (too_many(&mail->results[i])) {
            to[left] = to[i];
            place[left++] = place[i];
        }
    return left;
}

/* Mail after mail: to all of them, then to those put off, as long as each one serves somebody. */
static enum err send_all(struct transfer *t, const struct sender_mail *mail, size_t count,
                         const char **to, size_t *place, const struct outgoing *content,
                         struct why *why)
{
    struct sender_result *some = calloc(count + 1, sizeof *some);
    enum err e = some ? ERR_NONE : why_set(why, ERR_OS, "out of memory");
    struct sender_mail rest = *mail;
    const char **orcpts = mail->delivery.orcpts ? calloc(count + 1, sizeof *orcpts) : NULL;
    if (mail->delivery.orcpts && !orcpts)
        e = why_set(why, ERR_OS, "out of memory");
    rest.delivery.orcpts = orcpts;
    rest.recipients = to;
    rest.results = some;
    rest.count = count;
    while (!e && rest.count && transfer_is_open(t)) {
        struct content c = {content, 0};
        for (size_t i = 0; orcpts && i < rest.count; i++)
            orcpts[i] = mail->delivery.orcpts[place[i]];
        e = sender_mail(&t->sender, &rest, why);
        if (e)
            break;
        turn(t, &c);
        rest.delivery.transid = NULL; /* its recipients are these, and no others */
        for (size_t i = 0; i < rest.count; i++)
            mail->results[place[i]] = some[i];
        size_t left = keep_put_off(&rest, to, place);
        if (left == rest.count)
            break;
        rest.count = left;
    }
    free(orcpts);
    free(some);
    return e;
}

/* The mail as this receiver takes it: *content may become a copy, whose file is *spooled. */
static enum err fit(const struct transfer *t, struct sender_mail *mail, struct outgoing *content,
                    int *spooled, struct why *why)
{
    const struct sender_peer *peer = &t->sender.peer;
    struct outgoing copy;
    struct why reason = {""};
    bool as_it_is = content->binary && content->crlf && peer->binary && peer->chunking;
    enum err e = ERR_NONE;
    *spooled = -1;
    if (!as_it_is && (content->binary || (content->eight_bit && !peer->eight_bit))) {
        e = outgoing_downgrade(content, peer->eight_bit, &copy, spooled, &reason);
        if (!e)
            *content = copy;
        else
            diag_trace("not converted: %s", reason.text);
    }
    mail->binary = content->binary;
    mail->eight_bit = content->eight_bit;
    mail->utf8 = content->utf8_header;
    mail->size = as_it_is ? content->length : content->size;
    /* Where there is no way to say it in seven bits, the machine settles everybody; lines that
     * end in LF alone nobody takes byte by byte. */
    if (e == ERR_DATA && (!content->binary || content->crlf))
        e = ERR_NONE;
    return e ? why_set(why, e, "%s", reason.text) : ERR_NONE;
}

/* Those whose path this receiver cannot be told fail, and are left out; how many are left. */
static size_t leave_out_utf8(const struct transfer *t, struct sender_mail *mail, const char **to,
                             size_t *place)
{
    size_t left = 0;
    bool all = t->sender.peer.smtputf8 || sender_needs_utf8(mail->from);
    for (size_t i = 0; i < mail->count; i++) {
        struct sender_result *r = &mail->results[i];
        bool out = !all && sender_needs_utf8(mail->recipients[i]);
        *r = (struct sender_result){.err = out ? ERR_UNAVAILABLE : ERR_AGAIN, .settled = out};
        snprintf(r->enhanced, sizeof r->enhanced, "%s", out ? "5.6.7" : "");
        snprintf(r->text, sizeof r->text, "%s",
                 out ? "the receiver takes only ASCII addresses" : "the connection is gone");
        if (!out) {
            to[left] = mail->recipients[i];
            place[left++] = i;
        }
    }
    return left;
}

enum err transfer_mail(struct transfer *t, struct sender_mail *mail,
                       const struct outgoing *content, struct why *why)
{
    struct outgoing fitting = *content;
    int spooled = -1;
    const char **to = calloc(mail->count, sizeof *to);
    size_t *place = calloc(mail->count, sizeof *place);
    enum err e = to && place ? sender_check(mail, why) : why_set(why, ERR_OS, "out of memory");
    if (!e)
        e = fit(t, mail, &fitting, &spooled, why);
    if (!e) {
        size_t count = leave_out_utf8(t, mail, to, place);
        e = send_all(t, mail, count, to, place, &fitting, why);
    }
    io_close(spooled, NULL);
    free(place);
    free(to);
    return e;
}

enum err transfer_ask(struct transfer *t, const char *verb, const char *words, struct buf *out,
                      struct why *why)
{
    char line[SENDER_WORDS];
    enum err e = sender_ask(&t->sender, verb, words, why);
    if (e)
        return e;
    turn(t, NULL);
    if (!transfer_is_open(t))
        return why_set(why, t->sender.err, "%s", t->sender.failure.text);
    const struct reply *a = sender_answer(&t->sender);
    e = verdict_class(a, true);
    if (e || a->code / 100 == 3) {
        verdict_words(a, line, sizeof line);
        return why_set(why, e ? e : ERR_PROTOCOL, "%u %s%s%s", a->code, a->enhanced,
                       *a->enhanced ? " " : "", line);
    }
    struct span text = buf_span(&a->text);
    for (size_t i = 0; i < text.n && !e; i++) {
        bool control = (text.p[i] < 0x20 && text.p[i] != '\n') || text.p[i] == 0x7f;
        e = buf_add_byte(out, control ? '?' : text.p[i]);
    }
    e = e ? e : buf_add_byte(out, '\n');
    return e ? why_set(why, e, "out of memory") : ERR_NONE;
}

void transfer_quit(struct transfer *t)
{
    sender_quit(&t->sender);
    turn(t, NULL);
}

void transfer_close(struct transfer *t)
{
    channel_close(t->channel);
    t->channel = NULL;
    sender_release(&t->sender);
}
