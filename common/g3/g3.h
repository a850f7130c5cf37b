/*
 * The codec of Group 3 and Group 4 facsimile: MH and MR (ITU-T T.4) and MMR (T.6).
 *
 * Rows are packed bits, most significant bit leftmost, 1 = black, (width + 7) / 8 bytes; the
 * unused bits of a row's last byte are ignored when read and 0 when written. Coded bytes are most
 * significant bit first (g3_reverse_bits turns the others). Width is 1 to G3_WIDTH_MAX.
 *
 * Nothing is allocated and nothing is global: an encoder or decoder is one struct, some 300 kB,
 * that its owner keeps in static or heap memory, and that needs no release. Different structs may
 * be used by different threads.
 */
#ifndef G3_G3_H
#define G3_G3_H

#include "bytes/span.h"

enum g3_coding { G3_MH, G3_MR, G3_MMR };

enum { G3_WIDTH_MAX = 65535 };

enum g3_flags {
    G3_ALIGN_EOL = 1, /* encoder: fill bits before each EOL, so that it ends on a byte */
    G3_NO_EOL = 2,    /* rows follow each other without EOL: MH (TIFF compression 2, some 3), and
                         MR, each row behind its tag bit (as some readers of PDF have it) */
    G3_ALIGN_ROW = 4, /* every row starts on a byte: RLE, some PDF; decoder: also behind its EOL */
};

/* "mh", "mr", "mmr". */
const char *g3_coding_name(enum g3_coding coding);

/* The coding of that name; false for any other. */
bool g3_coding_parse(struct span name, enum g3_coding *coding);

/* Turns the bit order of every byte, in place. */
void g3_reverse_bits(uint8_t *p, size_t n);

/* Places behind a line's last change that a kernel may write to. */
enum { G3_LINE_SLACK = 64 };

/* A row's positions of colour change, from [1] on: strictly ascending, closed by eight times the
 * width. [0] is the left edge, 0. */
struct g3_line {
    uint16_t change[G3_WIDTH_MAX + 1 + G3_LINE_SLACK];
};

/*
 * A row as masks, 64 pels a word, the leftmost lowest. Behind its edge the last pel's opposite goes
 * on to the end of the word, so that the edge is a change and nothing behind it. change[0] and the
 * word behind the last are 0; kernels may write up to the next multiple of eight.
 */
enum { G3_ROW_WORDS = (G3_WIDTH_MAX / 64 + 2 + 7) / 8 * 8 };
struct g3_row {
    uint64_t pels[G3_ROW_WORDS];
    uint64_t change[1 + G3_ROW_WORDS]; /* where a pel differs from the one to its left; from [1] */
    uint64_t closing[17];              /* for the row below: g3_close_row */
};

/* A row as the next one's coding needs it. */
struct g3_kept {
    struct g3_line line;
    unsigned codes; /* its changes and its edge: what coding it once more takes */
    bool masked;    /* it has the masks too: there are many changes */
    struct g3_row masks;
};

struct g3_encoder {
    uint64_t pending; /* bits not yet written, left-aligned; fewer than 8 between calls */
    unsigned pending_bits;
    enum g3_coding coding;
    unsigned width, k, flags;
    unsigned until_1d;  /* MR: two-dimensional rows still to come before the next other one */
    unsigned reference;  /* which of rows holds the row before; the other is for the next one */
    struct g3_kept rows[2];
    uint8_t before[G3_WIDTH_MAX / 8 + 1]; /* the row before, as it was given */
};

/*
 * Starts a page. k is T.4's K parameter for MR: of k rows one is coded one-dimensionally (1 and 0:
 * all of them); no meaning for the others. flags of enum g3_flags.
 */
void g3_encoder_init(struct g3_encoder *e, enum g3_coding coding, unsigned width, unsigned k,
                     unsigned flags);

/* The most bytes that one call of g3_encode_row or g3_encode_end may touch of its out. */
size_t g3_row_bound(unsigned width);

/*
 * Codes a row, led by its EOL in MH and MR; returns the bytes put into out, where g3_row_bound
 * are free. Bits that do not fill a byte wait for the next call.
 */
size_t g3_encode_row(struct g3_encoder *e, const uint8_t *row, uint8_t *out);

/* The page's end: RTC (MH, MR) or EOFB (MMR), and zeros up to the byte. */
size_t g3_encode_end(struct g3_encoder *e, uint8_t *out);

/* Zeros up to the byte without RTC or EOFB: a strip of TIFF-F in MH or MR ends so. */
size_t g3_encode_flush(struct g3_encoder *e, uint8_t *out);

enum g3_event {
    G3_MORE,    /* all pushed bytes are used: push more, or finish */
    G3_ROW,     /* a row */
    G3_BAD_ROW, /* a row was damaged: its good part, then what the row above has there */
    G3_END,     /* the page is over: RTC, EOFB, or the end of the bytes after a whole row */
    G3_LOST,    /* a row was damaged, with no EOL to find the way again; no more rows come */
};

/* Where a decoder stands between two calls; nobody else's business. */
enum g3_step {
    G3_STEP_START,  /* nothing of the page has been read */
    G3_STEP_EOL,    /* in the zeros of an EOL */
    G3_STEP_TAG,    /* behind an EOL: MR's tag bit, another EOL, or a row */
    G3_STEP_MISSED, /* rows that the EOLs without anything between stand for */
    G3_STEP_LINE,   /* at a row without EOL */
    G3_STEP_PADDING, /* at zeros where such a row should be */
    G3_STEP_ROW,    /* in a row */
    G3_STEP_CHECK,  /* behind a row that adds up: is there an EOL? */
    G3_STEP_RESYNC, /* in a damaged row: looking for an EOL */
    G3_STEP_END,
    G3_STEP_LOST,
};

/* How many rows are decoded ahead, and in how much room: little enough for the nearest cache. */
enum { G3_AHEAD_ROWS = 32, G3_AHEAD_BYTES = 8192 };

struct g3_decoder {
    /* What came out so far; to be read at any time. */
    uint64_t rows, bad_rows;  /* bad ones are in rows too */
    uint64_t bad_in_a_row;    /* most consecutive bad rows */
    uint64_t end_of_rows;     /* bits up to the end of the last row, without what follows */
    uint64_t eols;            /* EOLs that led a row */
    unsigned good_pels;       /* of the row that G3_LOST gives */
    unsigned longest_2d;      /* MR: most two-dimensional rows in a row; K is at least one more */
    bool closed;              /* RTC or EOFB was seen, whole */
    bool led;                 /* the first row was led by an EOL */
    bool eols_aligned;        /* every EOL that led a row ended on a byte */

    /* The decoder's own. */
    struct g3_bits {
        const uint8_t *at, *end;
        uint64_t bits; /* left-aligned; behind `have` come bits of *at already, or zeros */
        unsigned have;
    } in;
    uint64_t pushed; /* bytes, all spans together */
    bool finished, reference_lost, two_d, off_byte;
    enum g3_coding coding;
    unsigned width, flags;
    enum g3_step step;
    unsigned zeros, eol_run, bad_to_come, bad_now, run_2d;
    unsigned phase, a0, n, b1, run, last_zeros;
    unsigned reference;
    unsigned blank, blank_shift; /* MH: the code of a white row, which the bits start with */
    bool last_in_code; /* the last row is not in lines, but coded there: */
    struct g3_place {
        const uint8_t *byte;
        unsigned bit;
    } last_row;
    const uint8_t *begin; /* of the span */
    struct g3_ahead {     /* MH: rows decoded before they are asked for */
        unsigned room, pitch, most; /* how many there may be, their distance, how many next time */
        unsigned begun, ready, given;
        bool stopped;         /* the next row is not as it should be */
        const uint8_t *base;  /* of the places, in bits, where a row's codes start and end */
        uint32_t start[G3_AHEAD_ROWS + 1], end[G3_AHEAD_ROWS];
        uint8_t rows[G3_AHEAD_BYTES];
    } ahead;
    struct g3_line lines[2];
};

/* Starts a page at its first bit. flags of enum g3_flags. */
void g3_decoder_init(struct g3_decoder *d, enum g3_coding coding, unsigned width, unsigned flags);

/*
 * Gives the next bytes, which must stay where they are until g3_decoder_next has said G3_MORE.
 * Only allowed at the start and after G3_MORE.
 */
void g3_decoder_push(struct g3_decoder *d, struct span bytes);

/* No more bytes will come. */
void g3_decoder_finish(struct g3_decoder *d);

/*
 * The next event. After G3_ROW and G3_BAD_ROW row holds a row, after others anything (row may be
 * NULL: checked and counted only). Of a damaged row are kept the pels that were decoded before the
 * damage was noticed; a row of which there are none, or whose reference was damaged (MR, up to the
 * next one-dimensional row), is the row above, and that is white before the first. With the first
 * G3_LOST row holds the good_pels of a row that is not counted, white behind them. G3_END and
 * G3_LOST repeat themselves. Work is linear in the bytes pushed plus the rows given; how many rows
 * a page may have is the caller's to limit (T.6 says a row in a bit).
 */
enum g3_event g3_decoder_next(struct g3_decoder *d, uint8_t *row);

/*
 * Puts the row given last (white before the first) into row: for rows that a page still owes after
 * its G3_END. The bytes pushed last must still be there, as for next.
 */
void g3_decoder_repeat(struct g3_decoder *d, uint8_t *row);

/* Bits used so far: after G3_END where RTC or EOFB ended. */
uint64_t g3_decoder_offset(const struct g3_decoder *d);

#endif
