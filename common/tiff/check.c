#include "tiff/check.h"

#include "tiff/fax_parts.h"

#include <string.h>

/* Bits of the types that a tag may have. */
enum { SHORTS = 1 << TIFF_TYPE_SHORT, LONGS = 1 << TIFF_TYPE_LONG,
       RATIONALS = 1 << TIFF_TYPE_RATIONAL };

/* What every page has (man g3tiff, the table). count 0: any. */
static const struct {
    enum tiff_tag tag;
    const char *name;
    unsigned types, count;
} required[] = {
    {TIFF_SUBFILE_TYPE, "NewSubfileType", LONGS, 1},
    {TIFF_WIDTH, "ImageWidth", SHORTS | LONGS, 1},
    {TIFF_LENGTH, "ImageLength", SHORTS | LONGS, 1},
    {TIFF_BITS, "BitsPerSample", SHORTS, 1},
    {TIFF_COMPRESSION, "Compression", SHORTS, 1},
    {TIFF_PHOTOMETRIC, "PhotometricInterpretation", SHORTS, 1},
    {TIFF_FILL_ORDER, "FillOrder", SHORTS, 1},
    {TIFF_STRIP_OFFSETS, "StripOffsets", SHORTS | LONGS, 0},
    {TIFF_SAMPLES, "SamplesPerPixel", SHORTS, 1},
    {TIFF_ROWS_PER_STRIP, "RowsPerStrip", SHORTS | LONGS, 1},
    {TIFF_STRIP_COUNTS, "StripByteCounts", SHORTS | LONGS, 0},
    {TIFF_X_RESOLUTION, "XResolution", RATIONALS, 1},
    {TIFF_Y_RESOLUTION, "YResolution", RATIONALS, 1},
    {TIFF_RESOLUTION_UNIT, "ResolutionUnit", SHORTS, 1},
    {TIFF_PAGE_NUMBER, "PageNumber", SHORTS, 2},
};

struct check {
    enum tiff_profile profile;
    struct buf *reasons;
    unsigned page, found, pages;
    enum err err;
};

static void blame(struct check *c, bool wrong, const char *reason)
{
    if (!wrong || c->err)
        return;
    c->found++;
    c->err = buf_add_format(c->reasons, "page %u: %s\n", c->page, reason);
}

static void blame_tag(struct check *c, bool wrong, const char *name, const char *is)
{
    if (!wrong || c->err)
        return;
    c->found++;
    c->err = buf_add_format(c->reasons, "page %u: %s %s\n", c->page, name, is);
}

static bool has(const struct tiff_ifd *d, enum tiff_tag tag)
{
    return tiff_seen(d, tag)->count > 0;
}

static void check_presence(struct check *c, const struct tiff_ifd *d)
{
    for (unsigned i = 0; i < sizeof required / sizeof *required; i++) {
        const struct tiff_values *v = tiff_seen(d, required[i].tag);
        const char *name = required[i].name;
        if (v->count == 0) {
            blame_tag(c, true, name, "is missing");
            continue;
        }
        blame_tag(c, v->type > TIFF_TYPE_RATIONAL || !(required[i].types >> v->type & 1), name,
                  "has a wrong type");
        blame_tag(c, required[i].count && v->count != required[i].count, name,
                  "has a wrong count");
    }
    blame(c, d->compression == TIFF_T4 && !has(d, TIFF_T4_OPTIONS), "T4Options is missing");
    blame(c, d->compression == TIFF_T6 && !has(d, TIFF_T6_OPTIONS), "T6Options is missing");
}

/* In dots an inch, whatever ResolutionUnit says. */
static unsigned dpi(const struct tiff_ifd *d, double claimed)
{
    double x = d->resolution_unit == 3 ? claimed / 2.54 : claimed;
    return x > 0 && x < 10000 ? (unsigned)(x + 0.5) : 0;
}

static void check_s(struct check *c, const struct tiff_ifd *d)
{
    unsigned y = dpi(d, d->ydpi);
    blame(c, d->width != 1728, "ImageWidth is not 1728");
    blame(c, d->compression != TIFF_T4, "Compression is not 3");
    blame(c, d->compression == TIFF_T4 && (d->t4_options & TIFF_T4_2D),
          "T4Options says mr, which is not of profile S");
    blame(c, !page_same_dpi(dpi(d, d->xdpi), 204), "XResolution is not 204");
    blame(c, !page_same_dpi(y, 98) && !page_same_dpi(y, 196), "YResolution is not 98 or 196");
    blame(c, has(d, TIFF_BAD_LINES), "BadFaxLines is not of profile S");
    blame(c, has(d, TIFF_CLEAN_DATA), "CleanFaxData is not of profile S");
    blame(c, has(d, TIFF_BAD_RUN), "ConsecutiveBadFaxLines is not of profile S");
}

static void check_f(struct check *c, const struct tiff_ifd *d)
{
    struct page p = {.width = d->width, .xdpi = dpi(d, d->xdpi), .ydpi = dpi(d, d->ydpi)};
    unsigned x = p.xdpi, y = p.ydpi;
    bool known = page_nominal_xdpi(&x), both = page_nominal_ydpi(&y) && known;
    blame(c, d->compression != TIFF_T4 && d->compression != TIFF_T6, "Compression is not 3 or 4");
    blame(c, !known, "XResolution is not 204, 300 or 408");
    blame(c, !both && known, "YResolution is not 98, 196, 300 or 391");
    bool wide = known && d->width != page_width(PAGE_A4, x) && d->width != page_width(PAGE_B4, x) &&
                d->width != page_width(PAGE_A3, x);
    blame(c, wide, "ImageWidth is none of facsimile at its XResolution");
    blame(c, both && !wide && !page_is_profile_f(&p), "YResolution does not go with XResolution");
    blame(c, d->compression == TIFF_T6 && d->t6_options != 0, "T6Options is not 0");
    blame(c, has(d, TIFF_BAD_LINES) && d->bad_lines > d->rows,
          "BadFaxLines is more than ImageLength");
}

static void check_both(struct check *c, const struct tiff_ifd *d)
{
    blame(c, d->unsorted, "tags do not ascend");
    blame(c, d->dirty, "upper half of a SHORT is not 0");
    blame(c, d->subfile_type != 2, "NewSubfileType is not 2");
    blame(c, d->bits != 1, "BitsPerSample is not 1");
    blame(c, d->samples != 1, "SamplesPerPixel is not 1");
    blame(c, d->has_photometric && d->photometric != 0, "PhotometricInterpretation is not 0");
    blame(c, d->fill_order != 2, "FillOrder is not 2");
    blame(c, d->orientation != 1, "Orientation is not 1");
    blame(c, d->tile_width != 0, "it is in tiles");
    blame(c, d->strip_offsets.count != 1, "StripOffsets says more or less than one strip");
    blame(c, d->strip_counts.count != 1, "StripByteCounts says more or less than one strip");
    blame(c, d->has_rows_per_strip && d->rows_per_strip != d->rows,
          "RowsPerStrip is not ImageLength");
    blame(c, d->resolution_unit != 2, "ResolutionUnit is not 2");
    blame(c, d->has_page_number && d->page_number != c->page - 1,
          "PageNumber is not the number of the page");
    blame(c, d->has_page_number && d->page_total != 0 && d->page_total != c->pages,
          "PageNumber does not say how many pages there are");
    blame(c, d->compression == TIFF_T4 && d->t4_options & ~5u,
          "T4Options is none of 0, 1, 4 and 5");
}

/* "II"; the directory, its long values, its strip, the next directory. */
static void check_layout(struct check *c, const struct tiff_file *f, const struct tiff_ifd *d)
{
    uint64_t strip = 0, size = 0;
    blame(c, c->page == 1 && f->big_endian, "byte order is not II");
    blame(c, c->page == 1 && f->big, "it is a BigTIFF");
    blame(c, c->page == 1 && f->first != 8, "the first directory is not at offset 8");
    if (tiff_value(f, &d->strip_offsets, 0, &strip, NULL) ||
        tiff_value(f, &d->strip_counts, 0, &size, NULL))
        return;
    blame(c, strip < d->end, "the strip is not behind its directory");
    blame(c, size == 0 || strip > f->size || size > f->size - strip,
          "StripByteCounts is not the size of the strip");
    blame(c, d->next && d->next < strip + size, "the next directory is not behind the strip");
    bool apart = false;
    for (unsigned i = 0; i < TIFF_TAGS_KNOWN; i++) {
        const struct tiff_values *v = &d->seen[i];
        bool inside = v->at >= d->at && v->at < d->end;
        apart = apart || (v->count && !inside && (v->at < d->end || v->at >= strip));
    }
    blame(c, apart, "values are not between the directory and the strip");
}

/* What the reader found out of the data. The decoder stands behind the page. */
static void check_data(struct check *c, const struct fax *f, const struct fax_page *p)
{
    bool mmr = f->ifd.compression == TIFF_T6;
    for (unsigned i = 0; i < p->warnings; i++)
        blame(c, true, p->warning[i]);
    if (p->warnings || (f->ifd.compression != TIFF_T4 && !mmr))
        return;
    blame(c, !mmr && f->closed, "an RTC is stored");
    blame(c, mmr && !f->closed, "no EOFB at its end");
    blame(c, !mmr && !(f->ifd.t4_options & TIFF_T4_ALIGNED) && p->eols_aligned,
          "T4Options does not say that EOLs end on bytes");
}

/* A page's data that cannot be read at all is one more reason, and the last. */
static enum err check_page(struct check *c, struct fax *f, struct why *why)
{
    struct tiff_ifd d;
    struct fax_page page;
    struct why reason = {""};
    if (c->page == c->pages)
        return ERR_NO;
    c->page++;
    enum err e = tiff_ifd_read(&f->file, f->next_ifd, &d, why);
    if (e)
        return e;
    check_layout(c, &f->file, &d);
    check_presence(c, &d);
    check_both(c, &d);
    (c->profile == TIFF_PROFILE_S ? check_s : check_f)(c, &d);
    e = fax_next(f, &page, &reason);
    if (!e)
        check_data(c, f, &page);
    if (e == ERR_DATA) {
        const char *text = strncmp(reason.text, "page ", 5) ? NULL : strstr(reason.text, ": ");
        blame(c, true, text ? text + 2 : reason.text);
        c->page = c->pages;
        return c->err;
    }
    if (e && why)
        *why = reason;
    return e ? e : c->err;
}

enum err tiff_check(const char *path, enum tiff_profile profile, struct buf *reasons,
                    struct why *why)
{
    struct check c = {.profile = profile, .reasons = reasons};
    struct fax *f;
    enum err e = fax_open(path, NULL, &f, why);
    if (!e && !fax_is_tiff(f))
        e = why_set(why, ERR_DATA, "not a TIFF");
    if (!e) {
        fax_want(f, FAX_WANT_BILEVEL);
        c.pages = fax_total(f);
    }
    while (!e)
        e = check_page(&c, f, why);
    fax_close(f);
    if (e != ERR_NO)
        return e;
    return c.found ? ERR_NO : ERR_NONE;
}
