#include "print/backend.h"
#include "print/layout.h"
#include "tool/io.h"

#include <cairo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STAMP_POINTS = 9, PNG_MAX = 32767 };

/* The sheet's rows in p->rows. */
static enum err rows_of(struct press *p, const struct sheet *s, struct why *why)
{
    buf_clear(&p->rows);
    return sheet_bitmap(s, &p->rows, why);
}

enum err raster_stamped(struct press *p, const struct sheet *s,
                        enum err (*print)(struct press *p, const struct sheet *s,
                                          struct why *why),
                        struct why *why)
{
    char words[256];
    if (!press_stamp(p, words))
        return print(p, s, why);
    struct layout_geometry g = {s->width, (unsigned)(STAMP_POINTS / 72.0 * s->ydpi), s->xdpi,
                                s->ydpi};
    size_t stride = (s->width + 7) / 8;
    if (g.rows == 0 || g.rows >= s->rows)
        return print(p, s, why);
    struct buf stamped;
    buf_init(&stamped, SHEET_BYTES_MAX);
    enum err e = sheet_bitmap(s, &stamped, why);
    if (!e)
        e = layout_line(words, &g, stamped.data + (s->rows - g.rows) * stride, why);
    if (!e) {
        struct sheet copy = *s;
        copy.coded = false;
        copy.data = buf_span(&stamped);
        e = print(p, &copy, why);
    }
    buf_release(&stamped);
    return e;
}

/* How often a row is shown, so that pels come out about as tall as they are wide. */
static unsigned repeats(const struct sheet *s)
{
    return s->xdpi > 1.5 * s->ydpi ? 2 : 1;
}

enum err raster_pbm(struct press *p, const struct sheet *s, struct why *why)
{
    size_t stride = (s->width + 7) / 8;
    struct writer *out = malloc(sizeof *out);
    if (!out)
        return why_set(why, ERR_OS, "out of memory");
    enum err e = rows_of(p, s, why);
    if (!e) {
        char head[48];
        writer_init(out, p->options.fd);
        writer_add(out, head, (size_t)snprintf(head, sizeof head, "P4\n%u %u\n", s->width,
                                               s->rows * repeats(s)));
        for (unsigned i = 0; i < s->rows; i++)
            for (unsigned k = 0; k < repeats(s); k++)
                writer_add(out, p->rows.data + i * stride, stride);
        e = writer_flush(out, why);
    }
    free(out);
    return e;
}

struct png_out {
    struct writer out;
};

static cairo_status_t write_png(void *closure, const unsigned char *data, unsigned n)
{
    struct png_out *png = closure;
    writer_add(&png->out, data, n);
    return png->out.err ? CAIRO_STATUS_WRITE_ERROR : CAIRO_STATUS_SUCCESS;
}

/* An A1 surface: Cairo writes it as one bit a pel, 1 = white, in the machine's own bit order. */
static cairo_surface_t *png_image(const struct press *p, const struct sheet *s)
{
    unsigned n = repeats(s), rows = s->rows * n;
    size_t stride = (s->width + 7) / 8;
    cairo_surface_t *image = cairo_image_surface_create(CAIRO_FORMAT_A1, (int)s->width, (int)rows);
    if (cairo_surface_status(image) != CAIRO_STATUS_SUCCESS)
        return image;
    uint8_t *to = cairo_image_surface_get_data(image);
    size_t to_stride = (size_t)cairo_image_surface_get_stride(image);
    for (unsigned i = 0; i < rows; i++) {
        const uint8_t *from = p->rows.data + i / n * stride;
        for (size_t x = 0; x < stride; x++)
            to[i * to_stride + x] = (uint8_t)~from[x];
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        g3_reverse_bits(to + i * to_stride, stride);
#endif
    }
    cairo_surface_mark_dirty(image);
    return image;
}

enum err raster_png(struct press *p, const struct sheet *s, struct why *why)
{
    struct png_out *png = malloc(sizeof *png);
    int fd = -1;
    if (!png)
        return why_set(why, ERR_OS, "out of memory");
    enum err e = rows_of(p, s, why);
    if (!e && (s->width > PNG_MAX || s->rows > PNG_MAX / repeats(s)))
        e = why_set(why, ERR_DATA, "%u by %u pels: too large for PNG", s->width, s->rows);
    if (!e)
        e = p->options.next_file(p->options.context, p->given, &fd, why);
    if (!e) {
        writer_init(&png->out, fd);
        cairo_surface_t *image = png_image(p, s);
        cairo_status_t st = cairo_surface_write_to_png_stream(image, write_png, png);
        cairo_surface_destroy(image);
        e = writer_flush(&png->out, why);
        if (!e && st != CAIRO_STATUS_SUCCESS)
            e = why_set(why, ERR_OS, "png: %s", cairo_status_to_string(st));
    }
    free(png);
    return e;
}
