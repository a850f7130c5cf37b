/*
 * A look at a TIFF that streams by: how many pages, and whether it is a fax (TIFF 6.0 §2, RFC
 * 3949). Nothing of the image is looked at and nothing kept: 64 bytes of state.
 *
 * The chain of directories can be followed only forwards, which is how g3tiff, libtiff and fax
 * machines write it; a chain that goes back is not counted.
 */
#ifndef MIME_TIFF_SCAN_H
#define MIME_TIFF_SCAN_H

#include "bytes/span.h"

struct tiff_scan {
    uint64_t at;    /* offset of the next byte */
    uint64_t next;  /* of the next directory, or of what of it is wanted next */
    uint32_t pages;
    uint16_t entries; /* of the directory still to come */
    enum { TIFF_SCAN_HEAD, TIFF_SCAN_COUNT, TIFF_SCAN_ENTRY, TIFF_SCAN_LINK, TIFF_SCAN_END } state;
    bool big_endian, bad, first_done;
    bool bilevel_coding; /* Compression 2, 3 or 4 in the first directory */
    uint8_t held[12];
    unsigned held_n;
};

/* Starts at the first byte of what may be a TIFF. */
void tiff_scan_init(struct tiff_scan *t);

/* Takes the next bytes. */
void tiff_scan_add(struct tiff_scan *t, struct span bytes);

/* The pages seen; 0: it is no TIFF, or its chain cannot be followed or was cut. */
uint32_t tiff_scan_pages(const struct tiff_scan *t);

/* The first page has been seen, and is coded as faxes are (T.4 or T.6). */
bool tiff_scan_is_fax(const struct tiff_scan *t);

#endif
