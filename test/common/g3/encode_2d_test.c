/* Every kernel's two-dimensional rows against T.4's own words, walked pel by pel. */
#include "g3/kernel.h"

#include "check.h"
#include "cpu/cpu.h"
#include "g3/runs.h"
#include "g3/sink.h"
#include "g3/walk_2d.h"
#include "pages.h"

static unsigned long long seed = 20260301;
static unsigned long long next_random(void)
{
    return check_random(&seed);
}

/* Bits one by one. */
struct plain {
    uint8_t *out;
    size_t bits;
};

static void plain_put(struct plain *p, unsigned word, unsigned bits)
{
    while (bits--) {
        if (p->bits % 8 == 0)
            p->out[p->bits / 8] = 0;
        p->out[p->bits / 8] |= (uint8_t)((word >> bits & 1) << (7 - p->bits % 8));
        p->bits++;
    }
}

static void plain_run(struct plain *p, unsigned colour, unsigned run)
{
    for (; run > G3_MAKE_UP_MAX + 63; run -= G3_MAKE_UP_MAX)
        plain_put(p, g3_make_up[colour][G3_MAKE_UP_MAX / 64].word, 12);
    if (run > 63)
        plain_put(p, g3_make_up[colour][run / 64].word, g3_make_up[colour][run / 64].bits);
    plain_put(p, g3_terminating[colour][run % 64].word, g3_terminating[colour][run % 64].bits);
}

/* The colour of a pel; left of the edge it is white. */
static unsigned pel(const uint8_t *row, int x)
{
    return x < 0 ? 0 : row[x / 8] >> (7 - x % 8) & 1;
}

/* The next pel right of x that differs from its left neighbour, and is of that colour if given. */
static int next_change(const uint8_t *row, int x, int width, int colour)
{
    for (x++; x < width; x++)
        if (pel(row, x) != pel(row, x - 1) && (colour < 0 || pel(row, x) == (unsigned)colour))
            break;
    return x < width ? x : width;
}

/* T.4 4.2.1.3.2, the three steps of the coding procedure. */
static void plain_2d(struct plain *p, const uint8_t *above, const uint8_t *row, int width)
{
    static const struct g3_code vertical[7] = {
        {0x2, 7}, {0x2, 6}, {0x2, 3}, {0x1, 1}, {0x3, 3}, {0x3, 6}, {0x3, 7},
    };
    unsigned colour = 0;
    for (int a0 = -1; a0 < width;) {
        int a1 = a0;
        do
            a1 = next_change(row, a1, width, -1);
        while (a1 < width && pel(row, a1) == colour);
        int b1 = next_change(above, a0, width, (int)(colour ^ 1));
        int b2 = next_change(above, b1, width, -1);
        if (b2 < a1) {
            plain_put(p, 0x1, 4);
            a0 = b2;
        } else if (a1 - b1 >= -3 && a1 - b1 <= 3) {
            plain_put(p, vertical[a1 - b1 + 3].word, vertical[a1 - b1 + 3].bits);
            a0 = a1;
            colour ^= 1;
        } else {
            int a2 = next_change(row, a1, width, -1);
            plain_put(p, 0x1, 3);
            plain_run(p, colour, (unsigned)(a1 - (a0 < 0 ? 0 : a0)));
            plain_run(p, colour ^ 1, (unsigned)(a2 - a1));
            a0 = a2;
        }
    }
}

static void plain_1d(struct plain *p, const uint8_t *row, int width)
{
    unsigned colour = 0;
    for (int a0 = -1; a0 < width; colour ^= 1) {
        int a1 = colour == 0 && a0 < 0 && pel(row, 0) ? 0 : next_change(row, a0, width, -1);
        plain_run(p, colour, (unsigned)(a1 - (a0 < 0 ? 0 : a0)));
        a0 = a1;
    }
}

static const struct g3_kernel *kernel;

/* What was put from out on is what is wanted. */
static void check_bits(const char *how, unsigned width, const struct g3_sink *s,
                       const uint8_t *out, const struct plain *want)
{
    size_t bits = (size_t)(s->out - out) * 8 + s->bits;
    *s->out = (uint8_t)(s->acc >> 56);
    bool same = bits == want->bits && memcmp(out, want->out, (bits + 7) / 8) == 0;
    if (!same)
        printf("# %s, %s: width %u: %zu bits, not %zu\n", kernel->name, how, width, bits,
               want->bits);
    CHECK(same);
}

/* Both rows by the kernel's masks, and walked over the changes that it finds: what is read is
 * exactly a row, what is written no more than the bound. */
static void compare_rows(const uint8_t *above, const uint8_t *row, unsigned width)
{
    static struct g3_row words[2];
    static struct g3_line changes[2];
    static uint8_t want[G3_WIDTH_MAX + 64];
    size_t size = (width + 7) / 8, bound = g3_row_bound(width);
    uint8_t *lines[2] = {malloc(size), malloc(size)}, *out = malloc(bound);
    memcpy(lines[0], above, size);
    memcpy(lines[1], row, size);
    struct plain p = {want, 0};
    plain_2d(&p, above, row, (int)width);
    struct g3_sink s = {0, 0, out};
    kernel->load(lines[0], width, &words[0]);
    kernel->load(lines[1], width, &words[1]);
    kernel->row_2d(&s, &words[0], &words[1], width);
    check_bits("by masks", width, &s, out, &p);
    s = (struct g3_sink){0, 0, out};
    g3_find_changes(lines[0], width, &changes[0]);
    g3_find_changes(lines[1], width, &changes[1]);
    g3_walk_2d(&s, &changes[0], &changes[1], width);
    check_bits("walked", width, &s, out, &p);
    free(lines[0]);
    free(lines[1]);
    free(out);
}

/* All rows of up to seven pels under all others. */
static void every_short_row(void)
{
    for (unsigned width = 1; width <= 7; width++) {
        for (unsigned pair = 0; pair < 1u << 2 * width; pair++) {
            uint8_t above = (uint8_t)(pair >> width << (8 - width));
            uint8_t row = (uint8_t)(pair << (8 - width));
            compare_rows(&above, &row, width);
        }
    }
}

static void set_pel(uint8_t *row, unsigned x, unsigned colour)
{
    row[x / 8] = (uint8_t)((row[x / 8] & ~(0x80 >> x % 8)) | colour << (7 - x % 8));
}

/* All of six pels under all others where two words or two vectors meet, or the row ends. */
static void every_pattern_at_a_border(void)
{
    static const unsigned widths[] = {66, 67, 130, 512 + 70};
    uint8_t rows[2][80];
    for (unsigned i = 0; i < sizeof widths / sizeof *widths; i++) {
        unsigned width = widths[i], at = i == 3 ? 512 - 3 : width - 6 - (width > 100 ? 60 : 0);
        for (unsigned pair = 0; pair < 1u << 14; pair++) {
            memset(rows[0], -(int)(pair >> 12 & 1), sizeof rows[0]);
            memset(rows[1], -(int)(pair >> 13), sizeof rows[1]);
            for (unsigned x = 0; x < 6; x++) {
                set_pel(rows[0], at + x, pair >> x & 1);
                set_pel(rows[1], at + x, pair >> (6 + x) & 1);
            }
            compare_rows(rows[0], rows[1], width);
        }
    }
}

/* A row like the one above: moved by up to four pels, inverted, dotted, or something else. */
static void make_like(uint8_t *row, const uint8_t *above, unsigned width)
{
    unsigned kind = (unsigned)(next_random() % 8), move = (unsigned)(next_random() % 9);
    size_t size = (width + 7) / 8;
    if (kind >= 6) {
        make_row(row, above, width, (enum texture)(next_random() % TEXTURES), next_random);
        return;
    }
    for (unsigned x = 0; x < width; x++) {
        unsigned from = x + move < 4 || x + move - 4 >= width ? x : x + move - 4;
        set_pel(row, x, pel(above, (int)(kind < 3 ? from : x)) ^ (kind == 5));
    }
    for (unsigned i = 0; kind < 5 && i < kind * width / 64; i++)
        row[next_random() % size] ^= (uint8_t)(1 << next_random() % 8);
}

static void try_width(unsigned width, unsigned rows)
{
    static uint8_t two[2][(G3_WIDTH_MAX + 7) / 8];
    make_row(two[0], NULL, width, (enum texture)(next_random() % TEXTURES), next_random);
    for (unsigned y = 1; y <= rows; y++) {
        make_like(two[y % 2], two[(y - 1) % 2], width);
        compare_rows(two[(y - 1) % 2], two[y % 2], width);
    }
}

static void every_width(void)
{
    static const unsigned wide[] = {1728, 2048, 2432, 2560, 2561, 3456, 4032, 4095, 4096, 4097,
                                    4160, 4864, 8191, 10000, 65472, 65535};
    for (unsigned width = 1; width <= 700; width++)
        try_width(width, 8);
    for (unsigned i = 0; i < sizeof wide / sizeof *wide; i++)
        try_width(wide[i], wide[i] > 10000 ? 4 : 20);
}

/* Rows at random, from nearly white to noise. */
static void rows_at_random(void)
{
    uint8_t rows[2][256];
    for (unsigned i = 0; i < 4000; i++) {
        unsigned width = 1 + (unsigned)(next_random() % 1900), rare = 1u << next_random() % 7;
        for (size_t x = 0; x < sizeof rows[0]; x++) {
            rows[0][x] = next_random() % rare ? 0 : (uint8_t)next_random();
            rows[1][x] = next_random() % rare ? rows[0][x] : (uint8_t)next_random();
        }
        compare_rows(rows[0], rows[1], width);
    }
}

static struct g3_encoder encoder;

/* A page by the encoder and by the book. */
static void compare_pages(enum g3_coding coding, unsigned width, unsigned k, unsigned flags)
{
    enum { ROWS = 11, MOST = 800 };
    static uint8_t pels[ROWS + 1][MOST / 8], want[ROWS * (MOST + 64)], got[ROWS * (MOST + 64)];
    size_t size = (width + 7) / 8, n = 0;
    struct plain p = {want, 0};
    memset(pels[0], 0, size);
    g3_encoder_init(&encoder, coding, width, k, flags);
    for (unsigned y = 1; y <= ROWS; y++) {
        bool two_d = coding == G3_MMR || (coding == G3_MR && (y - 1) % k);
        make_like(pels[y], pels[y - 1], width);
        uint8_t *row = guarded(size), *out = guarded(g3_row_bound(width));
        memcpy(row, pels[y], size);
        size_t bytes = g3_encode_row(&encoder, row, out);
        memcpy(got + n, out, bytes);
        n += bytes;
        guarded_free(row, size);
        guarded_free(out, g3_row_bound(width));
        if (coding != G3_MMR && !(flags & G3_NO_EOL)) {
            while (flags & G3_ALIGN_EOL && p.bits % 8 != 4)
                plain_put(&p, 0, 1);
            plain_put(&p, 1, G3_EOL_BITS);
        }
        if (coding == G3_MR)
            plain_put(&p, !two_d, 1);
        if (two_d)
            plain_2d(&p, pels[y - 1], pels[y], (int)width);
        else
            plain_1d(&p, pels[y], (int)width);
        while (flags & G3_ALIGN_ROW && p.bits % 8)
            plain_put(&p, 0, 1);
    }
    n += g3_encode_flush(&encoder, got + n);
    CHECK_INT(n, (p.bits + 7) / 8);
    CHECK(memcmp(got, want, n) == 0);
}

static void pages(void)
{
    static const unsigned ks[] = {1, 2, 4, 8}, widths[] = {1, 7, 63, 64, 65, 200, 512, 777};
    for (unsigned w = 0; w < sizeof widths / sizeof *widths; w++) {
        for (unsigned flags = 0; flags < 8; flags++) {
            for (unsigned k = 0; k < 4; k++)
                compare_pages(G3_MR, widths[w], ks[k], flags);
            compare_pages(G3_MH, widths[w], 0, flags);
            compare_pages(G3_MMR, widths[w], 0, flags);
        }
    }
}

static void the_kernel_writes_what_the_recommendation_says(void)
{
    every_short_row();
    every_pattern_at_a_border();
    every_width();
    rows_at_random();
    pages();
}

int main(void)
{
    static const char *const levels[] = {"scalar", "ssse3", "sse4", "avx2", "avx512", "neon"};
    const struct g3_kernel *last = NULL;
    unsigned cap;
    for (unsigned i = 0; i < sizeof levels / sizeof *levels; i++) {
        if (!cpu_level(span_str(levels[i]), &cap))
            continue;
        kernel = g3_kernel_for(cpu_detect() & cap);
        if (kernel == last || (last && kernel->needs == 0))
            continue;
        last = kernel;
        g3_use(cpu_detect() & cap);
        printf("# kernel %s\n", kernel->name);
        RUN(the_kernel_writes_what_the_recommendation_says);
    }
    return check_done();
}
