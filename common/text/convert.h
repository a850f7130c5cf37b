/*
 * Any charset to UTF-8, by iconv. What cannot be converted becomes U+FFFD; nothing is refused.
 */
#ifndef TEXT_CONVERT_H
#define TEXT_CONVERT_H

#include "bytes/buf.h"

/* A stream of text in one charset. */
struct text_stream;

/*
 * charset as mail names it ("iso-2022-jp", "windows-1252", whatever the case; "" is UTF-8 with
 * bytes that are not UTF-8 taken for windows-1252's). An unknown one is taken for "". ERR_OS.
 */
enum err text_stream_open(struct span charset, struct text_stream **s);

/* Appends in as UTF-8 to out; what is cut at the end of in waits for more. Errors as buf_add. */
enum err text_stream_add(struct text_stream *s, struct span in, struct buf *out);

/* Appends U+FFFD for a character that was cut off, and the way back to the initial state. */
enum err text_stream_end(struct text_stream *s, struct buf *out);

/* Frees; s may be NULL. */
void text_stream_close(struct text_stream *s);

/* The whole of in at once. Errors as buf_add. */
enum err text_convert(struct span charset, struct span in, struct buf *out);

/*
 * text_convert as a mime/header.h converter: {text_convert_mime, NULL}. ctx is not used.
 */
enum err text_convert_mime(void *ctx, struct span charset, struct span bytes, struct buf *out);

#endif
