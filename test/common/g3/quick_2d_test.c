/*
 * Two-dimensional rows by every kernel that this machine has, whole and in pieces, beside a decoder
 * that does what T.6 says pel by pel. Pages are of random codes that are allowed where they stand,
 * such as no encoder would choose, and of the same with damage.
 */
#include "check.h"
#include "cpu/cpu.h"
#include "g3/codes.h"
#include "g3/kernel.h"
#include "pages.h"

#include <stdlib.h>
#include <string.h>

static unsigned long long seed = 20260102;
static unsigned chance(unsigned n)
{
    return (unsigned)(check_random(&seed) % n);
}

struct code {
    int run; /* or the mode */
    unsigned bits, word;
};
#define CODE(run, bits, word) {run, bits, word},
static const struct code runs[2][104] = {
    {G3_WHITE_TERMINATING(CODE) G3_WHITE_MAKE_UP(CODE) G3_COMMON_MAKE_UP(CODE)},
    {G3_BLACK_TERMINATING(CODE) G3_BLACK_MAKE_UP(CODE) G3_COMMON_MAKE_UP(CODE)},
};
enum { PASS = 10, HORIZONTAL };
static const struct code modes[] = {
    {0, 1, 1},  {1, 3, 3},  {2, 6, 3},  {3, 7, 3},    {-1, 3, 2},
    {-2, 6, 2}, {-3, 7, 2}, {PASS, 4, 1}, {HORIZONTAL, 3, 1},
};
enum { RUNS = sizeof runs[0] / sizeof *runs[0], MODES = sizeof modes / sizeof *modes };

enum { ROWS = 12, BYTES = 1 << 17 };
static struct {
    enum g3_coding coding;
    unsigned width, rows;
    size_t bits;
    uint8_t bytes[BYTES];
} page;

/* One pel a byte, and one more place before the first, which is white. */
static uint8_t pels[2][1 + G3_WIDTH_MAX], *above = pels[0] + 1, *row = pels[1] + 1;

static void add_code(const struct code *c)
{
    for (unsigned i = c->bits; i--; page.bits++)
        page.bytes[page.bits / 8] |= (uint8_t)((c->word >> i & 1) << (7 - page.bits % 8));
}

static void add_run(unsigned colour, unsigned run)
{
    while (run >= 64) {
        const struct code *big = &runs[colour][64 + chance(run / 64 < 40 ? run / 64 : 40)];
        add_code(big);
        run -= (unsigned)big->run;
    }
    add_code(&runs[colour][run]);
}

/* b1, or from there b2: where the row above changes to a pel of `colour`, right of a0. */
static int change_above(int a0, unsigned colour)
{
    int x = a0 + 1;
    while (x < (int)page.width && (above[x] != colour || above[x - 1] == colour))
        x++;
    return x;
}

static void paint(int from, int to, unsigned colour)
{
    if (to > from)
        memset(row + from, (int)colour, (size_t)(to - from));
}

static void next_row(void)
{
    uint8_t *other = above;
    above = row;
    row = other;
}

/* Mostly one pel or a few, now and then as far as there is room. */
static unsigned any_run(unsigned room)
{
    unsigned most = chance(2) ? 1 : chance(4) ? 9 : room;
    unsigned run = most == 1 ? 1 : chance(most + 1);
    return run < room ? run : room;
}

/* A row of codes that may stand where they do, `odd` of 16 of them of rare kinds. */
static void add_row(unsigned odd)
{
    int a0 = -1, width = (int)page.width;
    unsigned colour = 0;
    while (a0 < width) {
        int left = a0 < 0 ? 0 : a0, b1 = change_above(a0, !colour), b2 = change_above(b1, colour);
        const struct code *m = &modes[chance(16) < odd || chance(20) > 12 ? chance(MODES) : 0];
        if (m->run == HORIZONTAL) {
            unsigned room = (unsigned)(width - left), run1 = any_run(room);
            unsigned run2 = any_run(room - run1);
            add_code(m);
            add_run(colour, run1);
            add_run(!colour, run2);
            paint(left, left + (int)run1, colour);
            a0 = left + (int)(run1 + run2);
            paint(left + (int)run1, a0, !colour);
        } else if (m->run == PASS && b2 < width) {
            add_code(m);
            paint(left, b2, colour);
            a0 = b2;
        } else if (m->run != PASS && b1 + m->run >= left && b1 + m->run <= width) {
            add_code(m);
            a0 = b1 + m->run;
            paint(left, a0, colour);
            colour ^= 1;
        }
    }
    next_row();
}

static void make_page(unsigned width, unsigned odd)
{
    static const struct code eol = {0, 12, 1};
    memset(&page, 0, sizeof page);
    memset(pels, 0, sizeof pels);
    page.coding = G3_MMR;
    page.width = width;
    while (page.rows < ROWS && page.bits / 8 + 7 * width / 4 < BYTES) {
        add_row(odd);
        page.rows++;
    }
    add_code(&eol);
    add_code(&eol);
}

/* What came of a page. */
struct outcome {
    char events[8 * BYTES];
    unsigned count;
    uint64_t hash;
};

static void note(struct outcome *o, enum g3_event event, const uint8_t *packed)
{
    size_t n = event == G3_ROW || event == G3_BAD_ROW ? (page.width + 7) / 8 : 0;
    o->events[o->count++] = "MRBEL"[event];
    for (size_t i = 0; i < n; i++)
        o->hash = (o->hash ^ packed[i]) * UINT64_C(1099511628211);
}

/* ---- pel by pel */

static size_t at_bit;
static const struct code *take_code(const struct code *codes, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        unsigned word = 0, bits = codes[i].bits;
        for (unsigned k = 0; k < bits && at_bit + bits <= page.bits; k++)
            word = word << 1 | (page.bytes[(at_bit + k) / 8] >> (7 - (at_bit + k) % 8) & 1);
        if (bits && word == codes[i].word && at_bit + bits <= page.bits) {
            at_bit += bits;
            return &codes[i];
        }
    }
    return NULL;
}

/* -1: no such run, or one beyond the width. */
static int take_run(unsigned colour, int room)
{
    int run = 0;
    for (;;) {
        const struct code *c = take_code(runs[colour], RUNS);
        if (!c || run + c->run > room)
            return -1;
        run += c->run;
        if (c->run < 64)
            return run;
    }
}

static bool plain_row(void)
{
    int a0 = -1, width = (int)page.width;
    unsigned colour = 0;
    while (a0 < width) {
        int left = a0 < 0 ? 0 : a0, b1 = change_above(a0, !colour), b2 = change_above(b1, colour);
        const struct code *m = take_code(modes, MODES);
        if (!m || (m->run == PASS && b2 >= width))
            return false;
        if (m->run == HORIZONTAL) {
            for (int i = 0; i < 2; i++, colour ^= 1) {
                int run = take_run(colour, width - left);
                if (run < 0)
                    return false;
                paint(left, left + run, colour);
                a0 = left += run;
            }
            continue;
        }
        a0 = m->run == PASS ? b2 : b1 + m->run;
        if (a0 < left || a0 > width)
            return false;
        paint(left, a0, colour);
        colour ^= m->run != PASS;
    }
    return true;
}

static unsigned next_bits(unsigned n)
{
    unsigned word = 0;
    for (size_t i = at_bit; i < at_bit + n; i++)
        word = word << 1 | (i < page.bits ? page.bytes[i / 8] >> (7 - i % 8) & 1 : 0);
    return word;
}

static void plain(struct outcome *o)
{
    memset(pels, 0, sizeof pels);
    o->count = 0;
    o->hash = 1;
    at_bit = 0;
    while (at_bit < page.bits && next_bits(8)) {
        static uint8_t packed[(G3_WIDTH_MAX + 7) / 8];
        if (!plain_row()) {
            note(o, G3_LOST, (const uint8_t *)"");
            o->events[o->count] = 0;
            return;
        }
        memset(packed, 0, sizeof packed);
        for (unsigned x = 0; x < page.width; x++)
            packed[x / 8] |= (uint8_t)(row[x] << (7 - x % 8));
        note(o, G3_ROW, packed);
        next_row();
    }
    while (at_bit < page.bits && next_bits(24) == 0)
        at_bit += 24;
    bool eofb = next_bits(24) == 0x1001, eol = next_bits(12) == 1 && at_bit + 24 > page.bits;
    note(o, at_bit >= page.bits || eofb || eol ? G3_END : G3_LOST, (const uint8_t *)"");
    o->events[o->count] = 0;
}

/* ---- by a kernel */

static void by_kernel(struct outcome *o, size_t step)
{
    static struct g3_decoder d;
    static uint8_t packed[(G3_WIDTH_MAX + 7) / 8];
    size_t at = 0, n = page.bits / 8;
    o->count = 0;
    o->hash = 1;
    g3_decoder_init(&d, page.coding, page.width, 0);
    for (;;) {
        enum g3_event event = g3_decoder_next(&d, packed);
        if (event == G3_MORE && at < n) {
            /* A block of its own, so that a sanitizer sees what is read behind it. */
            static uint8_t *block;
            size_t k = n - at < step ? n - at : step;
            free(block);
            block = malloc(k);
            memcpy(block, page.bytes + at, k);
            g3_decoder_push(&d, span_of(block, k));
            at += k;
        } else if (event == G3_MORE) {
            g3_decoder_finish(&d);
        } else {
            note(o, event, packed);
            if (event != G3_ROW && event != G3_BAD_ROW)
                break;
        }
    }
    o->events[o->count] = 0;
}

static struct outcome want, got;

static bool same(size_t step)
{
    by_kernel(&got, step);
    return strcmp(want.events, got.events) == 0 && want.hash == got.hash;
}

static void compare(size_t step)
{
    if (!same(step)) {
        printf("# %s: width %u, %zu bytes by %zu: %.20s %.20s\n", g3_kernel_used()->name,
               page.width, page.bits / 8, step, want.events, got.events);
        CHECK(false);
    }
}

/* The page's bytes as they are now, by every kernel, whole and in pieces, as wanted. */
static void by_every_kernel(void)
{
    static const char *const levels[] = {"scalar", "avx2", "avx512"};
    for (unsigned i = 0; i < sizeof levels / sizeof *levels; i++) {
        unsigned cap;
        cpu_level(span_str(levels[i]), &cap);
        g3_use(cpu_detect() & cap);
        if (strcmp(g3_kernel_used()->name, levels[i]) != 0)
            continue;
        compare(page.bits / 8);
        compare(1 + chance(20));
    }
}

static void try_page(void)
{
    page.bits = (page.bits + 7) / 8 * 8;
    plain(&want);
    by_every_kernel();
}

static const unsigned wide[] = {1728, 2560, 2561, 10000, 65531, 65532, 65533, 65535};
enum { WIDE = sizeof wide / sizeof *wide };

static void codes_that_no_encoder_would_choose(void)
{
    for (unsigned width = 1; width <= 700; width++) {
        make_page(width, width % 17);
        try_page();
        CHECK_INT(want.count, page.rows + 1);
    }
    for (unsigned i = 0; i < WIDE; i++) {
        make_page(wide[i], i % 5);
        try_page();
        CHECK_INT(want.count, page.rows + 1);
    }
}

static void any_bits_at_all(void)
{
    for (unsigned i = 0; i < 6000; i++) {
        make_page(i % 8 ? 1 + chance(700) : wide[i / 8 % WIDE], i % 17);
        size_t n = page.bits / 8, damage = 1 + chance(4);
        if (page.width > 3000 && i % 64)
            continue;
        while (damage--)
            page.bytes[chance((unsigned)n)] ^= (uint8_t)(i % 3 ? 1u << chance(8) : chance(256));
        try_page();
    }
}

static void every_bit_turned_and_every_cut(void)
{
    static const unsigned widths[] = {7, 64, 100, 333};
    for (unsigned i = 0; i < 4; i++) {
        make_page(widths[i], 3 + i);
        size_t bits = page.bits < 1200 ? page.bits : 1200;
        for (size_t k = 0; k < bits; k++) {
            page.bytes[k / 8] ^= (uint8_t)(0x80 >> k % 8);
            try_page();
            page.bytes[k / 8] ^= (uint8_t)(0x80 >> k % 8);
        }
        for (bits = page.bits; page.bits > 8; page.bits -= 8)
            try_page();
    }
}

static void every_split(void)
{
    for (unsigned i = 0; i < 3; i++) {
        make_page(120 + 100 * i, 4);
        try_page();
        for (size_t step = 1; step < page.bits / 8; step++)
            compare(step);
    }
}

static unsigned long long next_random(void)
{
    return check_random(&seed);
}

/* MR finds its way again behind damage. Byte by byte no kernel has a part in it. */
static void damaged_rows_of_mr(void)
{
    static struct g3_encoder e;
    static uint8_t rows[2][(G3_WIDTH_MAX + 7) / 8], out[G3_WIDTH_MAX + 64];
    for (unsigned i = 0; i < 2000; i++) {
        memset(&page, 0, sizeof page);
        page.coding = G3_MR;
        page.width = i % 50 ? 1 + chance(700) : wide[i / 50 % WIDE];
        g3_encoder_init(&e, G3_MR, page.width, 2u << i % 3, 0);
        size_t n = 0;
        for (unsigned y = 0; y < ROWS && n + 2 * g3_row_bound(page.width) < BYTES; y++) {
            enum texture t = chance(3) ? LIKE_ABOVE : (enum texture)chance(TEXTURES);
            make_row(rows[y & 1], y ? rows[~y & 1] : NULL, page.width, t, next_random);
            size_t k = g3_encode_row(&e, rows[y & 1], out);
            memcpy(page.bytes + n, out, k);
            n += k;
        }
        n += g3_encode_end(&e, page.bytes + n);
        page.bits = 8 * n;
        for (unsigned damage = chance(4); damage; damage--)
            page.bytes[chance((unsigned)n)] ^= (uint8_t)(i % 3 ? 1u << chance(8) : chance(256));
        by_kernel(&want, 1);
        by_every_kernel();
    }
}

int main(void)
{
    printf("# kernels up to %s\n", g3_kernel_for(cpu_detect())->name);
    RUN(codes_that_no_encoder_would_choose);
    RUN(any_bits_at_all);
    RUN(every_bit_turned_and_every_cut);
    RUN(every_split);
    RUN(damaged_rows_of_mr);
    return check_done();
}
