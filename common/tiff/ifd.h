/*
 * TIFF directories as they lie in a file, read without belief: every tag is a claim, in either
 * byte order, in any order, and nothing is allocated for what a tag says.
 */
#ifndef TIFF_IFD_H
#define TIFF_IFD_H

#include "bytes/err.h"
#include "bytes/span.h"
#include "tiff/tags.h"

struct tiff_file {
    int fd; /* seekable */
    uint64_t size;
    bool big_endian, big; /* big: BigTIFF */
    uint64_t first;       /* offset of the first directory */
};

/* An entry whose values may be many. */
struct tiff_values {
    unsigned type;
    uint32_t count; /* 0: no such tag */
    uint64_t at;    /* offset in the file of the first value */
};

enum { TIFF_TAGS_KNOWN = 40 };

/* What a directory claims; 0 where a tag is absent, unless said otherwise. */
struct tiff_ifd {
    uint64_t at, next; /* this directory's offset and the next one's */
    uint64_t end;      /* of its entries and the pointer behind them */
    uint32_t width, rows, rows_per_strip;
    unsigned bits, compression, photometric, fill_order, orientation, samples, resolution_unit;
    unsigned t4_options, t6_options, page_number, page_total;
    uint32_t tile_width, tile_length;
    double xdpi, ydpi; /* per inch where the unit says so, else as they stand */
    bool has_photometric, has_page_number, has_rows_per_strip, unsorted, dirty;
    uint32_t bad_lines, subfile_type;
    struct tiff_values strip_offsets, strip_counts; /* or the tiles', where there are tiles */
    struct tiff_values seen[TIFF_TAGS_KNOWN];       /* for tiff_seen */
};

/* The first bytes are those of a TIFF ("II*\0", "MM\0*") or a BigTIFF ("II+\0", "MM\0+"). */
bool tiff_is(struct span bytes);

/* Reads the header; fd stays the caller's. ERR_DATA: not a TIFF. ERR_IO. */
enum err tiff_file_open(struct tiff_file *f, int fd, struct why *why);

/* Reads the directory at offset. ERR_DATA: it does not lie within the file, or has no entries. */
enum err tiff_ifd_read(const struct tiff_file *f, uint64_t offset, struct tiff_ifd *d,
                       struct why *why);

/* What the directory says of a tag of tags.h; its count is 0 where it is absent. */
const struct tiff_values *tiff_seen(const struct tiff_ifd *d, enum tiff_tag tag);

/* The ith value (of whole numbers). ERR_DATA: there is none, or it is beyond the file. */
enum err tiff_value(const struct tiff_file *f, const struct tiff_values *v, uint32_t i,
                    uint64_t *value, struct why *why);

/* A directory's count of entries, and where the pointer behind them is. ERR_DATA: it does not lie
 * within the file. */
enum err tiff_ifd_extent(const struct tiff_file *f, uint64_t offset, uint64_t *entries,
                         uint64_t *end, struct why *why);

/* The pointer to the next directory, which is at `at`. A writer that died, or forgot it, leaves
 * none: 0. */
uint64_t tiff_ifd_next(const struct tiff_file *f, uint64_t at);

/* Walks the chain of directories: how many. ERR_DATA: it loops, leaves the file, is empty, has
 * more than 65,535, or directories that overlap. */
enum err tiff_count_pages(const struct tiff_file *f, unsigned *pages, struct why *why);

/* Reads exactly n bytes at offset. ERR_DATA: the file ends before. ERR_IO. */
enum err tiff_pread(const struct tiff_file *f, uint64_t offset, void *p, size_t n,
                    struct why *why);

#endif
