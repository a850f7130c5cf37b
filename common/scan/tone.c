#include "scan/tone.h"

#include <stdlib.h>
#include <string.h>

enum { TILE = 32 };

/* Pels between these are neither ink nor paper. */
enum { DARK = 40, LIGHT = 215 };

static void histogram(const uint8_t *gray, size_t n, uint32_t count[256])
{
    memset(count, 0, 256 * sizeof *count);
    for (size_t i = 0; i < n; i++)
        count[gray[i]]++;
}

/* The value of the paper: where much of the page has nearly one light value, that one. */
static unsigned paper_value(const uint32_t count[256], size_t n)
{
    unsigned peak = 255;
    for (unsigned v = 128; v < 256; v++)
        if (count[v] > count[peak])
            peak = v;
    uint64_t near = 0;
    for (unsigned v = peak - 16; v <= peak + 16 && v < 256; v++)
        near += count[v];
    return near * 5 >= (uint64_t)n * 2 ? peak : 255;
}

/* Scanned paper is not white: stretches the page so that it is. */
static void whiten(uint8_t *gray, size_t n, uint32_t count[256])
{
    unsigned paper = paper_value(count, n);
    if (paper >= 250)
        return;
    uint8_t map[256];
    for (unsigned v = 0; v < 256; v++) {
        unsigned w = v * 255 / (paper - 8);
        map[v] = (uint8_t)(w > 255 ? 255 : w);
    }
    for (size_t i = 0; i < n; i++)
        gray[i] = map[gray[i]];
    histogram(gray, n, count);
}

/* Otsu's threshold: the split with the greatest variance between its two sides, kept away from
 * both ends, where there would be no text to find. */
static unsigned split(const uint32_t count[256])
{
    double all = 0, sum = 0, below = 0, below_sum = 0, best = -1;
    unsigned at = 150;
    for (unsigned v = 0; v < 256; v++) {
        all += count[v];
        sum += (double)v * count[v];
    }
    for (unsigned v = 0; v < 255; v++) {
        below += count[v];
        below_sum += (double)v * count[v];
        if (below == 0 || below == all)
            continue;
        double d = below_sum / below - (sum - below_sum) / (all - below);
        double variance = below * (all - below) * d * d;
        if (variance > best) {
            best = variance;
            at = v + 1;
        }
    }
    return at < 110 ? 110 : at > 180 ? 180 : at;
}

enum mark { TEXT, PICTURE, MAYBE };

/* What a tile is by itself. One that is hardly paper may be the dark or light part of a picture. */
static enum mark judge(const uint8_t *gray, const struct scan_bitmap *page, unsigned tx,
                       unsigned ty)
{
    unsigned right = (tx + 1) * TILE < page->width ? (tx + 1) * TILE : page->width;
    unsigned bottom = (ty + 1) * TILE < page->count ? (ty + 1) * TILE : page->count;
    unsigned middle = 0, paper = 0, all = (right - tx * TILE) * (bottom - ty * TILE);
    for (unsigned y = ty * TILE; y < bottom; y++)
        for (unsigned x = tx * TILE; x < right; x++) {
            uint8_t v = gray[(size_t)y * page->width + x];
            middle += v > DARK && v < LIGHT;
            paper += v >= 248;
        }
    if (middle * 100 >= all * 45)
        return PICTURE;
    return middle * 100 >= all * 15 || paper * 2 < all ? MAYBE : TEXT;
}

static bool beside_picture(const uint8_t *marks, unsigned across, unsigned down, unsigned i)
{
    unsigned x = i % across, y = i / across;
    return (x && marks[i - 1] == PICTURE) || (x + 1 < across && marks[i + 1] == PICTURE) ||
           (y && marks[i - across] == PICTURE) || (y + 1 < down && marks[i + across] == PICTURE);
}

/* One mark a tile. What may be part of a picture is, when it touches what is. */
static void mark_pictures(const uint8_t *gray, const struct scan_bitmap *page, unsigned across,
                          unsigned down, uint8_t *marks)
{
    unsigned n = across * down;
    for (unsigned i = 0; i < n; i++)
        marks[i] = (uint8_t)judge(gray, page, i % across, i / across);
    bool grown = true;
    while (grown) {
        grown = false;
        for (unsigned i = 0; i < 2 * n; i++) { /* forth, and back */
            unsigned at = i < n ? i : 2 * n - 1 - i;
            if (marks[at] == MAYBE && beside_picture(marks, across, down, at)) {
                marks[at] = PICTURE;
                grown = true;
            }
        }
    }
}

static int clamp(int v)
{
    return v < 0 ? 0 : v > 255 ? 255 : v;
}

/*
 * Error diffusion after Floyd and Steinberg, in the tiles that are marked (all, where marks is
 * NULL); elsewhere the threshold decides and no error is passed on. next and now hold the errors
 * of a row, with one more at both ends.
 */
static void diffuse_row(const uint8_t *gray, const uint8_t *marks, unsigned width,
                        unsigned threshold, const int *now, int *next, uint8_t *out)
{
    int right = 0;
    memset(next, 0, (width + 2) * sizeof *next);
    for (unsigned x = 0; x < width; x++) {
        bool picture = !marks || marks[x / TILE] == PICTURE;
        int v = picture ? clamp(gray[x] + (now[x + 1] + right) / 16) : gray[x];
        bool black = v < (picture ? 128 : (int)threshold);
        if (black)
            out[x / 8] |= (uint8_t)(0x80 >> x % 8);
        int error = picture ? v - (black ? 0 : 255) : 0;
        right = error * 7;
        next[x] += error * 3;
        next[x + 1] += error * 5;
        next[x + 2] += error;
    }
}

static enum err diffuse(const uint8_t *gray, const uint8_t *marks, unsigned threshold,
                        struct scan_bitmap *page, struct why *why)
{
    unsigned across = (page->width + TILE - 1) / TILE;
    int *errors = calloc(2 * ((size_t)page->width + 2), sizeof *errors);
    if (!errors)
        return why_set(why, ERR_OS, "out of memory");
    int *now = errors, *next = errors + page->width + 2;
    size_t stride = (page->width + 7) / 8;
    for (unsigned y = 0; y < page->count; y++) {
        diffuse_row(gray + (size_t)y * page->width, marks ? marks + y / TILE * across : NULL,
                    page->width, threshold, now, next, page->rows + y * stride);
        int *t = now;
        now = next;
        next = t;
    }
    free(errors);
    return ERR_NONE;
}

static void cut_at(const uint8_t *gray, unsigned threshold, struct scan_bitmap *page)
{
    size_t stride = (page->width + 7) / 8;
    for (unsigned y = 0; y < page->count; y++)
        for (unsigned x = 0; x < page->width; x++)
            if (gray[(size_t)y * page->width + x] < threshold)
                page->rows[y * stride + x / 8] |= (uint8_t)(0x80 >> x % 8);
}

static enum err choose(uint8_t *gray, struct scan_bitmap *page, struct why *why)
{
    uint32_t count[256];
    size_t n = (size_t)page->width * page->count;
    histogram(gray, n, count);
    whiten(gray, n, count);
    unsigned across = (page->width + TILE - 1) / TILE, down = (page->count + TILE - 1) / TILE;
    uint8_t *marks = malloc((size_t)across * down + 1);
    if (!marks)
        return why_set(why, ERR_OS, "out of memory");
    mark_pictures(gray, page, across, down, marks);
    enum err e = diffuse(gray, marks, split(count), page, why);
    free(marks);
    return e;
}

enum err scan_tone(enum scan_tone tone, unsigned threshold, uint8_t *gray,
                   struct scan_bitmap *page, struct why *why)
{
    memset(page->rows, 0, (page->width + 7) / 8 * (size_t)page->count);
    switch (tone) {
    case SCAN_TONE_OTSU: return scan_otsu(gray, page, why);
    case SCAN_TONE_SAUVOLA: return scan_sauvola(gray, page, why);
    case SCAN_TONE_DITHER: return diffuse(gray, NULL, 128, page, why);
    case SCAN_TONE_THRESHOLD: cut_at(gray, threshold, page); return ERR_NONE;
    default: return choose(gray, page, why);
    }
}
