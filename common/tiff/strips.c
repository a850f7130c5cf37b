#include "tiff/fax_parts.h"

/* Where a strip at that offset ends if nobody says: at the next strip, a directory, or with the
 * file. */
static uint64_t unsaid_end(const struct fax *f, uint32_t strip, uint64_t at)
{
    uint64_t end = f->file.size, next;
    if (f->ifd.at > at && f->ifd.at < end)
        end = f->ifd.at;
    if (f->ifd.next > at && f->ifd.next < end)
        end = f->ifd.next;
    if (!tiff_value(&f->file, &f->ifd.strip_offsets, strip + 1, &next, NULL) && next > at &&
        next < end)
        end = next;
    return end;
}

enum err fax_strip_extent(struct fax *f, uint32_t strip, uint64_t *at, uint64_t *end,
                          struct why *why)
{
    uint64_t size = 0;
    enum err e = tiff_value(&f->file, &f->ifd.strip_offsets, strip, at, why);
    if (e)
        return e;
    f->unsaid = f->way.uncounted ||
                tiff_value(&f->file, &f->ifd.strip_counts, strip, &size, NULL) || size == 0;
    if (f->unsaid) {
        *end = unsaid_end(f, strip, *at);
        return ERR_NONE;
    }
    /* What a strip claims beyond the file is not there. */
    if (*at >= f->file.size || size > f->file.size - *at) {
        f->clipped = true;
        *end = f->file.size;
    } else {
        *end = *at + size;
    }
    return ERR_NONE;
}

enum err fax_strip_bytes(struct fax *f, uint32_t strip, uint64_t offset, struct span *bytes,
                         struct why *why)
{
    uint64_t at = 0, end = 0;
    if (f->stream)
        return spill_read(&f->spill, offset, f->chunk, FAX_CHUNK, bytes, why);
    *bytes = span_of(NULL, 0);
    enum err e = fax_strip_extent(f, strip, &at, &end, why);
    if (e)
        return e;
    if (at >= end || offset >= end - at)
        return ERR_NONE;
    uint64_t from = at + offset, left = end - from;
    size_t n = left < FAX_CHUNK ? (size_t)left : FAX_CHUNK;
    bool lsb = f->way.coded.lsb;
    if (from < f->chunk_at || from >= f->chunk_at + f->chunk_size || lsb != f->chunk_lsb) {
        f->chunk_size = 0;
        if ((e = tiff_pread(&f->file, from, f->chunk, n, why)))
            return e;
        if (lsb)
            g3_reverse_bits(f->chunk, n);
        f->chunk_at = from;
        f->chunk_size = n;
        f->chunk_lsb = lsb;
    }
    *bytes = span_take(span_of(f->chunk + (from - f->chunk_at),
                               f->chunk_size - (size_t)(from - f->chunk_at)), n);
    return ERR_NONE;
}
