/*
 * POP3 replies (RFC 1939 §3) as a push machine: bytes in by push, events out by next. No
 * descriptor, no allocation: one line of at most POP3_LINE_MAX bytes is held.
 *
 * The caller says before each reply what it answers, since only that tells whether lines follow.
 */
#ifndef MAILBOX_POP3_REPLY_H
#define MAILBOX_POP3_REPLY_H

#include "bytes/err.h"
#include "bytes/span.h"

/* RFC 2449 has 512; servers write longer ones. */
enum { POP3_LINE_MAX = 4096 };

enum pop3_expect {
    POP3_SINGLE, /* a status line */
    POP3_LIST,   /* +OK, then short lines: LIST, UIDL */
    POP3_MAIL,   /* +OK, then a mail: RETR, TOP */
};

enum pop3_event_kind {
    POP3_NEED_MORE, /* all pushed bytes are used up */
    POP3_OK,        /* text: what follows +OK */
    POP3_ERR,       /* text: what follows -ERR; the reply is over */
    POP3_LINE,      /* of a list: text */
    POP3_BYTES,     /* of a mail: text; CR LF is LF, dots are unstuffed, all else as it came */
    POP3_END,       /* of a list or mail; a POP3_SINGLE has none */
};

/* The span is valid until the next call. */
struct pop3_event {
    enum pop3_event_kind kind;
    struct span text;
};

struct pop3_parser {
    struct span in;
    enum pop3_expect expect;
    unsigned state;
    size_t line_n;
    uint8_t line[POP3_LINE_MAX];
};

/* Nothing is expected yet. */
void pop3_init(struct pop3_parser *p);

/* The next reply answers this. Called when the last reply is over (or before the first). */
void pop3_expect(struct pop3_parser *p, enum pop3_expect expect);

/* Gives bytes, which must stay until next has said POP3_NEED_MORE. */
void pop3_push(struct pop3_parser *p, struct span bytes);

/*
 * The next event. ERR_PROTOCOL: a status that is none, a line without end, or bytes though no
 * reply is expected. Only CR LF . CR LF ends a mail; a lone CR or LF in it is data.
 */
enum err pop3_next(struct pop3_parser *p, struct pop3_event *event);

#endif
