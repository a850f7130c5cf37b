/*
 * Inside the fax reader: one page as coded strips, a way to decode them, and the rows.
 */
#ifndef TIFF_FAX_PARTS_H
#define TIFF_FAX_PARTS_H

#include "page/guess.h"
#include "tiff/fax.h"
#include "tiff/ifd.h"
#include "tool/spill.h"

/* libtiff asks for no more than this at once, whatever the tags say. */
enum { FAX_LIBRARY_MEMORY = 64 << 20 };

enum { FAX_CHUNK = 65536, FAX_BITMAP_MAX = 64 << 20, FAX_KEEP_MAX = 2 << 20 };

/* Below so many good rows before damage from which there is no way on, chance may have made them:
 * every 1 is a row to T.6 on white ground. */
enum { FAX_GOOD_ROWS_MIN = 8 };

/* How the coded strips of a page are to be read. */
struct fax_way {
    struct page_way coded;
    bool uncounted; /* a strip goes on to the next thing in the file, not by StripByteCounts */
    bool unshared;  /* a strip has the rows that it has, not RowsPerStrip */
};

/* The position of a decoder in the strips of a page. */
struct fax_walk {
    uint32_t strip;
    uint64_t offset;        /* in the strip's bytes: up to here they were pushed */
    uint64_t base;          /* where in them the decoder started */
    uint64_t bytes;         /* read so far */
    uint64_t rows_in_strip;
    uint64_t rows, bad_rows, bad_now, bad_in_a_row;
    uint64_t owed;          /* rows that have no bits and are still to be given */
    bool white;             /* they are white, and not as the row above */
    bool ended;             /* the strip's bytes are through */
    bool over;              /* all strips are */
    bool lost;              /* a strip ended in damage with no way on */
    bool cut;               /* a strip's last row was damaged when its bytes ended */
};

struct fax {
    int fd;
    bool own_fd, tiff;
    unsigned wants; /* of enum fax_wants */
    struct page_stream *stream; /* NULL for a TIFF */
    bool stream_over;
    struct tiff_file file;
    unsigned pages, done;
    uint64_t next_ifd;
    uint64_t work; /* spent on the pages of a TIFF so far, about in coded bytes */
    uint64_t guessed; /* bytes of samples that guesses were made from */
    uint64_t rows; /* of all pages so far, where they are coded by T.4 or T.6 */
    uint64_t coded; /* bytes of all these pages */
    struct page_guesser *guesser; /* made when the first page needs it */
    struct fax_way habit; /* of the last page whose tags lied; width 0: of none */

    /* The page. */
    struct fax_page page;
    struct tiff_ifd ifd;
    struct spill spill;   /* a stream's coded bytes */
    uint32_t strips;      /* or tiles */
    uint64_t strip_rows;  /* of every strip but the last; 0: until its end */
    uint64_t coded_rows;  /* that the tags claim, 0 where they do not */
    unsigned coded_width;
    bool clipped;         /* a strip claims bytes beyond the file */
    bool unsaid;          /* nobody said how many bytes the strip at hand has */
    struct fax_way way;
    bool invert;          /* 0 is black */
    bool closed;          /* an RTC or EOFB was found where the rows end */
    uint64_t end_of_rows; /* bits */
    struct fax_walk walk;
    struct buf bitmap;    /* rows, where they are not decoded as they are asked for */
    uint64_t bitmap_row;
    bool in_bitmap;
    uint8_t *in, *chunk;  /* FAX_CHUNK each */
    size_t in_size;       /* bytes of in already read from the stream */
    uint64_t chunk_at;    /* chunk holds so many bytes of a TIFF from there on */
    size_t chunk_size;
    bool chunk_lsb;       /* turned */
    struct g3_decoder decoder;
};

/* What going through a page one way gave. */
struct fax_pass {
    struct fax_way way;
    int grade; /* claims.c's */
    uint64_t rows, bad_rows, bad_in_a_row;
    uint64_t all_rows, end_of_rows, bytes;
    unsigned longest_2d;
    bool led, aligned, whole, closed, lost;
    bool kept; /* f->bitmap has all the rows */
};

/* A file has at most a row in a bit (T.6), of all pages together, and some concealed ones. */
enum { FAX_ROWS_A_BYTE = 8, FAX_ROWS_FREE = 4096 };

/* Nor have its pages more bytes than it; strips that nobody counts may overlap. */
enum { FAX_SHARED = 4, FAX_SHARED_FREE = 1 << 20 };

/* tiff_page.c: the next page of a TIFF. ERR_NO: there is none. ERR_DATA. */
enum err fax_next_tiff(struct fax *f, struct why *why);

/* Passes over it. */
enum err fax_skip_tiff(struct fax *f, struct why *why);

/* stream_page.c: the next one of everything else, its coded bytes in the spill. The same errors. */
enum err fax_next_of_stream(struct fax *f, struct why *why);

/* Passes over it. */
enum err fax_skip_of_stream(struct fax *f, struct why *why);

/* walk.c: starts at the page's first row, reading it that way. */
void fax_walk_start(struct fax *f, const struct fax_way *way);

/*
 * The next row into row (NULL: counted only), G3_ROW or G3_BAD_ROW; G3_END when the strips are
 * through. ERR_IO, ERR_DATA (too many rows).
 */
enum err fax_walk_row(struct fax *f, uint8_t *row, enum g3_event *event, struct why *why);

/*
 * Goes through all rows of the page that way; keep: into f->bitmap, as long as they fit into
 * FAX_KEEP_MAX. What ImageLength does not ask for counts only when all is well with it.
 */
enum err fax_go_through(struct fax *f, const struct fax_way *way, bool keep,
                        struct fax_pass *pass, struct why *why);

/* The rows of f->bitmap become 1 = black, and are what fax_row gives. */
void fax_use_bitmap(struct fax *f, uint64_t rows);

/* Where a strip's bytes lie. ERR_DATA: it has no offset. */
enum err fax_strip_extent(struct fax *f, uint32_t strip, uint64_t *at, uint64_t *end,
                          struct why *why);

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
 * decompressed 2,048 times at most, made of greys 128, turned 4,096; of a strip, and of a damaged
 * row a pel. */
enum { FAX_COST_UNPACK = 32, FAX_COST_GREY = 2, FAX_COST_TURN = 64, FAX_COST_STRIP = 64,
       FAX_COST_MEND = 1024 };

/* grey.c: greys and colours of libtiff's tif (a TIFF *), a strip at a time, made bilevel by error
 * diffusion into rows of stride bytes. False: it cannot be read. */
bool fax_read_grey(const struct fax *f, void *tif, uint8_t *rows, size_t stride);

/* bilevel.c: rows of one bit a pel of libtiff's tif, 1 = black; those that cannot be read are
 * concealed and counted. False: none can. */
bool fax_read_bilevel(struct fax *f, void *tif, uint8_t *rows, size_t stride);

/* Adds to f->bitmap what a page's one strip has behind the rows that ImageLength asks for; warns of
 * it, and of strips that are too many or too few. ERR_DATA, ERR_OS. */
enum err fax_read_behind(struct fax *f, void *tif, size_t stride, struct why *why);

/*
 * T.82: its header says how large the image is, and the library believes it. The FillOrder by
 * which libtiff (that turns the bytes of FillOrder 1, and leaves those of 2) finds in every strip
 * a header of the page's size; 0: there is none.
 */
unsigned fax_jbig_order(const struct fax *f);

/* claims.c: finds the way a TIFF page's strips are best read, whatever its tags say, and fills
 * f->page. ERR_DATA: no way gives a page. */
enum err fax_examine_tiff(struct fax *f, struct why *why);

/* How a TIFF page's strips are to be read if its tags are true. */
struct fax_way fax_claimed_way(const struct fax *f);

/* lies.c: "mh", "rle", … */
const char *fax_way_name(const struct page_way *way);

/* Warns of each tag that the way in which the page is best read proves wrong, and of repairs. */
void fax_warn_of_lies(struct fax *f, const struct fax_pass *t);

/* RowsPerStrip and ImageLength do not give as many strips as there are. */
bool fax_shares_badly(const struct fax *f);

/* The last strip might have more bytes than StripByteCounts says. */
bool fax_has_more(struct fax *f);

/* Counts a page's rows and bytes. ERR_DATA: all pages together have more than the file can give. */
enum err fax_count_page(struct fax *f, uint64_t rows, uint64_t bytes, struct why *why);

/* plain.c: a bilevel page without compression or as PackBits, into f->bitmap. */
enum err fax_read_plain(struct fax *f, struct why *why);

/* tiles.c: the page's tiles are strips to fax_examine_tiff; this puts them where they belong, into
 * f->bitmap. */
enum err fax_lay_tiles(struct fax *f, struct why *why);

/* foreign.c: a page of other compressions, by libtiff, into f->bitmap (not yet upright). */
enum err fax_read_foreign(struct fax *f, struct why *why);

/* orient.c: turns f->bitmap of width pels upright after Orientation; swaps the page's sides and
 * resolutions where it is turned by a quarter. */
enum err fax_turn(struct fax *f, struct why *why);

/* Adds a warning to the page; what is over FAX_WARNINGS is dropped. */
void fax_warn(struct fax *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
