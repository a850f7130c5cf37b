#include "tiff/fax_parts.h"

#include "tool/diag.h"
#include "tool/io.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void fax_warn(struct fax *f, const char *format, ...)
{
    va_list args;
    if (f->page.warnings == FAX_WARNINGS)
        return;
    va_start(args, format);
    vsnprintf(f->page.warning[f->page.warnings++], FAX_WARNING_SIZE, format, args);
    va_end(args);
}

/* A TIFF is read here and there: what cannot seek is copied to a temporary file. */
static enum err open_tiff(struct fax *f, struct why *why)
{
    struct stat st;
    bool seekable = fstat(f->fd, &st) == 0 && S_ISREG(st.st_mode) &&
                    lseek(f->fd, 0, SEEK_CUR) == (off_t)f->in_size;
    f->tiff = true;
    if (!seekable) {
        int temp;
        enum err e = io_temp(&temp, why);
        if (e)
            return e;
        e = io_write(temp, f->in, f->in_size, why);
        if (!e)
            e = io_copy(f->fd, temp, NULL, why);
        if (f->own_fd)
            io_close(f->fd, NULL);
        f->fd = temp;
        f->own_fd = true;
        if (e)
            return e;
    }
    enum err e = tiff_file_open(&f->file, f->fd, why);
    if (!e)
        e = tiff_count_pages(&f->file, &f->pages, why);
    f->next_ifd = f->file.first;
    return e;
}

/* Reads a first chunk, whole as far as the input goes, to see what it is. */
static enum err open_content(struct fax *f, const struct page_hints *hints, struct why *why)
{
    f->in = malloc(FAX_CHUNK);
    f->chunk = malloc(FAX_CHUNK);
    if (!f->in || !f->chunk)
        return why_set(why, ERR_OS, "out of memory");
    size_t got = 1;
    while (f->in_size < 4 && got) {
        enum err e = io_read(f->fd, f->in + f->in_size, FAX_CHUNK - f->in_size, &got, why);
        if (e)
            return e;
        f->in_size += got;
    }
    if (f->in_size == 0)
        return why_set(why, ERR_DATA, "empty input");
    if (!(hints && hints->bare) && tiff_is(span_of(f->in, f->in_size)))
        return open_tiff(f, why);
    f->stream = malloc(sizeof *f->stream);
    if (!f->stream)
        return why_set(why, ERR_OS, "out of memory");
    page_stream_init(f->stream, hints);
    return ERR_NONE;
}

static enum err make(int fd, bool own, const struct page_hints *hints, struct fax **f,
                     struct why *why)
{
    *f = calloc(1, sizeof **f);
    if (!*f) {
        if (own)
            io_close(fd, NULL);
        return why_set(why, ERR_OS, "out of memory");
    }
    (*f)->fd = fd;
    (*f)->own_fd = own;
    spill_init(&(*f)->spill);
    buf_init(&(*f)->bitmap, FAX_BITMAP_MAX);
    return open_content(*f, hints, why);
}

enum err fax_open(const char *path, const struct page_hints *hints, struct fax **f,
                  struct why *why)
{
    int fd;
    *f = NULL;
    enum err e = io_open(path, &fd, why);
    return e ? e : make(fd, fd > 2, hints, f, why);
}

enum err fax_open_fd(int fd, const struct page_hints *hints, struct fax **f, struct why *why)
{
    return make(fd, false, hints, f, why);
}

void fax_close(struct fax *f)
{
    if (!f)
        return;
    if (f->own_fd)
        io_close(f->fd, NULL);
    spill_release(&f->spill);
    buf_release(&f->bitmap);
    free(f->stream);
    free(f->in);
    free(f->chunk);
    free(f);
}

bool fax_is_tiff(const struct fax *f)
{
    return f->tiff;
}

unsigned fax_total(const struct fax *f)
{
    return f->pages;
}

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
    case 5:
        return "lzw";
    case 6:
    case 7:
        return "jpeg";
    case 8:
    case 32946:
        return "deflate";
    case TIFF_PACKBITS:
        return "packbits";
    case TIFF_RLE_WORD:
        return "rle";
    default:
        return "other";
    }
}

static bool is_facsimile(const struct tiff_ifd *d)
{
    return d->compression >= TIFF_RLE && d->compression <= TIFF_T6 && d->bits == 1 &&
           d->samples == 1 && d->tile_width == 0 && d->strip_offsets.count > 0;
}

/* How the strips share the rows; what cannot be is replaced by what may. */
static void settle_strips(struct fax *f)
{
    const struct tiff_ifd *d = &f->ifd;
    f->strips = d->strip_offsets.count;
    f->strip_rows = d->rows_per_strip;
    f->clipped = false;
    if (f->strips > 1 && (f->strip_rows == 0 || (d->rows && f->strip_rows >= d->rows))) {
        f->strip_rows = d->rows ? (d->rows + f->strips - 1) / f->strips : 0;
        fax_warn(f, "RowsPerStrip is wrong");
    }
    /* More strips than rows are none. */
    if (d->rows && f->strips > d->rows)
        f->strips = d->rows;
}

static enum err read_bitmap(struct fax *f, uint32_t offset, struct why *why)
{
    enum err e = fax_read_foreign(f, offset, why);
    if (e)
        return e;
    f->page.coding_name = compression_name(f->ifd.compression);
    f->page.page.coding = G3_MH;
    return ERR_NONE;
}

/* A coded page that does not lie upright is decoded once, into the bitmap. */
static enum err decode_bitmap(struct fax *f, struct why *why)
{
    size_t stride = (f->ifd.width + 7) / 8;
    uint8_t *row;
    enum err e = fax_spend(f, stride * f->page.rows / FAX_COST_TURN, why);
    if (!e)
        e = fax_rewind(f, why);
    if (!e && buf_reserve(&f->bitmap, stride * (size_t)f->page.rows, &row))
        e = why_set(why, ERR_DATA, "page %u: too large to be turned", f->page.page.number);
    for (uint64_t y = 0; !e && y < f->page.rows; y++, row += stride)
        e = fax_row(f, row, why);
    if (e)
        return e;
    f->bitmap.len = stride * (size_t)f->page.rows;
    return ERR_NONE;
}

static enum err next_tiff(struct fax *f, struct why *why)
{
    if (f->done == f->pages)
        return ERR_NO;
    uint32_t offset = f->next_ifd;
    enum err e = tiff_ifd_read(&f->file, offset, &f->ifd, why);
    if (e)
        return e;
    struct page *p = &f->page.page;
    f->next_ifd = f->ifd.next;
    f->invert = f->ifd.has_photometric && f->ifd.photometric == 1;
    f->page.orientation = f->ifd.orientation >= 1 && f->ifd.orientation <= 8 ? f->ifd.orientation : 1;
    p->number = ++f->done;
    p->total = f->pages;
    p->width = f->ifd.width;
    if (p->width == 0 || p->width > G3_WIDTH_MAX)
        return why_set(why, ERR_DATA, "page %u: width %u", p->number, f->ifd.width);
    settle_resolution(f);
    f->in_bitmap = false;
    if (is_facsimile(&f->ifd)) {
        settle_strips(f);
        e = fax_examine_tiff(f, why);
        if (!e && f->page.orientation != 1)
            e = decode_bitmap(f, why);
    } else {
        e = read_bitmap(f, offset, why);
    }
    if (!e && f->bitmap.len) {
        e = f->page.orientation != 1 ? fax_turn(f, why) : ERR_NONE;
        f->in_bitmap = true;
    }
    return e;
}

/* The stream's bytes of one page, into the spill. */
static enum err gather_page(struct fax *f, bool *whole, struct why *why)
{
    struct page_event event;
    size_t got;
    enum err e = spill_clear(&f->spill, why);
    while (!e) {
        switch (page_stream_next(f->stream, &event, why)) {
        case PAGE_MORE:
            got = f->in_size;
            f->in_size = 0;
            if (got == 0 && (e = io_read(f->fd, f->in, FAX_CHUNK, &got, why)))
                break;
            if (got)
                page_stream_push(f->stream, span_of(f->in, got));
            else
                page_stream_finish(f->stream);
            break;
        case PAGE_BEGIN:
            f->page.page = event.page;
            break;
        case PAGE_DATA:
            e = spill_add(&f->spill, event.data.p, event.data.n, why);
            break;
        case PAGE_END:
            *whole = event.whole;
            return ERR_NONE;
        case PAGE_OVER:
            return ERR_NO;
        default:
            return ERR_DATA;
        }
    }
    return e;
}

/* What the page's end tells. A stream's length is exact; bare data may lack its RTC. */
static enum err judge_end(struct fax *f, bool whole, struct why *why)
{
    const struct g3_decoder *d = &f->decoder;
    unsigned n = f->page.page.number;
    const char *mark = f->page.page.coding == G3_MMR ? "EOFB" : "RTC";
    uint64_t used = (g3_decoder_offset(d) + 7) / 8;
    if (f->walk.lost || f->walk.bad_rows == f->walk.rows)
        return why_set(why, ERR_DATA, "page %u: %s", n,
                       f->walk.rows ? "damaged beyond repair" : "no rows");
    if (f->page.page.ours && d->closed && used != f->spill.size)
        return why_set(why, ERR_DATA, "page %u: its %s comes %llu bytes before its end", n, mark,
                       (unsigned long long)(f->spill.size - used));
    if (!d->closed) {
        bool bare = f->stream->kind == PAGE_KIND_BARE;
        if (!whole && (!bare || f->walk.cut))
            return why_set(why, ERR_DATA, "page %u: cut short", n);
        /* Without its EOFB nobody knows how many rows an MMR page had. */
        if (f->page.page.ours && f->page.page.coding == G3_MMR)
            return why_set(why, ERR_DATA, "page %u: no EOFB at its end", n);
        fax_warn(f, "no %s at its end", mark);
    }
    return ERR_NONE;
}

static enum err next_of_stream(struct fax *f, struct why *why)
{
    bool whole = false;
    enum g3_event event;
    enum err e = gather_page(f, &whole, why);
    if (e)
        return e;
    struct fax_page *p = &f->page;
    p->page.number = ++f->done;
    f->ifd = (struct tiff_ifd){.width = p->page.width};
    f->strips = 1;
    f->in_bitmap = false;
    fax_walk_start(f, &(struct fax_way){p->page.coding, 0, false});
    do
        e = fax_walk_row(f, NULL, &event, why);
    while (!e && event != G3_END);
    if (!e)
        e = judge_end(f, whole, why);
    if (e)
        return e;
    p->coding_name = g3_coding_name(p->page.coding);
    p->rows = f->walk.rows;
    p->bad_rows = f->walk.bad_rows;
    p->bad_in_a_row = f->walk.bad_in_a_row;
    p->orientation = 1;
    p->eols_aligned = f->decoder.eols_aligned;
    p->carried = p->bad_rows == 0 && (f->decoder.led || p->page.coding == G3_MMR);
    if (p->page.coding == G3_MR && f->decoder.longest_2d >= p->page.k)
        p->page.k = f->decoder.longest_2d < 254 ? f->decoder.longest_2d + 1 : 255;
    f->end_of_rows = f->decoder.end_of_rows;
    if (p->bad_rows)
        fax_warn(f, "%llu damaged rows repaired", (unsigned long long)p->bad_rows);
    return ERR_NONE;
}

enum err fax_next(struct fax *f, struct fax_page *page, struct why *why)
{
    memset(&f->page, 0, sizeof f->page);
    buf_clear(&f->bitmap);
    enum err e = f->tiff ? next_tiff(f, why) : next_of_stream(f, why);
    if (e)
        return e;
    *page = f->page;
    return fax_rewind(f, why);
}

/* The bits up to the end of the last row, then the code that closes the page. */
enum err fax_carry(struct fax *f, bool closed, fax_sink *sink, void *context, struct why *why)
{
    uint64_t whole = f->end_of_rows / 8, at = 0;
    unsigned left = (unsigned)(f->end_of_rows % 8);
    static const uint8_t none;
    uint8_t tail[16] = {none};
    struct span bytes;
    enum err e = ERR_NONE;
    for (; at < whole; at += bytes.n) {
        if ((e = fax_strip_bytes(f, 0, at, &bytes, why)))
            return e;
        if (bytes.n == 0)
            return why_set(why, ERR_IO, "the input changed while it was read");
        bytes = span_take(bytes, (size_t)(whole - at));
        if ((e = sink(context, bytes, why)))
            return e;
    }
    if (left) {
        if ((e = fax_strip_bytes(f, 0, whole, &bytes, why)))
            return e;
        tail[0] = bytes.n ? (uint8_t)(bytes.p[0] & 0xff00 >> left) : 0;
    }
    unsigned bits = left, eols = f->way.coding == G3_MMR ? 2 : closed ? 6 : 0;
    for (unsigned i = 0; i < eols; i++) {
        unsigned end = bits + 11;
        tail[end / 8] |= (uint8_t)(0x80 >> end % 8);
        bits += 12;
        if (f->way.coding == G3_MR) {
            tail[bits / 8] |= (uint8_t)(0x80 >> bits % 8);
            bits++;
        }
    }
    return bits ? sink(context, span_of(tail, (bits + 7) / 8), why) : ERR_NONE;
}

enum err fax_rewind(struct fax *f, struct why *why)
{
    (void)why;
    f->bitmap_row = 0;
    if (!f->in_bitmap) {
        struct fax_way way = f->way;
        fax_walk_start(f, &way);
    }
    return ERR_NONE;
}

static void turn_colours(uint8_t *row, unsigned width)
{
    size_t n = (width + 7) / 8;
    for (size_t i = 0; i < n; i++)
        row[i] = (uint8_t)~row[i];
    if (width & 7)
        row[n - 1] &= (uint8_t)(0xff00 >> (width & 7));
}

enum err fax_row(struct fax *f, uint8_t *row, struct why *why)
{
    enum g3_event event;
    if (f->in_bitmap) {
        size_t stride = (f->page.page.width + 7) / 8;
        if (f->bitmap_row == f->page.rows)
            return ERR_NO;
        memcpy(row, f->bitmap.data + stride * f->bitmap_row++, stride);
        return ERR_NONE;
    }
    if (f->walk.rows == f->page.rows)
        return ERR_NO;
    enum err e = fax_walk_row(f, row, &event, why);
    if (e)
        return e;
    if (event == G3_END)
        return why_set(why, ERR_IO, "the input changed while it was read");
    if (f->invert)
        turn_colours(row, f->page.page.width);
    return ERR_NONE;
}
