/* What coded data is, guessed from the data alone: every coding, way of following each other, bit
 * order and width comes out first; noise is nothing. */
#include "../g3/pages.h"
#include "check.h"
#include "page/guess.h"

static unsigned long long seed = 2026;
static unsigned long long next_random(void)
{
    return check_random(&seed);
}

static struct g3_encoder encoder;
static struct page_guesser guesser;
enum { ROWS = 60, ROOM = 1 << 18 };
static uint8_t coded[ROOM], row[8192];

/* A page of text coded that way; its size. */
static size_t make_page(const struct page_way *way)
{
    bool words = way->flags & PAGE_ALIGN_WORD;
    unsigned flags = way->flags & ~(unsigned)PAGE_ALIGN_WORD;
    size_t n = 0;
    g3_encoder_init(&encoder, way->coding, way->width, 4, flags);
    for (unsigned y = 0; y < ROWS; y++) {
        make_row(row, NULL, way->width, y % 4 ? TEXT : BLANK, next_random);
        n += g3_encode_row(&encoder, row, coded + n);
        if (words) {
            n += g3_encode_flush(&encoder, coded + n);
            if (n & 1)
                coded[n++] = 0;
        }
    }
    n += way->flags & G3_NO_EOL ? g3_encode_flush(&encoder, coded + n)
                                : g3_encode_end(&encoder, coded + n);
    if (way->lsb)
        g3_reverse_bits(coded, n);
    return n;
}

static const struct page_way ways[] = {
    {G3_MH, 0, false, 1728},
    {G3_MH, 0, true, 2048},
    {G3_MR, 0, false, 2432},
    {G3_MR, 0, true, 1728},
    {G3_MMR, 0, false, 1728},
    {G3_MMR, 0, true, 2592},
    {G3_MH, G3_NO_EOL, false, 1728},
    {G3_MH, G3_NO_EOL, true, 3456},
    {G3_MH, G3_NO_EOL | G3_ALIGN_ROW, false, 2048},
    {G3_MH, G3_NO_EOL | PAGE_ALIGN_WORD, true, 1728},
    {G3_MR, G3_NO_EOL, true, 1728},
    {G3_MR, G3_NO_EOL | G3_ALIGN_ROW, false, 2432},
};
enum { WAYS = sizeof ways / sizeof *ways };

static bool is_same(const struct page_way *a, const struct page_way *b)
{
    return a->coding == b->coding && a->flags == b->flags && a->lsb == b->lsb &&
           a->width == b->width;
}

static void the_data_is_what_it_is_under_every_claim(void)
{
    struct page_guess guesses[PAGE_GUESSES];
    unsigned all = PAGE_FREE_CODING | PAGE_FREE_ORDER | PAGE_FREE_WIDTH;
    for (unsigned i = 0; i < WAYS; i++) {
        size_t n = make_page(&ways[i]);
        uint8_t *copy = guarded(n);
        memcpy(copy, coded, n);
        for (unsigned j = 0; j < WAYS; j++) {
            unsigned count = page_guess(&guesser, span_of(copy, n), true, &ways[j], all, guesses);
            CHECK(count > 0 && is_same(&guesses[0].way, &ways[i]));
            CHECK(guesses[0].bad_rows == 0 && guesses[0].score > 1000);
        }
        guarded_free(copy, n);
    }
}

/* The sample ends anywhere; what is cut there is no damage. */
static void a_sample_that_ends_within_a_row(void)
{
    struct page_guess guess;
    for (unsigned i = 0; i < WAYS; i++) {
        if (ways[i].lsb)
            continue;
        size_t n = make_page(&ways[i]);
        for (size_t end = n / 2; end < n / 2 + 40; end++) {
            uint8_t *copy = guarded(end);
            memcpy(copy, coded, end);
            page_try(&guesser.decoder, span_of(copy, end), false, &ways[i], &guess);
            CHECK(guess.rows > 10 && guess.bad_rows == 0 && guess.score == 1024);
            guarded_free(copy, end);
        }
    }
}

static void what_is_said_holds(void)
{
    struct page_guess guesses[PAGE_GUESSES];
    size_t n = make_page(&ways[4]);
    unsigned count = page_guess(&guesser, span_of(coded, n), true, &ways[0], PAGE_FREE_ORDER, guesses);
    for (unsigned i = 0; i < count; i++)
        CHECK(guesses[i].way.coding == G3_MH);
    CHECK_INT(page_guess(&guesser, span_of(coded, n), true, &ways[5], PAGE_FREE_CODING, guesses), 0);
}

static void noise_is_nothing(void)
{
    struct page_guess guesses[PAGE_GUESSES];
    unsigned all = PAGE_FREE_CODING | PAGE_FREE_ORDER | PAGE_FREE_WIDTH;
    for (int i = 0; i < 20; i++) {
        for (size_t k = 0; k < 5000; k++)
            coded[k] = (uint8_t)next_random();
        CHECK_INT(page_guess(&guesser, span_of(coded, 5000), true, &ways[0], all, guesses), 0);
    }
    memset(coded, 0, 5000);
    CHECK_INT(page_guess(&guesser, span_of(coded, 5000), true, &ways[0], all, guesses), 0);
    for (size_t k = 0; k < 5000; k++)
        coded[k] = "\x00\x10\x01"[k % 3];
    CHECK_INT(page_guess(&guesser, span_of(coded, 5000), true, &ways[0], all, guesses), 0);
}

static void rows_tell_their_width(void)
{
    static const unsigned widths[] = {256, 1000, 1728, 1729, 4864, 10000, 65535};
    for (unsigned i = 0; i < sizeof widths / sizeof *widths; i++) {
        for (int mr = 0; mr < 2; mr++) {
            struct page_way way = {mr ? G3_MR : G3_MH, 0, false, widths[i]};
            size_t n = make_page(&way);
            for (size_t less = 0; less < 3; less++)
                CHECK_INT(page_measure(span_of(coded, n - less), mr), widths[i]);
        }
    }
    CHECK_INT(page_measure(span_of(coded, 0), false), 0);
    CHECK_INT(page_measure(span_of((const uint8_t *)"\x00\x10", 2), false), 0);
}

int main(void)
{
    RUN(the_data_is_what_it_is_under_every_claim);
    RUN(a_sample_that_ends_within_a_row);
    RUN(what_is_said_holds);
    RUN(noise_is_nothing);
    RUN(rows_tell_their_width);
    return check_done();
}
