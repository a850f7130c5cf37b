#include "print/sheet.h"

#include <stdlib.h>
#include <string.h>

size_t sheet_size(const struct sheet *s)
{
    if (s->width == 0 || s->width > G3_WIDTH_MAX || s->rows == 0 || s->rows > SHEET_ROWS_MAX)
        return 0;
    size_t n = ((size_t)s->width + 7) / 8 * s->rows;
    return n <= SHEET_BYTES_MAX ? n : 0;
}

static enum err decode_rows(const struct sheet *s, uint8_t *rows, struct why *why)
{
    size_t stride = ((size_t)s->width + 7) / 8;
    unsigned n = 0;
    struct g3_decoder *d = malloc(sizeof *d);
    uint8_t *row = malloc(stride);
    bool over = !d || !row;
    if (!over) {
        g3_decoder_init(d, s->coding, s->width, 0);
        g3_decoder_push(d, s->data);
    }
    while (!over && n < s->rows) {
        switch (g3_decoder_next(d, row)) {
        case G3_MORE:
            g3_decoder_finish(d);
            break;
        case G3_ROW:
        case G3_BAD_ROW:
            memcpy(rows + n++ * stride, row, stride);
            break;
        default:
            over = true;
        }
    }
    enum err e = !d || !row ? why_set(why, ERR_OS, "out of memory")
                 : n == 0   ? why_set(why, ERR_DATA, "a page without rows")
                            : ERR_NONE;
    free(row);
    free(d);
    return e;
}

enum err sheet_bitmap(const struct sheet *s, struct buf *out, struct why *why)
{
    uint8_t *room;
    size_t size = sheet_size(s);
    if (size == 0)
        return why_set(why, ERR_DATA, "a page of %u by %u", s->width, s->rows);
    enum err e = buf_reserve(out, size, &room);
    if (e)
        return why_set(why, e, "a page of %u by %u", s->width, s->rows);
    memset(room, 0, size);
    if (s->coded)
        e = decode_rows(s, room, why);
    else if (s->data.n)
        memcpy(room, s->data.p, s->data.n < size ? s->data.n : size);
    if (!e)
        out->len += size;
    return e;
}

enum err sheet_code(const struct sheet *s, struct buf *out, struct why *why)
{
    size_t stride = ((size_t)s->width + 7) / 8, bound = g3_row_bound(s->width);
    uint8_t *room;
    if (s->coded || sheet_size(s) == 0 || s->data.n < sheet_size(s))
        return why_set(why, ERR_DATA, "a page of %u by %u", s->width, s->rows);
    struct g3_encoder *encoder = malloc(sizeof *encoder);
    if (!encoder)
        return why_set(why, ERR_OS, "out of memory");
    g3_encoder_init(encoder, G3_MMR, s->width, 0, 0);
    enum err e = ERR_NONE;
    for (unsigned i = 0; i < s->rows && !e; i++) {
        e = buf_reserve(out, bound, &room);
        if (!e)
            out->len += g3_encode_row(encoder, s->data.p + i * stride, room);
    }
    if (!e)
        e = buf_reserve(out, bound, &room);
    if (!e)
        out->len += g3_encode_end(encoder, room);
    free(encoder);
    return e ? why_set(why, e, "a page of %u by %u", s->width, s->rows) : ERR_NONE;
}
