#include "print/press.h"

#include "print/backend.h"
#include "print/layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MARGIN_MM = 15 };

/* What text is laid out for where paper has pels: the fine resolution. */
static const struct layout_geometry fine_a4 = {1728, 2287, 204, 196};

bool page_ranges_parse(struct span text, struct page_range *ranges, size_t *count)
{
    size_t n = 0;
    do {
        struct span item = span_take(text, span_find(text, ','));
        text = span_skip(text, item.n + 1);
        size_t dash = span_find(item, '-');
        uint64_t first, last = UINT32_MAX;
        if (!span_number(span_take(item, dash), UINT32_MAX, &first))
            return false;
        if (dash == item.n)
            last = first;
        else if (dash + 1 < item.n && !span_number(span_skip(item, dash + 1), UINT32_MAX, &last))
            return false;
        if (n == *count || first == 0 || last < first)
            return false;
        ranges[n++] = (struct page_range){(unsigned)first, (unsigned)last};
    } while (text.n);
    *count = n;
    return true;
}

static bool wanted(const struct press *p, unsigned page)
{
    if (!p->options.ranges)
        return true;
    for (size_t i = 0; i < p->options.range_count; i++)
        if (page >= p->options.ranges[i].first && page <= p->options.ranges[i].last)
            return true;
    return false;
}

enum err press_open(const struct press_options *options, struct press **press, struct why *why)
{
    struct press *p = calloc(1, sizeof *p);
    *press = NULL;
    if (!p)
        return why_set(why, ERR_OS, "out of memory");
    p->options = *options;
    buf_init(&p->coded, SHEET_BYTES_MAX);
    buf_init(&p->rows, SHEET_BYTES_MAX + 4096);
    *press = p;
    return ERR_NONE;
}

/* The stamp's words for the page that is being printed; NULL without a stamp. */
const char *press_stamp(const struct press *p, char out[256])
{
    if (!p->options.stamp)
        return NULL;
    snprintf(out, 256, "%.200s%spage %u/%u", p->options.stamp, *p->options.stamp ? "   " : "",
             p->given, p->options.total);
    return out;
}

static enum err print_raster(struct press *p, const struct sheet *s, struct why *why)
{
    switch (p->options.kind) {
    case PRESS_PNG:
        return raster_png(p, s, why);
    case PRESS_PBM:
        return raster_pbm(p, s, why);
    case PRESS_PREVIEW:
        return raster_preview(p, s, why);
    default:
        return p->options.sheet(p->options.context, s, why);
    }
}

enum err press_fax(struct press *p, const struct sheet *s, struct why *why)
{
    if (sheet_size(s) == 0)
        return why_set(why, ERR_DATA, "a page of %u by %u", s->width, s->rows);
    p->given++;
    if (!wanted(p, p->given))
        return ERR_NONE;
    p->printed++;
    if (p->options.kind == PRESS_COUNT)
        return ERR_NONE;
    if (p->options.kind == PRESS_PDF)
        return pdf_fax(p, s, why);
    if (p->options.kind == PRESS_SHEETS && !p->options.stamp)
        return print_raster(p, s, why);
    return raster_stamped(p, s, print_raster, why);
}

static enum err text_page(struct press *p, const struct layout *layout, struct why *why)
{
    struct layout_geometry g = fine_a4;
    p->given++;
    if (!wanted(p, p->given))
        return ERR_NONE;
    p->printed++;
    if (p->options.kind == PRESS_COUNT)
        return ERR_NONE;
    if (p->options.kind == PRESS_PDF)
        return pdf_text(p, layout, why);
    uint8_t *room;
    struct sheet s = {.width = g.width, .rows = g.rows, .xdpi = g.xdpi, .ydpi = g.ydpi};
    buf_clear(&p->coded);
    enum err e = buf_reserve(&p->coded, sheet_size(&s), &room);
    if (!e)
        e = layout_rows(layout, &g, 0, g.rows, room, why);
    if (e)
        return e;
    p->coded.len = sheet_size(&s);
    s.data = buf_span(&p->coded);
    return raster_stamped(p, &s, print_raster, why);
}

enum err press_text(struct press *p, struct span text, struct why *why)
{
    struct layout *layout;
    struct layout_style style = layout_style_of(&fine_a4);
    const struct paper *paper = p->options.paper ? p->options.paper : paper_find(span_str("a4"));
    if (p->options.kind == PRESS_PDF || p->options.kind == PRESS_COUNT) {
        style.width_pt = paper->width;
        style.height_pt = paper->height;
        style.margin_pt = TEXT_MARGIN_MM * 72 / 25.4;
    }
    enum err e = layout_open(&style, text, &layout, why);
    while (!e && layout_next(layout))
        e = text_page(p, layout, why);
    layout_close(layout);
    return e;
}

bool press_counts(const struct press *p)
{
    return p->options.kind == PRESS_COUNT;
}

unsigned press_given(const struct press *p)
{
    return p->given;
}

unsigned press_printed(const struct press *p)
{
    return p->printed;
}

void press_fail(struct press *p)
{
    p->failed = true;
}

enum err press_close(struct press *p, struct why *why)
{
    if (!p)
        return ERR_NONE;
    enum err e = pdf_finish(p, why);
    buf_release(&p->coded);
    buf_release(&p->rows);
    free(p);
    return e;
}
