/*
 * Makes the pages that the codec is measured on: g3_pages FOLDER. 36 of 41, as PBM files; the other
 * five are Ghostscript's (test/bench/g3).
 */
#include "g3_pages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct grey page, photo;
static const char *folder;
static unsigned number;

static void save(const char *kind)
{
    char path[4096];
    snprintf(path, sizeof path, "%.4000s/p%02u-%s.pbm", folder, number, kind);
    FILE *f = fopen(path, "wb");
    if (!f) {
        perror(path);
        exit(73);
    }
    fprintf(f, "P4\n%d %u\n", PAGE_WIDTH, page.rows);
    for (unsigned y = 0; y < page.rows; y++) {
        uint8_t row[PAGE_WIDTH / 8] = {0};
        for (unsigned x = 0; x < PAGE_WIDTH; x++)
            row[x / 8] |= (uint8_t)((page.ink[y][x] > 115) << (7 - x % 8));
        fwrite(row, 1, sizeof row, f);
    }
    if (fclose(f) != 0) {
        perror(path);
        exit(74);
    }
}

static void begin(unsigned rows)
{
    chance_from(++number);
    page.rows = rows;
    draw_begin(rows);
}

/* The first row of a form's table shaded with dots. */
static void shade(void)
{
    for (unsigned y = 500; y < 560; y++)
        for (unsigned x = 110; x < PAGE_WIDTH - 110; x++)
            if ((x % 4 == 0 && y % 4 == 0) || (x % 4 == 2 && y % 4 == 2))
                page.ink[y][x] = 255;
}

static const struct face latin[] = {
    {"Nimbus Roman", 12, 0},     {"Nimbus Sans", 11, 0},  {"Nimbus Mono PS", 10, 0},
    {"DejaVu Sans", 10, 0},      {"DejaVu Serif", 11, 0}, {"Nimbus Roman Italic", 13, 0},
    {"Nimbus Sans Bold", 14, 0}, {"DejaVu Sans Mono", 9, 0}, {"Nimbus Sans", 18, 0},
    {"Nimbus Roman", 10, 0}};
static const struct face asian[] = {
    {"Noto Sans CJK JP", 10.5, 1}, {"Noto Serif CJK JP Bold", 12, 1}, {"Noto Sans CJK SC", 9, 1},
    {"Noto Sans CJK JP", 12, 1},   {"Noto Serif CJK SC Bold", 10, 1}};

static void text_pages(void)
{
    static const double fill[] = {.5, .75, .93, .93};
    for (unsigned i = 0; i < 10; i++) {
        begin(2200 + i * 9);
        draw_text(page.rows, &latin[i], 1.15, 150, fill[i % 4], true);
        draw_end(&page);
        save("text");
    }
    for (unsigned i = 0; i < 2; i++) { /* cover sheets */
        begin(2280);
        draw_text(page.rows, &latin[i ? 8 : 0], 1.15, 150, .3, true);
        draw_end(&page);
        save("sparse");
    }
    for (unsigned i = 0; i < 5; i++) {
        begin(2286);
        draw_text(page.rows, &asian[i], 1.1, 130, .9, true);
        draw_end(&page);
        save("cjk");
    }
    static const struct face small[] = {
        {"Nimbus Sans", 5.5, 0}, {"Nimbus Roman", 6, 0}, {"Noto Sans CJK JP", 6, 1}};
    for (unsigned i = 0; i < 3; i++) {
        begin(2290);
        draw_text(page.rows, &small[i], 1, 70, .97, false);
        draw_end(&page);
        save("dense");
    }
}

static void form_pages(void)
{
    static const struct {
        struct face face;
        unsigned rows, columns;
    } forms[] = {{{"Nimbus Sans", 9, 0}, 28, 6},  {{"Nimbus Mono PS", 8, 0}, 40, 8},
                 {{"DejaVu Sans", 10, 0}, 20, 4}, {{"Nimbus Roman", 11, 0}, 15, 5},
                 {{"Noto Sans CJK JP", 9, 1}, 25, 6}, {{"Noto Sans CJK JP", 10, 1}, 18, 5}};
    for (unsigned i = 0; i < 6; i++) {
        begin(2290);
        draw_form(page.rows, &forms[i].face, forms[i].rows, forms[i].columns);
        draw_end(&page);
        if (i == 1 || i == 3)
            shade();
        save("form");
    }
}

static void scan_pages(void)
{
    static const struct face faces[] = {{"Nimbus Roman", 12, 0},   {"Nimbus Sans", 10, 0},
                                        {"Nimbus Mono PS", 10, 0}, {"DejaVu Serif", 9, 0},
                                        {"Nimbus Sans", 9, 0},     {"Noto Sans CJK JP", 10.5, 1}};
    for (unsigned i = 0; i < 6; i++) {
        begin(2270 + i * 4);
        if (i == 4)
            draw_form(page.rows, &faces[i], 28, 6);
        else
            draw_text(page.rows, &faces[i], faces[i].cjk ? 1.1 : 1.15, 150, .9, true);
        draw_end(&page);
        scan_again(&page, chance(240) / 100.0 - 1.2);
        save("scan");
    }
}

static void picture_pages(void)
{
    begin(2280);
    draw_end(&page);
    draw_photo(&page);
    dither_diffuse(&page, 0, 0, PAGE_WIDTH, page.rows);
    save("photo");
    begin(2280);
    draw_text(page.rows, &latin[1], 1.15, 150, .93, true);
    draw_end(&page);
    photo.rows = page.rows;
    draw_photo(&photo);
    for (unsigned y = 600; y < 1400; y++)
        memcpy(page.ink[y] + 300, photo.ink[y] + 300, 1100);
    dither_diffuse(&page, 300, 600, 1100, 800);
    save("half-photo");
    begin(2280);
    draw_end(&page);
    draw_photo(&page);
    dither_ordered(&page);
    save("halftone");
    begin(2290);
    draw_end(&page);
    save("blank");
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: g3_pages FOLDER\n");
        return 64;
    }
    folder = argv[1];
    text_pages();
    form_pages();
    scan_pages();
    picture_pages();
    return 0;
}
