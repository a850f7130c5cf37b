#include "print/pages.h"

#include "page/stream.h"
#include "tool/diag.h"
#include "tool/io.h"
#include "tool/spawn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 65536 };

enum err pages_coded(struct press *press, const struct sheet *s, uint64_t *bad, struct why *why)
{
    struct g3_decoder *d = malloc(sizeof *d);
    struct sheet page = *s;
    enum g3_event event;
    if (!d)
        return why_set(why, ERR_OS, "out of memory");
    g3_decoder_init(d, s->coding, s->width, 0);
    g3_decoder_push(d, s->data);
    while ((event = g3_decoder_next(d, NULL)) != G3_END && event != G3_LOST &&
           d->rows <= SHEET_ROWS_MAX)
        if (event == G3_MORE)
            g3_decoder_finish(d);
    page.rows = d->rows <= SHEET_ROWS_MAX ? (unsigned)d->rows : 0;
    uint64_t damaged = d->bad_rows + (event == G3_LOST);
    /* Rows without EOLs between them are not what a reader of the bytes expects. */
    bool clean = damaged == 0 && (s->coding == G3_MMR || d->led);
    free(d);
    if (bad)
        *bad = damaged;
    if (page.rows == 0)
        return why_set(why, ERR_DATA, "a page without a row that can be read");
    if (clean)
        return press_fax(press, &page, why);
    struct buf rows;
    buf_init(&rows, SHEET_BYTES_MAX);
    enum err e = sheet_bitmap(&page, &rows, why);
    page.coded = false;
    page.data = buf_span(&rows);
    if (!e)
        e = press_fax(press, &page, why);
    buf_release(&rows);
    return e;
}

static enum err g3_page(struct press *press, const struct page *p, struct span data,
                        struct why *why)
{
    uint64_t bad;
    struct sheet s = {.width = p->width, .xdpi = p->xdpi, .ydpi = p->ydpi, .coded = true,
                      .coding = p->coding, .data = data};
    enum err e = pages_coded(press, &s, &bad, why);
    if (!e && bad)
        diag_warn("page %u: %llu damaged rows repaired", p->number, (unsigned long long)bad);
    return e;
}

/* One step of the stream; *over at its end. */
static enum err g3_step(struct press *press, struct page_stream *stream, struct page *page,
                        struct buf *data, bool *more, bool *over, struct why *why)
{
    struct page_event event;
    enum err e = ERR_NONE;
    switch (page_stream_next(stream, &event, why)) {
    case PAGE_MORE:
        *more = true;
        break;
    case PAGE_BEGIN:
        *page = event.page;
        buf_clear(data);
        break;
    case PAGE_DATA:
        e = buf_add_span(data, event.data);
        if (e)
            why_set(why, e, "page %u: more than %d MiB", page->number, SHEET_BYTES_MAX >> 20);
        break;
    case PAGE_END:
        e = g3_page(press, page, buf_span(data), why);
        break;
    case PAGE_OVER:
        *over = true;
        break;
    case PAGE_ERROR:
        e = ERR_DATA;
        break;
    }
    return e;
}

enum err pages_g3(struct press *press, int fd, struct why *why)
{
    struct page_stream *stream = malloc(sizeof *stream);
    uint8_t *chunk = malloc(CHUNK);
    struct buf data;
    struct page page = {0};
    bool over = false;
    size_t got;
    buf_init(&data, SHEET_BYTES_MAX);
    enum err e = stream && chunk ? ERR_NONE : why_set(why, ERR_OS, "out of memory");
    if (!e)
        page_stream_init(stream, NULL);
    while (!e && !over) {
        bool more = false;
        e = g3_step(press, stream, &page, &data, &more, &over, why);
        if (e || !more)
            continue;
        e = io_read(fd, chunk, CHUNK, &got, why);
        if (!e && got)
            page_stream_push(stream, span_of(chunk, got));
        else if (!e)
            page_stream_finish(stream);
    }
    buf_release(&data);
    free(chunk);
    free(stream);
    return e;
}

/* A number and the one white byte behind it of a raw PBM's header; 0 when there is none. */
static unsigned pbm_number(FILE *f)
{
    unsigned n = 0;
    int c;
    do
        c = getc(f);
    while (c == ' ' || c == '\n' || c == '\t');
    for (; c >= '0' && c <= '9' && n < 1000000; c = getc(f))
        n = n * 10 + (unsigned)(c - '0');
    return c == '\n' || c == ' ' ? n : 0;
}

static enum err pbm_page(struct press *press, FILE *f, struct buf *rows, struct why *why)
{
    uint8_t *room;
    struct sheet s = {.xdpi = 204, .ydpi = 196};
    s.width = pbm_number(f);
    s.rows = pbm_number(f);
    size_t size = sheet_size(&s);
    if (size == 0)
        return why_set(why, ERR_DATA, "pdftoppm gave no page that can be printed");
    buf_clear(rows);
    enum err e = buf_reserve(rows, size, &room);
    if (e)
        return why_set(why, e, "a page of %u by %u", s.width, s.rows);
    if (fread(room, 1, size, f) != size)
        return why_set(why, ERR_DATA, "pdftoppm gave half a page");
    rows->len = size;
    s.data = buf_span(rows);
    return press_fax(press, &s, why);
}

static enum err pbm_pages(struct press *press, int fd, unsigned *pages, struct why *why)
{
    FILE *f = fdopen(fd, "r");
    struct buf rows;
    enum err e = ERR_NONE;
    int c;
    if (!f) {
        close(fd);
        return why_errno(why, ERR_OS, "pdftoppm");
    }
    buf_init(&rows, SHEET_BYTES_MAX);
    while (!e && (c = getc(f)) == 'P' && getc(f) == '4') {
        e = pbm_page(press, f, &rows, why);
        *pages += 1;
    }
    buf_release(&rows);
    fclose(f);
    return e;
}

enum err pages_pdf_check(int fd, struct why *why)
{
    uint8_t tail[2048];
    size_t got = 0;
    off_t size = lseek(fd, 0, SEEK_END);
    off_t from = size > (off_t)sizeof tail ? size - (off_t)sizeof tail : 0;
    enum err e = size < 0 || lseek(fd, from, SEEK_SET) < 0 ? why_errno(why, ERR_IO, "seek")
                                                          : ERR_NONE;
    if (!e)
        e = io_read(fd, tail, sizeof tail, &got, why);
    if (!e && lseek(fd, 0, SEEK_SET) != 0)
        e = why_errno(why, ERR_IO, "seek");
    if (!e && !memmem(tail, got, "%%EOF", 5))
        e = why_set(why, ERR_DATA, "a PDF without its end");
    return e;
}

enum err pages_pdf(struct press *press, int fd, struct why *why)
{
    const char *const argv[] = {"pdftoppm", "-mono", "-rx", "204", "-ry", "196", "-", NULL};
    int ends[2], status = 0;
    unsigned pages = 0;
    pid_t pid;
    enum err e = pages_pdf_check(fd, why);
    if (e)
        return e;
    if (pipe(ends) != 0)
        return why_errno(why, ERR_OS, "pipe");
    e = spawn(argv, fd, ends[1], NULL, &pid, why);
    close(ends[1]);
    if (e) {
        close(ends[0]);
        return e;
    }
    e = pbm_pages(press, ends[0], &pages, why);
    enum err waited = spawn_wait(pid, &status, e ? NULL : why);
    if (!e)
        e = waited;
    if (!e && (status != 0 || pages == 0))
        e = why_set(why, ERR_DATA, "a PDF that pdftoppm cannot read");
    return e;
}
