/*
 * Quoted-printable (RFC 2045 §6.7), both ways, as push machines without allocation.
 */
#ifndef MIME_QP_H
#define MIME_QP_H

#include "bytes/span.h"

struct qp_decoder {
    uint64_t defects; /* "=" that means nothing: it stays as it is */
    unsigned held;    /* bytes of an unfinished "=XX": 0 to 2 */
    uint8_t carry[2];
    uint16_t blanks;     /* at the end of the line so far: dropped if it ends there */
    uint8_t blank[76];
};

/* Starts a decoder. */
void qp_decoder_init(struct qp_decoder *d);

/* Room that qp_decode needs for n bytes, and qp_decode_end for 0. */
size_t qp_decode_bound(size_t n);

/* Decodes in to out, which has qp_decode_bound(in.n) bytes; the number written. Line ends stay
 * as they are; blanks before them go, soft line breaks go. */
size_t qp_decode(struct qp_decoder *d, struct span in, uint8_t *out);

/* Writes what was held back; the number written. */
size_t qp_decode_end(struct qp_decoder *d, uint8_t *out);

struct qp_encoder {
    unsigned column;
    bool crlf;
    bool cr;      /* the last byte was CR: whether of a line end is not yet known */
    uint8_t blank; /* a space or tab that may turn out to end the line; 0 for none */
};

/* Encodes text: LF and CR LF are line ends, written as LF, or CR LF with crlf. */
void qp_encoder_init(struct qp_encoder *e, bool crlf);

/* Room that qp_encode needs for n bytes, and qp_encode_end for 0. */
size_t qp_encode_bound(size_t n);

/* Encodes in to out, which has qp_encode_bound(in.n) bytes, lines of at most 76. */
size_t qp_encode(struct qp_encoder *e, struct span in, uint8_t *out);

/* Writes what was held back; where the text did not end in a line end, nor does this. */
size_t qp_encode_end(struct qp_encoder *e, uint8_t *out);

#endif
