#include "tiff/fax_parts.h"

#include <stdlib.h>
#include <string.h>
#include <tiffio.h>
#include <unistd.h>

/* libtiff asks for no more than this at once, whatever the tags say. */
enum { LIBRARY_MEMORY = 64 << 20 };

static int silent(TIFF *tif, void *data, const char *module, const char *format, va_list args)
{
    (void)tif, (void)data, (void)module, (void)format, (void)args;
    return 1;
}

static TIFF *open_library(struct fax *f, uint32_t offset)
{
    int fd = dup(f->fd);
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    TIFF *tif = NULL;
    if (fd >= 0 && options && lseek(fd, 0, SEEK_SET) == 0) {
        TIFFOpenOptionsSetMaxSingleMemAlloc(options, LIBRARY_MEMORY);
        TIFFOpenOptionsSetErrorHandlerExtR(options, silent, NULL);
        TIFFOpenOptionsSetWarningHandlerExtR(options, silent, NULL);
        /* h: not the first directory, which may be large, for each page. */
        tif = TIFFFdOpenExt(fd, "fax", "rmh", options);
    }
    TIFFOpenOptionsFree(options);
    if (!tif && fd >= 0)
        close(fd);
    if (tif && !TIFFSetSubDirectory(tif, offset)) {
        TIFFClose(tif);
        tif = NULL;
    }
    return tif;
}

/*
 * Rows of one bit a pel; a row that cannot be read is the last good one, and counted. Behind it
 * nothing of its strip can be read, and is not asked for: each time would read the strip anew.
 */
static bool read_bilevel(struct fax *f, TIFF *tif, uint8_t *rows, size_t stride)
{
    tmsize_t size = TIFFScanlineSize(tif);
    uint8_t *line = size > 0 && size <= LIBRARY_MEMORY ? malloc((size_t)size) : NULL;
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
        bad = good ? 0 : bad + 1;
        f->page.bad_rows += !good;
        if (bad > f->page.bad_in_a_row)
            f->page.bad_in_a_row = bad;
        uint8_t *row = rows + stride * y;
        for (size_t i = 0; i < stride; i++)
            row[i] = f->invert ? (uint8_t)~line[i] : line[i];
        if (f->ifd.width & 7)
            row[stride - 1] &= (uint8_t)(0xff00 >> (f->ifd.width & 7));
    }
    free(line);
    return any;
}

/* Floyd and Steinberg's error diffusion of one row of greys; errors has width + 2 places. */
static void diffuse(const uint32_t *pels, unsigned width, int *errors, uint8_t *row)
{
    int right = 0, below_left = 0, below = 0;
    for (unsigned x = 0; x < width; x++) {
        int grey = (299 * (int)TIFFGetR(pels[x]) + 587 * (int)TIFFGetG(pels[x]) +
                    114 * (int)TIFFGetB(pels[x])) / 1000;
        int alpha = (int)TIFFGetA(pels[x]);
        int value = grey + (255 - alpha) + right + errors[x + 1];
        bool black = value < 128;
        int error = black ? value : value - 255;
        if (black)
            row[x >> 3] |= (uint8_t)(0x80 >> (x & 7));
        right = error * 7 / 16;
        errors[x] = below_left + error * 3 / 16;
        below_left = below + error * 5 / 16;
        below = error / 16;
    }
    errors[width] = below_left;
    errors[width + 1] = below;
}

/* Greys and colours, a strip at a time, made bilevel. */
static bool read_grey(struct fax *f, TIFF *tif, uint8_t *rows, size_t stride)
{
    uint32_t width = f->ifd.width, step = 0;
    if (TIFFIsTiled(tif) || !TIFFGetFieldDefaulted(tif, TIFFTAG_ROWSPERSTRIP, &step) || step == 0)
        return false;
    if (step > f->ifd.rows)
        step = f->ifd.rows;
    if ((uint64_t)step * width * 4 > LIBRARY_MEMORY)
        return false;
    uint32_t *raster = malloc((size_t)step * width * 4);
    int *errors = calloc((size_t)width + 2, sizeof *errors);
    bool good = raster && errors;
    for (uint32_t y = 0; good && y < f->ifd.rows; y += step) {
        uint32_t n = f->ifd.rows - y < step ? f->ifd.rows - y : step;
        good = TIFFReadRGBAStrip(tif, y, raster);
        /* The raster's first row is the lowest. */
        for (uint32_t i = 0; good && i < n; i++)
            diffuse(raster + (size_t)(n - 1 - i) * width, width, errors,
                    rows + stride * (y + i));
    }
    free(raster);
    free(errors);
    return good;
}

/* What libtiff will read for the page's strips, which may claim the same bytes over and over. */
static uint64_t strip_work(const struct fax *f)
{
    const struct tiff_ifd *d = &f->ifd;
    uint64_t work = 0;
    for (uint32_t i = 0; d->compression != TIFF_UNCODED && i < d->strip_offsets.count; i++) {
        uint32_t at = 0, n = 0;
        if (tiff_value(&f->file, &d->strip_offsets, i, &at, NULL) || at >= f->file.size)
            continue;
        if (tiff_value(&f->file, &d->strip_counts, i, &n, NULL) || n == 0 ||
            n > f->file.size - at)
            work += f->file.size - at;
        else
            work += n;
    }
    return work;
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

enum err fax_read_foreign(struct fax *f, uint32_t ifd_offset, struct why *why)
{
    unsigned n = f->page.page.number;
    size_t stride = ((size_t)f->ifd.width + 7) / 8;
    uint8_t *rows;
    if (f->ifd.rows == 0 || f->ifd.rows > PAGE_ROWS_MAX ||
        stride * f->ifd.rows > FAX_BITMAP_MAX)
        return why_set(why, ERR_DATA, "page %u: %u rows", n, f->ifd.rows);
    unsigned cost = is_bilevel(&f->ifd) ? FAX_COST_UNPACK : FAX_COST_GREY;
    enum err e = fax_spend(f, (uint64_t)f->ifd.strip_offsets.count * FAX_COST_STRIP, why);
    if (!e)
        e = fax_spend(f, strip_work(f) + stride * f->ifd.rows / cost, why);
    if (e)
        return e;
    TIFF *tif = open_library(f, ifd_offset);
    if (!tif || !same_sizes(tif, &f->ifd)) {
        if (tif)
            TIFFClose(tif);
        return why_set(why, ERR_DATA, "page %u: cannot be read", n);
    }
    e = buf_reserve(&f->bitmap, stride * f->ifd.rows, &rows);
    if (!e) {
        memset(rows, 0, stride * f->ifd.rows);
        bool bilevel = is_bilevel(&f->ifd) && !TIFFIsTiled(tif);
        bool good = bilevel ? read_bilevel(f, tif, rows, stride) : read_grey(f, tif, rows, stride);
        if (good)
            f->bitmap.len = stride * f->ifd.rows;
        else
            e = why_set(why, ERR_DATA, "page %u: damaged or cut short", n);
    } else {
        why_set(why, e, "page %u: out of memory", n);
    }
    TIFFClose(tif);
    f->page.rows = f->ifd.rows;
    if (!e && f->page.bad_rows)
        fax_warn(f, "%llu damaged rows repaired", (unsigned long long)f->page.bad_rows);
    return e;
}
