/*
 * The press: pages in, in order, and out as PDF, PNG, PBM, blocks on a terminal, or sheets.
 *
 *     press_open
 *     press_fax, press_text   page by page, as they come
 *     press_close             must say ERR_NONE before what came out is worth anything
 *
 * PDF: a coded sheet's bytes are embedded as they are, an uncoded one's as T.6, text as text;
 * pages of 98 lines an inch lie there twice as tall as their rows. PBM and PNG: a page's own pels,
 * its rows doubled where they are half as dense as the columns. One page is in memory at a time,
 * of a PDF its coded bytes.
 */
#ifndef PRINT_PRESS_H
#define PRINT_PRESS_H

#include "print/paper.h"
#include "print/sheet.h"
#include "print/terminal.h"

enum press_kind {
    PRESS_COUNT,   /* nothing comes out; pages are counted and checked to be there */
    PRESS_PDF,
    PRESS_PNG,     /* a file a page */
    PRESS_PBM,     /* raw (P4), one after the other */
    PRESS_PREVIEW, /* for a terminal */
    PRESS_SHEETS,  /* to the caller, text as rows of a fine A4 page */
};

/* Pages to print, from 1: "1-3,5,8-". */
struct page_range {
    unsigned first, last;
};

struct press_options {
    enum press_kind kind;
    int fd;                    /* PDF, PBM, PREVIEW: where to */
    const struct paper *paper; /* NULL: as each page was scanned; text on A4 */
    bool actual;               /* PDF: not scaled to fit */
    bool split;                /* PDF: what is far longer than its paper goes onto several sheets */
    const struct page_range *ranges; /* NULL: all pages */
    size_t range_count;
    const char *stamp;    /* at each page's foot, before "page n/total"; NULL: no stamp */
    unsigned total;       /* pages there will be; for the stamp */
    struct terminal terminal; /* PREVIEW */
    const char *title;    /* PDF: of the document; NULL for none */
    /* PNG: opens page n's file; the press closes it not. SHEETS: gets each page. */
    enum err (*next_file)(void *context, unsigned page, int *fd, struct why *why);
    enum err (*sheet)(void *context, const struct sheet *s, struct why *why);
    void *context;
};

struct press;

/*
 * Reads a list of pages into at most *count ranges (then *count is how many). False: it is none,
 * or too long.
 */
bool page_ranges_parse(struct span text, struct page_range *ranges, size_t *count);

/* options is copied; what it points at must outlive the press. ERR_OS. */
enum err press_open(const struct press_options *options, struct press **press, struct why *why);

/* Prints a fax page. ERR_DATA: it has no rows, or is over sheet.h's limits. ERR_IO, ERR_OS. */
enum err press_fax(struct press *p, const struct sheet *s, struct why *why);

/* Prints UTF-8 text on as many pages as it takes; empty text takes none. */
enum err press_text(struct press *p, struct span text, struct why *why);

/* It is PRESS_COUNT: what is warned of would be warned of again when it is printed. */
bool press_counts(const struct press *p);

/* Pages given so far, and those of them that came out (`ranges`). */
unsigned press_given(const struct press *p);
unsigned press_printed(const struct press *p);

/* What comes out ends here, without what would make it whole: for press_close after a failure. */
void press_fail(struct press *p);

/* Finishes what is written, and frees. ERR_IO. NULL is fine. */
enum err press_close(struct press *p, struct why *why);

#endif
