#include "print/layout.h"

#include "bytes/buf.h"
#include "bytes/utf8.h"

#include <pango/pangocairo.h>
#include <stdlib.h>
#include <string.h>

/* A source line longer than this is laid out in pieces, so that a text without line ends stays
 * linear in time and memory. */
enum { PIECE = 2048, BAND = 256 };

/* Coverage from which a pel is black. Under one half, so that hairlines survive. */
enum { INK = 104 };

struct line {
    PangoLayout *owner; /* a line is valid as long as its layout */
    PangoLayoutLine *line;
    double x, baseline;
};

struct layout {
    struct layout_style style;
    PangoFontMap *fonts;
    PangoContext *context;
    PangoFontDescription *face;
    PangoTabArray *tabs;
    struct span rest; /* what no piece has been made of yet */
    PangoLayout *piece;
    int piece_line;   /* the next line of piece to place */
    bool page_break;  /* a form feed stands before rest */
    struct line *lines;
    size_t count, room;
};

struct layout_style layout_style_of(const struct layout_geometry *g)
{
    struct layout_style style = {0};
    style.width_pt = g->width * 72.0 / g->xdpi;
    style.height_pt = g->rows * 72.0 / g->ydpi;
    style.margin_pt = 15 * 72 / 25.4;
    return style;
}

/* Glyphs are placed alike at every resolution: nothing is rounded to the device's pels. */
static PangoContext *context_of(PangoFontMap *fonts)
{
    PangoContext *context = pango_font_map_create_context(fonts);
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    pango_cairo_context_set_font_options(context, options);
    cairo_font_options_destroy(options);
    return context;
}

static PangoTabArray *tabs_of(PangoContext *context, const PangoFontDescription *face)
{
    PangoFontMetrics *m = pango_context_get_metrics(context, face, NULL);
    int column = pango_font_metrics_get_approximate_char_width(m);
    pango_font_metrics_unref(m);
    PangoTabArray *tabs = pango_tab_array_new(1, FALSE);
    pango_tab_array_set_tab(tabs, 0, PANGO_TAB_LEFT, 8 * column);
    return tabs;
}

enum err layout_open(const struct layout_style *style, struct span text, struct layout **layout,
                     struct why *why)
{
    *layout = NULL;
    double size = style->size_pt > 0 ? style->size_pt : 10;
    if (!(style->width_pt - 2 * style->margin_pt >= 4 * size) ||
        !(style->height_pt - 2 * style->margin_pt >= 2 * size))
        return why_set(why, ERR_USAGE, "no room for text on this paper");
    struct layout *l = calloc(1, sizeof *l);
    if (!l)
        return why_set(why, ERR_OS, "out of memory");
    l->style = *style;
    l->fonts = pango_cairo_font_map_new();
    pango_cairo_font_map_set_resolution(PANGO_CAIRO_FONT_MAP(l->fonts), 72);
    l->context = context_of(l->fonts);
    l->face = pango_font_description_from_string(style->font ? style->font : "monospace");
    pango_font_description_set_size(l->face, (int)(size * PANGO_SCALE));
    l->tabs = tabs_of(l->context, l->face);
    if (span_starts(text, span_str("\xef\xbb\xbf")))
        text = span_skip(text, 3);
    l->rest = text;
    *layout = l;
    return ERR_NONE;
}

static void forget_lines(struct layout *l)
{
    for (size_t i = 0; i < l->count; i++) {
        pango_layout_line_unref(l->lines[i].line);
        g_object_unref(l->lines[i].owner);
    }
    l->count = 0;
}

void layout_close(struct layout *l)
{
    if (!l)
        return;
    forget_lines(l);
    free(l->lines);
    if (l->piece)
        g_object_unref(l->piece);
    pango_tab_array_free(l->tabs);
    pango_font_description_free(l->face);
    g_object_unref(l->context);
    g_object_unref(l->fonts);
    free(l);
}

/* The piece's text with everything replaced that has no glyph. out holds 3 bytes for each. */
static size_t clean(struct span s, char *out)
{
    char *at = out;
    while (s.n) {
        size_t n = utf8_char(s, NULL);
        bool control = n == 1 && (s.p[0] < 0x20 || s.p[0] == 0x7f) && s.p[0] != '\t';
        if (n && !control) {
            memcpy(at, s.p, n);
            at += n;
        } else if (!(n && s.p[0] == '\r')) {
            memcpy(at, "\xef\xbf\xbd", 3);
            at += 3;
        }
        s = span_skip(s, n ? n : 1);
    }
    return (size_t)(at - out);
}

/* Takes the next source line, or a piece of a long one, off the rest. */
static struct span take_piece(struct layout *l)
{
    size_t n = 0;
    while (n < l->rest.n && n < PIECE && l->rest.p[n] != '\n' && l->rest.p[n] != '\f')
        n++;
    if (n == PIECE && n < l->rest.n)
        while (n > PIECE - 4 && (l->rest.p[n] & 0xc0) == 0x80)
            n--;
    struct span piece = span_take(l->rest, n);
    l->rest = span_skip(l->rest, n);
    if (l->rest.n && l->rest.p[0] == '\f') {
        l->page_break = true;
        l->rest = span_skip(l->rest, 1);
        if (l->rest.n && l->rest.p[0] == '\n')
            l->rest = span_skip(l->rest, 1);
    } else if (l->rest.n && l->rest.p[0] == '\n') {
        l->rest = span_skip(l->rest, 1);
    }
    return piece;
}

static void begin_piece(struct layout *l)
{
    char text[3 * PIECE];
    size_t n = clean(take_piece(l), text);
    l->piece = pango_layout_new(l->context);
    pango_layout_set_font_description(l->piece, l->face);
    pango_layout_set_tabs(l->piece, l->tabs);
    pango_layout_set_wrap(l->piece, PANGO_WRAP_WORD_CHAR);
    pango_layout_set_width(l->piece,
                           (int)((l->style.width_pt - 2 * l->style.margin_pt) * PANGO_SCALE));
    pango_layout_set_text(l->piece, text, (int)n);
    l->piece_line = 0;
}

static bool keep_line(struct layout *l, PangoLayoutLine *line, double x, double baseline)
{
    if (l->count == l->room) {
        size_t room = l->room ? 2 * l->room : 128;
        struct line *more = realloc(l->lines, room * sizeof *more);
        if (!more)
            return false;
        l->lines = more;
        l->room = room;
    }
    l->lines[l->count++] = (struct line){g_object_ref(l->piece), pango_layout_line_ref(line), x,
                                         baseline};
    return true;
}

/* Places lines of the current piece below y until it or the page ends. True when it ended. */
static bool place_piece(struct layout *l, double *y)
{
    double bottom = l->style.height_pt - l->style.margin_pt;
    double left = l->style.margin_pt;
    double width = l->style.width_pt - 2 * left;
    for (;;) {
        PangoLayoutLine *line = pango_layout_get_line_readonly(l->piece, l->piece_line);
        if (!line)
            return true;
        PangoRectangle r;
        pango_layout_line_get_extents(line, NULL, &r);
        double height = (double)r.height / PANGO_SCALE;
        if (*y + height > bottom && l->count)
            return false;
        double x = line->resolved_dir == PANGO_DIRECTION_RTL
                       ? left + width - (double)r.width / PANGO_SCALE : left;
        if (!keep_line(l, line, x, *y - (double)r.y / PANGO_SCALE))
            return false;
        *y += height;
        l->piece_line++;
    }
}

bool layout_next(struct layout *l)
{
    forget_lines(l);
    if (!l->piece && !l->rest.n)
        return false;
    double y = l->style.margin_pt;
    l->page_break = l->page_break && l->piece;
    while (l->piece || l->rest.n) {
        if (!l->piece)
            begin_piece(l);
        if (!place_piece(l, &y))
            return true;
        g_object_unref(l->piece);
        l->piece = NULL;
        if (l->page_break)
            return true;
    }
    return true;
}

void layout_draw(const struct layout *l, struct _cairo *cr)
{
    cairo_save(cr);
    cairo_set_source_rgb(cr, 0, 0, 0);
    for (size_t i = 0; i < l->count; i++) {
        cairo_move_to(cr, l->lines[i].x, l->lines[i].baseline);
        pango_cairo_show_layout_line(cr, l->lines[i].line);
    }
    cairo_restore(cr);
}

/* Packs a surface of coverage into rows of bits. */
static void pack(cairo_surface_t *surface, unsigned width, unsigned count, uint8_t *rows)
{
    cairo_surface_flush(surface);
    const uint8_t *from = cairo_image_surface_get_data(surface);
    int stride = cairo_image_surface_get_stride(surface);
    size_t bytes = (width + 7) / 8;
    memset(rows, 0, bytes * count);
    for (unsigned y = 0; y < count; y++, from += stride, rows += bytes)
        for (unsigned x = 0; x < width; x++)
            if (from[x] >= INK)
                rows[x / 8] |= (uint8_t)(0x80 >> x % 8);
}

/* A surface of coverage for count rows of g, with its cairo scaled to points. */
static cairo_t *coverage(const struct layout_geometry *g, unsigned first, unsigned count,
                         cairo_surface_t **surface)
{
    *surface = cairo_image_surface_create(CAIRO_FORMAT_A8, (int)g->width, (int)count);
    cairo_t *cr = cairo_create(*surface);
    cairo_translate(cr, 0, -(double)first);
    cairo_scale(cr, g->xdpi / 72, g->ydpi / 72);
    return cr;
}

static enum err finish(cairo_t *cr, cairo_surface_t *surface, struct why *why)
{
    cairo_status_t status = cairo_status(cr);
    cairo_destroy(cr);
    cairo_surface_destroy(surface);
    if (status == CAIRO_STATUS_SUCCESS)
        return ERR_NONE;
    return why_set(why, ERR_OS, "text: %s", cairo_status_to_string(status));
}

enum err layout_rows(const struct layout *l, const struct layout_geometry *g, unsigned first,
                     unsigned count, uint8_t *rows, struct why *why)
{
    for (unsigned done = 0; done < count; done += BAND) {
        unsigned n = count - done < BAND ? count - done : BAND;
        cairo_surface_t *surface;
        cairo_t *cr = coverage(g, first + done, n, &surface);
        layout_draw(l, cr);
        if (cairo_status(cr) == CAIRO_STATUS_SUCCESS)
            pack(surface, g->width, n, rows + (size_t)done * ((g->width + 7) / 8));
        enum err e = finish(cr, surface, why);
        if (e)
            return e;
    }
    return ERR_NONE;
}

enum err layout_line(const char *text, const struct layout_geometry *g, uint8_t *rows,
                     struct why *why)
{
    PangoFontMap *fonts = pango_cairo_font_map_new();
    pango_cairo_font_map_set_resolution(PANGO_CAIRO_FONT_MAP(fonts), 72);
    PangoContext *context = context_of(fonts);
    PangoFontDescription *face = pango_font_description_from_string("sans");
    double height = g->rows * 72 / g->ydpi;
    pango_font_description_set_size(face, (int)(height * 0.8 * PANGO_SCALE));
    PangoLayout *layout = pango_layout_new(context);
    pango_layout_set_font_description(layout, face);
    pango_layout_set_single_paragraph_mode(layout, TRUE);
    pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
    pango_layout_set_width(layout, (int)((g->width * 72 / g->xdpi - 2 * height) * PANGO_SCALE));
    char *cleaned = malloc(3 * strlen(text) + 1);
    if (cleaned)
        pango_layout_set_text(layout, cleaned, (int)clean(span_str(text), cleaned));
    free(cleaned);

    cairo_surface_t *surface;
    cairo_t *cr = coverage(g, 0, g->rows, &surface);
    PangoRectangle extents;
    pango_layout_get_extents(layout, NULL, &extents);
    double tall = (double)extents.height / PANGO_SCALE;
    double shrink = tall > height ? height / tall : 1;
    cairo_translate(cr, height, (height - tall * shrink) / 2);
    cairo_scale(cr, shrink, shrink);
    cairo_set_source_rgb(cr, 0, 0, 0);
    pango_cairo_show_layout(cr, layout);
    if (cairo_status(cr) == CAIRO_STATUS_SUCCESS)
        pack(surface, g->width, g->rows, rows);
    g_object_unref(layout);
    pango_font_description_free(face);
    g_object_unref(context);
    g_object_unref(fonts);
    return finish(cr, surface, why);
}
