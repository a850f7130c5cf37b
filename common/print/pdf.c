/*
 * PDF through Cairo. A fax page is an image surface whose pels are never looked at: its coded
 * bytes hang on it as CCITT_FAX data, and Cairo puts those into the file as they are.
 */
#include "bytes/utf8.h"
#include "print/backend.h"
#include "print/layout.h"
#include "tool/io.h"

#include <cairo-pdf.h>
#include <pango/pangocairo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct pdf {
    cairo_surface_t *surface;
    cairo_t *cr;
    struct writer out;
};

static cairo_status_t write_out(void *closure, const unsigned char *data, unsigned n)
{
    struct pdf *pdf = closure;
    writer_add(&pdf->out, data, n);
    return pdf->out.err ? CAIRO_STATUS_WRITE_ERROR : CAIRO_STATUS_SUCCESS;
}

static enum err begin(struct press *p, struct why *why)
{
    if (p->pdf)
        return ERR_NONE;
    struct pdf *pdf = calloc(1, sizeof *pdf);
    if (!pdf)
        return why_set(why, ERR_OS, "out of memory");
    writer_init(&pdf->out, p->options.fd);
    pdf->surface = cairo_pdf_surface_create_for_stream(write_out, pdf, 595, 842);
    cairo_pdf_surface_set_metadata(pdf->surface, CAIRO_PDF_METADATA_CREATOR, "faxpipe");
    if (p->options.title && utf8_valid(span_str(p->options.title)))
        cairo_pdf_surface_set_metadata(pdf->surface, CAIRO_PDF_METADATA_TITLE, p->options.title);
    pdf->cr = cairo_create(pdf->surface);
    p->pdf = pdf;
    return ERR_NONE;
}

static enum err status(const struct pdf *pdf, struct why *why)
{
    cairo_status_t s = cairo_status(pdf->cr);
    if (s == CAIRO_STATUS_SUCCESS)
        s = cairo_surface_status(pdf->surface);
    if (pdf->out.err)
        return why_set(why, pdf->out.err, "%s", pdf->out.why.text);
    if (s == CAIRO_STATUS_NO_MEMORY)
        return why_set(why, ERR_OS, "out of memory");
    return s == CAIRO_STATUS_SUCCESS ? ERR_NONE
                                     : why_set(why, ERR_BUG, "pdf: %s", cairo_status_to_string(s));
}

/* At the foot of the paper, on white, so that it can be read over the page. */
static void draw_stamp(const struct press *p, const struct paper *paper)
{
    char words[256];
    cairo_t *cr = p->pdf->cr;
    if (!press_stamp(p, words))
        return;
    PangoLayout *line = pango_cairo_create_layout(cr);
    PangoFontDescription *face = pango_font_description_from_string("sans 8");
    PangoRectangle box;
    pango_layout_set_font_description(line, face);
    pango_layout_set_text(line, words, -1);
    pango_layout_get_extents(line, NULL, &box);
    double width = (double)box.width / PANGO_SCALE, height = (double)box.height / PANGO_SCALE;
    double x = (paper->width - width) / 2, y = paper->height - 20;
    cairo_set_source_rgb(cr, 1, 1, 1);
    cairo_rectangle(cr, x - 4, y - 1, width + 8, height + 2);
    cairo_fill(cr);
    cairo_set_source_rgb(cr, 0, 0, 0);
    cairo_move_to(cr, x, y);
    pango_cairo_show_layout(cr, line);
    pango_font_description_free(face);
    g_object_unref(line);
}

/*
 * Memory for pels that nobody writes: pages of zeros which the system backs with nothing. Cairo
 * wants the surface's size, not its contents.
 */
static void unmap(void *p)
{
    size_t size;
    memcpy(&size, p, sizeof size);
    munmap(p, size);
}

static cairo_surface_t *empty_image(const struct sheet *s)
{
    static const cairo_user_data_key_t key;
    int stride = cairo_format_stride_for_width(CAIRO_FORMAT_RGB24, (int)s->width);
    if (stride <= 0)
        return NULL;
    /* The size is kept in front, a page of its own. */
    size_t front = 4096, size = front + (size_t)stride * s->rows;
    uint8_t *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    memcpy(p, &size, sizeof size);
    cairo_surface_t *image = cairo_image_surface_create_for_data(p + front, CAIRO_FORMAT_RGB24,
                                                                 (int)s->width, (int)s->rows,
                                                                 stride);
    if (cairo_surface_set_user_data(image, &key, p, unmap) != CAIRO_STATUS_SUCCESS) {
        cairo_surface_destroy(image);
        munmap(p, size);
        return NULL;
    }
    return image;
}

static cairo_status_t attach(cairo_surface_t *image, const struct sheet *s, struct span strip,
                             enum g3_coding coding)
{
    static const char *const k[] = {"0", "4", "-1"};
    char params[80];
    unsigned char *data = malloc(strip.n);
    /* Integers alone: with a boolean among them Cairo 1.16 writes no image at all. */
    int n = snprintf(params, sizeof params, "Columns=%u Rows=%u K=%s", s->width, s->rows,
                     k[coding]);
    unsigned char *text = (unsigned char *)strdup(params);
    if (!data || !text) {
        free(data);
        free(text);
        return CAIRO_STATUS_NO_MEMORY;
    }
    memcpy(data, strip.p, strip.n);
    cairo_status_t st = cairo_surface_set_mime_data(image, CAIRO_MIME_TYPE_CCITT_FAX, data, strip.n,
                                                    free, data);
    if (st == CAIRO_STATUS_SUCCESS)
        st = cairo_surface_set_mime_data(image, CAIRO_MIME_TYPE_CCITT_FAX_PARAMS, text,
                                         (unsigned long)n, free, text);
    return st;
}

static void paint(cairo_t *cr, cairo_surface_t *image, const struct placement *at,
                  const struct sheet *s)
{
    cairo_save(cr);
    cairo_translate(cr, at->x, at->y);
    cairo_scale(cr, at->width / s->width, at->height / s->rows);
    cairo_set_source_surface(cr, image, 0, 0);
    cairo_pattern_set_filter(cairo_get_source(cr), CAIRO_FILTER_BILINEAR);
    cairo_paint(cr);
    cairo_restore(cr);
}

/* Cairo's images have at most 32767 rows and columns. It may make four bytes of a pel: no image
 * has more of them than a sheet of A3 at 408 dpi. */
enum { IMAGE_MAX = 32767, SLICE = 16000, IMAGE_PELS_MAX = 32 << 20 };

static enum err pdf_image(struct press *p, const struct sheet *s, struct why *why)
{
    struct paper paper = p->options.paper ? *p->options.paper : paper_of(s);
    struct placement at = paper_place(&paper, s, !p->options.actual);
    struct span strip = s->data;
    enum err e = begin(p, why);
    if (!e && !s->coded) {
        buf_clear(&p->rows);
        e = sheet_code(s, &p->rows, why);
        strip = buf_span(&p->rows);
    }
    if (e)
        return e;
    cairo_surface_t *image = empty_image(s);
    if (!image)
        return why_set(why, ERR_OS, "out of memory");
    cairo_pdf_surface_set_size(p->pdf->surface, paper.width, paper.height);
    if (attach(image, s, strip, s->coded ? s->coding : G3_MMR) != CAIRO_STATUS_SUCCESS)
        e = why_set(why, ERR_OS, "out of memory");
    else
        paint(p->pdf->cr, image, &at, s);
    draw_stamp(p, &paper);
    cairo_show_page(p->pdf->cr);
    /* Before show_page, Cairo would copy its pels to keep them. */
    cairo_surface_destroy(image);
    return e ? e : status(p->pdf, why);
}

/* Rows in one piece: of a page that is far longer than a printer's paper, as many as that takes;
 * of one longer than an image may be, many metres. All of it otherwise. */
static unsigned slice_rows(const struct press *p, const struct sheet *s)
{
    struct sheet first = *s;
    first.rows = 1;
    unsigned paper = (unsigned)(paper_of(&first).height / 72 * s->ydpi);
    unsigned most = IMAGE_PELS_MAX / s->width;
    bool fits = s->rows <= IMAGE_MAX && s->rows <= most;
    most = most < SLICE ? most : SLICE;
    if (p->options.split && s->rows > paper / 5 * 7)
        return paper < most ? paper : most;
    return fits ? s->rows : most;
}

static enum err pdf_slices(struct press *p, const struct sheet *s, unsigned piece, struct why *why)
{
    size_t stride = (s->width + 7) / 8;
    struct sheet slice = *s;
    struct buf rows;
    buf_init(&rows, SHEET_BYTES_MAX);
    enum err e = sheet_bitmap(s, &rows, why);
    slice.coded = false;
    for (unsigned top = 0; top < s->rows && !e; top += piece) {
        slice.rows = s->rows - top < piece ? s->rows - top : piece;
        slice.data = span_of(rows.data + top * stride, slice.rows * stride);
        e = pdf_image(p, &slice, why);
    }
    buf_release(&rows);
    return e;
}

enum err pdf_fax(struct press *p, const struct sheet *s, struct why *why)
{
    if (s->width > IMAGE_MAX)
        return why_set(why, ERR_DATA, "%u pels: too wide to print", s->width);
    unsigned piece = slice_rows(p, s);
    return piece < s->rows ? pdf_slices(p, s, piece, why) : pdf_image(p, s, why);
}

enum err pdf_text(struct press *p, const struct layout *layout, struct why *why)
{
    const struct paper *paper = p->options.paper ? p->options.paper : paper_find(span_str("a4"));
    enum err e = begin(p, why);
    if (e)
        return e;
    cairo_pdf_surface_set_size(p->pdf->surface, paper->width, paper->height);
    cairo_set_source_rgb(p->pdf->cr, 0, 0, 0);
    layout_draw(layout, p->pdf->cr);
    draw_stamp(p, paper);
    cairo_show_page(p->pdf->cr);
    return status(p->pdf, why);
}

enum err pdf_finish(struct press *p, struct why *why)
{
    if (!p->pdf)
        return ERR_NONE;
    /* The trailer is what makes a PDF one. */
    if (p->failed && !p->pdf->out.err)
        p->pdf->out.err = ERR_DATA;
    cairo_destroy(p->pdf->cr);
    cairo_surface_finish(p->pdf->surface);
    cairo_status_t s = cairo_surface_status(p->pdf->surface);
    enum err e = writer_flush(&p->pdf->out, why);
    if (!e && s != CAIRO_STATUS_SUCCESS)
        e = why_set(why, ERR_BUG, "pdf: %s", cairo_status_to_string(s));
    cairo_surface_destroy(p->pdf->surface);
    free(p->pdf);
    p->pdf = NULL;
    return e;
}
