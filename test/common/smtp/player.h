/*
 * Plays a peer's bytes against the receiver machine, whole and byte by byte, with simple-minded
 * answers, and keeps the replies in said and the mails in mails.
 */
#ifndef TEST_SMTP_PLAYER_H
#define TEST_SMTP_PLAYER_H

#include "check.h"
#include "smtp/receiver.h"

/* A peer's whole session played against the machine, with simple-minded answers. */
static const char *const ours[] = {"us.example", "[192.0.2.9]", NULL};
static struct receiver_options options;
static struct receiver machine;
static char said[400000];  /* all replies */
static char mails[300000]; /* "{" mail "}" for each mail that was committed, "!" for an abort */
static char current[200000];
static char lines[100000]; /* RECEIVER_LINE's, each with "|" behind it */
static unsigned asked;        /* recipients that were asked about */
static unsigned known_recipients; /* of every TRANSID, with 7 octets */
static bool closed;
static bool early;
static enum receiver_verdict at_begin, at_end;
static unsigned at_turn;

static inline void defaults(void)
{
    options = (struct receiver_options){.hostname = "us.example", .domains = ours,
                                        .client = "[192.0.2.1]", .max_size = 1000,
                                        .max_recipients = 1000, .tls_offered = true};
    at_begin = at_end = RECIPIENT_OK;
    at_turn = 250;
    early = false;
}

static inline enum receiver_verdict judge(struct span path)
{
    if (span_starts(path, span_str("nobody")))
        return RECIPIENT_UNKNOWN;
    if (span_starts(path, span_str("full")))
        return RECIPIENT_FULL;
    if (span_starts(path, span_str("forward")))
        return RECIPIENT_FORWARDED;
    if (span_starts(path, span_str("moved")))
        return RECIPIENT_MOVED;
    if (span_starts(path, span_str("away")))
        return machine.verb == RECEIVER_SEND ? RECIPIENT_INACTIVE : RECIPIENT_MAILED;
    return RECIPIENT_OK;
}

static inline enum receiver_auth_answer judge_password(const char *name, struct span password)
{
    if (strcmp(name, "later") == 0)
        return RECEIVER_AUTH_LATER;
    return strcmp(name, "user") == 0 && span_eq(password, span_str("pencil")) ? RECEIVER_AUTH_YES
                                                                             : RECEIVER_AUTH_WRONG;
}

static inline enum receiver_auth_answer judge_proof(const struct receiver_event *e)
{
    static const char message[] =
        "n=user,r=rOprNGfwEbeRWgbNEkqO,"
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    bool right = strcmp(e->name, "user") == 0 && span_eq(e->text, span_str(message)) &&
                 span_eq(e->proof, span_str("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="));
    return right ? RECEIVER_AUTH_YES : RECEIVER_AUTH_WRONG;
}

static inline void append(char *to, size_t size, struct span s)
{
    size_t n = strlen(to);
    if (n + s.n < size && s.n) {
        memcpy(to + n, s.p, s.n);
        to[n + s.n] = '\0';
    }
}

static inline void take_replies(void)
{
    struct span out = receiver_output(&machine);
    append(said, sizeof said, out);
    receiver_sent(&machine, out.n);
}

/* Goes on until the machine wants more or is done. */
static inline void turn(void)
{
    struct receiver_event e;
    static unsigned accepted;
    while (!closed) {
        switch (receiver_next(&machine, &e)) {
        case RECEIVER_NEED:
            take_replies();
            return;
        case RECEIVER_FLUSH:
            take_replies();
            break;
        case RECEIVER_CLOSE:
            take_replies();
            closed = true;
            break;
        case RECEIVER_SENDER:
            accepted = 0;
            if (*e.mail->transid) {
                accepted = known_recipients;
                receiver_resumed(&machine, known_recipients, 7, "u@us.example");
            }
            break;
        case RECEIVER_RECIPIENT: {
            enum receiver_verdict v = judge(e.path.text);
            asked++;
            accepted += v == RECIPIENT_OK || v == RECIPIENT_FORWARDED ||
                        v == RECIPIENT_MAILED;
            receiver_recipient(&machine, v,
                               v == RECIPIENT_FORWARDED || v == RECIPIENT_MOVED ? "n@x" : NULL);
            break;
        }
        case RECEIVER_VERIFY:
            receiver_verified(&machine, e.expand ? 250 : 550, e.expand ? "<a@x>\n<b@x>" : "who");
            break;
        case RECEIVER_ETRN:
            receiver_queued(&machine, span_eq_nocase(e.text, span_str("later.example")) ? 458 : 250);
            break;
        case RECEIVER_TURN: /* "none" has no mail, "other" is not his, "later" */
            append(lines, sizeof lines, span_str(e.name));
            append(lines, sizeof lines, span_str("?"));
            receiver_turned(&machine, span_starts(e.text, span_str("none"))    ? 453
                                      : span_starts(e.text, span_str("other")) ? 450
                                      : span_starts(e.text, span_str("later")) ? 451
                                                                               : at_turn);
            break;
        case RECEIVER_TURNED:
            take_replies();
            append(said, sizeof said, span_str("TURNED"));
            closed = true;
            break;
        case RECEIVER_BEGIN:
            current[0] = '\0';
            receiver_begun(&machine, at_begin, "id1");
            break;
        case RECEIVER_DATA:
            append(current, sizeof current, e.text);
            break;
        case RECEIVER_ABORT:
            append(mails, sizeof mails, span_str("!"));
            break;
        case RECEIVER_END:
            append(mails, sizeof mails, span_str("{"));
            append(mails, sizeof mails, span_str(current));
            append(mails, sizeof mails, span_str("}"));
            for (unsigned i = 0; i < accepted; i++)
                receiver_settled(&machine, at_end);
            break;
        case RECEIVER_PASSWORD:
            receiver_authenticated(&machine, judge_password(e.name, e.text), NULL);
            break;
        case RECEIVER_SALT: /* RFC 7677's example */
            receiver_salted(&machine, RECEIVER_AUTH_YES, "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
                            "W22ZaJ0SNY7soEsUEjb6gQ==", 4096);
            break;
        case RECEIVER_PROOF:
            receiver_authenticated(&machine, judge_proof(&e),
                                   "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
            break;
        case RECEIVER_STARTTLS:
            receiver_tls(&machine, early ? RECEIVER_TLS_EARLY : RECEIVER_TLS_GO);
            receiver_tls_started(&machine);
            break;
        case RECEIVER_LINE:
            append(lines, sizeof lines, e.text);
            append(lines, sizeof lines, span_str("|"));
            break;
        case RECEIVER_WAIT:
            CHECK(!"an answer is missing");
            return;
        }
    }
}

static inline void start(void)
{
    said[0] = mails[0] = current[0] = lines[0] = '\0';
    asked = 0;
    closed = false;
    receiver_init(&machine, &options);
    receiver_clock(&machine, 1700000000);
}

static inline void send_bytes(const char *text, size_t n, size_t step)
{
    for (size_t at = 0; at < n && !closed; at += step) {
        size_t piece = n - at < step ? n - at : step;
        uint8_t *copy = malloc(piece);
        memcpy(copy, text + at, piece);
        receiver_push(&machine, span_of(copy, piece));
        turn();
        free(copy);
    }
}

/* Plays text whole and byte by byte: the replies must be the same; they are left in said. */
static inline void play_bytes(const char *text, size_t n)
{
    static char first[sizeof said], first_mails[sizeof mails];
    start();
    send_bytes(text, n, 1 << 20);
    strcpy(first, said);
    strcpy(first_mails, mails);
    receiver_release(&machine);
    /* STARTTLS with bytes behind it in one piece is another story than in two. */
    if (strstr(first, "out of turn"))
        return;
    start();
    send_bytes(text, n, 1);
    CHECK_STR(said, first);
    CHECK_STR(mails, first_mails);
    receiver_release(&machine);
}

static inline void play(const char *text)
{
    play_bytes(text, strlen(text));
}

/* The codes of the replies in order, a blank between two, continuation lines left out. */
static inline const char *codes(void)
{
    static char out[40000];
    size_t n = 0;
    for (const char *line = said; *line; line = strchr(line, '\n') + 1) {
        if (line[3] == ' ' && n + 8 < sizeof out)
            n += (size_t)snprintf(out + n, sizeof out - n, "%s%.3s", n ? " " : "", line);
        if (!strchr(line, '\n'))
            break;
    }
    out[n] = '\0';
    return out;
}

#define HELLO "EHLO c.example\r\n"
#define OPENING HELLO "MAIL FROM:<s@c.example>\r\nRCPT TO:<u@us.example>\r\n"
#define TRACE "Return-Path: <s@c.example>\nReceived: from c.example ([192.0.2.1])\n" \
              "\tby us.example via TCP with ESMTP id id1\n\tfor <u@us.example>;\n" \
              "\tTue, 14 Nov 2023 22:13:20 +0000\n"

#endif
