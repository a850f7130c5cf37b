/* HTML whole and in pieces gives the same text, of no more than four times its size. */
#include "mime/html.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_text(struct span in, size_t step, struct buf *out)
{
    struct html_text h;
    size_t n = in.n;
    html_text_init(&h, out);
    while (in.n) {
        struct span piece = step ? span_take(in, step) : in;
        uint8_t *copy = malloc(piece.n);
        memcpy(copy, piece.p, piece.n);
        if (html_text_push(&h, span_of(copy, piece.n)))
            abort();
        free(copy);
        in = span_skip(in, piece.n);
    }
    if (html_text_end(&h) || out->len > 4 * n + 1)
        abort();
    for (size_t i = 0; i < out->len; i++)
        if ((out->data[i] < 0x20 && out->data[i] != '\n' && out->data[i] != '\t') || out->data[i] == 0x7f)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf whole, pieces;
    if (size == 0)
        return 0;
    struct span in = span_of(data + 1, size - 1);
    buf_init(&whole, 1 << 20);
    buf_init(&pieces, 1 << 20);
    read_text(in, 0, &whole);
    read_text(in, data[0] % 32 + 1u, &pieces);
    if (!span_eq(buf_span(&whole), buf_span(&pieces)))
        abort();
    buf_release(&whole);
    buf_release(&pieces);
    return 0;
}
