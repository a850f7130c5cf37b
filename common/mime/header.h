/*
 * Header fields of a mail (RFC 5322 §2.2, §3.6; RFC 2045 §5; RFC 2047; RFC 2231).
 *
 * A header block is what stands before the empty line, with any line ends (CR LF, LF, or mixed),
 * with or without the empty line itself. All functions here only look at the caller's bytes, run
 * in time linear in them, and take lines that break the rules for what they most likely mean.
 */
#ifndef MIME_HEADER_H
#define MIME_HEADER_H

#include "bytes/buf.h"

/* A field as it stands: raw is everything behind the colon, folded, without its last line end. */
struct header_field {
    struct span name;
    struct span raw;
};

/*
 * Turns bytes of a charset into UTF-8 and appends them to out. Never fails on bad bytes or an
 * unknown charset (U+FFFD stands in); ERR_DATA: over out's cap, ERR_OS: no memory.
 * text/convert.h has the one that knows all charsets (text_converter).
 */
struct mime_converter {
    enum err (*convert)(void *ctx, struct span charset, struct span bytes, struct buf *out);
    void *ctx;
};

/*
 * The converter of a mime that is not given one (NULL): US-ASCII, UTF-8 and ISO-8859-1; of any
 * other charset the ASCII bytes.
 */
enum err mime_convert_plain(void *ctx, struct span charset, struct span bytes, struct buf *out);

/*
 * Takes the next field from *rest. False at the end of the block: an empty line, no more bytes,
 * or a line that is neither a field nor the continuation of one.
 */
bool header_next(struct span *rest, struct header_field *field);

/* The bytes of the line could begin a header field: "Name:" of printable ASCII, blanks allowed
 * before the colon. */
bool header_is_field(struct span line);

/* The first field called name (whatever its case); *raw is its value as it stands. */
bool header_find(struct span block, const char *name, struct span *raw);

/* How many fields are called name. */
size_t header_count(struct span block, const char *name);

/* Appends raw unfolded: line ends go, blanks around the whole go. NUL becomes a space. */
enum err header_unfold(struct span raw, struct buf *out);

/*
 * Appends raw unfolded and with its RFC 2047 words decoded, as UTF-8 without control bytes (they
 * become spaces): for Subject and other text. conv may be NULL. What is in no charset and not
 * UTF-8 is taken for ISO-8859-1.
 */
enum err header_decode(struct span raw, const struct mime_converter *conv, struct buf *out);

/* header_find and header_decode in one. ERR_NO: no such field; nothing is appended then. */
enum err header_text(struct span block, const char *name, const struct mime_converter *conv,
                     struct buf *out);

/*
 * Appends the first token of a structured value in lower case, comments passed over:
 * "image/tiff" of Content-Type, "attachment" of Content-Disposition. ERR_NO: there is none.
 */
enum err header_value(struct span raw, struct buf *out);

/*
 * Appends the parameter called name of a structured value, as UTF-8: RFC 2231 continuations and
 * charsets, quoted strings, RFC 2047 words where they do not belong, and values with blanks that
 * should have been quoted. ERR_NO: there is none. At most 200 parameters are looked at.
 */
enum err header_param(struct span raw, const char *name, const struct mime_converter *conv,
                      struct buf *out);

#endif
