/*
 * Text of strangers as it may be written on somebody's terminal (RFC 821 3.4): SEND, SOML, SAML.
 *
 * What goes out is printable characters of UTF-8 and our own line ends, whatever comes in: control
 * characters, C0 and C1 alike and as single bytes too, whatever turns the direction of writing,
 * and what is no UTF-8 become '?'. Every line is led by "| ", so that no line can pass for one
 * that the machine itself has written.
 */
#ifndef SMTP_SCREEN_H
#define SMTP_SCREEN_H

#include "bytes/buf.h"

enum {
    SCREEN_COLUMNS = 76, /* characters of a line behind its mark; longer ones go on in the next */
    SCREEN_LINES_MAX = 200,
    SCREEN_OCTETS_MAX = 4 * SCREEN_LINES_MAX * (SCREEN_COLUMNS + 4),
};

/*
 * Appends text, whose lines end in LF, with CR LF ends. *whole is false where more than
 * SCREEN_LINES_MAX lines would have come: the rest is left out. Errors as buf_add.
 */
enum err screen_add(struct buf *out, struct span text, bool *whole);

/* Appends s within a line, made harmless in the same way; line ends are control characters. */
enum err screen_add_word(struct buf *out, struct span s);

#endif
