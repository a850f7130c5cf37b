#include "tiff/fax_parts.h"

#include <string.h>

/*
 * TIFF 6.0, Orientation: where row 0 and column 0 of what is stored lie when seen upright.
 * An upright pel (x, y) is the stored one at (x, y), flipped where flip_x and flip_y say so, and
 * then, with swap, with its two coordinates changed for each other.
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

/* A row from right to left: its bytes and their bits turned, then moved to the left edge. */
static void mirror(const uint8_t *from, unsigned width, uint8_t *to)
{
    size_t n = (width + 7) / 8;
    unsigned pad = (unsigned)(n * 8 - width);
    for (size_t i = 0; i < n; i++)
        to[i] = from[n - 1 - i];
    g3_reverse_bits(to, n);
    for (size_t i = 0; pad && i < n; i++)
        to[i] = (uint8_t)(to[i] << pad | (i + 1 < n ? to[i + 1] >> (8 - pad) : 0));
}

static void turn_rows(const struct turn *t, const struct buf *from, unsigned width, size_t rows,
                      uint8_t *to)
{
    size_t stride = (width + 7) / 8;
    for (size_t y = 0; y < rows; y++, to += stride) {
        const uint8_t *row = from->data + stride * (t->flip_y ? rows - 1 - y : y);
        if (t->flip_x)
            mirror(row, width, to);
        else
            memcpy(to, row, stride);
    }
}

/* Eight rows of eight pels, the first row at the left, become eight columns: each step swaps the
 * halves of squares twice as large. */
static uint64_t transpose(uint64_t w)
{
    uint64_t t = (w ^ w >> 7) & UINT64_C(0x00aa00aa00aa00aa);
    w ^= t ^ t << 7;
    t = (w ^ w >> 14) & UINT64_C(0x0000cccc0000cccc);
    w ^= t ^ t << 14;
    t = (w ^ w >> 28) & UINT64_C(0x00000000f0f0f0f0);
    return w ^ t ^ t << 28;
}

/* The stored page is w by h: its columns become the rows of to, h pels each. */
static void turn_columns(const struct turn *t, const struct buf *from, unsigned w, unsigned h,
                         uint8_t *to)
{
    size_t from_stride = (w + 7) / 8, stride = (h + 7) / 8;
    for (size_t column = 0; column < from_stride; column++) {
        for (unsigned x = 0; x < h; x += 8) {
            uint64_t square = 0;
            for (unsigned i = 0; i < 8; i++) {
                size_t y = t->flip_x ? h - 1 - (x + i) : x + i;
                square = square << 8 | (x + i < h ? from->data[from_stride * y + column] : 0);
            }
            square = transpose(square);
            for (unsigned i = 0; i < 8 && column * 8 + i < w; i++) {
                size_t y = t->flip_y ? w - 1 - (column * 8 + i) : column * 8 + i;
                to[stride * y + x / 8] = (uint8_t)(square >> (56 - 8 * i));
            }
        }
    }
}

enum err fax_turn(struct fax *f, struct why *why)
{
    const struct turn *t = &turns[f->page.orientation];
    struct page *p = &f->page.page;
    uint64_t from_w = p->width, from_h = f->page.rows;
    uint64_t w = t->swap ? from_h : from_w, h = t->swap ? from_w : from_h;
    size_t stride = (size_t)(w + 7) / 8;
    struct buf upright;
    uint8_t *out;
    buf_init(&upright, FAX_BITMAP_MAX);
    if (w > G3_WIDTH_MAX || h > PAGE_ROWS_MAX || buf_reserve(&upright, stride * (size_t)h, &out))
        return why_set(why, ERR_DATA, "page %u: too large to be turned", p->number);
    if (t->swap)
        turn_columns(t, &f->bitmap, (unsigned)from_w, (unsigned)from_h, out);
    else
        turn_rows(t, &f->bitmap, (unsigned)from_w, (size_t)from_h, out);
    upright.len = stride * (size_t)h;
    buf_release(&f->bitmap);
    f->bitmap = upright;
    p->width = (unsigned)w;
    f->page.rows = h;
    /* Damaged rows are columns now: there are no more of them than rows. */
    if (f->page.bad_rows > h)
        f->page.bad_rows = h;
    if (f->page.bad_in_a_row > h)
        f->page.bad_in_a_row = h;
    if (t->swap) {
        unsigned dpi = p->xdpi;
        p->xdpi = p->ydpi;
        p->ydpi = dpi;
    }
    return ERR_NONE;
}
