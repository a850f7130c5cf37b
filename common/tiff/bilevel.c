#include "bytes/endian.h"
#include "tiff/fax_parts.h"

#include <stdlib.h>
#include <string.h>
#include <tiffio.h>

/* n bytes of a row as libtiff gives them, to where 1 is black. */
static void put_bits(const struct fax *f, const uint8_t *from, uint8_t *to, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = f->invert ? (uint8_t)~from[i] : from[i];
}

static void clear_edge(const struct fax *f, uint8_t *rows, size_t stride, uint32_t n)
{
    for (uint32_t y = 0; f->ifd.width & 7 && y < n; y++)
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
static bool read_strips(struct fax *f, TIFF *tif, uint8_t *rows, size_t stride)
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

unsigned fax_jbig_order(const struct fax *f)
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
    TIFFSetField(tif, TIFFTAG_FILLORDER, fax_jbig_order(f));
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

bool fax_read_bilevel(struct fax *f, void *tif, uint8_t *rows, size_t stride)
{
    if (!(f->ifd.compression == TIFF_JBIG ? read_jbig
          : TIFFIsTiled(tif)              ? read_tiles : read_strips)(f, tif, rows, stride))
        return false;
    clear_edge(f, rows, stride, f->ifd.rows);
    return true;
}

/* The strip at hand goes on: another row of it, behind those that the page has, into line. */
static bool read_behind(const struct fax *f, TIFF *tif, uint8_t *line, uint32_t y)
{
    return TIFFSetField(tif, TIFFTAG_IMAGELENGTH, y + 1) &&
           (f->ifd.strip_offsets.count > 1 || TIFFSetField(tif, TIFFTAG_ROWSPERSTRIP, y + 1)) &&
           TIFFComputeStrip(tif, y, 0) == TIFFComputeStrip(tif, y - 1, 0) &&
           TIFFReadScanline(tif, line, y, 0) > 0;
}

enum err fax_read_behind(struct fax *f, void *tif, size_t stride, struct why *why)
{
    tmsize_t size = TIFFScanlineSize(tif);
    bool one = f->ifd.strip_offsets.count == 1;
    uint8_t *line, *row;
    uint32_t y = f->ifd.rows;
    if (TIFFIsTiled(tif) || f->ifd.compression == TIFF_JBIG || f->page.bad_rows ||
        (size_t)size < stride || size > FAX_LIBRARY_MEMORY)
        return ERR_NONE;
    if (!(line = malloc((size_t)size)))
        return why_set(why, ERR_OS, "out of memory");
    if (fax_shares_badly(f))
        fax_warn(f, "ImageLength or RowsPerStrip is wrong: %u strips", f->strips);
    while (y < PAGE_ROWS_MAX && read_behind(f, tif, line, y)) {
        /* Some fill up the last of several strips. */
        if (!one || buf_reserve(&f->bitmap, stride, &row)) {
            fax_warn(f, "data behind the last row");
            break;
        }
        put_bits(f, line, row, stride);
        clear_edge(f, row, stride, 1);
        f->bitmap.len += stride;
        y++;
    }
    free(line);
    if (y > f->ifd.rows)
        fax_warn(f, "ImageLength is %u, the rows are %u", f->ifd.rows, y);
    f->page.rows = y;
    return fax_spend(f, stride * (y - f->ifd.rows) / FAX_COST_UNPACK, why);
}
