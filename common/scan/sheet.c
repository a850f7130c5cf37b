#include "scan/sheet.h"

#include "scan/scale.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Bits of a page that is held to be cleaned. */
enum { HELD_MAX = 32 << 20 };

/* A bilevel image that is scaled: a line of one pel must survive being halved. */
enum { BILEVEL_CUT = 144 };

/* What becomes of one image. */
struct plan {
    struct scan_image image;
    struct scan_page page;
    unsigned rows;     /* the page's nominal length */
    unsigned width;    /* of the scaled image, in pels */
    unsigned up, down; /* scaled rows = image rows * up / down */
    long left;         /* of the scaled image on the page; negative: cut on both sides */
    bool untouched, chunks;
};

struct sheet {
    const struct scan_options *options;
    struct scan_source *source;
    struct scan_target *target;
    struct plan plan;
    struct scaler scaler;
    struct buf gray, bits, line;
    unsigned filled; /* rows of the page that is being filled */
    unsigned pages;  /* of this image */
    struct why *why;
};

static enum err no_memory(struct why *why)
{
    return why_set(why, ERR_OS, "out of memory");
}

/* The image states the page's resolution and is of the paper's size: nothing to gain by scaling. */
static bool fits_as_it_is(const struct plan *p)
{
    const struct scan_image *i = &p->image;
    return scan_same_dpi(i->xdpi, p->page.xdpi) && scan_same_dpi(i->ydpi, p->page.ydpi) &&
           i->width <= p->page.width * 1.02 && i->width >= p->page.width * 0.94 &&
           i->height <= p->rows * 1.02;
}

/* Sets the scaled size: across times as wide, and rows so that the proportions stay. */
static void set_scale(struct plan *p, double across)
{
    const struct scan_image *i = &p->image;
    double pel = i->xdpi > 0 && i->ydpi > 0 ? i->xdpi / i->ydpi : 1;
    double along = across * pel * p->page.ydpi / p->page.xdpi;
    double width = floor(i->width * across + 0.5);
    p->width = width < 1 ? 1 : width > SCAN_WIDTH_MAX ? SCAN_WIDTH_MAX : (unsigned)width;
    if (along >= 1) {
        p->down = 1 << 12;
        p->up = (unsigned)fmin(along * p->down + 0.5, 1 << 24);
    } else {
        p->up = 1 << 12;
        p->down = (unsigned)fmin(p->up / along + 0.5, 1 << 24);
    }
}

static double scaled_rows(const struct plan *p)
{
    return (double)p->image.height * p->up / p->down;
}

static void plan_scale(struct plan *p, enum scan_fit fit)
{
    double across = (double)p->page.width / p->image.width;
    p->chunks = fit == SCAN_FIT_PAGES || p->image.height == 0;
    if (fit != SCAN_FIT_PAGES && fits_as_it_is(p)) {
        p->width = p->image.width;
        p->up = p->down = 1;
    } else if (fit == SCAN_FIT_CROP && p->image.xdpi > 0 && p->image.ydpi > 0) {
        set_scale(p, p->page.xdpi / p->image.xdpi);
    } else {
        set_scale(p, across);
        if (fit == SCAN_FIT_SCALE && scaled_rows(p) > p->rows * 1.02)
            set_scale(p, across * p->rows / scaled_rows(p));
    }
    p->left = ((long)p->page.width - (long)p->width) / 2;
}

static enum page_paper paper_of(const struct plan *p, const struct scan_options *o,
                                const struct scan_resolution *r)
{
    return o->paper == SCAN_PAPER_AUTO ? scan_paper_for(&p->image, r) : (enum page_paper)o->paper;
}

static void make_plan(struct plan *p, const struct scan_options *o)
{
    struct scan_resolution r = o->resolution, own;
    if (o->keep_resolution && p->image.bilevel && scan_resolution_of(&p->image, &own) &&
        p->image.width == page_width(paper_of(p, o, &own), own.xdpi))
        r = own;
    enum page_paper paper = paper_of(p, o, &r);
    p->page = (struct scan_page){page_width(paper, r.xdpi), r.xdpi, r.ydpi, 0};
    p->rows = page_nominal_rows(paper, r.ydpi);
    p->untouched = p->image.bilevel && p->image.width == p->page.width &&
                   (p->image.ydpi <= 0 || scan_same_dpi(p->image.ydpi, r.ydpi));
    if (!p->untouched)
        plan_scale(p, o->fit);
}

static enum err begin(struct sheet *s)
{
    s->pages++;
    return s->target->begin(s->target->self, &s->plan.page, s->why);
}

static bool cleans(const struct sheet *s)
{
    return s->options->deskew || s->options->despeckle;
}

static enum err give(struct sheet *s, struct scan_bitmap *page)
{
    enum err e = ERR_NONE;
    if (s->options->deskew)
        e = scan_deskew(page, (double)s->plan.page.xdpi / s->plan.page.ydpi, s->why);
    if (!e && s->options->despeckle)
        e = scan_despeckle(page, s->why);
    if (!e)
        e = begin(s);
    size_t stride = (page->width + 7) / 8;
    for (unsigned y = 0; y < page->count && !e; y++)
        e = s->target->row(s->target->self, page->rows + y * stride, s->why);
    return e;
}

/* The rows held in bits are a page. */
static enum err give_held(struct sheet *s)
{
    size_t stride = (s->plan.page.width + 7) / 8;
    struct scan_bitmap page = {s->bits.data, s->plan.page.width,
                               (unsigned)(s->bits.len / stride)};
    enum err e = give(s, &page);
    buf_clear(&s->bits);
    return e;
}

static enum err hold_row(struct sheet *s, const uint8_t *row)
{
    if (buf_add(&s->bits, row, (s->plan.page.width + 7) / 8))
        return why_set(s->why, ERR_DATA, "the page is too long to be cleaned");
    return ERR_NONE;
}

/* One row of an image that goes through; y counts the rows of the page. */
static enum err pass_row(struct sheet *s, const uint8_t *row)
{
    bool cut = s->options->fit_given && s->filled == s->plan.rows;
    enum err e = ERR_NONE;
    if (cut && s->options->fit == SCAN_FIT_CROP)
        return ERR_NONE;
    if (cut && s->options->fit == SCAN_FIT_PAGES) {
        if (cleans(s))
            e = give_held(s);
        s->filled = 0;
    }
    if (!e && !s->filled && !cleans(s))
        e = begin(s);
    s->filled++;
    if (e)
        return e;
    return cleans(s) ? hold_row(s, row) : s->target->row(s->target->self, row, s->why);
}

static enum err pass_image(struct sheet *s)
{
    const uint8_t *row;
    enum err e;
    while (!(e = s->source->row(s->source->self, &row, s->why)))
        if ((e = pass_row(s, row)))
            return e;
    if (e != ERR_NO)
        return e;
    return cleans(s) && s->bits.len ? give_held(s) : ERR_NONE;
}

/* The gray page is full, or the image over: makes it black and white. */
static enum err finish_page(struct sheet *s)
{
    const struct scan_options *o = s->options;
    size_t size = (size_t)(s->plan.page.width + 7) / 8 * s->plan.rows;
    uint8_t *room;
    buf_clear(&s->bits);
    if (buf_reserve(&s->bits, size, &room))
        return no_memory(s->why);
    struct scan_bitmap page = {room, s->plan.page.width, s->plan.rows};
    /* What was bilevel has no halftone but what scaling made. */
    bool plain = s->plan.image.bilevel && o->tone == SCAN_TONE_AUTO;
    enum err e = scan_tone(plain ? SCAN_TONE_THRESHOLD : o->tone,
                           plain ? BILEVEL_CUT : o->threshold, s->gray.data, &page, s->why);
    s->filled = 0;
    memset(s->gray.data, 255, s->gray.len);
    return e ? e : give(s, &page);
}

static enum err place_row(struct sheet *s, const uint8_t *row)
{
    const struct plan *p = &s->plan;
    if (s->filled == p->rows) {
        if (!p->chunks)
            return ERR_NONE;
        enum err e = finish_page(s);
        if (e)
            return e;
    }
    long from = p->left < 0 ? -p->left : 0, to = p->left < 0 ? 0 : p->left;
    long n = (long)p->width - from;
    if (n > (long)p->page.width - to)
        n = (long)p->page.width - to;
    memcpy(s->gray.data + (size_t)s->filled * p->page.width + to, row + from, (size_t)n);
    s->filled++;
    return ERR_NONE;
}

/* The row as gray. */
static const uint8_t *as_gray(struct sheet *s, const uint8_t *row)
{
    if (!s->plan.image.bilevel)
        return row;
    for (unsigned x = 0; x < s->plan.image.width; x++)
        s->line.data[x] = row[x / 8] & 0x80 >> x % 8 ? 0 : 255;
    return s->line.data;
}

static enum err scale_rows(struct sheet *s)
{
    const uint8_t *row;
    enum err e;
    while (!(e = s->source->row(s->source->self, &row, s->why))) {
        scaler_push(&s->scaler, as_gray(s, row));
        while ((row = scaler_next(&s->scaler)))
            if ((e = place_row(s, row)))
                return e;
    }
    while (e == ERR_NO && (row = scaler_finish(&s->scaler))) {
        enum err placed = place_row(s, row);
        e = placed ? placed : e;
    }
    if (e != ERR_NO)
        return e;
    return s->filled ? finish_page(s) : ERR_NONE;
}

static enum err scale_image(struct sheet *s)
{
    const struct plan *p = &s->plan;
    size_t size = (size_t)p->page.width * p->rows;
    uint8_t *room;
    buf_clear(&s->gray);
    buf_clear(&s->line);
    if (buf_reserve(&s->gray, size, &room) || buf_reserve(&s->line, p->image.width, NULL) ||
        scaler_init(&s->scaler, p->image.width, p->width, p->up, p->down))
        return no_memory(s->why);
    memset(room, 255, size);
    s->gray.len = size;
    enum err e = scale_rows(s);
    scaler_release(&s->scaler);
    return e;
}

static enum err one_image(struct sheet *s)
{
    s->filled = s->pages = 0;
    make_plan(&s->plan, s->options);
    enum err e = s->plan.untouched ? pass_image(s) : scale_image(s);
    if (!e && !s->pages)
        e = why_set(s->why, ERR_DATA, "an image without rows");
    return e;
}

enum err scan_sheets(struct scan_source *source, const struct scan_options *options,
                     struct scan_target *target, unsigned *images, struct why *why)
{
    struct sheet *s = calloc(1, sizeof *s);
    if (!s)
        return no_memory(why);
    s->options = options;
    s->source = source;
    s->target = target;
    s->why = why;
    /* The largest page of the table, B4 or A3 at 408 x 391, and legal at any, fit. */
    buf_init(&s->gray, (size_t)4864 * 8192);
    buf_init(&s->bits, HELD_MAX);
    buf_init(&s->line, SCAN_WIDTH_MAX);
    unsigned n = 0;
    enum err e = ERR_NONE;
    while (!e && (!options->pages || n < options->pages)) {
        e = source->next(source->self, &s->plan.image, why);
        if (!e)
            e = one_image(s);
        n += !e;
    }
    if (images)
        *images = n;
    buf_release(&s->gray);
    buf_release(&s->bits);
    buf_release(&s->line);
    free(s);
    return e == ERR_NO ? ERR_NONE : e;
}
