/*
 * A page on a terminal: in pels where it can show pictures (sixel, kitty), else in blocks.
 */
#include "base64/base64.h"
#include "print/backend.h"
#include "tool/io.h"

#include <cairo.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 64 << 20, GRAYS = 6, KITTY_CHUNK = 4096 };

/* How much of the pel (x, y) of a picture of across by down is black: 0 to 255. */
static unsigned coverage(const struct press *p, const struct sheet *s, unsigned x, unsigned across,
                         unsigned y, unsigned down)
{
    size_t stride = (s->width + 7) / 8;
    unsigned x0 = (unsigned)((uint64_t)x * s->width / across);
    unsigned x1 = (unsigned)((uint64_t)(x + 1) * s->width / across);
    unsigned y0 = (unsigned)((uint64_t)y * s->rows / down);
    unsigned y1 = (unsigned)((uint64_t)(y + 1) * s->rows / down);
    uint64_t n = 0;
    x1 += x1 == x0;
    y1 += y1 == y0;
    for (unsigned row = y0; row < y1 && row < s->rows; row++) {
        const uint8_t *bits = p->rows.data + row * stride;
        for (unsigned i = x0; i < x1 && i < s->width; i++)
            n += bits[i / 8] >> (7 - i % 8) & 1;
    }
    return (unsigned)(n * 255 / ((uint64_t)(x1 - x0) * (y1 - y0)));
}

/* A quarter is inked when a ninth of it is: thin strokes of small print must survive. */
enum { INKED = 255 / 9 };

/* Which of the four quarters of a character cell are inked: bit 0 upper left, 1 upper right, 2
 * lower left, 3 lower right. */
static const char *const quadrants[16] = {" ", "▘", "▝", "▀", "▖", "▌", "▞", "▛",
                                          "▗", "▚", "▐", "▜", "▄", "▙", "▟", "█"};

static enum err in_blocks(struct press *p, const struct sheet *s, struct buf *text)
{
    unsigned columns = p->options.terminal.columns ? p->options.terminal.columns : 80;
    if (columns > s->width / 2)
        columns = s->width / 2 ? s->width / 2 : 1;
    unsigned across = columns * 2;
    /* A character cell is twice as tall as wide, and so is its quarter. */
    double shape = (s->rows / s->ydpi) / (s->width / s->xdpi);
    unsigned lines = (unsigned)(columns * shape / 2 + 0.5), down;
    lines = lines ? lines : 1;
    down = lines * 2;
    enum err e = ERR_NONE;
    for (unsigned y = 0; y < lines && !e; y++) {
        for (unsigned x = 0; x < columns && !e; x++) {
            unsigned cell = 0;
            for (unsigned q = 0; q < 4; q++)
                if (coverage(p, s, x * 2 + q % 2, across, y * 2 + q / 2, down) > INKED)
                    cell |= 1u << q;
            e = buf_add_str(text, quadrants[cell]);
        }
        /* Blanks at the end of a line are nothing to look at. */
        while (text->len && text->data[text->len - 1] == ' ')
            text->len--;
        if (!e)
            e = buf_add_byte(text, '\n');
    }
    return e ? e : buf_add_byte(text, '\n');
}

/* The picture's size: as wide as the terminal, never wider than the page has pels. */
static void picture_size(const struct press *p, const struct sheet *s, unsigned *across,
                         unsigned *down)
{
    double shape = (s->rows / s->ydpi) / (s->width / s->xdpi);
    *across = p->options.terminal.pels < s->width ? p->options.terminal.pels : s->width;
    *across = *across ? *across : 1;
    *down = (unsigned)(*across * shape + 0.5);
    *down = *down ? *down : 1;
}

/* One gray of one band of six rows: a character a column, runs as "!count character". */
static enum err sixel_gray(const uint8_t *grays, unsigned across, unsigned rows, unsigned gray,
                           struct buf *text)
{
    enum err e = buf_add_format(text, "#%u", gray);
    unsigned run = 0, last = 0;
    for (unsigned x = 0; x <= across && !e; x++) {
        unsigned bits = 0;
        for (unsigned y = 0; x < across && y < rows; y++)
            bits |= (unsigned)(grays[(size_t)y * across + x] == gray) << y;
        if (x < across && run && bits == last) {
            run++;
            continue;
        }
        if (run > 3)
            e = buf_add_format(text, "!%u%c", run, 63 + last);
        for (; run > 0 && run <= 3 && !e; run--)
            e = buf_add_byte(text, (uint8_t)(63 + last));
        last = bits;
        run = 1;
    }
    return e ? e : buf_add_byte(text, '$');
}

static enum err in_sixels(struct press *p, const struct sheet *s, struct buf *text)
{
    unsigned across, down;
    uint8_t *grays;
    struct buf band;
    picture_size(p, s, &across, &down);
    buf_init(&band, (size_t)across * 6);
    enum err e = buf_reserve(&band, (size_t)across * 6, &grays);
    if (!e)
        e = buf_add_format(text, "\033P0;1q\"1;1;%u;%u", across, down);
    for (unsigned g = 0; g < GRAYS && !e; g++) {
        unsigned percent = 100 - g * 100 / (GRAYS - 1);
        e = buf_add_format(text, "#%u;2;%u;%u;%u", g, percent, percent, percent);
    }
    for (unsigned top = 0; top < down && !e; top += 6) {
        unsigned rows = down - top < 6 ? down - top : 6;
        for (unsigned y = 0; y < rows; y++)
            for (unsigned x = 0; x < across; x++)
                grays[(size_t)y * across + x] =
                    (uint8_t)((coverage(p, s, x, across, top + y, down) * (GRAYS - 1) + 127) / 255);
        for (unsigned g = 0; g < GRAYS && !e; g++)
            if (memchr(grays, (int)g, (size_t)across * rows))
                e = sixel_gray(grays, across, rows, g, text);
        if (!e)
            e = buf_add_byte(text, '-');
    }
    buf_release(&band);
    return e ? e : buf_add_str(text, "\033\\\n");
}

static cairo_status_t gather(void *closure, const unsigned char *data, unsigned n)
{
    return buf_add(closure, data, n) ? CAIRO_STATUS_WRITE_ERROR : CAIRO_STATUS_SUCCESS;
}

static enum err gray_png(const struct press *p, const struct sheet *s, struct buf *png)
{
    unsigned across, down;
    picture_size(p, s, &across, &down);
    cairo_surface_t *image = cairo_image_surface_create(CAIRO_FORMAT_A8, (int)across, (int)down);
    enum err e = ERR_OS;
    if (cairo_surface_status(image) == CAIRO_STATUS_SUCCESS) {
        uint8_t *to = cairo_image_surface_get_data(image);
        size_t stride = (size_t)cairo_image_surface_get_stride(image);
        for (unsigned y = 0; y < down; y++)
            for (unsigned x = 0; x < across; x++)
                to[y * stride + x] = (uint8_t)(255 - coverage(p, s, x, across, y, down));
        cairo_surface_mark_dirty(image);
        if (cairo_surface_write_to_png_stream(image, gather, png) == CAIRO_STATUS_SUCCESS)
            e = ERR_NONE;
    }
    cairo_surface_destroy(image);
    return e;
}

static enum err in_kitty(struct press *p, const struct sheet *s, struct buf *text)
{
    struct buf png, coded;
    uint8_t *room;
    struct base64_encoder encoder;
    buf_init(&png, TEXT_MAX);
    buf_init(&coded, TEXT_MAX * 2);
    base64_encoder_init(&encoder, 0, BASE64_PLAIN);
    enum err e = gray_png(p, s, &png);
    if (!e)
        e = buf_reserve(&coded, base64_encode_bound(&encoder, png.len) + 8, &room);
    if (!e) {
        coded.len = base64_encode(&encoder, buf_span(&png), room);
        coded.len += base64_encode_end(&encoder, room + coded.len);
    }
    struct span rest = buf_span(&coded);
    for (bool first = true; rest.n && !e; first = false) {
        struct span chunk = span_take(rest, KITTY_CHUNK);
        rest = span_skip(rest, chunk.n);
        e = buf_add_format(text, "\033_G%sm=%d;", first ? "a=T,f=100," : "", rest.n != 0);
        if (!e)
            e = buf_add_span(text, chunk);
        if (!e)
            e = buf_add_str(text, "\033\\");
    }
    buf_release(&png);
    buf_release(&coded);
    return e ? e : buf_add_byte(text, '\n');
}

enum err raster_preview(struct press *p, const struct sheet *s, struct why *why)
{
    struct buf text;
    buf_init(&text, TEXT_MAX);
    buf_clear(&p->rows);
    enum err e = sheet_bitmap(s, &p->rows, why);
    if (!e) {
        switch (p->options.terminal.graphics) {
        case TERMINAL_SIXEL:
            e = in_sixels(p, s, &text);
            break;
        case TERMINAL_KITTY:
            e = in_kitty(p, s, &text);
            break;
        default:
            e = in_blocks(p, s, &text);
        }
        e = e ? why_set(why, e, "too large to show")
              : io_write(p->options.fd, text.data, text.len, why);
    }
    buf_release(&text);
    return e;
}
