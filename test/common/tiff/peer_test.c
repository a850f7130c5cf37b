/* The codec against libtiff on made rows: the same bytes in every coding, and the pels come back.
 * (libtiff itself does not read all of these bytes back.) */
#include "../g3/pages.h"
#include "check.h"
#include "g3/g3.h"
#include "tiff_memory.h"

#include <stdlib.h>
#include <unistd.h>

static unsigned long long seed = 4711;
static unsigned long long next_random(void)
{
    return check_random(&seed);
}

enum { ROWS = 24 };

struct peer {
    unsigned width;
    enum g3_coding coding;
    size_t stride;
    uint8_t *pels;
    char path[64];
};

static struct g3_encoder encoder;
static struct g3_decoder decoder;

static TIFF *create(const struct peer *p)
{
    TIFF *tif = TIFFOpen(p->path, "wl");
    set_fax_fields(tif, p->width, ROWS);
    TIFFSetField(tif, TIFFTAG_XRESOLUTION, 204.0);
    TIFFSetField(tif, TIFFTAG_YRESOLUTION, 98.0);
    TIFFSetField(tif, TIFFTAG_RESOLUTIONUNIT, RESUNIT_INCH);
    TIFFSetField(tif, TIFFTAG_COMPRESSION,
                 p->coding == G3_MMR ? COMPRESSION_CCITTFAX4 : COMPRESSION_CCITTFAX3);
    if (p->coding != G3_MMR)
        TIFFSetField(tif, TIFFTAG_GROUP3OPTIONS, p->coding == G3_MR ? GROUP3OPT_2DENCODING : 0);
    return tif;
}

/* libtiff's strip of the rows; returns its size. */
static size_t their_strip(const struct peer *p, uint8_t *out, size_t room)
{
    TIFF *tif = create(p);
    uint8_t *copy = malloc(p->stride);
    for (uint32_t y = 0; y < ROWS; y++) {
        memcpy(copy, p->pels + y * p->stride, p->stride);
        TIFFWriteScanline(tif, copy, y, 0);
    }
    free(copy);
    TIFFClose(tif);
    tif = TIFFOpen(p->path, "r");
    tmsize_t n = TIFFReadRawStrip(tif, 0, out, (tmsize_t)room);
    TIFFClose(tif);
    return n > 0 ? (size_t)n : 0;
}

static size_t our_strip(const struct peer *p, uint8_t *out)
{
    size_t n = 0;
    g3_encoder_init(&encoder, p->coding, p->width, 2, 0);
    for (size_t y = 0; y < ROWS; y++)
        n += g3_encode_row(&encoder, p->pels + y * p->stride, out + n);
    return n + (p->coding == G3_MMR ? g3_encode_end(&encoder, out + n)
                                    : g3_encode_flush(&encoder, out + n));
}

static void we_read_theirs(const struct peer *p, const uint8_t *bytes, size_t n)
{
    uint8_t *row = malloc(p->stride);
    g3_decoder_init(&decoder, p->coding, p->width, 0);
    g3_decoder_push(&decoder, span_of(bytes, n));
    g3_decoder_finish(&decoder);
    unsigned good = 0;
    while (good < ROWS && g3_decoder_next(&decoder, row) == G3_ROW &&
           memcmp(row, p->pels + good * p->stride, p->stride) == 0)
        good++;
    CHECK_INT(good, ROWS);
    free(row);
}

static void try_page(enum g3_coding coding, unsigned width, int texture)
{
    struct peer p = {.width = width, .coding = coding, .stride = (width + 7) / 8};
    const char *dir = getenv("TMPDIR");
    snprintf(p.path, sizeof p.path, "%.30s/peer_test.%d.tif", dir ? dir : "/tmp", (int)getpid());
    p.pels = malloc(p.stride * ROWS);
    for (unsigned y = 0; y < ROWS; y++)
        make_row(p.pels + y * p.stride, y ? p.pels + (y - 1) * p.stride : NULL, width,
                 texture < 0 ? (enum texture)(next_random() % TEXTURES) : (enum texture)texture,
                 next_random);
    size_t room = (ROWS + 2) * g3_row_bound(width);
    uint8_t *theirs = malloc(room), *ours = malloc(room);
    size_t n = their_strip(&p, theirs, room), k = our_strip(&p, ours);
    we_read_theirs(&p, theirs, n);
    CHECK_INT(k, n);
    CHECK(k == n && memcmp(ours, theirs, n) == 0);
    free(p.pels);
    free(theirs);
    free(ours);
    unlink(p.path);
}

static void agrees_on_every_texture(void)
{
    for (int t = 0; t < TEXTURES; t++)
        for (int c = G3_MH; c <= G3_MMR; c++)
            try_page((enum g3_coding)c, 1728, t);
}

static void agrees_on_many_widths(void)
{
    for (unsigned width = 1; width < 100; width += 3)
        for (int c = G3_MH; c <= G3_MMR; c++)
            try_page((enum g3_coding)c, width, -1);
    for (int i = 0; i < 30; i++)
        try_page((enum g3_coding)(i % 3), 1 + (unsigned)(next_random() % 5000), -1);
}

int main(void)
{
    TIFFSetWarningHandler(NULL);
    TIFFSetErrorHandler(NULL);
    RUN(agrees_on_every_texture);
    RUN(agrees_on_many_widths);
    return check_done();
}
