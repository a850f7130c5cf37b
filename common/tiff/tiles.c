#include "tiff/fax_parts.h"

#include <stdlib.h>
#include <string.h>

/* A tile's row into its place in a row of the page, both starting on bytes. */
static void lay_row(const struct fax *f, const uint8_t *row, uint64_t n, uint64_t rows,
                    unsigned across)
{
    size_t stride = ((size_t)f->ifd.width + 7) / 8, part = f->coded_width / 8;
    uint64_t tile = n / f->strip_rows, y = tile / across * f->strip_rows + n % f->strip_rows;
    size_t x = (size_t)(tile % across) * part;
    if (y >= rows || x >= stride)
        return;
    uint8_t *to = f->bitmap.data + stride * (size_t)y;
    memcpy(to + x, row, x + part <= stride ? part : stride - x);
    /* What a tile has beyond the right edge is none of the page's. */
    if (f->ifd.width & 7)
        to[stride - 1] &= (uint8_t)(0xff00 >> (f->ifd.width & 7));
}

enum err fax_lay_tiles(struct fax *f, struct why *why)
{
    unsigned across = (f->ifd.width + f->coded_width - 1) / f->coded_width;
    size_t stride = ((size_t)f->ifd.width + 7) / 8;
    uint64_t rows = f->strips / across * f->strip_rows, coded = f->page.rows;
    uint8_t *room;
    enum g3_event event = G3_ROW;
    rows = f->ifd.rows && f->ifd.rows < rows ? f->ifd.rows : rows;
    if (rows == 0 || rows > PAGE_ROWS_MAX || stride * rows > FAX_BITMAP_MAX)
        return why_set(why, ERR_DATA, "page %u: %llu rows of tiles", f->page.page.number,
                       (unsigned long long)rows);
    enum err e = fax_spend(f, stride * rows / FAX_COST_TURN, why);
    buf_clear(&f->bitmap);
    if (!e && buf_reserve(&f->bitmap, stride * (size_t)rows, &room))
        e = why_set(why, ERR_OS, "out of memory");
    uint8_t *row = e ? NULL : malloc(f->coded_width / 8);
    if (!e && !row)
        e = why_set(why, ERR_OS, "out of memory");
    if (!e) {
        memset(f->bitmap.data, 0, stride * (size_t)rows);
        fax_walk_start(f, &(struct fax_way){f->way.coded, f->way.uncounted, f->way.unshared});
    }
    for (uint64_t n = 0; !e && n < coded && event != G3_END; n++)
        if (!(e = fax_walk_row(f, row, &event, why)) && event != G3_END)
            lay_row(f, row, n, rows, across);
    free(row);
    if (e)
        return e;
    if (f->page.bad_rows > rows)
        f->page.bad_rows = rows;
    if (f->page.bad_in_a_row > rows)
        f->page.bad_in_a_row = rows;
    fax_use_bitmap(f, rows);
    return ERR_NONE;
}
