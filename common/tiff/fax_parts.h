/*
 * Inside the fax reader: one page as coded strips, a way to decode them, and the rows.
 */
#ifndef TIFF_FAX_PARTS_H
#define TIFF_FAX_PARTS_H

#include "tiff/fax.h"
#include "tiff/ifd.h"
#include "tool/spill.h"

enum { FAX_CHUNK = 65536, FAX_BITMAP_MAX = 64 << 20 };

/* How coded strips are to be read. */
struct fax_way {
    enum g3_coding coding;
    unsigned flags;
    bool lsb;
};

/* The position of a decoder in the strips of a page. */
struct fax_walk {
    uint32_t strip;
    uint64_t offset;        /* in the strip's bytes */
    uint64_t bytes;         /* read so far */
    uint64_t rows_in_strip;
    uint64_t rows, bad_rows, bad_now, bad_in_a_row;
    bool over;              /* all strips are through */
    bool lost;              /* a strip ended in damage with no way on */
    bool cut;               /* a strip's last row was damaged when its bytes ended */
};

struct fax {
    int fd;
    bool own_fd, tiff;
    struct page_stream *stream; /* NULL for a TIFF */
    bool stream_over;
    struct tiff_file file;
    unsigned pages, done;
    uint32_t next_ifd;
    uint64_t work; /* spent on the pages of a TIFF so far, about in coded bytes */
    uint64_t rows; /* of all pages so far, where they are coded by T.4 or T.6 */

    /* The page. */
    struct fax_page page;
    struct tiff_ifd ifd;
    struct spill spill;   /* a stream's coded bytes */
    uint32_t strips;
    uint64_t strip_rows;  /* of every strip but the last; 0: until its end */
    bool clipped;         /* a strip claims bytes beyond the file */
    struct fax_way way;
    bool invert;          /* 0 is black */
    bool closed;          /* an RTC or EOFB was found where the rows end */
    uint64_t end_of_rows; /* bits */
    struct fax_walk walk;
    struct buf bitmap;    /* upright rows, where they are not decoded as they are asked for */
    uint64_t bitmap_row;
    bool in_bitmap;
    uint8_t *in, *chunk;  /* FAX_CHUNK each */
    size_t in_size;       /* bytes of in already read from the stream */
    struct g3_decoder decoder;
};

/* A file has at most a row in a bit (T.6), of all pages together, and some concealed ones. */
enum { FAX_ROWS_A_BYTE = 8, FAX_ROWS_FREE = 4096 };

/* walk.c: starts at the page's first row, reading it that way. */
void fax_walk_start(struct fax *f, const struct fax_way *way);

/*
 * The next row into row (NULL: counted only), G3_ROW or G3_BAD_ROW; G3_END when the strips are
 * through. ERR_IO, ERR_DATA (too many rows).
 */
enum err fax_walk_row(struct fax *f, uint8_t *row, enum g3_event *event, struct why *why);

/* The bytes of a strip from offset on; empty at its end. LSB bytes come turned. */
enum err fax_strip_bytes(struct fax *f, uint32_t strip, uint64_t offset, struct span *bytes,
                         struct why *why);

/*
 * Spends work on a TIFF's page. ERR_DATA: the pages, strips and rows claimed are out of all
 * proportion to the file, which they can only be by sharing its bytes. It bounds the time that
 * all pages take together by the file's size.
 */
enum err fax_spend(struct fax *f, uint64_t work, struct why *why);

/* What a bitmap of so many bytes costs where it is made from something else than coded rows:
 * decompressed 2,048 times at most, made of greys 128, turned 4,096. */
enum { FAX_COST_UNPACK = 32, FAX_COST_GREY = 2, FAX_COST_TURN = 64, FAX_COST_STRIP = 64 };

/* claims.c: finds the way a TIFF page's strips are best read, whatever its tags say, and fills
 * f->page. ERR_DATA: no way gives a page. */
enum err fax_examine_tiff(struct fax *f, struct why *why);

/* foreign.c: a page of other compressions, by libtiff, into f->bitmap (not yet upright). */
enum err fax_read_foreign(struct fax *f, uint32_t ifd_offset, struct why *why);

/* orient.c: turns f->bitmap of width pels upright after Orientation; swaps the page's sides and
 * resolutions where it is turned by a quarter. */
enum err fax_turn(struct fax *f, struct why *why);

/* Adds a warning to the page; what is over FAX_WARNINGS is dropped. */
void fax_warn(struct fax *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
