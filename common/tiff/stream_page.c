#include "tiff/fax_parts.h"

#include "tool/io.h"

/* The densest rows that any sheet has need no more, and what never ends must not fill the disk. */
enum { CODED_MAX = 1 << 30 };

/* The stream's bytes of one page, into the spill. */
static enum err gather_page(struct fax *f, bool *whole, struct why *why)
{
    struct page_event event;
    size_t got;
    enum err e = spill_clear(&f->spill, why);
    while (!e) {
        switch (page_stream_next(f->stream, &event, why)) {
        case PAGE_MORE:
            got = f->in_size;
            f->in_size = 0;
            if (got == 0 && (e = io_read(f->fd, f->in, FAX_CHUNK, &got, why)))
                break;
            if (got)
                page_stream_push(f->stream, span_of(f->in, got));
            else
                page_stream_finish(f->stream);
            break;
        case PAGE_BEGIN:
            f->page.page = event.page;
            break;
        case PAGE_DATA:
            e = f->spill.size + event.data.n > CODED_MAX
                    ? why_set(why, ERR_DATA, "page %u: larger than any sheet", f->done + 1)
                    : spill_add(&f->spill, event.data.p, event.data.n, why);
            break;
        case PAGE_END:
            *whole = event.whole;
            return ERR_NONE;
        case PAGE_OVER:
            return ERR_NO;
        default:
            return ERR_DATA;
        }
    }
    return e;
}

/* What the page's end tells. A stream's length is exact; bare data may lack its RTC. */
static enum err judge_end(struct fax *f, bool whole, struct why *why)
{
    const struct g3_decoder *d = &f->decoder;
    unsigned n = f->page.page.number;
    const char *mark = f->page.page.coding == G3_MMR ? "EOFB" : "RTC";
    uint64_t used = (g3_decoder_offset(d) + 7) / 8;
    if (f->walk.bad_rows == f->walk.rows)
        return why_set(why, ERR_DATA, "page %u: %s", n,
                       f->walk.rows ? "damaged beyond repair" : "no rows");
    /* Not the end that is missing, but the way there. */
    if (f->walk.lost && whole && f->walk.rows - f->walk.bad_rows >= FAX_GOOD_ROWS_MIN)
        return ERR_NONE;
    if (f->walk.lost)
        return why_set(why, ERR_DATA, "page %u: %s", n,
                       whole ? "damaged beyond repair" : "cut short");
    if (f->page.page.ours && d->closed && used != f->spill.size)
        return why_set(why, ERR_DATA, "page %u: its %s comes %llu bytes before its end", n, mark,
                       (unsigned long long)(f->spill.size - used));
    if (!d->closed) {
        bool bare = f->stream->kind == PAGE_KIND_BARE;
        if (!whole && (!bare || f->walk.cut))
            return why_set(why, ERR_DATA, "page %u: cut short", n);
        /* Without its EOFB nobody knows how many rows an MMR page had. */
        if (f->page.page.ours && f->page.page.coding == G3_MMR)
            return why_set(why, ERR_DATA, "page %u: no EOFB at its end", n);
        if (!(f->page.page.flags & G3_NO_EOL))
            fax_warn(f, "no %s at its end", mark);
    }
    return ERR_NONE;
}

/* Rows that the damage swallowed, which no length tells, are one. */
static enum err read_coded(struct fax *f, bool whole, struct fax_pass *pass, struct why *why)
{
    const struct page *p = &f->page.page;
    const struct fax_way way = {.coded = {p->coding, p->flags, false, p->width}};
    f->ifd = (struct tiff_ifd){.width = p->width};
    f->strips = 1;
    f->coded_rows = f->strip_rows = 0;
    f->in_bitmap = false;
    enum err e = fax_go_through(f, &way, f->wants & FAX_WANT_ROWS, pass, why);
    if (!e)
        e = judge_end(f, whole, why);
    if (!e && pass->kept)
        fax_use_bitmap(f, pass->rows);
    return e;
}

enum err fax_next_of_stream(struct fax *f, struct why *why)
{
    bool whole = false;
    struct fax_pass pass;
    enum err e = gather_page(f, &whole, why);
    if (e)
        return e;
    struct fax_page *p = &f->page;
    p->page.number = ++f->done;
    if ((e = read_coded(f, whole, &pass, why)))
        return e;
    p->coding_name = g3_coding_name(p->page.coding);
    p->rows = pass.rows;
    p->bad_rows = pass.bad_rows;
    p->bad_in_a_row = pass.bad_in_a_row;
    p->orientation = 1;
    p->eols_aligned = pass.aligned;
    p->carried = p->bad_rows == 0 && p->page.flags == 0 && (pass.led || p->page.coding == G3_MMR);
    if (p->page.coding == G3_MR && pass.longest_2d >= p->page.k)
        p->page.k = pass.longest_2d < 254 ? pass.longest_2d + 1 : 255;
    f->end_of_rows = pass.end_of_rows;
    if (p->bad_rows)
        fax_warn(f, "%llu damaged rows repaired", (unsigned long long)p->bad_rows);
    return ERR_NONE;
}

enum err fax_skip_of_stream(struct fax *f, struct why *why)
{
    bool whole;
    return gather_page(f, &whole, why);
}
