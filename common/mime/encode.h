/*
 * Header fields as they are written: folded at 78, RFC 2047 words and RFC 2231 parameters where
 * something is not ASCII.
 *
 * All values come as UTF-8; bytes that are not are written as U+FFFD. Line ends are LF or, with
 * crlf, CR LF. ERR_DATA: CR, LF or NUL in a name or value (header injection), an empty or
 * ill-formed name, or over out's cap; nothing is appended then.
 */
#ifndef MIME_ENCODE_H
#define MIME_ENCODE_H

#include "bytes/buf.h"

/* No CR, LF or NUL in it. */
bool header_safe(struct span value);

/* A well-formed field name: printable ASCII without colon, at least one. */
bool header_name_ok(struct span name);

/* "Name: value" for unstructured text (Subject, and fields we do not know). */
enum err header_put_text(struct buf *out, const char *name, struct span value, bool crlf);

/* "Name: value" as it stands: ASCII, folded at blanks where it can be. */
enum err header_put_plain(struct buf *out, const char *name, struct span value, bool crlf);

/*
 * "Name: a, b" for address lists as a user types them: display names outside ASCII are encoded,
 * those with specials quoted; an address of UTF-8 goes as it is (RFC 6532). ERR_DATA also for an
 * entry without an address.
 */
enum err header_put_addresses(struct buf *out, const char *name, struct span list, bool crlf);

/* A parameter of a structured field. */
struct header_param {
    const char *name;
    struct span value;
};

/* "Name: value; name=value; …": tokens bare, other ASCII quoted, the rest by RFC 2231. */
enum err header_put_params(struct buf *out, const char *name, const char *value,
                           const struct header_param *params, size_t count, bool crlf);

#endif
