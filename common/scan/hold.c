#include "scan/hold.h"

#include "tool/io.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct held_page {
    struct scan_page page;
    uint64_t rows;
};

struct scan_hold {
    int fd;
    struct scan_target *next;
    struct writer writer;
    struct buf pages; /* of struct held_page */
    struct buf row;
};

static struct held_page *page_at(struct scan_hold *h, size_t i)
{
    return (struct held_page *)(void *)h->pages.data + i;
}

static size_t page_count(const struct scan_hold *h)
{
    return h->pages.len / sizeof(struct held_page);
}

static enum err begin(void *self, const struct scan_page *page, struct why *why)
{
    struct scan_hold *h = self;
    struct held_page held = {*page, 0};
    if (buf_add(&h->pages, &held, sizeof held))
        return why_set(why, ERR_DATA, "too many pages");
    return ERR_NONE;
}

static enum err row(void *self, const uint8_t *bits, struct why *why)
{
    struct scan_hold *h = self;
    struct held_page *held = page_at(h, page_count(h) - 1);
    held->rows++;
    writer_add(&h->writer, bits, (held->page.width + 7) / 8);
    return h->writer.err ? why_set(why, h->writer.err, "%s", h->writer.why.text) : ERR_NONE;
}

static enum err read_row(struct scan_hold *h, size_t n, struct why *why)
{
    size_t done = 0;
    while (done < n) {
        size_t got;
        enum err e = io_read(h->fd, h->row.data + done, n - done, &got, why);
        if (e || !got)
            return e ? e : why_set(why, ERR_IO, "temporary file: cut short");
        done += got;
    }
    return ERR_NONE;
}

static enum err give_page(struct scan_hold *h, struct held_page *held, struct why *why)
{
    size_t n = (held->page.width + 7) / 8;
    held->page.total = (unsigned)page_count(h);
    buf_clear(&h->row);
    if (buf_reserve(&h->row, n, NULL))
        return why_set(why, ERR_OS, "out of memory");
    enum err e = h->next->begin(h->next->self, &held->page, why);
    for (uint64_t y = 0; y < held->rows && !e; y++) {
        e = read_row(h, n, why);
        if (!e)
            e = h->next->row(h->next->self, h->row.data, why);
    }
    return e;
}

static enum err end(void *self, struct why *why)
{
    struct scan_hold *h = self;
    enum err e = writer_flush(&h->writer, why);
    if (!e && lseek(h->fd, 0, SEEK_SET) != 0)
        e = why_set(why, ERR_IO, "temporary file");
    for (size_t i = 0; i < page_count(h) && !e; i++)
        e = give_page(h, page_at(h, i), why);
    return e ? e : h->next->end(h->next->self, why);
}

enum err scan_hold_open(struct scan_hold **hold, struct scan_target *next,
                        struct scan_target *target, struct why *why)
{
    struct scan_hold *h = *hold = calloc(1, sizeof *h);
    if (!h)
        return why_set(why, ERR_OS, "out of memory");
    enum err e = io_temp(&h->fd, why);
    if (e) {
        free(h);
        *hold = NULL;
        return e;
    }
    h->next = next;
    writer_init(&h->writer, h->fd);
    buf_init(&h->pages, 65535 * sizeof(struct held_page));
    buf_init(&h->row, SCAN_WIDTH_MAX);
    *target = (struct scan_target){begin, row, end, h};
    return ERR_NONE;
}

void scan_hold_free(struct scan_hold *h)
{
    if (!h)
        return;
    close(h->fd);
    buf_release(&h->pages);
    buf_release(&h->row);
    free(h);
}
