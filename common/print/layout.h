/*
 * Text on pages: UTF-8 laid out with Pango in a fixed-pitch face, drawn on any cairo surface or
 * given as bilevel rows at a fax page's resolution.
 *
 * A struct layout is walked page by page; only the current page's lines are in memory, whatever
 * the text's length. Tabs stop at every eighth column, a form feed begins a page, long lines are
 * wrapped, CR and a leading byte order mark are dropped, and what is not a character (control
 * bytes, malformed UTF-8) shows as U+FFFD. Bits are packed most significant first, 1 = black.
 */
#ifndef PRINT_LAYOUT_H
#define PRINT_LAYOUT_H

#include "bytes/err.h"
#include "bytes/span.h"

struct _cairo; /* cairo_t, whose header stays inside this folder */
struct layout;

/* The paper, in points of 1/72 inch. 0 in size_pt is 10, NULL in font is "monospace". */
struct layout_style {
    double width_pt, height_pt;
    double margin_pt; /* on all four sides */
    double size_pt;
    const char *font; /* a Pango font description without its size */
};

/* A bilevel page: width pels by rows, each row (width + 7) / 8 bytes. */
struct layout_geometry {
    unsigned width, rows;
    double xdpi, ydpi;
};

/* The style whose paper is exactly the page g, with margins of 15 mm. */
struct layout_style layout_style_of(const struct layout_geometry *g);

/*
 * Begins to lay out text, which is borrowed until layout_close. No page is current yet. ERR_USAGE:
 * the margins leave no room for a line. ERR_OS: no memory or no font.
 */
enum err layout_open(const struct layout_style *style, struct span text, struct layout **layout,
                     struct why *why);

/* Frees it; NULL is harmless. */
void layout_close(struct layout *layout);

/* Lays out the next page and makes it current. False when no text is left. */
bool layout_next(struct layout *layout);

/* Draws the current page in black; cr is scaled in points, its origin the paper's top left. */
void layout_draw(const struct layout *layout, struct _cairo *cr);

/*
 * Writes count rows of the current page, from row first, to rows (white where the page has no
 * text). The paper is scaled to g's resolution and cut or filled up to g's width. ERR_OS.
 */
enum err layout_rows(const struct layout *layout, const struct layout_geometry *g, unsigned first,
                     unsigned count, uint8_t *rows, struct why *why);

/*
 * Writes one line of UTF-8 text as g->rows rows: as large as fits into that height, shortened
 * with an ellipsis where it is longer than the width. ERR_OS.
 */
enum err layout_line(const char *text, const struct layout_geometry *g, uint8_t *rows,
                     struct why *why);

#endif
