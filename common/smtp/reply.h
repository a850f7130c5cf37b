/*
 * SMTP replies (RFC 821 4.2, RFC 5321 4.2, enhanced codes of RFC 2034 and 3463): writing and
 * reading them.
 */
#ifndef SMTP_REPLY_H
#define SMTP_REPLY_H

#include "bytes/buf.h"

enum {
    REPLY_LINE_MAX = 4096, /* read: far over RFC 5321's 512, since peers exceed it */
    REPLY_TEXT_MAX = 65536,
};

/*
 * Appends a reply: code, the enhanced code ("5.1.1"; NULL or "" for none) and text on each line.
 * '\n' in text makes a reply of several lines. Control bytes come out as '?'; so do bytes over
 * 0x7e. Errors as buf_add; then nothing has been appended.
 */
enum err reply_add(struct buf *out, unsigned code, const char *enhanced, const char *text);

/* A reply that was read. */
struct reply {
    unsigned code;
    char enhanced[16]; /* of the last line that has one whose class fits the code; "" for none */
    struct buf text;   /* the lines without codes, joined by '\n' */
};

/* Where the reading stands; struct reply is filled as lines come. */
struct reply_reader {
    struct reply reply;
    struct buf line;
    bool done; /* the reply is whole: the next push begins another */
    bool bad;
};

enum reply_state { REPLY_MORE, REPLY_DONE, REPLY_BAD };

/* Owns memory from the first push on; released by reply_reader_release. */
void reply_reader_init(struct reply_reader *r);
void reply_reader_release(struct reply_reader *r);

/*
 * Reads up to the end of one reply; *used bytes of in have been taken. REPLY_DONE: r->reply holds
 * it until the next push, which begins a new one. REPLY_BAD: no reply line, codes that differ
 * between lines, or more than the limits; the channel is of no use any more. Line ends are CRLF
 * or LF.
 */
enum reply_state reply_push(struct reply_reader *r, struct span in, size_t *used);

#endif
