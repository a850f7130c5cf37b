/*
 * Any bytes as MH, MR or MMR: the first two say coding, flags, width and how the rest is split.
 * A page decoded whole and split gives the same rows, and what came out can be coded again.
 */
#include "g3/g3.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROWS_MAX = 4096 };

static struct g3_decoder decoder;
static struct g3_encoder encoder;

static uint64_t decode(const uint8_t *data, size_t size, const uint8_t head[3], size_t step)
{
    unsigned width = head[1] + 1u + (head[0] & 0x80 ? 1700 : 0);
    uint64_t hash = 5381;
    uint8_t *row = malloc((width + 7) / 8), *out = malloc(g3_row_bound(width));
    size_t at = 0;
    g3_decoder_init(&decoder, (enum g3_coding)(head[0] % 3), width, head[0] >> 2 & 6);
    g3_encoder_init(&encoder, (enum g3_coding)(head[0] % 3), width, 4, head[0] >> 2 & 7);
    while (decoder.rows < ROWS_MAX) {
        enum g3_event event = g3_decoder_next(&decoder, row);
        if (event == G3_MORE) {
            size_t n = size - at < step ? size - at : step;
            if (n)
                g3_decoder_push(&decoder, (struct span){data + at, n});
            else
                g3_decoder_finish(&decoder);
            at += n;
            continue;
        }
        hash = hash * 33 + event;
        if (event == G3_END || event == G3_LOST)
            break;
        for (size_t i = 0; i < (width + 7) / 8; i++)
            hash = hash * 33 + row[i];
        if (width & 7 && row[width / 8] & (0xff >> (width & 7)))
            abort();
        if (g3_encode_row(&encoder, row, out) > g3_row_bound(width))
            abort();
    }
    hash = hash * 33 + decoder.bad_rows;
    free(row);
    free(out);
    return hash;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3)
        return 0;
    uint64_t whole = decode(data + 3, size - 3, data, size);
    if (decode(data + 3, size - 3, data, 1 + data[2] % 40) != whole)
        abort();
    return 0;
}
