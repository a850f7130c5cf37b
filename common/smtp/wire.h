/*
 * A mail's content as it goes on the wire behind DATA (RFC 821 §4.5.2, RFC 5321 §2.3.8, §4.5.2)
 * or BDAT (RFC 3030).
 *
 * LF and CR LF become CR LF; a CR that ends no line becomes a blank, since receivers have been
 * found that end mails at one; a line that begins with a dot gets another (not so behind BDAT). So
 * what leaves has no CR and no LF outside CR LF, and undoing the dots gives the lines that went in.
 */
#ifndef SMTP_WIRE_H
#define SMTP_WIRE_H

#include "bytes/span.h"

enum wire_mode {
    WIRE_DOTS,  /* DATA */
    WIRE_LINES, /* BDAT: lines in order, dots as they are, no end mark */
    WIRE_BYTES, /* BDAT of BODY=BINARYMIME: every byte as it is */
};

struct wire_encoder {
    enum wire_mode mode;
    bool in_line; /* the last byte out did not end a line */
    bool cr;      /* a CR came, and what is behind it is not known */
};

/* At the start of a mail. */
void wire_init(struct wire_encoder *e, enum wire_mode mode);

/* The most that wire_encode writes for n bytes. */
size_t wire_bound(size_t n);

/* Encodes in to out, of at least wire_bound(in.n) bytes; gives the number written. Linear. */
size_t wire_encode(struct wire_encoder *e, struct span in, uint8_t *out);

/* The end: the open line's CR LF and, behind DATA, the lone dot; at most WIRE_END bytes; gives the
 * number. */
enum { WIRE_END = 6 };
size_t wire_end(struct wire_encoder *e, uint8_t *out);

#endif
