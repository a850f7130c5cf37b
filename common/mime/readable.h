/*
 * A mail as a text for people: the fields one reads, an empty line, its text/plain parts as
 * UTF-8, and a line for each part that is no plain text. HTML counts as text, and comes as
 * mime/html.h reads it, where no plain text has come before.
 *
 *     mime_readable_init(&r, conv, &out);
 *     while (… read …) mime_readable_push(&r, bytes);
 *     mime_readable_end(&r);
 *     mime_readable_release(&r);
 */
#ifndef MIME_READABLE_H
#define MIME_READABLE_H

#include "mime/parse.h"

enum { MIME_READABLE_MAX = 16 << 20 };

struct mime_readable {
    struct mime_parser parser;
    const struct mime_converter *conv;
    struct buf *out;
    struct buf body; /* of the text part being read */
    bool in_text, in_html;
    bool plain; /* a text/plain part has been */
    bool others; /* a part was no more than named */
};

/* conv may be NULL, as in mime/header.h; both must outlive r. The text is appended to out, with
 * LF line ends; parts over MIME_READABLE_MAX are too large. */
void mime_readable_init(struct mime_readable *r, const struct mime_converter *conv,
                        struct buf *out);

/* Frees everything but out. */
void mime_readable_release(struct mime_readable *r);

/* Takes bytes in. ERR_DATA: no mail, or a limit of the parser's or out's; ERR_OS. */
enum err mime_readable_push(struct mime_readable *r, struct span bytes, struct why *why);

/* No more bytes come; out is whole. Errors as mime_readable_push. */
enum err mime_readable_end(struct mime_readable *r, struct why *why);

#endif
