/* Pages of letters and lines, drawn by Pango and Cairo. */
#include "g3_pages.h"

#include <math.h>
#include <pango/pangocairo.h>
#include <stdlib.h>
#include <string.h>

static const char *const words[] = {
    "the", "invoice", "of", "patient", "delivery", "please", "confirm", "receipt", "and", "total",
    "amount", "due", "within", "thirty", "days", "from", "date", "shipment", "order", "number",
    "reference", "contract", "clause", "insurance", "claim", "hospital", "laboratory", "results",
    "attached", "page", "fax", "regards", "department", "office", "telephone", "account", "bank",
    "transfer", "customer", "supplier", "purchase", "quantity", "unit", "price", "agreement",
    "signature", "authorized", "hereby", "witness", "property", "legal", "notice", "however",
    "subject", "to", "conditions", "without", "prejudice", "we", "remain", "yours", "faithfully"};
/* Three bytes a letter. */
static const char han[] = "受信者御中平素格別高配賜厚礼申上請求書納品見積件名下記通送付致候確認願株式会社部課長電話番号"
                          "住所日付金額合計数量単価備考診療所患者氏名年齢処方薬検査結果報告注文発注契約条項同意署名欄";
static const char kana[] = "のにはをたがでてとしれさあるいるもすりますことからなよう";

static cairo_surface_t *surface;
static cairo_t *paper;

void draw_begin(unsigned rows)
{
    surface = cairo_image_surface_create(CAIRO_FORMAT_A8, PAGE_WIDTH, (int)rows);
    paper = cairo_create(surface);
}

void draw_end(struct grey *g)
{
    cairo_surface_flush(surface);
    const uint8_t *from = cairo_image_surface_get_data(surface);
    size_t stride = (size_t)cairo_image_surface_get_stride(surface);
    for (unsigned y = 0; y < g->rows; y++)
        memcpy(g->ink[y], from + y * stride, PAGE_WIDTH);
    cairo_destroy(paper);
    cairo_surface_destroy(surface);
}

static void add_sentence(GString *s, bool cjk, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (!cjk)
            g_string_append_printf(s, "%s%s", words[chance(sizeof words / sizeof *words)],
                                   i + 1 < n ? " " : ". ");
        else if (chance(100) < 55)
            g_string_append_len(s, han + chance((sizeof han - 1) / 3) * 3, 3);
        else
            g_string_append_len(s, kana + chance((sizeof kana - 1) / 3) * 3, 3);
    if (cjk)
        g_string_append(s, "。");
}

/* Puts text at a place, in lines of that width (0: one line); gives its height. */
static int put(const struct face *f, double x, double y, double scale, int width, double lead,
               const char *text)
{
    PangoLayout *layout = pango_cairo_create_layout(paper);
    PangoFontDescription *font = pango_font_description_from_string(f->font);
    int height;
    pango_font_description_set_absolute_size(font, f->points * scale * 200 / 72 * PANGO_SCALE);
    pango_layout_set_font_description(layout, font);
    if (width) {
        pango_layout_set_width(layout, width * PANGO_SCALE);
        pango_layout_set_wrap(layout, f->cjk ? PANGO_WRAP_CHAR : PANGO_WRAP_WORD);
        pango_layout_set_line_spacing(layout, (float)lead);
    }
    pango_layout_set_text(layout, text, -1);
    pango_layout_get_pixel_size(layout, NULL, &height);
    cairo_move_to(paper, x, y);
    pango_cairo_show_layout(paper, layout);
    pango_font_description_free(font);
    g_object_unref(layout);
    return height;
}

void draw_text(unsigned rows, const struct face *f, double lead, int margin, double fill,
               bool title)
{
    GString *s = g_string_new("");
    double y = 120, line = f->points * 200 / 72;
    if (title) {
        add_sentence(s, f->cjk, f->cjk ? 10 : 4);
        put(f, margin, y, 1.7, 0, 0, s->str);
        y += line * 3.2;
    }
    while (y < rows * fill) {
        g_string_truncate(s, 0);
        if (f->cjk)
            add_sentence(s, true, 60 + chance(140));
        else
            for (unsigned i = 2 + chance(5); i; i--)
                add_sentence(s, false, 6 + chance(12));
        y += put(f, margin, y, 1, PAGE_WIDTH - 2 * margin, lead, s->str) + line * .7;
    }
    g_string_free(s, TRUE);
}

static void line(double x0, double y0, double x1, double y1, double width)
{
    cairo_set_line_width(paper, width);
    cairo_move_to(paper, x0, y0);
    cairo_line_to(paper, x1, y1);
    cairo_stroke(paper);
}

void draw_form(unsigned all, const struct face *f, unsigned rows, unsigned columns)
{
    GString *s = g_string_new("");
    double x0 = 110, x1 = PAGE_WIDTH - 110, y = 140, pt = f->points, size = (x1 - x0) / columns;
    for (int i = 0; i < 5; i++) {
        g_string_truncate(s, 0);
        add_sentence(s, f->cjk, f->cjk ? 12 : 5);
        put(f, x0, y, i ? 1 : 2, 0, 0, s->str);
        if (i)
            line(x0 + 500, y + pt * 3, x1, y + pt * 3, 2);
        y += i ? pt * 4.5 : pt * 8;
    }
    double top = floor(y), high = floor((all - 160 - top) / rows);
    for (unsigned i = 0; i <= rows; i++)
        line(x0, top + i * high, x1, top + i * high, i == 0 || i == 1 || i == rows ? 5 : 2);
    for (unsigned i = 0; i <= columns; i++)
        line(x0 + floor(i * size), top, x0 + floor(i * size), top + rows * high, 3);
    for (unsigned i = 0; i < rows * columns; i++) {
        if (chance(5) == 0)
            continue;
        g_string_truncate(s, 0);
        if (f->cjk)
            add_sentence(s, true, 2 + chance(4));
        else if (i % columns == 0)
            g_string_append(s, words[chance(sizeof words / sizeof *words)]);
        else
            g_string_append_printf(s, "%u.%02u", 1 + chance(9999), chance(100));
        put(f, x0 + floor(i % columns * size) + 10, top + i / columns * high + high / 2 - pt * 1.6,
            1, 0, 0, s->str);
    }
    for (int i = 0; i < 3; i++) {
        double sx = x0 + chance(1000), sy = top + chance(900);
        cairo_set_line_width(paper, 5);
        for (int k = 0; k < 30; k++)
            cairo_line_to(paper, sx + k * 9,
                          sy + 40 * sin(k * .7 + chance(100) / 100.0) * chance(100) / 100);
        cairo_stroke(paper);
    }
    g_string_free(s, TRUE);
}
