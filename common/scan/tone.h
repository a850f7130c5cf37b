/*
 * Black and white from gray: what a fax page is made of.
 */
#ifndef SCAN_TONE_H
#define SCAN_TONE_H

#include "scan/pix.h"

enum scan_tone {
    SCAN_TONE_AUTO,      /* text by a threshold, pictures dithered, each region as it is */
    SCAN_TONE_OTSU,
    SCAN_TONE_SAUVOLA,
    SCAN_TONE_DITHER,    /* error diffusion everywhere */
    SCAN_TONE_THRESHOLD, /* darker than a given value is black */
};

/*
 * Fills page (width and count are set, rows has room) from gray, width bytes a row, 255 = white.
 * threshold is for SCAN_TONE_THRESHOLD. gray may be changed. ERR_OS.
 */
enum err scan_tone(enum scan_tone tone, unsigned threshold, uint8_t *gray,
                   struct scan_bitmap *page, struct why *why);

#endif
