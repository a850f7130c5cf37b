/*
 * A mail made fit for a receiver that takes no 8-bit or no binary content (RFC 6152 §3, RFC 3030
 * §3): leaf by leaf, everything else as it stands.
 *
 * The mail is pushed twice: the first time it is looked at (nothing is appended to out), the
 * second time it is written. Leaves with bytes over 127 become quoted-printable, those declared
 * binary base64; their Content-Transfer-Encoding, and that of what holds them, is mended, and
 * MIME-Version added where it is missing. Bytes over 127 before, between and behind parts become
 * '?'. Line ends that are written follow the mail's first.
 *
 * Memory: a header block (at most MIME_HEADER_MAX), and a few hundred bytes for each open level.
 */
#ifndef MIME_DOWNGRADE_H
#define MIME_DOWNGRADE_H

#include "base64/base64.h"
#include "bytes/buf.h"
#include "mime/qp.h"

enum mime_downgrade_way { DOWNGRADE_COPY, DOWNGRADE_QP, DOWNGRADE_BASE64, DOWNGRADE_MEND_QP,
                          DOWNGRADE_MASK };

struct mime_downgrade {
    bool keep_8bit; /* only binary goes */
    bool writing;   /* the second time */
    enum mime_downgrade_state { DOWNGRADE_HEADER, DOWNGRADE_BODY, DOWNGRADE_GAP } state;
    struct buf levels;   /* of struct level: the open multiparts, outermost first */
    struct buf header;   /* of the entity that begins */
    struct buf line;     /* of a body, while it may be a boundary */
    bool deciding;       /* it may be */
    uint8_t pending[2];  /* a line end that may belong to a boundary */
    size_t pending_n;
    bool crlf, crlf_known;
    bool message;        /* the header is a mail's, not a part's */
    bool digest;         /* it stands in a multipart/digest */
    unsigned sealed;     /* levels from which on nothing may be touched; 0: none */
    bool leaf_sealed;    /* the leaf itself may not be */
    enum mime_downgrade_way way;
    bool written;        /* base64 has given something for this leaf */
    struct buf leaves;   /* a byte each: it has bytes over 127 */
    size_t leaf;         /* the next one */
    struct base64_encoder base64;
    struct qp_encoder qp;
};

/* The first time begins. keep_8bit: bytes over 127 may stay, binary parts may not. */
void mime_downgrade_init(struct mime_downgrade *d, bool keep_8bit);

/* Frees the memory. */
void mime_downgrade_release(struct mime_downgrade *d);

/*
 * Pushes bytes in pieces of any size. ERR_DATA: it cannot be done, since bytes over 127 stand in a
 * signed part, in a message/partial or in a header, or a header is too large; why says which.
 * ERR_OS. The cap of out needs 7 times the piece and 4 KiB beside MIME_HEADER_MAX.
 */
enum err mime_downgrade_push(struct mime_downgrade *d, struct span bytes, struct buf *out,
                             struct why *why);

/* The mail is whole. After the first time the second one begins; errors as of the push. */
enum err mime_downgrade_end(struct mime_downgrade *d, struct buf *out, struct why *why);

#endif
