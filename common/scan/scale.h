/*
 * Scaling of a gray image whose rows come one by one: every output pel is the mean of the area
 * it covers where the image shrinks, and lies on a straight line between its neighbours where it
 * grows. Each axis has its own ratio, so that 98 rows an inch come out right. No image is held.
 */
#ifndef SCAN_SCALE_H
#define SCAN_SCALE_H

#include "bytes/buf.h"

struct scaler {
    unsigned in_width, out_width;
    uint64_t up, down; /* out rows = in rows * up / down */
    uint64_t rows_in, rows_out;
    bool pending;      /* a row was pushed that has not been looked at */
    uint64_t filled;   /* of the current output row, in units of 1/up of an input row */
    uint64_t left;     /* of the current input row, likewise */
    uint32_t *sum;     /* out_width, the weighted rows of the current output row */
    uint8_t *now, *before, *out;
    struct buf memory;
};

/*
 * Both widths are 1 to SCAN_WIDTH_MAX, up and down 1 to 2^24 (a factor is up / down). ERR_OS: no
 * memory. scaler_release frees.
 */
enum err scaler_init(struct scaler *s, unsigned in_width, unsigned out_width, unsigned up,
                     unsigned down);
void scaler_release(struct scaler *s);

/* Gives the next row of in_width pels; call it when scaler_next has nothing more. */
void scaler_push(struct scaler *s, const uint8_t *row);

/* The next output row of out_width pels, valid until the next call; NULL: push, or finish. */
const uint8_t *scaler_next(struct scaler *s);

/* After the last row: the rows still owed, until NULL; in all rows_in * up / down, rounded, at
 * least 1. */
const uint8_t *scaler_finish(struct scaler *s);

#endif
