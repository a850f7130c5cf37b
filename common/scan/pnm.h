/*
 * Netpbm streams: PBM, PGM, PPM, plain and raw (P1 to P6), and PAM (P7), several images in a
 * row, comments wherever numbers may stand. A push/next machine: no descriptor, memory for one
 * row, linear time.
 *
 *     pnm_push(p, bytes);
 *     while ((event = pnm_next(p)) != PNM_MORE) …
 *     pnm_end_input(p), the same loop, pnm_finish(p)    when there are no more bytes
 */
#ifndef SCAN_PNM_H
#define SCAN_PNM_H

#include "bytes/buf.h"
#include "scan/source.h"

enum pnm_event {
    PNM_MORE,  /* push more bytes, or finish */
    PNM_IMAGE, /* p->image describes the image that begins */
    PNM_ROW,   /* p->row is the next row of it, valid until the next call */
    PNM_END,   /* its last row was given */
    PNM_ERROR, /* p->why says what is wrong; sticks */
};

enum pnm_state { PNM_S_MAGIC, PNM_S_HEADER, PNM_S_PAM, PNM_S_RAW, PNM_S_PLAIN, PNM_S_BAD };

struct pnm {
    struct scan_image image;
    const uint8_t *row;
    struct why why;
    /* The rest is the machine's own. */
    enum pnm_state state;
    struct span in;
    unsigned format, depth, maxval; /* 1 to 7; samples a pel; 0 in maxval is a bitmap */
    bool alpha, comment, digits, seen_p;
    unsigned fields;                /* header numbers read */
    uint32_t number;
    uint32_t rows_left, sample;
    size_t raw_size;
    char line[80];
    size_t line_len;
    struct buf raw, out;
};

/* Before the first byte. */
void pnm_init(struct pnm *p);

/* Frees the row buffers. */
void pnm_release(struct pnm *p);

/* Gives more bytes, borrowed until pnm_next says PNM_MORE; call it only then. */
void pnm_push(struct pnm *p, struct span bytes);

/* The next event. */
enum pnm_event pnm_next(struct pnm *p);

/* No more bytes come, and PNM_MORE was the last event: ends a plain number that stands at the very
 * end. Take what pnm_next then still has, up to PNM_MORE, and ask pnm_finish. */
void pnm_end_input(struct pnm *p);

/* Whether the bytes ended where they may: ERR_DATA when they ended within an image (or its
 * header). */
enum err pnm_finish(const struct pnm *p, struct why *why);

#endif
