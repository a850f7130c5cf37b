/*
 * uuencode (POSIX): one line at a time.
 */
#ifndef MIME_UU_H
#define MIME_UU_H

#include "bytes/span.h"

enum { UU_LINE_MAX = 63 }; /* bytes that a line can hold */

/*
 * The line, without its line end, is "begin MODE NAME" (MODE three or four octal digits) or
 * "begin-base64 MODE NAME"; *name is NAME.
 */
bool uu_is_begin(struct span line, bool *base64, struct span *name);

/* The line ends the file: "end", or "====" in base64. */
bool uu_is_end(struct span line, bool base64);

/*
 * Decodes a line to out; *n bytes. False, and 0 bytes: the line is none of uuencode. Lines that
 * lost their trailing blanks, or have a check character too many, are taken.
 */
bool uu_decode_line(struct span line, uint8_t out[UU_LINE_MAX], size_t *n);

#endif
