/*
 * What comes between DATA's 354 and its end (RFC 5321 4.5.2): dots taken off, CR LF made LF, and
 * the header section looked at on the way; or the octets of BDAT.
 *
 * Only CR LF . CR LF ends DATA. A CR without LF or an LF without CR never ends a line, and makes
 * the whole mail one that is to be refused: what other machines on the way might take for the end
 * of a mail must not become two here.
 */
#ifndef SMTP_CONTENT_H
#define SMTP_CONTENT_H

#include "bytes/buf.h"

enum content_state {
    CONTENT_LINE_START, /* after CR LF, and at the start */
    CONTENT_DOT,        /* CR LF . */
    CONTENT_DOT_CR,     /* CR LF . CR */
    CONTENT_TEXT,
    CONTENT_CR, /* text CR */
    CONTENT_ENDED,
};

struct content {
    enum content_state state;
    bool bare;         /* a bare CR or LF, or NUL, was there; nothing more is given out */
    bool muted;        /* nothing more is given out: content_mute */
    uint64_t octets;   /* RFC 1870: with CR LF, without stuffed dots and the end mark */
    unsigned received; /* Received fields in the header section */
    /* The header section: what this line is, as far as it is known. */
    bool in_header;
    bool dropping;     /* a Return-Path field: it is not given out */
    bool naming;       /* still reading the field's name, held back in name */
    uint8_t name_length;
    char name[16];
};

/* At the start of a mail's content. */
void content_init(struct content *c);

/*
 * Takes bytes from in until the end mark or in's end, and appends the mail to out with LF line
 * ends and without Return-Path fields. Returns how many were taken; c->state == CONTENT_ENDED
 * says that the end was found. Stops early, to be called again, when out has less than 1 KiB
 * left. Linear in in; *e is buf_add's error, after which c is of no use.
 */
size_t content_push(struct content *c, struct span in, struct buf *out, enum err *e);

/*
 * The same for the octets of BDAT (RFC 3030), which go out as they came, Return-Path fields but.
 * Stops where out has less than 1 KiB left; the caller counts, and knows the end.
 */
size_t content_push_octets(struct content *c, struct span in, struct buf *out, enum err *e);

/* Behind the last octet: appends what was held back of a header section that never ended. */
enum err content_end_octets(struct content *c, struct buf *out);

/* From here on bytes are taken and counted but not given out: the mail is refused already. */
void content_mute(struct content *c);

#endif
