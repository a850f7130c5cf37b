/* Encoder and decoder against each other, on every kind of row, width and coding. */
#include "check.h"
#include "cpu/cpu.h"
#include "g3/kernel.h"
#include "pages.h"

static unsigned long long seed = 20260101;
static unsigned long long next_random(void)
{
    return check_random(&seed);
}

struct page_case {
    enum g3_coding coding;
    unsigned width, rows, k, flags;
    uint8_t *pels; /* rows one after another */
    uint8_t *coded;
    size_t coded_size;
};

static struct g3_encoder encoder;
static struct g3_decoder decoder;

static void encode(struct page_case *c)
{
    size_t stride = (c->width + 7) / 8;
    c->coded = malloc((c->rows + 1) * g3_row_bound(c->width));
    size_t n = 0;
    g3_encoder_init(&encoder, c->coding, c->width, c->k, c->flags);
    for (unsigned y = 0; y < c->rows; y++) {
        /* Each row at the end of readable memory, the code into exactly what the bound promises. */
        uint8_t *row = guarded(stride), *out = guarded(g3_row_bound(c->width));
        memcpy(row, c->pels + y * stride, stride);
        size_t k = g3_encode_row(&encoder, row, out);
        memcpy(c->coded + n, out, k);
        n += k;
        guarded_free(row, stride);
        guarded_free(out, g3_row_bound(c->width));
    }
    c->coded_size = n + g3_encode_end(&encoder, c->coded + n);
}

/* Decodes with pushes of `step` bytes; counts the rows that differ. */
static unsigned decode(const struct page_case *c, size_t step)
{
    size_t stride = (c->width + 7) / 8, at = 0;
    unsigned y = 0, wrong = 0;
    uint8_t *row = guarded(stride), *in = guarded(c->coded_size);
    memcpy(in, c->coded, c->coded_size);
    g3_decoder_init(&decoder, c->coding, c->width, c->flags);
    for (;;) {
        enum g3_event event = g3_decoder_next(&decoder, row);
        if (event == G3_MORE) {
            size_t n = c->coded_size - at < step ? c->coded_size - at : step;
            if (n)
                g3_decoder_push(&decoder, span_of(in + at, n));
            else
                g3_decoder_finish(&decoder);
            at += n;
            continue;
        }
        if (event != G3_ROW)
            break;
        wrong += y >= c->rows || memcmp(row, c->pels + y * stride, stride) != 0;
        y++;
    }
    guarded_free(row, stride);
    guarded_free(in, c->coded_size);
    return wrong + (y != c->rows) + (decoder.bad_rows != 0) +
           (!decoder.closed && !(c->flags & G3_NO_EOL)) + (decoder.rows != c->rows);
}

static void make_pels(struct page_case *c, int texture)
{
    size_t stride = (c->width + 7) / 8;
    c->pels = malloc(stride * c->rows);
    for (unsigned y = 0; y < c->rows; y++) {
        enum texture t = texture < 0 ? (enum texture)(next_random() % TEXTURES)
                                     : (enum texture)texture;
        make_row(c->pels + y * stride, y ? c->pels + (y - 1) * stride : NULL, c->width, t,
                 next_random);
    }
}

static const unsigned codings[][3] = {
    {G3_MH, 0, 0},  {G3_MH, 0, G3_ALIGN_EOL}, {G3_MH, 0, G3_NO_EOL},
    {G3_MH, 0, G3_NO_EOL | G3_ALIGN_ROW},     {G3_MR, 2, 0},
    {G3_MR, 4, G3_NO_EOL}, {G3_MR, 4, G3_NO_EOL | G3_ALIGN_ROW},
    {G3_MR, 4, G3_ALIGN_EOL},                 {G3_MR, 1, 0},
    {G3_MR, 1000, 0},                         {G3_MMR, 0, 0},
    {G3_MMR, 0, G3_ALIGN_ROW},
};
enum { CODINGS = sizeof codings / sizeof *codings };

static void try_page(unsigned coding, unsigned width, unsigned rows, int texture)
{
    struct page_case c = {(enum g3_coding)codings[coding][0], width, rows, codings[coding][1],
                          codings[coding][2], NULL, NULL, 0};
    make_pels(&c, texture);
    encode(&c);
    unsigned wrong = decode(&c, c.coded_size) + decode(&c, 1) + decode(&c, 13);
    if (wrong)
        printf("# coding %u width %u texture %d: %u wrong\n", coding, width, texture, wrong);
    CHECK(wrong == 0);
    free(c.pels);
    free(c.coded);
}

static void round_trips_every_small_width(void)
{
    for (unsigned width = 1; width <= 200; width++)
        for (unsigned c = 0; c < CODINGS; c++)
            try_page(c, width, 6, -1);
}

static void round_trips_every_texture(void)
{
    for (int t = 0; t < TEXTURES; t++)
        for (unsigned c = 0; c < CODINGS; c++)
            try_page(c, 1728, 20, t);
}

static void round_trips_random_widths(void)
{
    for (int i = 0; i < 150; i++)
        try_page((unsigned)(next_random() % CODINGS), 1 + (unsigned)(next_random() % 5000), 9, -1);
}

static void round_trips_the_widest_row(void)
{
    for (unsigned c = 0; c < CODINGS; c++)
        for (int t = 0; t < TEXTURES; t++)
            try_page(c, G3_WIDTH_MAX, 3, t);
}

/* Every split of a page in two: the machine stops and goes on at any bit. */
static void splits_anywhere(void)
{
    for (unsigned i = 0; i < CODINGS; i++) {
        struct page_case c = {(enum g3_coding)codings[i][0], 333, 12, codings[i][1],
                              codings[i][2], NULL, NULL, 0};
        make_pels(&c, -1);
        encode(&c);
        for (size_t step = 1; step < c.coded_size; step++)
            CHECK(decode(&c, step) == 0);
        free(c.pels);
        free(c.coded);
    }
}

/* With the scalar kernels, and with the best that this machine has. */
int main(void)
{
    const unsigned masks[] = {0, cpu_detect()};
    for (unsigned i = 0; i < 2; i++) {
        g3_use(masks[i]);
        printf("# kernel %s\n", g3_kernel_used()->name);
        RUN(round_trips_every_small_width);
        RUN(round_trips_every_texture);
        RUN(round_trips_random_widths);
        RUN(round_trips_the_widest_row);
        RUN(splits_anywhere);
    }
    return check_done();
}
