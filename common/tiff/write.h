/*
 * Writes TIFF-F (RFC 3949 profiles S and F): "II", then for each page its IFD, the IFD's long
 * values, its one strip; the first IFD at offset 8; no RTC stored; tags ascending; deterministic.
 *
 *     tiff_writer_open(fd, &options, &w, why);
 *     for each page: tiff_page_begin, tiff_page_add…, tiff_page_end
 *     tiff_writer_finish(w, why); tiff_writer_free(w);
 *
 * An IFD tells where the next one is: a page is written when the next one begins, or at the end.
 * Until then its strip waits in memory up to 4 MiB, beyond that in a temporary file.
 */
#ifndef TIFF_WRITE_H
#define TIFF_WRITE_H

#include "page/page.h"

struct tiff_writer;

/* All may be NULL: the tag is not written. datetime is "YYYY:MM:DD HH:MM:SS". profile_s: nothing
 * that profile S does not have. */
struct tiff_writer_options {
    const char *software, *datetime, *description;
    bool profile_s;
};

/* What a page turned out to be, known at its end. */
struct tiff_page_facts {
    uint64_t rows;
    bool eols_aligned;             /* every EOL ends on a byte (MH, MR) */
    uint64_t bad_rows, bad_in_a_row; /* repaired; 0: the tags are not written */
};

/* Writes go to fd, which is not owned, and need not be seekable. ERR_OS. */
enum err tiff_writer_open(int fd, const struct tiff_writer_options *options,
                          struct tiff_writer **w, struct why *why);

/*
 * Starts a page; writes the one before. Of p are used width, xdpi, ydpi (the nominal values are
 * written), coding and total. ERR_DATA: not a page of profile F, or over 65,535 pages or 4 GiB.
 */
enum err tiff_page_begin(struct tiff_writer *w, const struct page *p, struct why *why);

/* Adds strip bytes, MSB first as the codec gives them (they are turned for FillOrder 2): rows led
 * by EOL (MH, MR), no RTC; MMR with its EOFB. */
enum err tiff_page_add(struct tiff_writer *w, struct span bytes, struct why *why);

/* Ends the page. ERR_DATA: no rows. */
enum err tiff_page_end(struct tiff_writer *w, const struct tiff_page_facts *facts,
                       struct why *why);

/* Writes the last page. ERR_DATA: there was none. */
enum err tiff_writer_finish(struct tiff_writer *w, struct why *why);

/* Frees; NULL is fine. Without tiff_writer_finish the last page is not written. */
void tiff_writer_free(struct tiff_writer *w);

#endif
