/*
 * Any fax document, read page by page: TIFF of whatever kind, G3 page streams, digifax, SFF, bare
 * T.4 and T.6. What it is is told from the content.
 *
 *     fax_open(path, &hints, &f, why);
 *     while (!(e = fax_next(f, &page, why))) {       // ERR_NO after the last page
 *         if (page.carried) fax_carry(f, …);         // its coded bits, as they are
 *         fax_rewind(f); while (!(e = fax_row(f, row, why))) …   // or its rows
 *     }
 *     fax_close(f);
 *
 * fax_next goes through the whole page once, so that its rows are counted and damage is known
 * before anything of it is used. Memory: the coded page up to 4 MiB, beyond that a temporary file;
 * where rows are wanted, a bitmap of up to 2 MiB (A4 at 400 dpi), so that they are decoded once
 * (larger pages are decoded again); a page that must be turned, or that is not coded by T.4 or T.6,
 * as a bitmap of up to 64 MiB.
 */
#ifndef TIFF_FAX_H
#define TIFF_FAX_H

#include "page/stream.h"

struct fax;

enum { FAX_WARNINGS = 12, FAX_WARNING_SIZE = 96 };

struct fax_page {
    struct page page;        /* number from 1; coding is that of the carried bits, else mh */
    const char *coding_name; /* "mh", "mr", "mmr", "none", "packbits", "lzw", "jpeg", … */
    uint64_t rows;           /* true, upright rows */
    uint64_t bad_rows, bad_in_a_row; /* concealed ones; 0 in a clean page */
    unsigned orientation;    /* what the TIFF claims (1 upright); rows are given upright */
    bool carried;            /* fax_carry works: clean T.4 or T.6 in one piece, white is 0 */
    bool eols_aligned;       /* every EOL ends on a byte (MH, MR) */
    bool told_bad;           /* the TIFF says whether rows had been damaged before (BadFaxLines) */
    uint64_t told_rows, told_in_a_row; /* how many, of those here (of its data all is well) */
    bool shades;             /* greys or colours, which were made bilevel */
    unsigned warnings;
    char warning[FAX_WARNINGS][FAX_WARNING_SIZE];
};

/*
 * Opens path (NULL, "-": stdin). hints (may be NULL) are for bare data. ERR_NO_INPUT; ERR_DATA:
 * empty, or a TIFF that has no pages or loops; ERR_IO, ERR_OS. Free with fax_close also after an
 * error.
 */
enum err fax_open(const char *path, const struct page_hints *hints, struct fax **f,
                  struct why *why);

/* The same for an open descriptor, which the caller closes after fax_close. */
enum err fax_open_fd(int fd, const struct page_hints *hints, struct fax **f, struct why *why);

enum fax_wants {
    FAX_WANT_ROWS = 1,    /* fax_row will be called, and not only where a page cannot be carried */
    FAX_WANT_BILEVEL = 2, /* a page of greys or colours is ERR_DATA */
};

/* Says what fax_next is to prepare for; before the first one. Without it, neither. */
void fax_want(struct fax *f, unsigned wants);

/* It is a TIFF; its number of pages is known. Of others fax_total is 0. */
bool fax_is_tiff(const struct fax *f);
unsigned fax_total(const struct fax *f);

/*
 * Goes to the next page. ERR_NO: there is none, and the document is whole. ERR_DATA: cut short,
 * damaged beyond repair, a page of an unknown kind, over PAGE_ROWS_MAX rows.
 */
enum err fax_next(struct fax *f, struct fax_page *page, struct why *why);

/*
 * Passes over the next page without looking at its rows: damage in it is nobody's business.
 * ERR_NO: there is none. ERR_DATA: cut short, or a directory that cannot be read.
 */
enum err fax_skip(struct fax *f, struct why *why);

/* Pages given and passed over so far. */
unsigned fax_done(const struct fax *f);

typedef enum err fax_sink(void *context, struct span bytes, struct why *why);

/*
 * Gives the coded bits of a page that is carried: MH and MR led by EOL and without RTC unless
 * closed asks for it, MMR with its EOFB.
 */
enum err fax_carry(struct fax *f, bool closed, fax_sink *sink, void *context, struct why *why);

/* All the rows as fax_row would give them, one behind the other, each (width + 7) / 8 bytes; empty
 * where they are not at hand, and fax_row must be asked. Valid until fax_next. */
struct span fax_rows(const struct fax *f);

/* Starts the rows of the page (again). */
enum err fax_rewind(struct fax *f, struct why *why);

/* The next row: packed, 1 = black, upright, damage concealed. ERR_NO: there are no more. */
enum err fax_row(struct fax *f, uint8_t *row, struct why *why);

/* Closes and frees; NULL is fine. */
void fax_close(struct fax *f);

#endif
