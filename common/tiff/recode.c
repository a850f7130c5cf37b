#include "tiff/recode.h"

#include "tool/io.h"

#include <stdio.h>
#include <stdlib.h>

/* Coded rows are given on in pieces of about this size: a call for each row would cost more. */
enum { PIECE = 65536 };

bool fax_keeps_bits(const struct fax_page *p, const struct fax_coding *want, struct page *target)
{
    bool mr = p->page.coding == G3_MR;
    *target = p->page;
    target->coding = want->any ? p->page.coding : want->coding;
    if (p->carried && target->coding == p->page.coding &&
        !(mr && want->k && p->page.k > want->k))
        return true;
    target->k = target->coding != G3_MR ? 0 : want->k ? want->k : page_nominal_k(target->ydpi);
    return false;
}

/* The rows where they are at hand, or decoded once more. */
static enum err next_row(struct fax *f, struct span *rows, size_t stride, uint8_t *room,
                         const uint8_t **row, struct why *why)
{
    if (rows->n >= stride) {
        *row = rows->p;
        *rows = span_skip(*rows, stride);
        return ERR_NONE;
    }
    *row = room;
    return fax_row(f, room, why);
}

static enum err encode(struct fax *f, const struct page *page, uint64_t rows, bool closed,
                       struct g3_encoder *encoder, uint8_t *room, uint8_t *out, fax_sink *sink,
                       void *context, struct why *why)
{
    size_t stride = (page->width + 7) / 8, n = 0;
    struct span at_hand = fax_rows(f);
    const uint8_t *row;
    enum err e = fax_rewind(f, why);
    g3_encoder_init(encoder, page->coding, page->width, page->k, 0);
    for (uint64_t y = 0; !e && y < rows; y++) {
        if ((e = next_row(f, &at_hand, stride, room, &row, why)))
            break;
        n += g3_encode_row(encoder, row, out + n);
        if (n >= PIECE) {
            e = sink(context, span_of(out, n), why);
            n = 0;
        }
    }
    if (e)
        return e;
    n += closed || page->coding == G3_MMR ? g3_encode_end(encoder, out + n)
                                          : g3_encode_flush(encoder, out + n);
    return sink(context, span_of(out, n), why);
}

enum err fax_put(struct fax *f, const struct fax_page *p, const struct fax_coding *want,
                 fax_sink *sink, void *context, struct why *why)
{
    struct page page;
    if (fax_keeps_bits(p, want, &page))
        return fax_carry(f, want->closed, sink, context, why);
    struct g3_encoder *encoder = malloc(sizeof *encoder);
    uint8_t *row = malloc((page.width + 7) / 8);
    uint8_t *out = malloc(PIECE + 2 * g3_row_bound(page.width));
    enum err e = encoder && row && out
                     ? encode(f, &page, p->rows, want->closed, encoder, row, out, sink, context,
                              why)
                     : why_set(why, ERR_OS, "out of memory");
    free(encoder);
    free(row);
    free(out);
    return e;
}

static enum err add_to_spill(void *context, struct span bytes, struct why *why)
{
    return spill_add(context, bytes.p, bytes.n, why);
}

enum err fax_put_framed(struct fax *f, const struct fax_page *p, const struct fax_coding *want,
                        unsigned number, unsigned total, struct spill *spill, int fd,
                        struct why *why)
{
    uint8_t header[PAGE_HEADER_SIZE];
    struct page page;
    fax_keeps_bits(p, want, &page);
    enum err e = spill_clear(spill, why);
    if (!e)
        e = fax_put(f, p, want, add_to_spill, spill, why);
    if (!e && spill->size > UINT32_MAX)
        e = why_set(why, ERR_DATA, "page %u: larger than 4 GiB", page.number);
    if (!e && number > PAGE_NUMBER_MAX)
        e = why_set(why, ERR_DATA, "more than %d pages", PAGE_NUMBER_MAX);
    if (e)
        return e;
    page.number = number;
    page.total = total;
    page.length = (uint32_t)spill->size;
    page_header_build(&page, header);
    e = io_write(fd, header, sizeof header, why);
    return e ? e : spill_write(spill, fd, why);
}

/* Rows that are not at hand, some at a time. */
static enum err put_rows(struct fax *f, uint64_t rows, size_t stride, fax_sink *sink,
                         void *context, struct why *why)
{
    size_t room = PIECE / stride ? PIECE / stride : 1, n = 0;
    uint8_t *some = malloc(stride * room);
    enum err e = some ? ERR_NONE : why_set(why, ERR_OS, "out of memory");
    for (uint64_t y = 0; !e && y < rows; y++) {
        e = fax_row(f, some + stride * n, why);
        if (!e && (++n == room || y + 1 == rows)) {
            e = sink(context, span_of(some, stride * n), why);
            n = 0;
        }
    }
    free(some);
    return e;
}

enum err fax_put_pbm(struct fax *f, const struct fax_page *p, fax_sink *sink, void *context,
                     struct why *why)
{
    char header[64];
    struct span rows = fax_rows(f);
    int k = snprintf(header, sizeof header, "P4\n%u %llu\n", p->page.width,
                     (unsigned long long)p->rows);
    enum err e = sink(context, span_of(header, (size_t)k), why);
    if (e)
        return e;
    return rows.n ? sink(context, rows, why)
                  : put_rows(f, p->rows, (p->page.width + 7) / 8, sink, context, why);
}
