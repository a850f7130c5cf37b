/*
 * Sheets of paper, and where a page lies on one. Lengths are points of 1/72 inch.
 */
#ifndef PRINT_PAPER_H
#define PRINT_PAPER_H

#include "bytes/span.h"
#include "print/sheet.h"

struct paper {
    const char *name;  /* "a4" */
    const char *media; /* PWG 5101.1's name; NULL for a length of its own */
    double width, height;
};

/* a4, letter, legal, b4, a3, whatever the case; NULL for any other name. */
const struct paper *paper_find(struct span name);

/*
 * The paper that a page was scanned from: by its width A4, B4 or A3, of A4's width by its length
 * also Letter or Legal. What is longer than its paper lies on one as wide and as long as it is.
 */
struct paper paper_of(const struct sheet *s);

/* Scale for both directions, and where the page's top left corner comes to lie. */
struct placement {
    double scale, x, y, width, height;
};

/*
 * fit: the page as large as the paper takes, never enlarged onto the paper it was scanned from.
 * Otherwise its own size, cut where it is over. In the middle of the width, at the top.
 */
struct placement paper_place(const struct paper *paper, const struct sheet *s, bool fit);

#endif
