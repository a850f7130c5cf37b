/* libtiff: the coded form is a TIFF of one strip, in memory. */
#include "contender.h"

#include <string.h>
#include <tiffio.h>

struct memory {
    uint8_t *bytes;
    size_t size, at, room;
};

static tmsize_t mem_read(thandle_t h, void *p, tmsize_t n)
{
    struct memory *m = h;
    size_t k = m->at < m->size ? m->size - m->at : 0;
    if ((size_t)n < k)
        k = (size_t)n;
    memcpy(p, m->bytes + m->at, k);
    m->at += k;
    return (tmsize_t)k;
}

static tmsize_t mem_write(thandle_t h, void *p, tmsize_t n)
{
    struct memory *m = h;
    if (m->at + (size_t)n > m->room)
        return 0;
    memcpy(m->bytes + m->at, p, (size_t)n);
    m->at += (size_t)n;
    if (m->at > m->size)
        m->size = m->at;
    return n;
}

static toff_t mem_seek(thandle_t h, toff_t to, int whence)
{
    struct memory *m = h;
    m->at = (size_t)to + (whence == SEEK_CUR ? m->at : whence == SEEK_END ? m->size : 0);
    return m->at;
}

static int mem_close(thandle_t h)
{
    (void)h;
    return 0;
}

static toff_t mem_size(thandle_t h)
{
    return ((struct memory *)h)->size;
}

static TIFF *open_memory(struct memory *m, const char *mode)
{
    return TIFFClientOpen("memory", mode, m, mem_read, mem_write, mem_seek, mem_close, mem_size,
                          NULL, NULL);
}

static TIFF *create(struct memory *m, const struct image *p, enum g3_coding coding)
{
    TIFF *tif = open_memory(m, "wl");
    if (!tif)
        return NULL;
    TIFFSetField(tif, TIFFTAG_IMAGEWIDTH, p->width);
    TIFFSetField(tif, TIFFTAG_IMAGELENGTH, p->rows);
    TIFFSetField(tif, TIFFTAG_ROWSPERSTRIP, p->rows);
    TIFFSetField(tif, TIFFTAG_BITSPERSAMPLE, 1);
    TIFFSetField(tif, TIFFTAG_SAMPLESPERPIXEL, 1);
    TIFFSetField(tif, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISWHITE);
    TIFFSetField(tif, TIFFTAG_FILLORDER, FILLORDER_MSB2LSB);
    TIFFSetField(tif, TIFFTAG_YRESOLUTION, 196.0);
    TIFFSetField(tif, TIFFTAG_COMPRESSION,
                 coding == G3_MMR ? COMPRESSION_CCITTFAX4 : COMPRESSION_CCITTFAX3);
    if (coding != G3_MMR)
        TIFFSetField(tif, TIFFTAG_GROUP3OPTIONS, coding == G3_MR ? GROUP3OPT_2DENCODING : 0);
    return tif;
}

static size_t encode(const struct image *p, enum g3_coding coding, uint8_t *out, size_t room)
{
    struct memory m = {out, 0, 0, room};
    TIFF *tif = create(&m, p, coding);
    if (!tif)
        return 0;
    tmsize_t n = TIFFWriteEncodedStrip(tif, 0, p->pels, (tmsize_t)image_size(p));
    TIFFClose(tif);
    return n < 0 ? 0 : m.size;
}

static TIFF *open_coded(struct memory *m, struct span coded)
{
    *m = (struct memory){(uint8_t *)(uintptr_t)coded.p, coded.n, 0, 0};
    return open_memory(m, "r");
}

static bool decode(const struct image *p, enum g3_coding coding, struct span coded, uint8_t *pels)
{
    struct memory m;
    TIFF *tif = open_coded(&m, coded);
    (void)coding;
    if (!tif)
        return false;
    tmsize_t size = (tmsize_t)image_size(p), n = TIFFReadEncodedStrip(tif, 0, pels, size);
    TIFFClose(tif);
    return n == size;
}

static size_t strip(const struct image *p, struct span coded, uint8_t *out, size_t room)
{
    struct memory m;
    TIFF *tif = open_coded(&m, coded);
    (void)p;
    if (!tif)
        return 0;
    tmsize_t n = TIFFReadRawStrip(tif, 0, out, (tmsize_t)room);
    TIFFClose(tif);
    return n < 0 ? 0 : (size_t)n;
}

static size_t wrap(const struct image *p, enum g3_coding coding, struct span bare, uint8_t *out,
                   size_t room)
{
    struct memory m = {out, 0, 0, room};
    TIFF *tif = create(&m, p, coding);
    if (!tif)
        return 0;
    TIFFWriteRawStrip(tif, 0, (void *)(uintptr_t)bare.p, (tmsize_t)bare.n);
    TIFFClose(tif);
    return m.size;
}

const struct contender with_libtiff = {"libtiff", encode, decode, strip, wrap};
