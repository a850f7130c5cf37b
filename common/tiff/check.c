#include "tiff/check.h"

#include "tiff/fax_parts.h"

struct check {
    enum tiff_profile profile;
    struct buf *reasons;
    unsigned page, found;
    enum err err;
};

static void blame(struct check *c, bool wrong, const char *reason)
{
    if (!wrong || c->err)
        return;
    c->found++;
    c->err = buf_add_format(c->reasons, "page %u: %s\n", c->page, reason);
}

static bool dpi_is(double claimed, unsigned want)
{
    return claimed > 0 && page_same_dpi((unsigned)(claimed + 0.5), want);
}

static bool is_one_of_f(const struct tiff_ifd *d)
{
    struct page p = {.width = d->width, .xdpi = (unsigned)(d->xdpi + 0.5),
                     .ydpi = (unsigned)(d->ydpi + 0.5)};
    return page_is_profile_f(&p);
}

static void check_s(struct check *c, const struct tiff_ifd *d, bool big_endian, uint32_t first)
{
    blame(c, big_endian, "byte order is not II");
    blame(c, c->page == 1 && first != 8, "the first directory is not at offset 8");
    blame(c, d->compression != TIFF_T4 || (d->t4_options & TIFF_T4_2D), "not coded as MH");
    blame(c, d->width != 1728, "ImageWidth is not 1728");
    blame(c, !dpi_is(d->xdpi, 204), "XResolution is not 204");
    blame(c, !dpi_is(d->ydpi, 98) && !dpi_is(d->ydpi, 196), "YResolution is not 98 or 196");
    blame(c, d->fill_order != 2, "FillOrder is not 2");
    blame(c, !d->has_photometric || d->photometric != 0, "PhotometricInterpretation is not 0");
    blame(c, d->resolution_unit != 2, "ResolutionUnit is not 2");
}

static void check_f(struct check *c, const struct tiff_ifd *d)
{
    blame(c, d->compression != TIFF_T4 && d->compression != TIFF_T6, "Compression is not 3 or 4");
    blame(c, !is_one_of_f(d), "not a width and resolution of facsimile");
    blame(c, d->resolution_unit != 2 && d->resolution_unit != 3, "ResolutionUnit is not 2 or 3");
    blame(c, !d->has_photometric || d->photometric > 1, "PhotometricInterpretation is not 0 or 1");
    blame(c, d->fill_order != 1 && d->fill_order != 2, "FillOrder is not 1 or 2");
}

static void check_both(struct check *c, const struct tiff_ifd *d)
{
    blame(c, d->unsorted, "tags do not ascend");
    blame(c, d->dirty, "upper half of a SHORT is not 0");
    blame(c, !(d->subfile_type & 2), "NewSubfileType is not 2");
    blame(c, d->bits != 1 || d->samples != 1, "not bilevel");
    blame(c, d->orientation != 1, "Orientation is not 1");
    blame(c, d->strip_offsets.count != 1, "not in one strip");
    blame(c, !d->has_rows_per_strip || d->rows_per_strip != d->rows,
          "RowsPerStrip is not ImageLength");
    blame(c, !d->has_page_number, "no PageNumber");
    blame(c, d->t4_options & TIFF_T4_UNCOMPRESSED, "uncompressed mode is allowed");
}

/* The decoder stands behind the page: was there an RTC within the strip? */
static void check_data(struct check *c, const struct fax *f, const struct fax_page *p)
{
    for (unsigned i = 0; i < p->warnings; i++)
        blame(c, true, p->warning[i]);
    blame(c, f->ifd.compression == TIFF_T4 && p->warnings == 0 && f->closed, "an RTC is stored");
    blame(c, (f->ifd.t4_options & TIFF_T4_ALIGNED) && !p->eols_aligned,
          "T4Options says that EOLs end on bytes, and they do not");
}

enum err tiff_check(const char *path, enum tiff_profile profile, struct buf *reasons,
                    struct why *why)
{
    struct check c = {.profile = profile, .reasons = reasons};
    struct fax *f;
    struct fax_page page;
    enum err e = fax_open(path, NULL, &f, why);
    if (!e && !fax_is_tiff(f))
        e = why_set(why, ERR_DATA, "not a TIFF");
    while (!e && !(e = fax_next(f, &page, why))) {
        c.page = page.page.number;
        check_both(&c, &f->ifd);
        if (profile == TIFF_PROFILE_S)
            check_s(&c, &f->ifd, f->file.big_endian, f->file.first);
        else
            check_f(&c, &f->ifd);
        check_data(&c, f, &page);
        e = c.err;
    }
    fax_close(f);
    if (e != ERR_NO)
        return e;
    return c.found ? ERR_NO : ERR_NONE;
}
