/*
 * Base64 (RFC 4648 §4, RFC 2045 §6.8) as push machines: bytes in by spans of any size, bytes out
 * into the caller's room. Nothing is allocated and nothing can fail: the decoder takes whatever
 * mail brings and counts what it had to repair.
 *
 * Both machines are plain structs without pointers: they may be copied, and need no release.
 */
#ifndef BASE64_BASE64_H
#define BASE64_BASE64_H

#include "bytes/span.h"

enum { BASE64_MIME_WRAP = 76 };

enum base64_flags {
    BASE64_PLAIN = 0,
    BASE64_CRLF = 1,   /* encoder: lines end in CR LF */
    BASE64_JOINED = 2, /* decoder: what follows padding is more base64, not a stranger's text */
};

struct base64_encoder {
    size_t wrap;   /* characters a line, 0: one line */
    size_t column; /* characters in the line begun */
    unsigned flags;
    unsigned held; /* bytes in carry: 0 to 2 */
    uint8_t carry[3];
};

/* Lines of wrap characters (any number; 0 puts everything into one line without a line end). */
void base64_encoder_init(struct base64_encoder *e, size_t wrap, unsigned flags);

/*
 * Room that base64_encode needs for n more bytes, and base64_encode_end for 0. n is at most
 * SIZE_MAX / 8.
 */
size_t base64_encode_bound(const struct base64_encoder *e, size_t n);

/* Encodes in to out, which has base64_encode_bound(e, in.n) bytes; the number written. */
size_t base64_encode(struct base64_encoder *e, struct span in, uint8_t *out);

/*
 * Writes the last group with its padding and the last line end (none where there was no input or
 * wrap is 0); the number written. The encoder may then be initialised anew.
 */
size_t base64_encode_end(struct base64_encoder *e, uint8_t *out);

/* What the decoder found and passed over. All 0: the input was as RFC 2045 wants it. */
struct base64_defects {
    uint64_t strays;   /* bytes that are neither alphabet, padding nor white space */
    uint64_t trailing; /* alphabet bytes after the padding; ignored unless BASE64_JOINED */
    bool no_padding;   /* the last group lacks its '=' */
    bool cut;          /* one lone character at the end: six bits of a byte that is lost */
};

struct base64_decoder {
    struct base64_defects defects;
    uint64_t characters; /* of the alphabet, so far */
    uint32_t bits;       /* of the group begun */
    unsigned held;       /* characters in it: 0 to 3 */
    unsigned pads;       /* '=' seen in it */
    unsigned flags;
    bool ended; /* padding has closed the data */
};

/* Starts a decoder that accepts lines of any length. */
void base64_decoder_init(struct base64_decoder *d, unsigned flags);

/* Room that base64_decode needs for n bytes of input, and base64_decode_end for 0. */
size_t base64_decode_bound(size_t n);

/* Decodes in to out, which has base64_decode_bound(in.n) bytes; the number written. */
size_t base64_decode(struct base64_decoder *d, struct span in, uint8_t *out);

/* Writes what a last group without padding holds; the number written. Then defects are final. */
size_t base64_decode_end(struct base64_decoder *d, uint8_t *out);

/* Something of d->defects is set. */
bool base64_repaired(const struct base64_decoder *d);

#endif
