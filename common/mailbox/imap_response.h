/*
 * IMAP responses (RFC 3501 §7) as a push machine: bytes in by push, events out by next.
 *
 * A response is gathered up to its last CR LF with its literals in it, at most
 * IMAP_RESPONSE_MAX bytes; but the literal that is a whole mail (BODY[] or RFC822) is given out as
 * it comes, and an empty string stands for it in the response.
 */
#ifndef MAILBOX_IMAP_RESPONSE_H
#define MAILBOX_IMAP_RESPONSE_H

#include "bytes/buf.h"

enum { IMAP_RESPONSE_MAX = 256 * 1024 };

enum imap_event_kind {
    IMAP_NEED_MORE,  /* all pushed bytes are used up */
    IMAP_BODY_BEGIN, /* a mail of size octets begins */
    IMAP_BODY,       /* text: bytes of it; CR LF is LF, all else as it came */
    IMAP_BODY_END,
    IMAP_RESPONSE,   /* text: a whole response without its line end: imap_reader reads it */
};

/* The span is valid until the next call. */
struct imap_event {
    enum imap_event_kind kind;
    struct span text;
    uint64_t size;
};

struct imap_parser {
    struct span in;
    struct buf response;
    uint64_t literal; /* octets of the literal that have not come */
    unsigned state;
    size_t line_start; /* of the line being gathered */
    bool cr;           /* of a body: a CR is held back */
};

/* Nothing has come yet; imap_release frees. */
void imap_init(struct imap_parser *p);
/* Frees the memory. */
void imap_release(struct imap_parser *p);

/* Gives bytes, which must stay until next has said IMAP_NEED_MORE. */
void imap_push(struct imap_parser *p, struct span bytes);

/* The next event. ERR_PROTOCOL: a response over the limit, or a literal's size that is none.
 * ERR_OS: no memory. */
enum err imap_next(struct imap_parser *p, struct imap_event *event);

/* ---- What a response says ---- */

enum imap_token_kind {
    IMAP_END,    /* no more */
    IMAP_BAD,    /* not IMAP */
    IMAP_OPEN,   /* ( */
    IMAP_CLOSE,  /* ) */
    IMAP_ATOM,   /* also NIL, numbers, BODY[HEADER.FIELDS (FROM)] in one piece */
    IMAP_STRING, /* quoted or literal, as it stands between the marks: backslashes are still in */
};

struct imap_token {
    enum imap_token_kind kind;
    struct span text;
};

/* Takes the next token from *rest. Linear; nothing is copied. */
struct imap_token imap_token(struct span *rest);

/* The token is this atom, letters whatever their case. */
bool imap_is(const struct imap_token *t, const char *atom);

/* Steps over one value: an atom, a string, or a list with all that is in it. False: not IMAP. */
bool imap_skip(struct span *rest);

#endif
