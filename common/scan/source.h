/*
 * What pages are made of: a source gives images, one after another, row by row, and a target
 * takes bilevel pages likewise. Files, children, scanners and text all look like this.
 *
 * Rows are either bits (packed most significant first, 1 = black) or gray (a byte a pel, 0 is
 * black and 255 white).
 */
#ifndef SCAN_SOURCE_H
#define SCAN_SOURCE_H

#include "bytes/err.h"
#include "bytes/span.h"

enum {
    SCAN_WIDTH_MAX = 65535,      /* of an image, in pels; more is refused */
    SCAN_HEIGHT_MAX = 100000000, /* of an image, in rows: it streams, this only bounds sums */
};

struct scan_image {
    unsigned width;
    unsigned height;   /* 0: known only when the last row has come */
    bool bilevel;      /* rows are bits, else gray */
    double xdpi, ydpi; /* 0: unknown */
};

/* Bytes of one row. */
static inline size_t scan_row_size(const struct scan_image *image)
{
    return image->bilevel ? (image->width + 7) / 8 : image->width;
}

/*
 * next: the next image's description; ERR_NO when there is none left. Rows of the image before
 * that were not taken are skipped. row: the next row of that image, valid until the next call;
 * ERR_NO behind the last. Any other error ends the source. close frees it, whatever happened.
 */
struct scan_source {
    enum err (*next)(void *self, struct scan_image *image, struct why *why);
    enum err (*row)(void *self, const uint8_t **row, struct why *why);
    void (*close)(void *self);
    void *self;
};

/* A bilevel page; what follows are its rows, of (width + 7) / 8 bytes, with clean padding. */
struct scan_page {
    unsigned width;
    unsigned xdpi, ydpi; /* of formats.md's table of resolutions */
    unsigned total;      /* pages of the document, 0: unknown */
};

/*
 * begin: a page starts, which ends the one before. row: its next row. end: the document is whole;
 * without it the output is not marked as such. After an error nothing more is called.
 */
struct scan_target {
    enum err (*begin)(void *self, const struct scan_page *page, struct why *why);
    enum err (*row)(void *self, const uint8_t *row, struct why *why);
    enum err (*end)(void *self, struct why *why);
    void *self;
};

#endif
