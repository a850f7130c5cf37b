/*
 * What leptonica does for us: PNG, JPEG and TIFF images, and cleaning of bilevel pages.
 */
#ifndef SCAN_PIX_H
#define SCAN_PIX_H

#include "scan/input.h"
#include "scan/source.h"

/*
 * Images of a PNG, JPEG or TIFF, decoded whole, one at a time; a JPEG of many pels is decoded at
 * a fraction of its size. ERR_DATA: broken, cut short, or more than 64 million pels (24 million
 * in colour, but for JPEG). ERR_OS.
 */
enum err scan_pix_open(struct scan_source *source, struct scan_input *in, struct why *why);

/* The first image of the TIFF that fd reads (and seeks in) has more than one bit a pel. False
 * also for what cannot be read at all. */
bool scan_tiff_has_shades(int fd);

/* A bilevel page in memory. */
struct scan_bitmap {
    uint8_t *rows; /* count rows of (width + 7) / 8 bytes */
    unsigned width, count;
};

/* Turns the page so that its lines of text run level, when they are clearly askew by 0.1 to 7
 * degrees. pel_ratio is xdpi / ydpi: the angle is right also where pels are not square. ERR_OS. */
enum err scan_deskew(struct scan_bitmap *page, double pel_ratio, struct why *why);

/* Takes away specks of up to 2 by 2 pels. ERR_OS. */
enum err scan_despeckle(struct scan_bitmap *page, struct why *why);

/* Black and white from gray by Otsu's threshold for the page, or Sauvola's local one. width
 * and count are page's; gray has width bytes a row. ERR_OS. */
enum err scan_otsu(const uint8_t *gray, struct scan_bitmap *page, struct why *why);
enum err scan_sauvola(const uint8_t *gray, struct scan_bitmap *page, struct why *why);

#endif
