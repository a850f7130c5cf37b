/*
 * From images to fax pages: which paper, at which scale, where on it, black and white, cleaned.
 *
 * An image that is bilevel and as wide as the paper goes through row by row, untouched, however
 * many rows it has. Any other is scaled as it comes and kept as one gray page at most.
 */
#ifndef SCAN_SHEET_H
#define SCAN_SHEET_H

#include "scan/paper.h"
#include "scan/tone.h"

enum scan_fit {
    SCAN_FIT_SCALE, /* the whole image on one page, as large as it can be */
    SCAN_FIT_CROP,  /* its own size where it states one, else the paper's width; the rest is cut */
    SCAN_FIT_PAGES, /* the paper's width; what is longer than the paper goes on the next page */
};

struct scan_options {
    unsigned paper;       /* an enum page_paper, or SCAN_PAPER_AUTO */
    struct scan_resolution resolution;
    bool keep_resolution; /* a bilevel image as wide as its paper keeps the one it states */
    bool fit_given;       /* else rows that go through untouched are never cut into pages */
    enum scan_fit fit;
    enum scan_tone tone;
    unsigned threshold;
    bool deskew, despeckle;
    unsigned pages; /* at most so many images of the source; 0: all */
};

/*
 * Makes pages of all images of source and gives them to target (begin and row; not end).
 * ERR_DATA: what the source says, an image without rows, or a page too long to be cleaned;
 * *images (may be NULL) counts the images.
 */
enum err scan_sheets(struct scan_source *source, const struct scan_options *options,
                     struct scan_target *target, unsigned *images, struct why *why);

#endif
