#include "tiff/fax_parts.h"

#include <stdlib.h>
#include <string.h>
#include <tiffio.h>

/* Floyd and Steinberg's error diffusion of one row of greys; errors has width + 2 places. */
static void diffuse(const uint32_t *pels, unsigned width, int *errors, uint8_t *row)
{
    int right = 0, below_left = 0, below = 0;
    for (unsigned x = 0; x < width; x++) {
        int grey = (299 * (int)TIFFGetR(pels[x]) + 587 * (int)TIFFGetG(pels[x]) +
                    114 * (int)TIFFGetB(pels[x])) / 1000;
        int alpha = (int)TIFFGetA(pels[x]);
        int value = grey + (255 - alpha) + right + errors[x + 1];
        bool black = value < 128;
        int error = black ? value : value - 255;
        if (black)
            row[x >> 3] |= (uint8_t)(0x80 >> (x & 7));
        right = error * 7 / 16;
        errors[x] = below_left + error * 3 / 16;
        below_left = below + error * 5 / 16;
        below = error / 16;
    }
    errors[width] = below_left;
    errors[width + 1] = below;
}

/* A band of the page, as many rows as a strip or tile has. */
struct band {
    TIFF *tif;
    uint32_t width, rows, tile_width; /* tile_width 0: strips */
    uint32_t *raster, *tile;
};

/* Where libtiff has row i of n: its first row is the lowest. */
static const uint32_t *band_row(const struct band *b, uint32_t i, uint32_t n)
{
    return b->raster + (size_t)(b->tile_width ? i : n - 1 - i) * b->width;
}

static bool read_band(const struct band *b, uint32_t y)
{
    if (b->tile_width == 0)
        return TIFFReadRGBAStrip(b->tif, y, b->raster);
    for (uint32_t x = 0; x < b->width; x += b->tile_width) {
        uint32_t n = b->width - x < b->tile_width ? b->width - x : b->tile_width;
        if (!TIFFReadRGBATile(b->tif, x, y, b->tile))
            return false;
        for (uint32_t i = 0; i < b->rows; i++)
            memcpy(b->raster + (size_t)i * b->width + x,
                   b->tile + (size_t)(b->rows - 1 - i) * b->tile_width, n * sizeof *b->tile);
    }
    return true;
}

/* False: sizes that are none, or too large. */
static bool open_band(const struct fax *f, TIFF *tif, struct band *b)
{
    *b = (struct band){.tif = tif, .width = f->ifd.width};
    if (TIFFIsTiled(tif)) {
        if (!TIFFGetField(tif, TIFFTAG_TILEWIDTH, &b->tile_width) || b->tile_width == 0 ||
            !TIFFGetField(tif, TIFFTAG_TILELENGTH, &b->rows) || b->tile_width > 2 * G3_WIDTH_MAX)
            return false;
    } else if (!TIFFGetFieldDefaulted(tif, TIFFTAG_ROWSPERSTRIP, &b->rows)) {
        return false;
    } else if (b->rows > f->ifd.rows) {
        b->rows = f->ifd.rows;
    }
    uint64_t wide = b->width > b->tile_width ? b->width : b->tile_width;
    if (b->rows == 0 || b->rows * wide * 4 > FAX_LIBRARY_MEMORY)
        return false;
    b->raster = malloc((size_t)b->rows * b->width * 4);
    b->tile = malloc((size_t)b->rows * b->tile_width * 4 + 1);
    return b->raster && b->tile;
}

bool fax_read_grey(const struct fax *f, void *tif, uint8_t *rows, size_t stride)
{
    struct band b;
    uint32_t width = f->ifd.width;
    bool good = open_band(f, tif, &b);
    int *errors = calloc((size_t)width + 2, sizeof *errors);
    good = good && errors;
    for (uint32_t y = 0; good && y < f->ifd.rows; y += b.rows) {
        uint32_t n = f->ifd.rows - y < b.rows ? f->ifd.rows - y : b.rows;
        good = read_band(&b, y);
        for (uint32_t i = 0; good && i < n; i++)
            diffuse(band_row(&b, i, n), width, errors, rows + stride * (y + i));
    }
    free(b.raster);
    free(b.tile);
    free(errors);
    return good;
}
