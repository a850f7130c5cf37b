/*
 * Which paper and resolution an image is for.
 */
#ifndef SCAN_PAPER_H
#define SCAN_PAPER_H

#include "page/page.h"
#include "scan/source.h"

/* An enum page_paper that is chosen for each image: scan_paper_for. */
enum { SCAN_PAPER_AUTO = PAGE_PAPERS };

/* As page_resolution_parse names them: 204 x 98, 196, 391; 300 x 300; 408 x 391. */
struct scan_resolution {
    unsigned xdpi, ydpi;
};

/* The same resolution: within 5 %. False when one is unknown (0). */
bool scan_same_dpi(double a, double b);

/*
 * The paper an image is on: the one whose width a bilevel image has exactly, else the smallest
 * that holds its size, else (its resolution is unknown) A4.
 */
enum page_paper scan_paper_for(const struct scan_image *image, const struct scan_resolution *r);

/* The resolution of the table that an image states; false when it states none of them. */
bool scan_resolution_of(const struct scan_image *image, struct scan_resolution *r);

#endif
