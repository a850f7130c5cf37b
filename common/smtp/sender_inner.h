/*
 * The inside of the sender, shared by sender.c (replies), sender_envelope.c (commands) and
 * sender_chunks.c (the content by BDAT) alone.
 */
#ifndef SMTP_SENDER_INNER_H
#define SMTP_SENDER_INNER_H

#include "smtp/sender.h"

enum state {
    GREETING, /* waiting for 220 */
    EHLO,     /* EHLO or LHLO is out */
    HELO,     /* EHLO was not understood */
    READY,
    RSET,     /* before a mail, since the last one failed */
    ENVELOPE, /* commands of a mail are going out, replies coming in */
    CONTENT,  /* 354 has come */
    EMPTY,    /* 354 though no recipient was taken: a lone dot is out (RFC 2920 §3.1) */
    CHUNKS,   /* the envelope is out, chunks follow; replies to both come in */
    FINAL,    /* the dot is out */
    ASK,      /* a question outside any mail is out */
    QUIT,
    CLOSED
};

/* How much of an envelope, or of content, is gathered before it is written. */
enum { FLIGHT = 16384 };

/* Sets s->peer from the lines of the reply to EHLO. */
void sender_learn(struct sender *s, struct span lines);

/* The number of commands of the mail at hand: MAIL, RCPTs, and DATA unless it goes in chunks. */
size_t sender_commands(const struct sender *s);

/* Adds to the output what may go out now of the envelope. */
void sender_build_envelope(struct sender *s);

/* Settles all recipients of what the peer has said it does not take; false: it takes it. */
bool sender_cannot_take(struct sender *s, const struct sender_mail *mail);

/* Settles what is open with r's words. */
void sender_settle_rest(struct sender *s, const struct sender_result *r);

/* The same by a reply. */
void sender_settle_rest_by(struct sender *s, enum err e, const struct reply *a);

/* Ends the dialogue: what was said breaks the protocol. */
void sender_protocol_error(struct sender *s, const char *words);

/* The mail is over: ready for the next one; dirty: after RSET. */
void sender_mail_over(struct sender *s, bool dirty);

/* A reply to MAIL, RCPT or DATA. */
void sender_envelope_reply(struct sender *s, const struct reply *a);

/* A reply to the content's end: for all, or in LMTP for the next one taken. True: the last. */
bool sender_content_reply(struct sender *s, const struct reply *a);

/* The mail at hand goes by BDAT. */
bool sender_chunked(const struct sender *s);

/* The envelope is out: chunks follow. */
void sender_chunks_begin(struct sender *s);

/* What to do next in CHUNKS. */
enum sender_event sender_chunks_next(struct sender *s);

/* A reply in CHUNKS. */
void sender_chunks_reply(struct sender *s, const struct reply *a);

/* Content in CHUNKS, and its end; errors as sender_content. */
enum err sender_chunks_content(struct sender *s, struct span piece);
enum err sender_chunks_end(struct sender *s);

/* The mail goes with a TRANSID: by DATA, and MAIL's reply is waited for. */
bool sender_restartable(const struct sender *s);

/* A reply to MAIL that says where to go on (355), or that nothing is known of what is to be gone on
 * with; false: it is another. */
bool sender_restarts(struct sender *s, const struct reply *a);

/* Takes off encoded content what the receiver has already, s->skip octets of the mail in all; the
 * rest's length. */
size_t sender_skip(struct sender *s, uint8_t *p, size_t n);

/* The receiver keeps the time that this mail asks for. */
bool sender_keeps_time(const struct sender *s, const struct sender_mail *m);

#endif
