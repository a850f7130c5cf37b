/*
 * A page of facsimile: its header in the G3 page stream ("digifax" and our FXP1 fields; the byte
 * table is in man g3tiff(1)), and the widths, resolutions and lengths that facsimile knows.
 */
#ifndef PAGE_PAGE_H
#define PAGE_PAGE_H

#include "bytes/err.h"
#include "g3/g3.h"

enum { PAGE_HEADER_SIZE = 64, PAGE_ROWS_MAX = 1 << 20, PAGE_NUMBER_MAX = 65535 };

struct page {
    unsigned number;       /* from 1 */
    unsigned total;        /* 0: unknown */
    unsigned width;        /* pels */
    unsigned xdpi, ydpi;
    enum g3_coding coding;
    unsigned k;            /* MR; 0 elsewhere, or unknown */
    uint32_t length;       /* bytes of T.4 data behind the header: a claim; with ours only */
    unsigned flags;        /* of bare data: enum g3_flags, by which its rows follow each other */
    bool ours;             /* FXP1: the length delimits the page; the stream has an end header */
};

/* Writes the 64 bytes of p's header, with FXP1 (p->ours is not looked at). */
void page_header_build(const struct page *p, uint8_t out[PAGE_HEADER_SIZE]);

/* Writes the header that closes a stream: page 0, length 0. */
void page_header_close(uint8_t out[PAGE_HEADER_SIZE]);

/* The bytes begin as a digifax or faxpipe header does (17 bytes are looked at). */
bool page_header_is(struct span bytes);

/*
 * Reads a header of 64 bytes for which page_header_is holds. One without FXP1 gives 1728 pels, MH,
 * 204 by 196 or 98 dpi, ours false. The closing header gives number 0 and length 0, ours true.
 * ERR_DATA: FXP1 fields that cannot be (no width, no resolution, no such coding).
 */
enum err page_header_parse(const uint8_t in[PAGE_HEADER_SIZE], struct page *p, struct why *why);

enum page_paper { PAGE_A4, PAGE_B4, PAGE_A3, PAGE_LETTER, PAGE_LEGAL, PAGE_PAPERS };

/* "a4" … "legal"; false for any other name. */
bool page_paper_parse(struct span name, enum page_paper *paper);

/* A paper's size in units of 1/10 mm. */
void page_paper_size(enum page_paper paper, unsigned *width, unsigned *height);

/* One of the named resolutions of the command lines: "standard", "fine", "superfine", "300",
 * "400"; false for any other. */
bool page_resolution_parse(struct span name, unsigned *xdpi, unsigned *ydpi);

/* Within 5 %: the same resolution to facsimile. */
bool page_same_dpi(unsigned a, unsigned b);

/* The table's value within 5 % of *dpi replaces it: 98, 196, 300, 391 (y), 204, 300, 408 (x).
 * False, and nothing changes, where there is none. */
bool page_nominal_xdpi(unsigned *dpi);
bool page_nominal_ydpi(unsigned *dpi);

/* Pels across that paper at a nominal xdpi; 0 where the table has none. */
unsigned page_width(enum page_paper paper, unsigned xdpi);

/* The width is one of the table's for that nominal xdpi and the pair of resolutions is one of its
 * rows: what TIFF-F profile F may carry. */
bool page_is_profile_f(const struct page *p);

/* MH, 1728 pels, 204 by 98 or 196: what every Internet fax reads. */
bool page_is_profile_s(const struct page *p);

/* Rows of that paper at ydpi: 2287 for A4 fine. */
unsigned page_nominal_rows(enum page_paper paper, unsigned ydpi);

/* T.4's K: 2 at 98, 4 at 196, 8 above. */
unsigned page_nominal_k(unsigned ydpi);

#endif
