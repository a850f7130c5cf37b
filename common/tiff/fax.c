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
            e = io_copy_most(f->fd, temp, IO_KEEP_MAX, NULL, why);
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
    free(f->guesser);
    free(f->in);
    free(f->chunk);
    free(f);
}

void fax_want(struct fax *f, unsigned wants)
{
    f->wants = wants;
}

bool fax_is_tiff(const struct fax *f)
{
    return f->tiff;
}

unsigned fax_total(const struct fax *f)
{
    return f->pages;
}

enum err fax_next(struct fax *f, struct fax_page *page, struct why *why)
{
    memset(&f->page, 0, sizeof f->page);
    buf_clear(&f->bitmap);
    enum err e = f->tiff ? fax_next_tiff(f, why) : fax_next_of_stream(f, why);
    if (e)
        return e;
    *page = f->page;
    return fax_rewind(f, why);
}

enum err fax_skip(struct fax *f, struct why *why)
{
    enum err e = f->tiff ? fax_skip_tiff(f, why) : fax_skip_of_stream(f, why);
    f->done += e == ERR_NONE;
    return e;
}

unsigned fax_done(const struct fax *f)
{
    return f->done;
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
    unsigned bits = left, eols = f->way.coded.coding == G3_MMR ? 2 : closed ? 6 : 0;
    for (unsigned i = 0; i < eols; i++) {
        unsigned end = bits + 11;
        tail[end / 8] |= (uint8_t)(0x80 >> end % 8);
        bits += 12;
        if (f->way.coded.coding == G3_MR) {
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

void fax_use_bitmap(struct fax *f, uint64_t rows)
{
    unsigned width = f->page.page.width;
    size_t stride = (width + 7) / 8;
    f->bitmap.len = stride * (size_t)rows;
    for (uint64_t y = 0; f->invert && y < rows; y++)
        turn_colours(f->bitmap.data + stride * (size_t)y, width);
    f->page.rows = rows;
    f->in_bitmap = true;
    f->bitmap_row = 0;
}

struct span fax_rows(const struct fax *f)
{
    return f->in_bitmap ? buf_span(&f->bitmap) : span_of(NULL, 0);
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
