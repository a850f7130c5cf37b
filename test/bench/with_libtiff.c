/* libtiff: the coded form is a TIFF of one strip, in memory. */
#include "contender.h"
#include "../lib/tiff_memory.h"

static TIFF *create(struct memory *m, const struct image *p, enum g3_coding coding)
{
    TIFF *tif = open_memory(m, "wl");
    if (!tif)
        return NULL;
    set_fax_fields(tif, p->width, p->rows);
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
