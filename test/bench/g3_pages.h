/*
 * The pages that the codec is measured on are made, each from its number alone: a grey page is
 * drawn (1728 wide, 0 white to 255 black) and put on a scanner's or a printer's way to one bit.
 */
#ifndef BENCH_G3_PAGES_H
#define BENCH_G3_PAGES_H

#include <stdbool.h>
#include <stdint.h>

enum { PAGE_WIDTH = 1728, PAGE_ROWS_MOST = 2290 };

struct grey {
    unsigned rows;
    uint8_t ink[PAGE_ROWS_MOST][PAGE_WIDTH];
};

/* Numbers that are the same everywhere: below n, and of a bell of deviation 1 or so. */
unsigned chance(unsigned n);
double bell(void);
void chance_from(unsigned seed);

struct face {
    const char *font; /* as Pango names it */
    double points;
    bool cjk;
};

/* g3_letters.c: one page is drawn at a time, from draw_begin to draw_end, which puts it into g. */
void draw_begin(unsigned rows);
void draw_end(struct grey *g);
/* Paragraphs down to fill of the page's rows. */
void draw_text(unsigned rows, const struct face *f, double lead, int margin, double fill,
               bool title);
/* A ruled form: a head, a table, its cells mostly filled in, and signatures. */
void draw_form(unsigned all, const struct face *f, unsigned rows, unsigned columns);

/* g3_picture.c: pictures without letters. */
void draw_photo(struct grey *g); /* clouds and discs, blurred */
void scan_again(struct grey *g, double degrees); /* turned, blurred, noisy, of one bit */
void dither_diffuse(struct grey *g, unsigned left, unsigned top, unsigned width, unsigned rows);
void dither_ordered(struct grey *g);

#endif
