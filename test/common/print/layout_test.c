#include "print/layout.h"
#include "check.h"

enum { WIDTH = 1728, ROWS = 2287, STRIDE = WIDTH / 8 };
static const struct layout_geometry fine = {WIDTH, ROWS, 204, 196};
static const struct layout_geometry standard = {WIDTH, 1143, 204, 98};

/* Where the black is on a page, in pels. */
struct extent {
    unsigned left, top, right, bottom, count;
};

static struct extent measure(const uint8_t *rows, unsigned width, unsigned count)
{
    struct extent e = {width, count, 0, 0, 0};
    for (unsigned y = 0; y < count; y++)
        for (unsigned x = 0; x < width; x++) {
            if (!(rows[y * ((width + 7) / 8) + x / 8] & 0x80 >> x % 8))
                continue;
            e.count++;
            e.left = x < e.left ? x : e.left;
            e.right = x > e.right ? x : e.right;
            e.top = y < e.top ? y : e.top;
            e.bottom = y;
        }
    return e;
}

static uint8_t page[ROWS * STRIDE];

static struct extent first_page(const char *text, const struct layout_geometry *g)
{
    struct layout *l;
    struct layout_style style = layout_style_of(g);
    CHECK(layout_open(&style, span_str(text), &l, NULL) == ERR_NONE);
    CHECK(layout_next(l));
    CHECK(layout_rows(l, g, 0, g->rows, page, NULL) == ERR_NONE);
    layout_close(l);
    return measure(page, g->width, g->rows);
}

static unsigned pages_of(struct span text)
{
    struct layout *l;
    struct layout_style style = layout_style_of(&fine);
    unsigned n = 0;
    CHECK(layout_open(&style, text, &l, NULL) == ERR_NONE);
    while (layout_next(l))
        n++;
    layout_close(l);
    return n;
}

static void text_lies_between_the_margins(void)
{
    struct extent e = first_page("Hello, world\nsecond\n", &fine);
    CHECK(e.count > 500);
    CHECK(e.left >= 118 && e.left <= 140);   /* 15 mm are 120 pels */
    CHECK(e.top >= 113 && e.top <= 140);     /* and 116 rows */
    CHECK(e.right > 300 && e.right < 500);   /* 12 columns of 6 points */
    CHECK(e.bottom < 200);
}

static void a_standard_page_has_half_the_rows(void)
{
    struct extent a = first_page("Hgjy\n\n\nHgjy", &fine);
    struct extent b = first_page("Hgjy\n\n\nHgjy", &standard);
    CHECK(abs((int)a.right - (int)b.right) <= 1);
    CHECK(abs((int)a.bottom - 2 * (int)b.bottom) <= 3);
}

static void scripts_have_glyphs(void)
{
    struct extent latin = first_page("abc", &fine), greek = first_page("αβγ", &fine);
    struct extent kana = first_page("日本語", &fine);
    CHECK(greek.count > 200 && greek.count < 4 * latin.count);
    CHECK(kana.count > latin.count);
    CHECK(kana.right > latin.right + 20); /* full-width */
}

static void long_lines_wrap(void)
{
    char text[4001];
    memset(text, 'x', sizeof text - 1);
    text[4000] = 0;
    struct extent e = first_page(text, &fine);
    CHECK(e.right <= WIDTH - 118);
    CHECK(e.bottom > 400);
}

static void pages_break_where_they_must(void)
{
    CHECK_INT(pages_of(span_str("")), 0);
    CHECK_INT(pages_of(span_str("a")), 1);
    CHECK_INT(pages_of(span_str("a\n\fb")), 2);
    CHECK_INT(pages_of(span_str("a\f\nb\f")), 2);
    char lines[2 * 200];
    for (unsigned i = 0; i < 200; i++)
        memcpy(lines + 2 * i, "a\n", 2);
    unsigned n = pages_of(span_of(lines, sizeof lines));
    CHECK(n == 3 || n == 4);
}

static void bad_bytes_show(void)
{
    struct extent e = first_page("\xff\x01\xc3", &fine);
    CHECK(e.count > 100);
    CHECK_INT(pages_of(span_of("a\0b", 3)), 1);
}

static void tabs_stop_at_columns(void)
{
    struct extent a = first_page("\tx", &fine), b = first_page("        x", &fine);
    CHECK(abs((int)a.left - (int)b.left) <= 2);
}

static void bands_make_the_same_page(void)
{
    static uint8_t pieces[ROWS * STRIDE];
    struct layout *l;
    struct layout_style style = layout_style_of(&fine);
    CHECK(layout_open(&style, span_str("Quick\nbrown\nfox"), &l, NULL) == ERR_NONE);
    CHECK(layout_next(l));
    CHECK(layout_rows(l, &fine, 0, ROWS, page, NULL) == ERR_NONE);
    for (unsigned y = 0; y < ROWS; y += 100)
        CHECK(layout_rows(l, &fine, y, ROWS - y < 100 ? ROWS - y : 100, pieces + y * STRIDE,
                          NULL) == ERR_NONE);
    CHECK(memcmp(page, pieces, sizeof page) == 0);
    layout_close(l);
}

static void a_line_fits_its_rows(void)
{
    struct layout_geometry g = {WIDTH, 24, 204, 196};
    static uint8_t rows[24 * STRIDE];
    CHECK(layout_line("2026-01-02 10:00  page 1/2  Ωμέγα", &g, rows, NULL) == ERR_NONE);
    struct extent e = measure(rows, WIDTH, 24);
    CHECK(e.count > 500 && e.right > 200 && e.bottom - e.top > 12);
    char longer[2000];
    memset(longer, 'W', sizeof longer - 1);
    longer[1999] = 0;
    CHECK(layout_line(longer, &g, rows, NULL) == ERR_NONE);
    e = measure(rows, WIDTH, 24);
    CHECK(e.right < WIDTH - 10 && e.right > WIDTH - 100);
}

static void no_room_is_an_error(void)
{
    struct layout *l;
    struct layout_style style = {40, 40, 20, 10, NULL};
    struct why why;
    CHECK(layout_open(&style, span_str("x"), &l, &why) == ERR_USAGE);
    CHECK(!l);
}

int main(void)
{
    RUN(text_lies_between_the_margins);
    RUN(a_standard_page_has_half_the_rows);
    RUN(scripts_have_glyphs);
    RUN(long_lines_wrap);
    RUN(pages_break_where_they_must);
    RUN(bad_bytes_show);
    RUN(tabs_stop_at_columns);
    RUN(bands_make_the_same_page);
    RUN(a_line_fits_its_rows);
    RUN(no_room_is_an_error);
    return check_done();
}
