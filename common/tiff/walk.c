#include "tiff/fax_parts.h"

/* Twelve ways to read a page, each byte once, and some more for strips and rows; and a document
 * this small may cost so much in any case. */
enum { WORK_A_BYTE = 64, WORK_FREE = 1 << 20 };

/* More pels than any page has: 2^31 are a sheet of 13 m at 408 dpi, 4864 wide. */
static const uint64_t PELS_MAX = UINT64_C(1) << 31;

void fax_walk_start(struct fax *f, const struct fax_way *way)
{
    f->way = *way;
    f->walk = (struct fax_walk){.strip = 0};
    g3_decoder_init(&f->decoder, way->coding, f->ifd.width, way->flags);
}

enum err fax_spend(struct fax *f, uint64_t work, struct why *why)
{
    f->work += work;
    if (f->tiff && f->work > f->file.size * WORK_A_BYTE + WORK_FREE)
        return why_set(why, ERR_DATA, "page %u: its claims are out of proportion to the file",
                       f->page.page.number);
    return ERR_NONE;
}

/* Where a strip at that offset ends if nobody says: at a directory, or with the file. */
static uint64_t unsaid_end(const struct fax *f, uint32_t at)
{
    uint64_t end = f->file.size;
    if (f->ifd.at > at && f->ifd.at < end)
        end = f->ifd.at;
    if (f->ifd.next > at && f->ifd.next < end)
        end = f->ifd.next;
    return end;
}

enum err fax_strip_bytes(struct fax *f, uint32_t strip, uint64_t offset, struct span *bytes,
                         struct why *why)
{
    if (f->stream)
        return spill_read(&f->spill, offset, f->chunk, FAX_CHUNK, bytes, why);
    uint32_t at = 0, size = 0;
    *bytes = span_of(NULL, 0);
    enum err e = tiff_value(&f->file, &f->ifd.strip_offsets, strip, &at, why);
    if (e)
        return e;
    uint64_t end = unsaid_end(f, at);
    if (!tiff_value(&f->file, &f->ifd.strip_counts, strip, &size, NULL) && size)
        end = (uint64_t)at + size;
    /* What a strip claims beyond the file is not there. */
    if (end > f->file.size) {
        f->clipped = true;
        end = f->file.size;
    }
    if (at + offset >= end)
        return ERR_NONE;
    uint64_t left = end - at - offset;
    size_t n = left < FAX_CHUNK ? (size_t)left : FAX_CHUNK;
    if ((e = tiff_pread(&f->file, at + offset, f->chunk, n, why)))
        return e;
    if (f->way.lsb)
        g3_reverse_bits(f->chunk, n);
    *bytes = span_of(f->chunk, n);
    return ERR_NONE;
}

static enum err feed(struct fax *f, struct why *why)
{
    struct span bytes;
    enum err e = fax_strip_bytes(f, f->walk.strip, f->walk.offset, &bytes, why);
    if (e)
        return e;
    f->walk.offset += bytes.n;
    f->walk.bytes += bytes.n;
    /* Strips that share their bytes would make much work out of a small file. */
    if (!f->stream && f->walk.bytes > f->file.size)
        return why_set(why, ERR_DATA, "strips overlap");
    if (bytes.n)
        g3_decoder_push(&f->decoder, bytes);
    else
        g3_decoder_finish(&f->decoder);
    return ERR_NONE;
}

static enum err count(struct fax *f, bool bad, struct why *why)
{
    struct fax_walk *w = &f->walk;
    w->rows++;
    w->rows_in_strip++;
    w->bad_rows += bad;
    w->bad_now = bad ? w->bad_now + 1 : 0;
    w->cut = bad;
    if (w->bad_now > w->bad_in_a_row)
        w->bad_in_a_row = w->bad_now;
    if (f->tiff && w->rows > f->file.size * FAX_ROWS_A_BYTE + FAX_ROWS_FREE)
        return why_set(why, ERR_DATA, "more rows than the file has bits");
    if (w->rows > PAGE_ROWS_MAX || w->rows * f->ifd.width > PELS_MAX)
        return why_set(why, ERR_DATA, "page larger than any sheet");
    return ERR_NONE;
}

static bool last_strip(const struct fax *f)
{
    return f->walk.strip + 1 >= f->strips;
}

/* A strip has all its rows, or no more bytes. */
static void next_strip(struct fax *f)
{
    struct fax_walk *w = &f->walk;
    if (last_strip(f)) {
        w->over = true;
        return;
    }
    w->strip++;
    w->offset = 0;
    w->rows_in_strip = 0;
    g3_decoder_init(&f->decoder, f->way.coding, f->ifd.width, f->way.flags);
}

/* Rows that a strip before the last one owes are given as its last row. */
static bool owes_rows(const struct fax *f)
{
    return !last_strip(f) && f->walk.rows_in_strip > 0 && f->walk.rows_in_strip < f->strip_rows;
}

enum err fax_walk_row(struct fax *f, uint8_t *row, enum g3_event *event, struct why *why)
{
    struct fax_walk *w = &f->walk;
    enum err e;
    while (!w->over) {
        /* strip_rows 0: nobody said how the strips share the rows, so each gives what it has. */
        if (!last_strip(f) && f->strip_rows && w->rows_in_strip == f->strip_rows) {
            next_strip(f);
            continue;
        }
        *event = g3_decoder_next(&f->decoder, row);
        if (*event == G3_MORE) {
            if ((e = feed(f, why)))
                return e;
        } else if (*event == G3_ROW || *event == G3_BAD_ROW) {
            return count(f, *event == G3_BAD_ROW, why);
        } else {
            w->lost = w->lost || *event == G3_LOST;
            if (owes_rows(f)) {
                if (row)
                    g3_decoder_repeat(&f->decoder, row);
                *event = G3_BAD_ROW;
                return count(f, true, why);
            }
            next_strip(f);
        }
    }
    *event = G3_END;
    return ERR_NONE;
}
