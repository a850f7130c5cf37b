#include "scan/banner.h"

#include "bytes/buf.h"
#include "bytes/utf8.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 1024 };

struct scan_banner {
    struct scan_banner_options options;
    struct scan_target *next;
    char date[16], clock[16];
    unsigned page, rows, row; /* rows of the line; the next row of the page */
    size_t stride;
    uint8_t *line;
};

/* Appends what a letter behind % stands for; false when it is none. */
static bool add_letter(const struct scan_banner *b, char letter, unsigned total, struct buf *out)
{
    switch (letter) {
    case 'd': return !buf_add_str(out, b->date);
    case 't': return !buf_add_str(out, b->clock);
    case 'f': return !buf_add_str(out, b->options.sender);
    case 'p': return !buf_add_format(out, "%u", b->page);
    case 'P': return !buf_add_format(out, "%u", total);
    case '%': return !buf_add_byte(out, '%');
    default: return false;
    }
}

static bool add_text(const struct scan_banner *b, unsigned total, struct buf *out)
{
    for (const char *c = b->options.text; *c; c++)
        if (*c != '%' ? buf_add_byte(out, (uint8_t)*c) != ERR_NONE
                      : !add_letter(b, *++c, total, out))
            return false;
    return buf_cstr(out) != NULL;
}

static enum err draw(struct scan_banner *b, const struct scan_page *page, struct why *why)
{
    struct buf text;
    buf_init(&text, TEXT_MAX + 1);
    b->rows = page->ydpi * 32 / 254; /* 3.2 mm */
    b->stride = (page->width + 7) / 8;
    free(b->line);
    b->line = malloc(b->rows * b->stride);
    enum err e = ERR_NONE;
    if (!b->line || !add_text(b, page->total, &text))
        e = why_set(why, ERR_OS, "no memory for the header line");
    if (!e)
        e = b->options.draw(buf_cstr(&text), page, b->rows, b->line, why);
    buf_release(&text);
    return e;
}

static enum err begin(void *self, const struct scan_page *page, struct why *why)
{
    struct scan_banner *b = self;
    b->page++;
    b->row = 0;
    enum err e = draw(b, page, why);
    if (!e)
        e = b->next->begin(b->next->self, page, why);
    for (unsigned y = 0; y < b->rows && !b->options.inside && !e; y++)
        e = b->next->row(b->next->self, b->line + y * b->stride, why);
    return e;
}

static enum err row(void *self, const uint8_t *bits, struct why *why)
{
    struct scan_banner *b = self;
    if (b->options.inside && b->row < b->rows)
        bits = b->line + b->row * b->stride;
    b->row++;
    return b->next->row(b->next->self, bits, why);
}

static enum err end(void *self, struct why *why)
{
    struct scan_banner *b = self;
    return b->next->end(b->next->self, why);
}

enum err scan_banner_open(struct scan_banner **banner, const struct scan_banner_options *options,
                          struct scan_target *next, struct scan_target *target, struct why *why)
{
    struct scan_banner *b = *banner = calloc(1, sizeof *b);
    if (!b)
        return why_set(why, ERR_OS, "out of memory");
    struct tm tm;
    localtime_r(&options->now, &tm);
    strftime(b->date, sizeof b->date, "%Y-%m-%d", &tm);
    strftime(b->clock, sizeof b->clock, "%H:%M", &tm);
    b->options = *options;
    b->next = next;
    *target = (struct scan_target){begin, row, end, b};
    struct buf text;
    buf_init(&text, TEXT_MAX);
    enum err e = ERR_NONE;
    if (!utf8_valid(span_str(options->text)) || !add_text(b, 65535, &text))
        e = why_set(why, ERR_USAGE, "%s: not a header line", options->text);
    buf_release(&text);
    return e;
}

void scan_banner_free(struct scan_banner *b)
{
    if (b)
        free(b->line);
    free(b);
}
