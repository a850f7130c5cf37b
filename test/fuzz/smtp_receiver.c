/*
 * The receiver machine, fed in pieces that the first bytes choose, from its greeting on or from
 * within TLS, a log-in, a mail or a chunk: it always comes to a rest, its memory is bounded, what it
 * hands out as mail lies between BEGIN and END, and nobody names foreign recipients who may not.
 */
#include "smtp/receiver.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const domains[] = {"us.example", NULL};

static bool in_mail;
static unsigned accepted;

/* False: the session is closed. */
static bool turn(struct receiver *r, uint8_t choice)
{
    struct receiver_event e;
    for (unsigned steps = 0;; steps++) {
        if (steps > 200000)
            abort();
        switch (receiver_next(r, &e)) {
        case RECEIVER_NEED:
            return true;
        case RECEIVER_CLOSE:
            return false;
        case RECEIVER_WAIT:
            abort();
        case RECEIVER_FLUSH:
            receiver_sent(r, receiver_output(r).n);
            break;
        case RECEIVER_LINE:
            break;
        case RECEIVER_SENDER:
            accepted = 0;
            if (*e.mail->transid) {
                accepted = strlen(e.mail->transid) % 3;
                receiver_resumed(r, accepted, 5, NULL);
            }
            break;
        case RECEIVER_RECIPIENT:
            if (!e.local && !r->options->relay && !receiver_identity(r))
                abort();
            if (e.verb != RECEIVER_MAIL && !r->options->terminals)
                abort();
            receiver_recipient(r, choice & 1          ? RECIPIENT_UNKNOWN
                                  : e.verb            ? RECIPIENT_MAILED
                                                      : RECIPIENT_OK, NULL);
            accepted += !(choice & 1);
            break;
        case RECEIVER_VERIFY:
            receiver_verified(r, 250, "a\nb");
            break;
        case RECEIVER_ETRN:
            receiver_queued(r, 250);
            break;
        case RECEIVER_TURN:
            if (r->in.n || r->in_mail || !e.name || !(r->tls || r->options->trusted))
                abort();
            receiver_turned(r, choice & 16 ? 250 : choice & 32 ? 453 : 450);
            break;
        case RECEIVER_TURNED:
            return false;
        case RECEIVER_BEGIN:
            if (in_mail || !accepted)
                abort();
            in_mail = !(choice & 2);
            receiver_begun(r, in_mail ? RECIPIENT_OK : RECIPIENT_NO_ROOM, "id");
            break;
        case RECEIVER_DATA:
            /* Chunks bring octets; what DATA brings has no CR and no NUL. */
            if (!in_mail || e.text.n > RECEIVER_CONTENT ||
                (!r->chunk.pending &&
                 (memchr(e.text.p, '\r', e.text.n) || memchr(e.text.p, '\0', e.text.n))))
                abort();
            if (choice & 4)
                receiver_unwritable(r, RECIPIENT_NO_ROOM);
            break;
        case RECEIVER_ABORT:
            if (!in_mail)
                abort();
            in_mail = false;
            break;
        case RECEIVER_END:
            if (!in_mail)
                abort();
            in_mail = false;
            for (unsigned i = 0; i < accepted; i++)
                receiver_settled(r, choice & 8 ? RECIPIENT_LATER : RECIPIENT_OK);
            break;
        case RECEIVER_PASSWORD:
        case RECEIVER_PROOF:
            receiver_authenticated(r, e.text.n % 3, "c2lnbmF0dXJl");
            break;
        case RECEIVER_SALT:
            receiver_salted(r, e.name[0] == 'l' ? RECEIVER_AUTH_LATER : RECEIVER_AUTH_YES,
                            "nonce", "c2FsdA==", 4096);
            break;
        case RECEIVER_STARTTLS:
            receiver_tls(r, RECEIVER_TLS_GO);
            receiver_tls_started(r);
            break;
        }
    }
}

/* The states that chance seldom finds. */
static const char *const openings[8][4] = {
    {NULL},
    {"EHLO a\r\n", "AUTH PLAIN AHVzZXIAcGFz\r\n"},
    {"EHLO a\r\n", "MAIL FROM:<a@b>\r\nRCPT TO:<u@us.example>\r\n"},
    {"EHLO a\r\n", "MAIL FROM:<a@b>\r\nRCPT TO:<u@us.example>\r\nDATA\r\n"},
    {"EHLO a\r\n", "MAIL FROM:<a@b>\r\nRCPT TO:<u@us.example>\r\nBDAT 100\r\n"},
    {"EHLO a\r\n", "STARTTLS\r\n", "EHLO a\r\n"},
    {"EHLO a\r\n", "AUTH LOGIN\r\n"},
    {"EHLO a\r\n", "AUTH SCRAM-SHA-256 biwsbj11c2VyLHI9YQ==\r\n"},
};

/* At most step bytes. False: the session is closed. */
static bool say(struct receiver *r, struct span bytes, size_t step, uint8_t choice)
{
    receiver_push(r, span_take(bytes, step));
    bool open = turn(r, choice);
    receiver_sent(r, receiver_output(r).n);
    return open;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 4)
        return 0;
    struct receiver_options options = {.hostname = "us.example", .domains = domains,
                                       .client = "[192.0.2.1]", .max_size = 3000,
                                       .max_recipients = 5, .lmtp = data[0] & 1,
                                       .vrfy = data[0] & 2, .tls_offered = data[0] & 4,
                                       .tls_required = (data[0] & 12) == 12, .trace = data[0] & 16,
                                       .auth = data[0] & 32, .etrn = data[0] & 32, .tls_on = data[0] & 64,
                                       .offer = data[0] & 128 ? OFFER_DSN | OFFER_BY | OFFER_MTRK |
                                                                     OFFER_CHECKPOINT
                                                               : 0};
    /* Some bits of the length are as good as bits of their own. */
    options.terminals = size & 1;
    options.turn = options.atrn = size & 2;
    options.trusted = size & 4 ? "12" : NULL;
    options.no_mail = data[0] == 0x91;
    options.relay = data[3] & 8;
    options.no_soliciting = data[3] & 16 ? "ADV,net.example:x" : NULL;
    const char *const *opening = openings[data[3] & 7];
    if (data[3] >> 5 == 1) /* one state more is forced than comes by itself */
        options.auth = options.tls_on = true;
    struct receiver r;
    size_t step = 1 + data[1] * 4u;
    in_mail = false;
    accepted = 0;
    receiver_init(&r, &options);
    receiver_greet(&r);
    bool open = true;
    for (size_t i = 0; open && i < 4 && opening[i]; i++)
        open = say(&r, span_str(opening[i]), 1 << 20, 0);
    for (size_t at = 4; open && at < size; at += step) {
        open = say(&r, span_of(data + at, size - at), step, data[2]);
        if (r.line.cap > RECEIVER_AUTH_LINE_MAX || r.text.cap > RECEIVER_CONTENT)
            abort();
    }
    receiver_release(&r);
    return 0;
}
