/*
 * The sender-SMTP as a machine (RFC 821, RFC 5321, LMTP of RFC 2033): replies in, commands out,
 * and the fate of each recipient. It knows no descriptor and no clock, so the same machine serves
 * a channel, a serial line, a test and a fuzzer.
 *
 * The caller turns in a loop around sender_next:
 *
 *     SENDER_WRITE    write sender_output() whole, then sender_written()
 *     SENDER_READ     sender_push() what came, or sender_lost() when nothing more will
 *     SENDER_CONTENT  sender_content() the next piece of the mail, or behind the last one
 *                     sender_content_end(); pushing what came first is allowed
 *     SENDER_READY    the recipients of the last mail are settled; sender_mail() or sender_quit()
 *     SENDER_CLOSED   the dialogue is over: every recipient is settled, nothing more may be sent
 *
 * With PIPELINING (RFC 2920) MAIL, every RCPT and DATA leave in one flight; where CHUNKING (RFC
 * 3030) is offered, BDAT takes DATA's place, and the first SENDER_CHUNK of the mail goes in the
 * same flight; further chunks go when somebody has been taken. After a mail that failed RSET is
 * sent. A 421 at any place ends the dialogue, and so does a reply that is no SMTP.
 */
#ifndef SMTP_SENDER_H
#define SMTP_SENDER_H

#include "bytes/buf.h"
#include "smtp/delivery.h"
#include "smtp/reply.h"
#include "smtp/wire.h"

enum { SENDER_PIECE = 65536, SENDER_WORDS = 512, SENDER_CHUNK = 1 << 20 };

enum sender_event { SENDER_WRITE, SENDER_READ, SENDER_CONTENT, SENDER_READY, SENDER_CLOSED };

enum sender_verb { SENDER_MAIL, SENDER_SEND, SENDER_SOML, SENDER_SAML };

/* What became of one recipient. */
struct sender_result {
    enum err err;         /* NONE: the receiver has taken the mail for him; AGAIN, NO_USER, … */
    bool settled;
    bool at_rcpt;         /* the reply was RCPT's own */
    bool accepted;        /* with a TRANSID: RCPT was answered with yes, whatever came then; so the
                             same TRANSID, for just those who were accepted, may go on with it */
    bool dsn, in_time, mtrk; /* taken by one who makes the notices, keeps the time, tracks */
    unsigned code;        /* the reply's, 0 where there was none */
    char enhanced[16];    /* "5.1.1" or "" */
    char text[SENDER_WORDS]; /* the reply's words, or ours where there was none */
};

/* One mail. The strings stay the caller's and must live until the mail is settled. */
struct sender_mail {
    const char *from;              /* reverse-path without its <>; "" for <> */
    const char *const *recipients; /* forward-paths without their <> */
    size_t count;                  /* at least 1 */
    struct sender_result *results; /* count of them, filled in */
    uint64_t size;                 /* octets as sent, without dots doubled; 0: not known, and then
                                      there is neither SIZE (RFC 1870) nor BDAT */
    bool eight_bit;                /* the content has bytes over 127 */
    bool binary;                   /* it goes as it stands, by BODY=BINARYMIME (RFC 3030) */
    bool utf8;                     /* its header has UTF-8: SMTPUTF8 (RFC 6531) where that is
                                      offered, else as 8-bit mail, as it went before there was it */
    enum sender_verb verb;
    struct delivery delivery; /* its DSN is told where it is offered, and else forgotten */
};

/* The extensions a receiver has announced. */
struct sender_peer {
    bool esmtp, pipelining, size, eight_bit, smtputf8, enhanced, chunking, binary;
    bool dsn, deliver_by, mtrk, checkpoint;
    uint64_t size_max; /* 0: not told */
    uint64_t by_min;   /* DELIVERBY's least number of seconds; 0: not told */
};

struct sender {
    bool lmtp;
    int state;
    const char *helo;
    struct sender_peer peer;
    struct reply_reader reader;
    struct wire_encoder encoder;
    struct buf out;
    const struct sender_mail *mail;
    size_t sent, answered; /* of MAIL (0), RCPT (1 to count), DATA (count + 1) */
    size_t accepted;       /* recipients the receiver took at RCPT */
    size_t cursor;         /* LMTP: whose reply to the content comes next */
    bool mail_taken, data_taken, dirty;
    uint64_t rest;       /* BDAT: octets that no chunk has told of yet */
    uint64_t chunk_left; /* of the chunk begun */
    size_t chunks_sent, chunks_answered;
    bool last_chunk;     /* LAST has been said */
    uint64_t skip;       /* octets of the mail that the receiver has from before (RFC 1845) */
    bool skip_in_line;
    bool astray;         /* it says what cannot be of that */
    bool nameless;       /* this mail goes without its TRANSID */
    bool doomed;         /* nobody will get this mail: no further chunk */
    struct buf over;     /* encoded, for the next chunk */
    size_t content_at;   /* where in out the mail's own bytes begin; SIZE_MAX: nowhere */
    bool in_doubt;         /* it ended behind the content, and what became of that is not known */
    enum err err;          /* why the dialogue ended, NONE after QUIT */
    struct sender_result failure; /* the words for it */
};

/*
 * A dialogue that begins with the receiver's greeting. helo is our name in EHLO or LHLO, and
 * must outlive the dialogue. ERR_DATA: helo is empty, over 255 bytes, or has blanks or control
 * bytes. sender_release frees.
 */
enum err sender_init(struct sender *s, bool lmtp, const char *helo, struct why *why);

/* Skips greeting and EHLO, which somebody has said already: these are the lines of the reply to
 * EHLO without their codes, the peer's name first, each ended by LF (net/channel.h). */
void sender_begin_at_ready(struct sender *s, struct span capabilities);

/* Frees the memory. */
void sender_release(struct sender *s);

/* What to do next. */
enum sender_event sender_next(struct sender *s);

/* The content is out and the receiver's verdict on it is due, which may take its time. */
bool sender_awaits_verdict(const struct sender *s);

/* A reply has begun to come, and its end is not there yet. */
bool sender_in_reply(const struct sender *s);

/* The bytes to write; valid until the next call but sender_next. */
struct span sender_output(const struct sender *s);

/* Those of them that may be shown: the mail's own are behind them. */
struct span sender_shown(const struct sender *s);

/* They have been written. */
void sender_written(struct sender *s);

/* What the receiver said, in any pieces. */
void sender_push(struct sender *s, struct span bytes);

/* The connection is gone: e and words say how. What is not settled is settled with that. */
void sender_lost(struct sender *s, enum err e, const char *words);

/* The path needs SMTPUTF8. */
bool sender_needs_utf8(const char *path);

/* Whether all paths of the mail (smtp/path.h) and its wishes (smtp/delivery.h) may be said to a
 * receiver. ERR_DATA. */
enum err sender_check(const struct sender_mail *mail, struct why *why);

/*
 * Starts a mail; only at SENDER_READY. ERR_DATA: a path that is none (CR, LF, NUL, …: see
 * sender_check); then nothing is sent, and the machine is as before. What the peer cannot take
 * (SIZE, 8BITMIME, BINARYMIME, SMTPUTF8, BY with R) settles all recipients at once.
 */
enum err sender_mail(struct sender *s, const struct sender_mail *mail, struct why *why);

/* The next at most SENDER_PIECE bytes of the content; any line ends. Only at SENDER_CONTENT.
 * ERR_OS: no memory. */
enum err sender_content(struct sender *s, struct span piece);

/* The content is whole: the dot goes out. May be said at once behind the last piece. Where it is
 * not of the size that was told, the dialogue ends, with ERR_IO for all, and the receiver never
 * gets a whole mail. */
enum err sender_content_end(struct sender *s);

/* Whether the words may be said to a receiver. ERR_DATA: control bytes, or over SENDER_WORDS. */
enum err sender_check_question(const char *words, struct why *why);

/*
 * A question outside any mail, only at SENDER_READY: VRFY, EXPN or HELP, with words ("" for none).
 * At the next SENDER_READY sender_answer is its reply, valid until something is pushed. ERR_DATA:
 * see sender_check_question; then nothing is sent.
 */
enum err sender_ask(struct sender *s, const char *verb, const char *words, struct why *why);
/* The last reply that was whole. */
const struct reply *sender_answer(const struct sender *s);

/* QUIT, at SENDER_READY; SENDER_CLOSED comes after its reply. */
void sender_quit(struct sender *s);

#endif
