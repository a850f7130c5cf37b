#include "print/pdfpages.h"

#include "tool/diag.h"
#include "tool/io.h"
#include "tool/spawn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

enum err pdf_pages_check(int fd, struct why *why)
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

enum err pdf_pages(struct press *press, int fd, struct why *why)
{
    const char *const argv[] = {"pdftoppm", "-q", "-mono", "-rx", "204", "-ry", "196", "-", NULL};
    int ends[2], status = 0;
    unsigned pages = 0;
    pid_t pid;
    enum err e = pdf_pages_check(fd, why);
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
