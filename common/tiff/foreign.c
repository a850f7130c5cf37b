#include "bytes/endian.h"
#include "tiff/fax_parts.h"

#include <stdlib.h>
#include <string.h>
#include <tiffio.h>
#include <unistd.h>

static int silent(TIFF *tif, void *data, const char *module, const char *format, va_list args)
{
    (void)tif, (void)data, (void)module, (void)format, (void)args;
    return 1;
}

static TIFF *open_library(const struct fax *f)
{
    int fd = dup(f->fd);
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    TIFF *tif = NULL;
    if (fd >= 0 && options && lseek(fd, 0, SEEK_SET) == 0) {
        TIFFOpenOptionsSetMaxSingleMemAlloc(options, FAX_LIBRARY_MEMORY);
        TIFFOpenOptionsSetErrorHandlerExtR(options, silent, NULL);
        TIFFOpenOptionsSetWarningHandlerExtR(options, silent, NULL);
        /* h: not the first directory, which may be large, for each page. */
        tif = TIFFFdOpenExt(fd, "fax", "rmh", options);
    }
    TIFFOpenOptionsFree(options);
    if (!tif && fd >= 0)
        close(fd);
    if (tif && !TIFFSetSubDirectory(tif, f->ifd.at)) {
        TIFFClose(tif);
        tif = NULL;
    }
    return tif;
}

/* n bytes of a row as libtiff gives them, to where 1 is black. */
static void put_bits(const struct fax *f, const uint8_t *from, uint8_t *to, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = f->invert ? (uint8_t)~from[i] : from[i];
}

static void clear_edge(const struct fax *f, uint8_t *rows, size_t stride)
{
    for (uint32_t y = 0; f->ifd.width & 7 && y < f->ifd.rows; y++)
        rows[stride * (y + 1) - 1] &= (uint8_t)(0xff00 >> (f->ifd.width & 7));
}

static void count_row(struct fax *f, bool good, uint64_t *bad)
{
    *bad = good ? 0 : *bad + 1;
    f->page.bad_rows += !good;
    if (*bad > f->page.bad_in_a_row)
        f->page.bad_in_a_row = *bad;
}

/*
 * Rows of one bit a pel; a row that cannot be read is the last good one, and counted. Behind it
 * nothing of its strip can be read, and is not asked for: each time would read the strip anew.
 */
static bool read_bilevel(struct fax *f, TIFF *tif, uint8_t *rows, size_t stride)
{
    tmsize_t size = TIFFScanlineSize(tif);
    uint8_t *line = size > 0 && size <= FAX_LIBRARY_MEMORY ? malloc((size_t)size) : NULL;
    bool any = false;
    uint32_t lost = UINT32_MAX;
    uint64_t bad = 0;
    if (!line || (size_t)size < stride) {
        free(line);
        return false;
    }
    memset(line, f->invert ? 0xff : 0, (size_t)size);
    for (uint32_t y = 0; y < f->ifd.rows; y++) {
        uint32_t strip = TIFFComputeStrip(tif, y, 0);
        bool good = strip != lost && TIFFReadScanline(tif, line, y, 0) > 0;
        if (!good)
            lost = strip;
        any = any || good;
        count_row(f, good, &bad);
        put_bits(f, line, rows + stride * y, stride);
    }
    free(line);
    return any;
}

/*
 * T.82: its header says how large the image is, and the library believes it. The FillOrder by
 * which libtiff (that turns the bytes of FillOrder 1, and leaves those of 2) finds in every strip
 * a header of the page's size; 0: there is none.
 */
static unsigned jbig_order(const struct fax *f)
{
    uint8_t head[12];
    uint64_t at;
    bool fits[3] = {false, true, true};
    for (uint32_t i = 0; i < f->ifd.strip_offsets.count; i++) {
        if (tiff_value(&f->file, &f->ifd.strip_offsets, i, &at, NULL) ||
            tiff_pread(&f->file, at, head, sizeof head, NULL))
            return 0;
        for (unsigned order = 2; order > 0; order--) {
            fits[order] = fits[order] && head[2] == 1 && get_be32(head + 4) == f->ifd.width &&
                          get_be32(head + 8) <= f->ifd.rows;
            g3_reverse_bits(head, sizeof head);
        }
    }
    return fits[2] ? 2 : fits[1];
}

/* JBIG comes out a strip at a time, or not at all. */
static bool read_jbig(struct fax *f, TIFF *tif, uint8_t *rows, size_t stride)
{
    TIFFSetField(tif, TIFFTAG_FILLORDER, jbig_order(f));
    tmsize_t size = TIFFStripSize(tif);
    uint32_t step = size > 0 ? (uint32_t)((size_t)size / stride) : 0;
    uint8_t *strip = step && size <= FAX_LIBRARY_MEMORY ? malloc((size_t)size) : NULL;
    bool any = false;
    uint64_t bad = 0;
    for (uint32_t y = 0; strip && y < f->ifd.rows; y += step) {
        uint32_t n = f->ifd.rows - y < step ? f->ifd.rows - y : step;
        bool good = TIFFReadEncodedStrip(tif, TIFFComputeStrip(tif, y, 0), strip, size) > 0;
        any = any || good;
        for (uint32_t i = 0; i < n; i++)
            count_row(f, good, &bad);
        if (good)
            put_bits(f, strip, rows + stride * y, stride * n);
    }
    free(strip);
    return any;
}

/* Tiles of one bit a pel; the rows of one that cannot be read are white there, and counted. */
static bool read_tiles(struct fax *f, TIFF *tif, uint8_t *rows, size_t stride)
{
    uint32_t w = f->ifd.tile_width, h = f->ifd.tile_length;
    tmsize_t size = TIFFTileSize(tif);
    uint8_t *tile = size > 0 && size <= FAX_LIBRARY_MEMORY ? malloc((size_t)size) : NULL;
    bool any = false, all = true;
    uint64_t bad = 0;
    bool sound = tile && w && h && w % 8 == 0 && (uint64_t)size >= (uint64_t)(w / 8) * h;
    for (uint32_t y = 0; sound && y < f->ifd.rows; y += h) {
        all = true;
        for (uint32_t x = 0; x < f->ifd.width; x += w) {
            bool good = TIFFReadTile(tif, tile, x, y, 0, 0) > 0;
            size_t at = x / 8, n = at + w / 8 <= stride ? w / 8 : stride - at;
            any = any || good;
            all = all && good;
            for (uint32_t i = 0; good && i < h && y + i < f->ifd.rows; i++)
                put_bits(f, tile + (size_t)(w / 8) * i, rows + stride * (y + i) + at, n);
        }
        for (uint32_t i = 0; i < h && y + i < f->ifd.rows; i++)
            count_row(f, all, &bad);
        if (f->ifd.rows - y <= h)
            break;
    }
    free(tile);
    return any;
}

/* What libtiff will read for the page's strips, which may claim the same bytes over and over; and
 * whether they claim more than there is. */
static uint64_t strip_work(const struct fax *f, bool *cut)
{
    const struct tiff_ifd *d = &f->ifd;
    uint64_t work = 0;
    *cut = false;
    for (uint32_t i = 0; i < d->strip_offsets.count; i++) {
        uint64_t at = 0, n = 0;
        if (tiff_value(&f->file, &d->strip_offsets, i, &at, NULL) || at >= f->file.size) {
            *cut = true;
            continue;
        }
        bool said = tiff_value(&f->file, &d->strip_counts, i, &n, NULL) == ERR_NONE && n;
        *cut = *cut || (said && n > f->file.size - at);
        work += said && n <= f->file.size - at ? n : f->file.size - at;
    }
    if (d->compression != TIFF_UNCODED)
        return work;
    *cut = *cut || work / d->rows < (uint64_t)d->width * d->bits * d->samples / 8;
    return 0;
}

/* Those that libtiff unpacks in memory that it knows how to bound. */
static bool is_known(const struct tiff_ifd *d)
{
    switch (d->compression) {
    case TIFF_UNCODED:
    case TIFF_LZW:
    case TIFF_OLD_JPEG:
    case TIFF_JPEG:
    case TIFF_ADOBE_DEFLATE:
    case TIFF_PACKBITS:
    case TIFF_DEFLATE:
    case TIFF_JBIG:
        return true;
    default:
        return false;
    }
}

static bool is_bilevel(const struct tiff_ifd *d)
{
    return d->bits == 1 && d->samples == 1 && d->photometric <= 1;
}

/* The two readers may differ over tags that come twice: all room here is made for our sizes, and
 * libtiff fills it by its own. */
static bool same_sizes(TIFF *tif, const struct tiff_ifd *d)
{
    uint32_t width = 0, rows = 0;
    return TIFFGetField(tif, TIFFTAG_IMAGEWIDTH, &width) && width == d->width &&
           TIFFGetField(tif, TIFFTAG_IMAGELENGTH, &rows) && rows == d->rows;
}

/* The page's tags make sense, and what they ask for is in proportion to the file. */
static enum err judge(struct fax *f, struct why *why)
{
    const struct tiff_ifd *d = &f->ifd;
    unsigned n = f->page.page.number;
    uint64_t area = ((uint64_t)d->width + 7) / 8 * d->rows;
    bool cut;
    if (d->rows == 0 || d->rows > PAGE_ROWS_MAX || area > FAX_BITMAP_MAX)
        return why_set(why, ERR_DATA, "page %u: %u rows", n, d->rows);
    if (!is_known(d))
        return why_set(why, ERR_DATA, "page %u: unknown compression %u", n, d->compression);
    if (d->strip_offsets.count == 0)
        return why_set(why, ERR_DATA, "page %u: no image in it", n);
    f->page.shades = !is_bilevel(d);
    if (f->page.shades && f->wants & FAX_WANT_BILEVEL)
        return why_set(why, ERR_DATA,
                       "page %u: greys or colours, which fax-scan makes facsimile of", n);
    if (d->compression == TIFF_JBIG && (f->page.shades || d->tile_width || !jbig_order(f)))
        return why_set(why, ERR_DATA, "page %u: its JBIG is of another size", n);
    unsigned cost = f->page.shades ? FAX_COST_GREY : FAX_COST_UNPACK;
    enum err e = fax_spend(f, (uint64_t)d->strip_offsets.count * FAX_COST_STRIP, why);
    if (!e)
        e = fax_spend(f, strip_work(f, &cut) + area / cost, why);
    return !e && cut ? why_set(why, ERR_DATA, "page %u: cut short", n) : e;
}

static bool read_rows(struct fax *f, TIFF *tif, uint8_t *rows, size_t stride)
{
    memset(rows, 0, stride * f->ifd.rows);
    if (f->page.shades)
        return fax_read_grey(f, tif, rows, stride);
    if (!(f->ifd.compression == TIFF_JBIG ? read_jbig
          : TIFFIsTiled(tif)              ? read_tiles : read_bilevel)(f, tif, rows, stride))
        return false;
    clear_edge(f, rows, stride);
    return true;
}

enum err fax_read_foreign(struct fax *f, struct why *why)
{
    unsigned n = f->page.page.number;
    size_t stride = ((size_t)f->ifd.width + 7) / 8;
    uint8_t *rows;
    enum err e = judge(f, why);
    if (e)
        return e;
    TIFF *tif = open_library(f);
    if (!tif || !same_sizes(tif, &f->ifd))
        e = why_set(why, ERR_DATA, "page %u: cannot be read", n);
    else if (buf_reserve(&f->bitmap, stride * f->ifd.rows, &rows))
        e = why_set(why, ERR_OS, "page %u: out of memory", n);
    else if (!read_rows(f, tif, rows, stride))
        e = why_set(why, ERR_DATA, "page %u: damaged or cut short", n);
    if (tif)
        TIFFClose(tif);
    if (e)
        return e;
    f->bitmap.len = stride * f->ifd.rows;
    f->page.rows = f->ifd.rows;
    if (f->page.bad_rows)
        fax_warn(f, "%llu damaged rows repaired", (unsigned long long)f->page.bad_rows);
    return ERR_NONE;
}
