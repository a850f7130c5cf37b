/* Ours: the coded form is bare T.4. */
#include "contender.h"

#include <string.h>

static struct g3_encoder encoder;
static struct g3_decoder decoder;

static size_t encode(const struct image *p, enum g3_coding coding, uint8_t *out, size_t room)
{
    size_t n = 0, stride = (p->width + 7) / 8;
    (void)room;
    g3_encoder_init(&encoder, coding, p->width, BENCH_K, 0);
    for (unsigned y = 0; y < p->rows; y++)
        n += g3_encode_row(&encoder, p->pels + y * stride, out + n);
    return n + g3_encode_end(&encoder, out + n);
}

static bool decode(const struct image *p, enum g3_coding coding, struct span coded, uint8_t *pels)
{
    size_t stride = (p->width + 7) / 8;
    unsigned y = 0;
    g3_decoder_init(&decoder, coding, p->width, 0);
    g3_decoder_push(&decoder, coded);
    g3_decoder_finish(&decoder);
    while (y < p->rows && g3_decoder_next(&decoder, pels + y * stride) == G3_ROW)
        y++;
    return y == p->rows;
}

static size_t strip(const struct image *p, struct span coded, uint8_t *out, size_t room)
{
    (void)p;
    size_t n = coded.n < room ? coded.n : room;
    memcpy(out, coded.p, n);
    return n;
}

static size_t wrap(const struct image *p, enum g3_coding coding, struct span bare, uint8_t *out,
                   size_t room)
{
    (void)coding;
    return strip(p, bare, out, room);
}

const struct contender with_faxpipe = {"faxpipe", encode, decode, strip, wrap};
