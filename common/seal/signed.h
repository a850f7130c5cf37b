/*
 * Takes the body of a multipart/signed mail (RFC 1847, RFC 8551 §3.5.3) apart: the signed entity,
 * byte for byte as it was signed, and the part that holds the signature. A push machine.
 */
#ifndef SEAL_SIGNED_H
#define SEAL_SIGNED_H

#include "bytes/buf.h"

enum {
    SIGNED_BOUNDARY_MAX = 250,        /* RFC 2046 has 70 */
    SIGNED_SIGNATURE_MAX = 8 << 20,   /* of the signature's part, in base64 */
    SIGNED_LINE_MAX = SIGNED_BOUNDARY_MAX + 80,
};

struct signed_mail {
    struct span boundary; /* the caller's, without "--" */
    enum signed_where { SIGNED_PREAMBLE, SIGNED_CONTENT, SIGNED_SIGNATURE, SIGNED_END } where;
    bool in_line;  /* the line has begun with something else than a boundary */
    bool eol;      /* a line end waits: before a boundary it belongs to that */
    bool cr;       /* a CR waits for what follows it */
    size_t line_n; /* of a line's start that may be a boundary's */
    uint8_t line[SIGNED_LINE_MAX];
};

/* Starts; boundary is the parameter of the Content-Type, and must outlive s. */
void signed_begin(struct signed_mail *s, struct span boundary);

/*
 * Takes bytes of the body (line ends LF, CR LF or mixed). What of them is signed is appended to
 * content, with CR LF, as it was hashed; what is the signature's part, to signature. ERR_DATA: a
 * third part, or more than a buffer's cap; content needs room for 2 in.n + SIGNED_LINE_MAX + 2.
 */
enum err signed_push(struct signed_mail *s, struct span in, struct buf *content,
                     struct buf *signature, struct why *why);

/* There are no more bytes. ERR_DATA: cut short. */
enum err signed_end(const struct signed_mail *s, struct why *why);

#endif
