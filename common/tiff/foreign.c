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
    if (d->compression == TIFF_JBIG && (f->page.shades || d->tile_width || !fax_jbig_order(f)))
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
    return f->page.shades ? fax_read_grey(f, tif, rows, stride)
                          : fax_read_bilevel(f, tif, rows, stride);
}

enum err fax_read_foreign(struct fax *f, struct why *why)
{
    unsigned n = f->page.page.number;
    size_t stride = ((size_t)f->ifd.width + 7) / 8;
    uint8_t *rows;
    enum err e = judge(f, why);
    if (e)
        return e;
    buf_clear(&f->bitmap);
    TIFF *tif = open_library(f);
    if (!tif || !same_sizes(tif, &f->ifd))
        e = why_set(why, ERR_DATA, "page %u: cannot be read", n);
    else if (buf_reserve(&f->bitmap, stride * f->ifd.rows, &rows))
        e = why_set(why, ERR_OS, "page %u: out of memory", n);
    else if (!read_rows(f, tif, rows, stride))
        e = why_set(why, ERR_DATA, "page %u: damaged or cut short", n);
    f->bitmap.len = e ? 0 : stride * f->ifd.rows;
    f->page.rows = f->ifd.rows;
    if (!e && !f->page.shades)
        e = fax_read_behind(f, tif, stride, why);
    if (tif)
        TIFFClose(tif);
    if (e)
        return e;
    if (f->page.bad_rows)
        fax_warn(f, "%llu damaged rows repaired", (unsigned long long)f->page.bad_rows);
    return ERR_NONE;
}
