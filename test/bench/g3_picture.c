/* Photographs and what a scanner does to a page. */
#include "g3_pages.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state = 1;

void chance_from(unsigned seed)
{
    state = seed * 0x9e3779b97f4a7c15u + 1;
    for (int i = 0; i < 8; i++)
        chance(2);
}

/* xorshift64*. */
unsigned chance(unsigned n)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (unsigned)((state * 2685821657736338717u >> 33) % n);
}

double bell(void)
{
    unsigned sum = 0;
    for (int i = 0; i < 4; i++)
        sum += chance(1024);
    return (sum - 2046.0) / 591.0;
}

static float field[PAGE_ROWS_MOST][PAGE_WIDTH];

/* A lattice of random values, cells wide, smoothly between, added to the field. */
static void add_clouds(unsigned rows, unsigned cells, double weight)
{
    static float lattice[300][300];
    for (unsigned y = 0; y < cells * 4 / 3 + 3; y++)
        for (unsigned x = 0; x < cells + 2; x++)
            lattice[y % 300][x] = (float)(chance(65536) / 65536.0 * weight);
    for (unsigned y = 0; y < rows; y++) {
        float v = (float)y * cells / PAGE_WIDTH;
        unsigned r = (unsigned)v % 298;
        v -= (float)(unsigned)v;
        v = v * v * (3 - 2 * v);
        for (unsigned x = 0; x < PAGE_WIDTH; x++) {
            float u = (float)x * cells / PAGE_WIDTH;
            unsigned c = (unsigned)u;
            u -= (float)c;
            u = u * u * (3 - 2 * u);
            float above = lattice[r][c] + (lattice[r][c + 1] - lattice[r][c]) * u;
            float below = lattice[r + 1][c] + (lattice[r + 1][c + 1] - lattice[r + 1][c]) * u;
            field[y][x] += above + (below - above) * v;
        }
    }
}

/* Each pel becomes the mean of 2 reach + 1, twice across and twice down: nearly Gauss's blur. */
static void blur_line(float *p, size_t step, unsigned n, unsigned reach)
{
    static float copy[PAGE_ROWS_MOST];
    for (unsigned i = 0; i < n; i++)
        copy[i] = p[i * step];
    float sum = copy[0] * (float)(reach + 1);
    for (unsigned i = 0; i < reach; i++)
        sum += copy[i < n ? i : n - 1];
    for (unsigned i = 0; i < n; i++) {
        sum += copy[i + reach < n ? i + reach : n - 1];
        p[i * step] = sum / (float)(2 * reach + 1);
        sum -= copy[i > reach ? i - reach : 0];
    }
}

static void blur(unsigned rows, unsigned reach)
{
    for (int twice = 0; twice < 2; twice++) {
        for (unsigned y = 0; y < rows; y++)
            blur_line(field[y], 1, PAGE_WIDTH, reach);
        for (unsigned x = 0; x < PAGE_WIDTH; x++)
            blur_line(&field[0][x], PAGE_WIDTH, rows, reach);
    }
}

static void to_grey(struct grey *g)
{
    float least = field[0][0], most = least;
    for (unsigned y = 0; y < g->rows; y++)
        for (unsigned x = 0; x < PAGE_WIDTH; x++) {
            least = field[y][x] < least ? field[y][x] : least;
            most = field[y][x] > most ? field[y][x] : most;
        }
    for (unsigned y = 0; y < g->rows; y++)
        for (unsigned x = 0; x < PAGE_WIDTH; x++)
            g->ink[y][x] = (uint8_t)((field[y][x] - least) / (most - least) * 255);
}

void draw_photo(struct grey *g)
{
    memset(field, 0, sizeof field);
    for (unsigned cells = 4; cells <= 256; cells *= 2)
        add_clouds(g->rows, cells, 1 / pow(cells, .8));
    to_grey(g);
    for (unsigned y = 0; y < g->rows; y++)
        for (unsigned x = 0; x < PAGE_WIDTH; x++)
            field[y][x] = g->ink[y][x];
    for (int i = 0; i < 12; i++) {
        int r = 30 + (int)chance(400), cx = (int)chance(PAGE_WIDTH), cy = (int)chance(g->rows);
        float shade = (float)chance(256);
        for (int y = cy - r; y <= cy + r; y++)
            for (int x = cx - r; x <= cx + r; x++)
                if (y >= 0 && y < (int)g->rows && x >= 0 && x < PAGE_WIDTH &&
                    (x - cx) * (x - cx) + (y - cy) * (y - cy) <= r * r)
                    field[y][x] = shade;
    }
    blur(g->rows, 2);
    to_grey(g);
}

/* Floyd and Steinberg's error diffusion, in place, of a part of the page. */
void dither_diffuse(struct grey *g, unsigned left, unsigned top, unsigned width, unsigned rows)
{
    static int error[2][PAGE_WIDTH + 2];
    memset(error, 0, sizeof error);
    for (unsigned y = 0; y < rows; y++) {
        int *here = error[y & 1], *next = error[~y & 1];
        memset(next, 0, sizeof error[0]);
        for (unsigned x = 0; x < width; x++) {
            uint8_t *p = &g->ink[top + y][left + x];
            int want = *p + here[x + 1] / 16, left_over = want - (want >= 128 ? 255 : 0);
            *p = want >= 128 ? 255 : 0;
            here[x + 2] += left_over * 7;
            next[x] += left_over * 3;
            next[x + 1] += left_over * 5;
            next[x + 2] += left_over;
        }
    }
}

/* Bayer's matrix of 4 by 4: the printer's halftone. */
void dither_ordered(struct grey *g)
{
    static const uint8_t bayer[4][4] = {
        {0, 8, 2, 10}, {12, 4, 14, 6}, {3, 11, 1, 9}, {15, 7, 13, 5}};
    for (unsigned y = 0; y < g->rows; y++)
        for (unsigned x = 0; x < PAGE_WIDTH; x++)
            g->ink[y][x] = g->ink[y][x] >= bayer[y % 4][x % 4] * 16 + 8 ? 255 : 0;
}

/* The page laid askew under the glass, between pels linearly. */
static void turn(const struct grey *g, double degrees)
{
    double s = sin(degrees * 3.14159265 / 180), c = cos(degrees * 3.14159265 / 180);
    for (unsigned y = 0; y < g->rows; y++)
        for (unsigned x = 0; x < PAGE_WIDTH; x++) {
            double dx = x - PAGE_WIDTH / 2.0, dy = y - g->rows / 2.0;
            double u = dx * c + dy * s + PAGE_WIDTH / 2.0, v = dy * c - dx * s + g->rows / 2.0;
            field[y][x] = 0;
            if (u < 0 || v < 0 || u >= PAGE_WIDTH - 1 || v >= g->rows - 1)
                continue;
            unsigned i = (unsigned)u, j = (unsigned)v;
            double fu = u - i, fv = v - j;
            field[y][x] = (float)((g->ink[j][i] * (1 - fu) + g->ink[j][i + 1] * fu) * (1 - fv) +
                                  (g->ink[j + 1][i] * (1 - fu) + g->ink[j + 1][i + 1] * fu) * fv);
        }
}

void scan_again(struct grey *g, double degrees)
{
    turn(g, degrees);
    blur(g->rows, 1);
    for (unsigned y = 0; y < g->rows; y++)
        for (unsigned x = 0; x < PAGE_WIDTH; x++)
            g->ink[y][x] = field[y][x] + bell() * 22 > 115 || chance(5555) == 0 ? 255 : 0;
    for (int i = 0; i < 47; i++) { /* specks */
        unsigned y = chance(g->rows - 4), x = chance(PAGE_WIDTH - 4);
        unsigned h = 1 + chance(3), w = 1 + chance(3);
        for (unsigned k = 0; k < h; k++)
            memset(&g->ink[y + k][x], 255, w);
    }
    for (unsigned y = 0; y < g->rows; y++) /* the shadow of the edge */
        memset(g->ink[y], 255, 4 + chance(6));
}
