/*
 * The quick ways against the steps: bytes pushed one by one are always decoded in steps, and
 * whatever the pushes, events, rows and what is told of the page must be the same.
 */
#include "check.h"
#include "pages.h"

static unsigned long long seed = 20260202;
static unsigned long long next_random(void)
{
    return check_random(&seed);
}

static struct g3_encoder encoder;
static struct g3_decoder decoder;

/* A coded page, and what came of it. */
struct page_case {
    enum g3_coding coding;
    unsigned width, flags;
    uint8_t *coded; /* at the end of readable memory */
    size_t size;
};

struct outcome {
    uint64_t hash, rows, bad, in_a_row, end, eols, offset;
    unsigned longest_2d;
    bool closed, led, aligned, lost;
};

static uint64_t add_row(uint64_t hash, const uint8_t *row, size_t n)
{
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ row[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* Decodes by pushes of step bytes; without rows where `blind`. */
static struct outcome decode(const struct page_case *c, size_t step, bool blind)
{
    size_t stride = (c->width + 7) / 8, at = 0;
    uint8_t *row = guarded(stride);
    struct outcome o = {.hash = 14695981039346656037U};
    g3_decoder_init(&decoder, c->coding, c->width, c->flags);
    enum g3_event event;
    while ((event = g3_decoder_next(&decoder, blind ? NULL : row)) != G3_END && event != G3_LOST) {
        if (event == G3_MORE) {
            size_t n = c->size - at < step ? c->size - at : step;
            if (n)
                g3_decoder_push(&decoder, span_of(c->coded + at, n));
            else
                g3_decoder_finish(&decoder);
            at += n;
            continue;
        }
        o.hash = o.hash * 31 + event;
        if (!blind)
            o.hash = add_row(o.hash, row, stride);
    }
    g3_decoder_repeat(&decoder, row);
    o.hash = add_row(o.hash, row, stride);
    guarded_free(row, stride);
    o.rows = decoder.rows, o.bad = decoder.bad_rows, o.in_a_row = decoder.bad_in_a_row;
    o.end = decoder.end_of_rows, o.eols = decoder.eols, o.offset = g3_decoder_offset(&decoder);
    o.longest_2d = decoder.longest_2d;
    o.closed = decoder.closed, o.led = decoder.led, o.aligned = decoder.eols_aligned;
    o.lost = event == G3_LOST;
    return o;
}

static bool same(const struct outcome *a, const struct outcome *b)
{
    return a->hash == b->hash && a->rows == b->rows && a->bad == b->bad &&
           a->in_a_row == b->in_a_row && a->end == b->end && a->eols == b->eols &&
           a->offset == b->offset && a->longest_2d == b->longest_2d && a->closed == b->closed &&
           a->led == b->led && a->aligned == b->aligned && a->lost == b->lost;
}

static const struct {
    enum g3_coding coding;
    unsigned k, flags;
} codings[] = {{G3_MH, 0, 0},
               {G3_MH, 0, G3_ALIGN_EOL},
               {G3_MH, 0, G3_NO_EOL},
               {G3_MH, 0, G3_NO_EOL | G3_ALIGN_ROW},
               {G3_MR, 4, G3_NO_EOL},
               {G3_MR, 4, 0},
               {G3_MR, 1, 0},
               {G3_MMR, 0, 0}};
enum { CODINGS = sizeof codings / sizeof *codings };

static struct page_case make_page(unsigned coding, unsigned width, unsigned rows)
{
    size_t stride = (width + 7) / 8, n = 0;
    uint8_t *out = malloc((rows + 1) * g3_row_bound(width)), *pels = malloc(stride * 2);
    g3_encoder_init(&encoder, codings[coding].coding, width, codings[coding].k,
                    codings[coding].flags);
    for (unsigned y = 0; y < rows; y++) {
        uint8_t *row = pels + (y & 1) * stride, *above = pels + (~y & 1) * stride;
        make_row(row, y ? above : NULL, width, (enum texture)(next_random() % TEXTURES),
                 next_random);
        n += g3_encode_row(&encoder, row, out + n);
    }
    n += g3_encode_end(&encoder, out + n);
    struct page_case c = {codings[coding].coding, width, codings[coding].flags, guarded(n), n};
    memcpy(c.coded, out, n);
    free(pels);
    free(out);
    return c;
}

static void check_splits(const struct page_case *c, const char *what, unsigned long at)
{
    struct outcome want = decode(c, 1, false), blind = decode(c, 1, true);
    const size_t steps[] = {c->size, 8, 29, 1 + next_random() % c->size};
    bool good = true;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct outcome got = decode(c, steps[i], false), seen = decode(c, steps[i], true);
        good = good && same(&got, &want) && same(&seen, &blind);
    }
    if (!good)
        printf("# %s %lu: coding %d flags %u width %u\n", what, at, c->coding, c->flags, c->width);
    CHECK(good);
}

static void every_width(void)
{
    for (unsigned width = 1; width <= 700; width++) {
        struct page_case c = make_page(width % CODINGS, width, 5);
        check_splits(&c, "width", width);
        guarded_free(c.coded, c.size);
    }
}

static void wide_rows(void)
{
    static const unsigned widths[] = {1728, 2432, 2560, 2561, 4864, 10000, 65535};
    for (unsigned i = 0; i < sizeof widths / sizeof *widths; i++)
        for (unsigned coding = 0; coding < CODINGS; coding++) {
            struct page_case c = make_page(coding, widths[i], 8);
            check_splits(&c, "page", i);
            guarded_free(c.coded, c.size);
        }
}

static void every_split(void)
{
    for (unsigned coding = 0; coding < CODINGS; coding++) {
        struct page_case c = make_page(coding, 333, 7);
        struct outcome want = decode(&c, 1, false);
        for (size_t step = 2; step <= c.size; step++) {
            struct outcome got = decode(&c, step, false);
            CHECK(same(&got, &want));
        }
        guarded_free(c.coded, c.size);
    }
}

/* Every bit of a page turned, and every byte of it dropped. */
static void damage_of_every_kind(void)
{
    for (unsigned coding = 0; coding < CODINGS; coding++) {
        struct page_case c = make_page(coding, 100 + 60 * coding, 6);
        for (size_t bit = 0; bit < c.size * 8; bit++) {
            c.coded[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
            check_splits(&c, "bit", bit);
            c.coded[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
        }
        for (size_t at = 0; at + 1 < c.size; at++) {
            struct page_case less = {c.coding, c.width, c.flags, guarded(c.size - 1), c.size - 1};
            memcpy(less.coded, c.coded, at);
            memcpy(less.coded + at, c.coded + at + 1, c.size - 1 - at);
            check_splits(&less, "byte", at);
            guarded_free(less.coded, less.size);
        }
        guarded_free(c.coded, c.size);
    }
}

/* Pages of more rows than are decoded ahead, with bits turned here and there, or none. */
static void long_pages(void)
{
    static const unsigned widths[] = {64, 65, 100, 1728, 4864, 8000};
    for (unsigned i = 0; i < 120; i++) {
        unsigned width = widths[i % 6];
        unsigned rows = 5 + (unsigned)(next_random() % (width < 1000 ? 200 : 60));
        struct page_case c = make_page(i / 6 % CODINGS, width, rows);
        for (unsigned k = i % 5 * (i % 5); k; k--)
            c.coded[next_random() % c.size] ^= (uint8_t)(1 << next_random() % 8);
        check_splits(&c, "long page", i);
        guarded_free(c.coded, c.size);
    }
}

/* A page cut behind any byte: nothing is read beyond the last one. */
static void cut_anywhere(void)
{
    for (unsigned coding = 0; coding < CODINGS; coding++) {
        struct page_case c = make_page(coding, 150, 12);
        for (size_t size = 1; size < c.size; size++) {
            struct page_case cut = {c.coding, c.width, c.flags, guarded(size), size};
            memcpy(cut.coded, c.coded, size);
            check_splits(&cut, "cut", size);
            guarded_free(cut.coded, size);
        }
        guarded_free(c.coded, c.size);
    }
}

/* EOLs missing, doubled and long, which must be counted as they are in steps. */
static void eols_of_every_kind(void)
{
    for (unsigned i = 0; i < 300; i++) {
        struct page_case c = {G3_MH, 64, 0, guarded(700), 700};
        memset(c.coded, 0, c.size);
        size_t bit = 0;
        while (bit < c.size * 8 - 200) {
            /* A white row's make-up code and white 0, or their like, or nothing. */
            static const char *const rows[] = {"11011" "00110101", "0001111", "00110101",
                                               "11011" "00110101" "11", "11011", ""};
            static const unsigned fills[] = {11, 11, 11, 11, 11, 12, 30, 55, 66, 150, 10, 3};
            unsigned kind = (unsigned)(next_random() % 30);
            for (const char *p = rows[kind < 5 ? kind + 1 : 0]; *p; p++, bit++)
                c.coded[bit / 8] |= (uint8_t)((*p == '1') << (7 - bit % 8));
            bit += fills[next_random() % 12 * (next_random() % 8 == 0)];
            c.coded[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
            bit++;
        }
        check_splits(&c, "eols", i);
        guarded_free(c.coded, c.size);
    }
}

/* Bits that often are codes, but of no row. */
static void random_bytes(void)
{
    for (unsigned i = 0; i < 200; i++) {
        struct page_case c = {codings[i % CODINGS].coding, 64 + (unsigned)(next_random() % 2000),
                              codings[i % CODINGS].flags, guarded(300), 300};
        for (size_t k = 0; k < c.size; k++)
            c.coded[k] = (uint8_t)(next_random() & (i & 1 ? 0xff : next_random()));
        check_splits(&c, "random", i);
        guarded_free(c.coded, c.size);
    }
}

int main(void)
{
    RUN(every_width);
    RUN(wide_rows);
    RUN(every_split);
    RUN(damage_of_every_kind);
    RUN(long_pages);
    RUN(cut_anywhere);
    RUN(eols_of_every_kind);
    RUN(random_bytes);
    return check_done();
}
