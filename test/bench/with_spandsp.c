/*
 * spandsp: the coded form is bare T.4, least significant bit first, as it goes to the modem. Its
 * sender wants a file that says how wide the page is, its receiver one to write to; the rows go
 * through handlers past both.
 */
#include "contender.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tiffio.h>
#include <time.h>
#include <unistd.h>

#include <spandsp/telephony.h>
#include <spandsp/bit_operations.h>
#include <spandsp/logging.h>
#include <spandsp/timezone.h>
#include <spandsp/t4_rx.h>
#include <spandsp/t4_tx.h>

static char sent[4096], received[4096];
static t4_tx_state_t *tx;
static t4_rx_state_t *rx;
static unsigned tx_width;

struct rows {
    uint8_t *pels;
    unsigned given, all;
};

bool spandsp_open(const char *folder)
{
    snprintf(sent, sizeof sent, "%.4000s/spandsp-sent.tif", folder);
    snprintf(received, sizeof received, "%.4000s/spandsp-received.tif", folder);
    rx = t4_rx_init(NULL, received, T4_COMPRESSION_ITU_T6);
    return rx != NULL;
}

void spandsp_close(void)
{
    if (tx)
        t4_tx_free(tx);
    if (rx)
        t4_rx_free(rx);
    unlink(sent);
    unlink(received);
}

/* A sender of pages that wide. */
static bool sender(unsigned width)
{
    if (tx && tx_width == width)
        return true;
    if (tx)
        t4_tx_free(tx);
    uint8_t *white = calloc(1, (width + 7) / 8);
    TIFF *tif = TIFFOpen(sent, "w");
    if (!tif || !white)
        abort();
    TIFFSetField(tif, TIFFTAG_IMAGEWIDTH, width);
    TIFFSetField(tif, TIFFTAG_IMAGELENGTH, 1);
    TIFFSetField(tif, TIFFTAG_BITSPERSAMPLE, 1);
    TIFFSetField(tif, TIFFTAG_COMPRESSION, COMPRESSION_CCITTFAX4);
    TIFFSetField(tif, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISWHITE);
    TIFFSetField(tif, TIFFTAG_XRESOLUTION, 204.0);
    TIFFSetField(tif, TIFFTAG_YRESOLUTION, 196.0);
    TIFFSetField(tif, TIFFTAG_RESOLUTIONUNIT, RESUNIT_INCH);
    TIFFWriteScanline(tif, white, 0, 0);
    TIFFClose(tif);
    free(white);
    tx = t4_tx_init(NULL, sent, -1, -1);
    tx_width = width;
    return tx != NULL;
}

static int their(enum g3_coding coding)
{
    return coding == G3_MH ? T4_COMPRESSION_ITU_T4_1D
           : coding == G3_MR ? T4_COMPRESSION_ITU_T4_2D
                             : T4_COMPRESSION_ITU_T6;
}

static int give(void *context, uint8_t *row, size_t n)
{
    struct rows *r = context;
    if (r->given == r->all)
        return 0;
    memcpy(row, r->pels + r->given++ * n, n);
    return (int)n;
}

/* One row more than there are, of no bytes, ends a page. */
static int take(void *context, const uint8_t *row, size_t n)
{
    struct rows *r = context;
    if (n && r->given < r->all)
        memcpy(r->pels + r->given++ * n, row, n);
    return 0;
}

static size_t encode(const struct image *p, enum g3_coding coding, uint8_t *out, size_t room)
{
    struct rows r = {p->pels, 0, p->rows};
    if (!sender(p->width))
        return 0;
    t4_tx_set_row_read_handler(tx, give, &r);
    t4_tx_set_tx_encoding(tx, their(coding));
    t4_tx_set_min_bits_per_row(tx, 0);
    if (t4_tx_start_page(tx) != 0)
        return 0;
    int n = t4_tx_get_chunk(tx, out, room < INT32_MAX ? (int)room : INT32_MAX);
    return n < 0 ? 0 : (size_t)n;
}

static bool decode(const struct image *p, enum g3_coding coding, struct span coded, uint8_t *pels)
{
    struct rows r = {pels, 0, p->rows};
    t4_stats_t stats;
    t4_rx_set_row_write_handler(rx, take, &r);
    t4_rx_set_rx_encoding(rx, their(coding));
    t4_rx_set_image_width(rx, (int)p->width);
    t4_rx_start_page(rx);
    t4_rx_put_chunk(rx, coded.p, (int)coded.n);
    t4_rx_end_page(rx);
    t4_rx_get_transfer_statistics(rx, &stats);
    return r.given == r.all && stats.bad_rows == 0;
}

static size_t strip(const struct image *p, struct span coded, uint8_t *out, size_t room)
{
    (void)p;
    size_t n = coded.n < room ? coded.n : room;
    memcpy(out, coded.p, n);
    g3_reverse_bits(out, n);
    return n;
}

static size_t wrap(const struct image *p, enum g3_coding coding, struct span bare, uint8_t *out,
                   size_t room)
{
    (void)coding;
    return strip(p, bare, out, room);
}

const struct contender with_spandsp = {"spandsp", encode, decode, strip, wrap};
