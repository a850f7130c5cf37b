#include "tiff/fax_parts.h"

#include <string.h>

/* Some ways to read a page, each byte once, and some more for strips and rows; and a document
 * this small may cost so much in any case. */
enum { WORK_A_BYTE = 64, WORK_FREE = 1 << 20 };

/* More pels than any page has: 2^31 are a sheet of 13 m at 408 dpi, 4864 wide. */
static const uint64_t PELS_MAX = UINT64_C(1) << 31;

static void start_strip(struct fax *f)
{
    const struct page_way *way = &f->way.coded;
    unsigned flags = way->flags & ~(unsigned)PAGE_ALIGN_WORD;
    if (flags != way->flags)
        flags |= G3_ALIGN_ROW;
    g3_decoder_init(&f->decoder, way->coding, way->width, flags);
}

static size_t stride_of(const struct fax *f)
{
    return ((size_t)f->way.coded.width + 7) / 8;
}

void fax_walk_start(struct fax *f, const struct fax_way *way)
{
    f->way = *way;
    f->walk = (struct fax_walk){.strip = 0};
    start_strip(f);
}

enum err fax_spend(struct fax *f, uint64_t work, struct why *why)
{
    f->work += work;
    if (f->tiff && f->work > f->file.size * WORK_A_BYTE + WORK_FREE)
        return why_set(why, ERR_DATA, "page %u: its claims are out of proportion to the file",
                       f->page.page.number);
    return ERR_NONE;
}

static enum err feed(struct fax *f, struct why *why)
{
    struct fax_walk *w = &f->walk;
    struct span bytes;
    enum err e = fax_strip_bytes(f, w->strip, w->offset, &bytes, why);
    if (e)
        return e;
    w->offset += bytes.n;
    w->bytes += bytes.n;
    /* Strips that share their bytes would make much work out of a small file. */
    if (!f->stream && w->bytes > f->file.size)
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
    if (w->rows > PAGE_ROWS_MAX || w->rows * f->way.coded.width > PELS_MAX)
        return why_set(why, ERR_DATA, "page larger than any sheet");
    return ERR_NONE;
}

static bool last_strip(const struct fax *f)
{
    return f->walk.strip + 1 >= f->strips;
}

/* 0: nobody said how the strips share the rows, so each gives what it has. */
static uint64_t share(const struct fax *f)
{
    return last_strip(f) || f->way.unshared ? 0 : f->strip_rows;
}

/* It has all its rows. The last one's are asked only where its bytes may be those of the next page:
 * ImageLength lies more often than StripByteCounts. */
static bool is_full(const struct fax *f)
{
    const struct fax_walk *w = &f->walk;
    if (last_strip(f))
        return f->unsaid && f->coded_rows && w->offset && w->rows >= f->coded_rows;
    return share(f) && w->rows_in_strip == share(f);
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
    w->offset = w->base = 0;
    w->rows_in_strip = 0;
    w->ended = false;
    start_strip(f);
}

/*
 * The bytes of a strip are used up, or lost: where damage leaves no way on, its other rows are
 * white; where they are just missing, they are as the last one.
 */
static void end_strip(struct fax *f, bool lost)
{
    struct fax_walk *w = &f->walk;
    w->ended = true;
    w->white = lost;
    w->lost = w->lost || lost;
    if (share(f) > w->rows_in_strip && w->offset)
        w->owed = share(f) - w->rows_in_strip;
    else if (lost && last_strip(f) && f->coded_rows)
        w->owed = f->coded_rows > w->rows ? f->coded_rows - w->rows : 0;
    else if (lost && !share(f))
        w->owed = 1;
}

/* From that pel on, what is white where the page's colours are turned. */
static void whiten(const struct fax *f, uint8_t *row, unsigned from)
{
    unsigned byte = from / 8, left = from % 8;
    uint8_t white = f->invert ? 0xff : 0;
    if (left) {
        row[byte] = (uint8_t)((row[byte] & 0xff00 >> left) | (white & 0xff >> left));
        byte++;
    }
    memset(row + byte, white, stride_of(f) - byte);
}

/* begun: row is the damaged one itself, of which the decoder has given the good part. */
static enum err give_owed(struct fax *f, uint8_t *row, bool begun, struct why *why)
{
    f->walk.owed--;
    if (row && f->walk.white)
        whiten(f, row, begun ? f->decoder.good_pels : 0);
    else if (row)
        g3_decoder_repeat(&f->decoder, row);
    return count(f, true, why);
}

/* Behind a row of whole bytes: on to the next word, if it is not on one. */
static void to_word(struct fax *f)
{
    struct fax_walk *w = &f->walk;
    uint64_t at = w->base + (g3_decoder_offset(&f->decoder) + 7) / 8;
    if (!(at & 1))
        return;
    at++;
    /* What was pushed beyond it is read again. */
    w->bytes -= w->offset > at ? w->offset - at : 0;
    w->offset = w->base = at;
    start_strip(f);
}

static enum err give_row(struct fax *f, bool bad, struct why *why)
{
    if (f->way.coded.flags & PAGE_ALIGN_WORD)
        to_word(f);
    return count(f, bad, why);
}

enum err fax_walk_row(struct fax *f, uint8_t *row, enum g3_event *event, struct why *why)
{
    struct fax_walk *w = &f->walk;
    enum err e;
    bool begun = false;
    while (!w->over) {
        if (w->owed) {
            *event = G3_BAD_ROW;
            return give_owed(f, row, begun, why);
        }
        if (w->ended || is_full(f)) {
            next_strip(f);
            continue;
        }
        *event = g3_decoder_next(&f->decoder, row);
        if (*event == G3_ROW || *event == G3_BAD_ROW)
            return give_row(f, *event == G3_BAD_ROW, why);
        if (*event != G3_MORE)
            end_strip(f, begun = *event == G3_LOST);
        else if ((e = feed(f, why)))
            return e;
    }
    *event = G3_END;
    return ERR_NONE;
}

/* Room for another row of a page that is kept; NULL: it is too large, and is not kept. */
static uint8_t *keep_row(struct fax *f, bool *keep)
{
    uint8_t *room = NULL;
    if (*keep && (f->bitmap.len + stride_of(f) > FAX_KEEP_MAX ||
                  buf_reserve(&f->bitmap, stride_of(f), &room))) {
        *keep = false;
        buf_release(&f->bitmap);
    }
    return room;
}

static void settle_pass(const struct fax *f, struct fax_pass *pass)
{
    const struct g3_decoder *d = &f->decoder;
    pass->all_rows = f->walk.rows;
    pass->bytes = f->walk.bytes;
    pass->lost = f->walk.lost;
    pass->led = d->led;
    pass->closed = d->closed;
    pass->aligned = d->eols_aligned;
    pass->longest_2d = d->longest_2d;
    pass->end_of_rows = d->end_of_rows;
    /* Rows beyond ImageLength count only when all is well with them. */
    bool more = pass->rows && f->walk.rows > pass->rows;
    if (more && (f->walk.lost || f->walk.bad_rows > pass->bad_rows)) {
        pass->whole = true;
        return;
    }
    pass->rows = f->walk.rows;
    pass->bad_rows = f->walk.bad_rows;
    pass->bad_in_a_row = f->walk.bad_in_a_row;
    pass->whole = d->closed || !f->walk.cut;
}

enum err fax_go_through(struct fax *f, const struct fax_way *way, bool keep,
                        struct fax_pass *pass, struct why *why)
{
    enum g3_event event;
    *pass = (struct fax_pass){.way = *way};
    fax_walk_start(f, way);
    buf_clear(&f->bitmap);
    do {
        uint8_t *row = keep_row(f, &keep);
        enum err e = fax_walk_row(f, row, &event, why);
        if (e)
            return e;
        if (row && event != G3_END)
            f->bitmap.len += stride_of(f);
        if (f->coded_rows && f->walk.rows == f->coded_rows) {
            pass->rows = f->walk.rows;
            pass->bad_rows = f->walk.bad_rows;
            pass->bad_in_a_row = f->walk.bad_in_a_row;
        }
    } while (event != G3_END);
    settle_pass(f, pass);
    pass->kept = keep;
    return ERR_NONE;
}
