#include "tiff/fax_parts.h"

#include <string.h>

/*
 * TIFF 6.0, Orientation: where row 0 and column 0 of what is stored lie when seen upright.
 * A stored pel (x, y) of a w by h page goes to the place that place() gives.
 */
struct turn {
    bool swap;   /* rows are columns */
    bool flip_x, flip_y; /* of the upright page */
};

static const struct turn turns[9] = {
    [2] = {false, true, false}, [3] = {false, true, true}, [4] = {false, false, true},
    [5] = {true, false, false}, [6] = {true, true, false}, [7] = {true, true, true},
    [8] = {true, false, true},
};

static inline bool pel(const uint8_t *rows, size_t stride, uint64_t x, uint64_t y)
{
    return rows[y * stride + (x >> 3)] >> (7 - (x & 7)) & 1;
}

enum err fax_turn(struct fax *f, struct why *why)
{
    const struct turn *t = &turns[f->page.orientation];
    struct page *p = &f->page.page;
    uint64_t from_w = p->width, from_h = f->page.rows;
    uint64_t w = t->swap ? from_h : from_w, h = t->swap ? from_w : from_h;
    size_t from_stride = (size_t)(from_w + 7) / 8, stride = (size_t)(w + 7) / 8;
    struct buf upright;
    uint8_t *out;
    buf_init(&upright, FAX_BITMAP_MAX);
    if (w > G3_WIDTH_MAX || h > PAGE_ROWS_MAX || buf_reserve(&upright, stride * (size_t)h, &out))
        return why_set(why, ERR_DATA, "page %u: too large to be turned", p->number);
    memset(out, 0, stride * (size_t)h);
    for (uint64_t y = 0; y < h; y++) {
        for (uint64_t x = 0; x < w; x++) {
            uint64_t fx = t->flip_x ? w - 1 - x : x, fy = t->flip_y ? h - 1 - y : y;
            if (pel(f->bitmap.data, from_stride, t->swap ? fy : fx, t->swap ? fx : fy))
                out[y * stride + (x >> 3)] |= (uint8_t)(0x80 >> (x & 7));
        }
    }
    upright.len = stride * (size_t)h;
    buf_release(&f->bitmap);
    f->bitmap = upright;
    p->width = (unsigned)w;
    f->page.rows = h;
    if (t->swap) {
        unsigned dpi = p->xdpi;
        p->xdpi = p->ydpi;
        p->ydpi = dpi;
    }
    return ERR_NONE;
}
