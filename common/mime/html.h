/*
 * The text of HTML, to read it by: tags, comments, scripts and styles go, entities become what
 * they mean, blanks are one, block elements begin lines and paragraphs, and lists have dashes.
 * No browser: what styles hide is there, and nothing is laid out.
 *
 *     html_text_init(&h, &out);
 *     while (… read …) html_text_push(&h, bytes);
 *     html_text_end(&h);
 *
 * The bytes are UTF-8 (or any superset of ASCII, where only entities come as UTF-8). The text has
 * LF line ends, no control bytes, and one line end at its end; it is at most four times as long
 * as the HTML. State is a few dozen bytes, and time linear.
 */
#ifndef MIME_HTML_H
#define MIME_HTML_H

#include "bytes/buf.h"

enum { HTML_NAME_MAX = 12, HTML_TAG_MAX = 65536 };

struct html_text {
    struct buf *out;
    size_t start; /* of the text in out */
    enum html_state {
        HTML_TEXT,
        HTML_OPEN,    /* behind '<' */
        HTML_NAME,    /* in the name of a tag */
        HTML_TAG,     /* behind the name */
        HTML_COMMENT, /* behind "<!--" */
        HTML_SKIPPED, /* in a script or style */
        HTML_ENTITY   /* behind '&' */
    } state;
    char name[HTML_NAME_MAX + 2]; /* of the tag or entity at hand */
    unsigned name_n;
    char quote;      /* that an attribute's value is in, or 0 */
    size_t tag_n;    /* bytes of the tag: over HTML_TAG_MAX a quote was never closed */
    const char *skip; /* what ends HTML_SKIPPED or HTML_COMMENT */
    unsigned matched; /* how much of it has been seen */
    unsigned breaks; /* line ends due before the next word: 2 make a paragraph */
    bool blank;      /* a blank is due before the next word */
    bool bullet;     /* a list's dash is due */
    unsigned pre;    /* open pre elements */
    enum err err;
};

/* Text is appended to out, which must outlive h. */
void html_text_init(struct html_text *h, struct buf *out);

/* Takes bytes. Errors as buf_add, and then again and again. */
enum err html_text_push(struct html_text *h, struct span bytes);

/* No more bytes come. */
enum err html_text_end(struct html_text *h);

#endif
