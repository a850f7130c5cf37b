#include "tiff/fax_parts.h"

/* 1 in 20 fits the nominal value; the missing is guessed from the width, as other readers do. */
static void settle_resolution(struct fax *f)
{
    struct page *p = &f->page.page;
    double x = f->ifd.xdpi, y = f->ifd.ydpi;
    if (f->ifd.resolution_unit != 2 && f->ifd.resolution_unit != 3 && x > 70 && x < 90 &&
        f->ifd.width >= 1728) {
        x *= 2.54;
        y *= 2.54;
    }
    if (!(x >= 50 && x < 5000 && y >= 50 && y < 5000)) {
        fax_warn(f, "no resolution");
        x = f->ifd.width >= 3456 ? 408 : f->ifd.width >= 2592 ? 300 : 204;
        y = x == 408 ? 391 : x == 300 ? 300 : 196;
    }
    p->xdpi = (unsigned)(x + 0.5);
    p->ydpi = (unsigned)(y + 0.5);
    page_nominal_xdpi(&p->xdpi);
    page_nominal_ydpi(&p->ydpi);
}

static const char *compression_name(unsigned compression)
{
    switch (compression) {
    case TIFF_UNCODED:
        return "none";
    case TIFF_LZW:
        return "lzw";
    case TIFF_OLD_JPEG:
    case TIFF_JPEG:
        return "jpeg";
    case TIFF_ADOBE_DEFLATE:
    case TIFF_DEFLATE:
        return "deflate";
    case TIFF_PACKBITS:
        return "packbits";
    case TIFF_JBIG:
        return "jbig";
    default:
        return "other";
    }
}

static bool is_facsimile(const struct tiff_ifd *d)
{
    bool coded = (d->compression >= TIFF_RLE && d->compression <= TIFF_T6) ||
                 d->compression == TIFF_RLE_WORD;
    /* T.4 and T.6 know no other pels than those of one bit, whatever other tags say. */
    return coded && d->strip_offsets.count > 0;
}

/* Strips; or tiles of coded data, which are strips of their own width, row by row of the page. */
static enum err settle_strips(struct fax *f, struct why *why)
{
    const struct tiff_ifd *d = &f->ifd;
    f->strips = d->strip_offsets.count;
    f->strip_rows = d->rows_per_strip;
    f->coded_rows = d->rows;
    f->coded_width = d->width;
    f->clipped = false;
    f->chunk_size = 0;
    if (d->tile_width == 0 || !is_facsimile(d))
        return ERR_NONE;
    f->strip_rows = d->tile_length;
    f->coded_rows = (uint64_t)d->tile_length * f->strips;
    f->coded_width = d->tile_width;
    unsigned across = (d->width + d->tile_width - 1) / d->tile_width;
    if (d->tile_width % 8 || d->tile_width > G3_WIDTH_MAX || d->tile_length == 0 ||
        d->tile_length > PAGE_ROWS_MAX || across > f->strips)
        return why_set(why, ERR_DATA, "page %u: tiles of %u x %u", f->page.page.number,
                       d->tile_width, d->tile_length);
    return ERR_NONE;
}

static bool is_plain(const struct tiff_ifd *d)
{
    return (d->compression == TIFF_UNCODED || d->compression == TIFF_PACKBITS) && d->bits == 1 &&
           d->samples == 1 && d->photometric <= 1 && d->tile_width == 0 &&
           d->strip_offsets.count > 0;
}

static enum err read_bitmap(struct fax *f, struct why *why)
{
    enum err e = settle_strips(f, why);
    if (!e)
        e = is_plain(&f->ifd) ? fax_read_plain(f, why) : fax_read_foreign(f, why);
    if (e)
        return e;
    f->page.coding_name = compression_name(f->ifd.compression);
    f->page.page.coding = G3_MH;
    f->in_bitmap = true;
    return ERR_NONE;
}

/* A coded page that does not lie upright is decoded once, into the bitmap. */
static enum err decode_bitmap(struct fax *f, struct why *why)
{
    size_t stride = (f->page.page.width + 7) / 8;
    uint8_t *row;
    enum err e = fax_spend(f, stride * f->page.rows / FAX_COST_TURN, why);
    if (!e && f->in_bitmap)
        return ERR_NONE;
    if (!e)
        e = fax_rewind(f, why);
    if (!e && buf_reserve(&f->bitmap, stride * (size_t)f->page.rows, &row))
        e = why_set(why, ERR_DATA, "page %u: too large to be turned", f->page.page.number);
    for (uint64_t y = 0; !e && y < f->page.rows; y++, row += stride)
        e = fax_row(f, row, why);
    if (e)
        return e;
    f->bitmap.len = stride * (size_t)f->page.rows;
    f->in_bitmap = true;
    return ERR_NONE;
}

static enum err read_facsimile(struct fax *f, struct why *why)
{
    enum err e = settle_strips(f, why);
    if (!e)
        e = fax_examine_tiff(f, why);
    if (!e && f->ifd.tile_width)
        e = fax_lay_tiles(f, why);
    else if (!e && f->page.orientation != 1)
        e = decode_bitmap(f, why);
    return e;
}

/* Rows led by EOL, a page that its end code closes, or just as many rows as claimed: that the bits
 * of something else look so is no accident to be reckoned with. */
static bool is_surely_facsimile(const struct fax *f)
{
    const struct fax_page *p = &f->page;
    bool led = p->page.coding != G3_MMR && !(f->way.coded.flags & G3_NO_EOL);
    return p->bad_rows <= p->rows / 4 && (led || f->closed || p->rows == f->coded_rows);
}

/*
 * A bitmap, unless its Compression lies: what nobody can unpack, or what gives another number of
 * rows than there should be, is tried as facsimile.
 */
static enum err read_other(struct fax *f, struct why *why)
{
    struct fax_page page = f->page;
    uint64_t rows = f->rows, coded = f->coded;
    struct why second;
    const struct tiff_ifd *d = &f->ifd;
    enum err e = read_bitmap(f, why);
    bool doubted = e == ERR_DATA || (!e && f->page.rows != d->rows);
    if (!doubted || d->bits != 1 || d->samples != 1 || d->strip_offsets.count == 0)
        return e;
    f->page = page;
    f->rows = rows;
    f->coded = coded;
    f->in_bitmap = false;
    if (read_facsimile(f, &second) == ERR_NONE && is_surely_facsimile(f))
        return ERR_NONE;
    if (e)
        return e;
    f->page = page;
    f->rows = rows;
    f->coded = coded;
    return read_bitmap(f, why);
}

/* What an earlier reader repaired; at most all rows. A quarter turned, they are rows no more. */
static void settle_told(struct fax *f)
{
    const struct tiff_values *lines = tiff_seen(&f->ifd, TIFF_BAD_LINES);
    const struct tiff_values *run = tiff_seen(&f->ifd, TIFF_BAD_RUN);
    struct fax_page *p = &f->page;
    p->told_bad = lines->count > 0;
    if (p->orientation > 4 || tiff_value(&f->file, lines, 0, &p->told_rows, NULL))
        p->told_rows = 0;
    if (p->told_rows > p->rows)
        p->told_rows = p->rows;
    /* Where nobody says how many followed each other, none did. */
    if (tiff_value(&f->file, run, 0, &p->told_in_a_row, NULL) || p->told_in_a_row == 0)
        p->told_in_a_row = 1;
    if (p->told_in_a_row > p->told_rows)
        p->told_in_a_row = p->told_rows;
}

/* ImageWidth is absent or absurd: the usual one is supposed, and the rows must bear it out. */
static enum err read_unsized(struct fax *f, struct why *why)
{
    uint32_t claimed = f->ifd.width;
    struct why second;
    f->ifd.width = f->page.page.width = 1728;
    settle_resolution(f);
    if (is_facsimile(&f->ifd) && f->ifd.tile_width == 0 &&
        read_facsimile(f, &second) == ERR_NONE && is_surely_facsimile(f)) {
        fax_warn(f, "ImageWidth is %u", claimed);
        return ERR_NONE;
    }
    return why_set(why, ERR_DATA, "page %u: width %u", f->page.page.number, claimed);
}

enum err fax_next_tiff(struct fax *f, struct why *why)
{
    if (f->done == f->pages)
        return ERR_NO;
    enum err e = tiff_ifd_read(&f->file, f->next_ifd, &f->ifd, why);
    if (e)
        return e;
    struct page *p = &f->page.page;
    f->next_ifd = f->ifd.next;
    f->invert = f->ifd.has_photometric && f->ifd.photometric == 1;
    f->page.orientation = f->ifd.orientation >= 1 && f->ifd.orientation <= 8
                              ? f->ifd.orientation : 1;
    p->number = ++f->done;
    p->total = f->pages;
    p->width = f->ifd.width;
    f->in_bitmap = false;
    if (p->width == 0 || p->width > G3_WIDTH_MAX) {
        e = read_unsized(f, why);
    } else {
        settle_resolution(f);
        e = is_facsimile(&f->ifd) ? read_facsimile(f, why) : read_other(f, why);
    }
    if (!e)
        settle_told(f);
    if (!e && f->page.orientation != 1)
        e = fax_turn(f, why);
    return e;
}

enum err fax_skip_tiff(struct fax *f, struct why *why)
{
    uint64_t n, end;
    if (f->done == f->pages)
        return ERR_NO;
    enum err e = tiff_ifd_extent(&f->file, f->next_ifd, &n, &end, why);
    f->next_ifd = e ? 0 : tiff_ifd_next(&f->file, end);
    return e;
}
