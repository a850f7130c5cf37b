#include "tiff/fax_parts.h"

#include <string.h>

/*
 * Bilevel pages without compression or as PackBits (TIFF 6.0, sections 7 and 9), read here rather
 * than by libtiff, which takes RowsPerStrip and ImageLength for true.
 */
struct plain {
    size_t stride, filled; /* filled: bytes of the row at hand, behind the bitmap's end */
    uint64_t rows, in_strip, most; /* most: rows that the strip may have */
    uint64_t bytes, bad, bad_in_a_row;
    unsigned literal, repeat; /* PackBits: bytes still to be copied, or to be given again */
    bool full;
};

static enum err too_large(const struct fax *f, struct why *why)
{
    return why_set(why, ERR_DATA, "page %u: larger than any sheet", f->page.page.number);
}

/* A row is complete: the pels beyond the right edge are none. */
static enum err end_row(struct fax *f, struct plain *p, struct why *why)
{
    unsigned edge = f->ifd.width & 7;
    if (edge)
        f->bitmap.data[f->bitmap.len + p->stride - 1] &= (uint8_t)(0xff00 >> edge);
    f->bitmap.len += p->stride;
    p->filled = 0;
    p->rows++;
    p->full = ++p->in_strip == p->most;
    return p->rows > PAGE_ROWS_MAX ? too_large(f, why) : ERR_NONE;
}

/* n bytes of the page, from `from` or all of them fill. */
static enum err add(struct fax *f, struct plain *p, const uint8_t *from, int fill, size_t n,
                    struct why *why)
{
    while (n && !p->full) {
        uint8_t *row;
        size_t some = p->stride - p->filled < n ? p->stride - p->filled : n;
        if (buf_reserve(&f->bitmap, p->stride, &row))
            return too_large(f, why);
        if (from)
            memcpy(row + p->filled, from, some);
        else
            memset(row + p->filled, fill, some);
        from = from ? from + some : NULL;
        n -= some;
        p->filled += some;
        enum err e = p->filled == p->stride ? end_row(f, p, why) : ERR_NONE;
        if (e)
            return e;
    }
    return ERR_NONE;
}

static enum err unpack(struct fax *f, struct plain *p, struct span in, struct why *why)
{
    enum err e = ERR_NONE;
    while (!e && in.n && !p->full) {
        if (p->literal) {
            struct span some = span_take(in, p->literal);
            e = add(f, p, some.p, 0, some.n, why);
            p->literal -= (unsigned)some.n;
            in = span_skip(in, some.n);
            continue;
        }
        uint8_t byte = *in.p;
        in = span_skip(in, 1);
        if (p->repeat) {
            e = add(f, p, NULL, byte, p->repeat, why);
            p->repeat = 0;
        } else if (byte < 128) {
            p->literal = byte + 1u;
        } else if (byte > 128) {
            p->repeat = 257u - byte;
        }
    }
    return e;
}

static enum err read_strip(struct fax *f, struct plain *p, uint32_t strip, struct why *why)
{
    struct span bytes;
    uint64_t offset = 0;
    p->in_strip = p->filled = 0;
    p->literal = p->repeat = 0;
    p->full = p->most == 0;
    for (;;) {
        enum err e = fax_strip_bytes(f, strip, offset, &bytes, why);
        if (e || bytes.n == 0 || p->full)
            return e;
        offset += bytes.n;
        p->bytes += bytes.n;
        if (p->bytes > f->file.size)
            return why_set(why, ERR_DATA, "page %u: strips overlap", f->page.page.number);
        e = f->ifd.compression == TIFF_PACKBITS ? unpack(f, p, bytes, why)
                                                : add(f, p, bytes.p, 0, bytes.n, why);
        if (e)
            return e;
    }
}

/* The rows that a strip owes are as its last one. */
static enum err give_owed(struct fax *f, struct plain *p, struct why *why)
{
    uint64_t owed = p->most - p->in_strip;
    enum err e = ERR_NONE;
    p->filled = 0;
    p->bad += owed;
    if (owed > p->bad_in_a_row)
        p->bad_in_a_row = owed;
    while (!e && owed--) {
        uint8_t *row;
        if (buf_reserve(&f->bitmap, p->stride, &row))
            return too_large(f, why);
        if (p->rows)
            memcpy(row, row - p->stride, p->stride);
        else
            memset(row, f->invert ? 0xff : 0, p->stride);
        e = end_row(f, p, why);
    }
    return e;
}

static enum err read_strips(struct fax *f, struct plain *p, bool uncounted, bool unshared,
                            struct why *why)
{
    enum err e = ERR_NONE;
    f->way = (struct fax_way){.coded = {.lsb = f->ifd.fill_order == 2}, .uncounted = uncounted,
                              .unshared = unshared};
    *p = (struct plain){.stride = ((size_t)f->ifd.width + 7) / 8};
    buf_clear(&f->bitmap);
    for (uint32_t i = 0; !e && i < f->strips; i++) {
        uint64_t at, end, left = f->coded_rows > p->rows ? f->coded_rows - p->rows : 0;
        bool last = i + 1 == f->strips, share = !last && !f->way.unshared;
        if ((e = fax_strip_extent(f, i, &at, &end, why)))
            break;
        p->most = share ? f->strip_rows : f->unsaid && f->coded_rows ? left : UINT64_MAX;
        e = read_strip(f, p, i, why);
        if (!e && share && p->in_strip < p->most && p->in_strip)
            e = give_owed(f, p, why);
    }
    return e;
}

/* As the tags say; else as the rows add up to ImageLength, or get closer to it. */
static enum err find_rows(struct fax *f, struct plain *p, struct why *why)
{
    bool unshared = fax_shares_badly(f);
    enum err e = read_strips(f, p, false, unshared, why);
    if (!e)
        e = fax_spend(f, p->bytes + p->rows / 2 + (uint64_t)f->strips * FAX_COST_STRIP, why);
    if (!e && p->bad && !unshared) {
        e = read_strips(f, p, false, true, why);
        if (!e && p->rows != f->coded_rows)
            e = read_strips(f, p, false, false, why);
    }
    if (!e && p->rows < f->coded_rows && !f->clipped && fax_has_more(f)) {
        e = read_strips(f, p, true, f->way.unshared, why);
        fax_warn(f, "StripByteCounts are too small");
    }
    return e;
}

enum err fax_read_plain(struct fax *f, struct why *why)
{
    struct plain p;
    unsigned n = f->page.page.number;
    enum err e = find_rows(f, &p, why);
    if (!e && f->clipped && p.rows < f->coded_rows)
        e = why_set(why, ERR_DATA, "page %u: cut short", n);
    if (!e && p.rows == p.bad)
        e = why_set(why, ERR_DATA, "page %u: no rows", n);
    if (!e)
        e = fax_count_page(f, p.rows, p.bytes, why);
    if (e)
        return e;
    f->page.bad_rows = p.bad;
    f->page.bad_in_a_row = p.bad_in_a_row;
    fax_use_bitmap(f, p.rows);
    if (f->way.unshared)
        fax_warn(f, "RowsPerStrip is wrong");
    if (p.rows != f->coded_rows)
        fax_warn(f, "ImageLength is %llu, the rows are %llu", (unsigned long long)f->coded_rows,
                 (unsigned long long)p.rows);
    if (p.bad)
        fax_warn(f, "%llu damaged rows repaired", (unsigned long long)p.bad);
    return ERR_NONE;
}
