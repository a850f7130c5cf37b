/*
 * Any bytes as a page of one coding: the first two say flags and width, the third how it is split.
 * By every kernel there is, whole and in pieces, the same rows come out, and what came out can be
 * coded and read again.
 */
#ifndef FUZZ_G3_ANY_H
#define FUZZ_G3_ANY_H

#include "cpu/cpu.h"
#include "g3/kernel.h"

#include <stdlib.h>
#include <string.h>

enum { ANY_ROWS = 2048, ANY_HEAD = 3 };

static struct g3_decoder any_decoder;
static struct g3_encoder any_encoder;

struct any_page {
    enum g3_coding coding;
    unsigned width, flags;
    size_t stride;
    struct span bytes;
    uint8_t *row, *coded; /* blocks of exactly a row, and what the bound allows for one */
};

/* The next event of any_decoder, fed in pieces of step bytes. */
static enum g3_event any_next(const struct any_page *p, size_t *at, size_t step)
{
    enum g3_event event;
    while ((event = g3_decoder_next(&any_decoder, p->row)) == G3_MORE) {
        size_t n = p->bytes.n - *at < step ? p->bytes.n - *at : step;
        if (n)
            g3_decoder_push(&any_decoder, span_of(p->bytes.p + *at, n));
        else
            g3_decoder_finish(&any_decoder);
        *at += n;
    }
    return event;
}

/* A number for all that came out. */
static uint64_t any_decode(const struct any_page *p, size_t step)
{
    uint64_t hash = 5381;
    size_t at = 0;
    g3_decoder_init(&any_decoder, p->coding, p->width, p->flags);
    while (any_decoder.rows < ANY_ROWS) {
        enum g3_event event = any_next(p, &at, step);
        hash = hash * 33 + event;
        if (event == G3_END || event == G3_LOST)
            break;
        for (size_t i = 0; i < p->stride; i++)
            hash = hash * 33 + p->row[i];
        if (p->width & 7 && p->row[p->width / 8] & (0xff >> (p->width & 7)))
            abort();
    }
    return (hash * 33 + any_decoder.bad_rows) * 33 + any_decoder.end_of_rows;
}

/* The good rows and those that stand in for others, coded: the same bytes by every kernel. */
static uint64_t any_encode(const struct any_page *p)
{
    uint64_t hash = 5381;
    size_t at = 0, bound = g3_row_bound(p->width);
    g3_decoder_init(&any_decoder, p->coding, p->width, p->flags);
    g3_encoder_init(&any_encoder, p->coding, p->width, 4, p->flags);
    while (any_decoder.rows < ANY_ROWS) {
        enum g3_event event = any_next(p, &at, p->bytes.n + 1);
        bool over = event == G3_END || event == G3_LOST;
        size_t n = over ? g3_encode_end(&any_encoder, p->coded)
                        : g3_encode_row(&any_encoder, p->row, p->coded);
        if (n > bound)
            abort();
        for (size_t i = 0; i < n; i++)
            hash = hash * 33 + p->coded[i];
        if (over)
            break;
    }
    return hash;
}

static void any_bytes(enum g3_coding coding, const unsigned flags[4], const uint8_t *data,
                      size_t size)
{
    static const char *const levels[] = {"scalar", "ssse3", "sse4", "avx2", "avx512", "neon"};
    if (size < ANY_HEAD)
        return;
    struct any_page p = {.coding = coding, .flags = flags[data[0] & 3],
                         .width = data[1] + 1u + (data[0] & 0x80 ? 1700 : 0),
                         .bytes = span_of(data + ANY_HEAD, size - ANY_HEAD)};
    p.stride = (p.width + 7) / 8;
    p.row = malloc(p.stride);
    p.coded = malloc(g3_row_bound(p.width));
    uint64_t rows = 0, coded = 0;
    const struct g3_kernel *last = NULL;
    for (unsigned i = 0; i < sizeof levels / sizeof *levels; i++) {
        unsigned cap;
        if (!cpu_level(span_str(levels[i]), &cap))
            abort();
        g3_use(cpu_detect() & cap);
        if (g3_kernel_used() == last)
            continue;
        uint64_t r = any_decode(&p, p.bytes.n + 1), c = any_encode(&p);
        if ((last && (r != rows || c != coded)) || any_decode(&p, 1 + data[2] % 40u) != r)
            abort();
        last = g3_kernel_used();
        rows = r, coded = c;
    }
    free(p.row);
    free(p.coded);
}

#endif
