/*
 * Ten thousand damaged pages (G3_MUTANTS): never a crash, never work without end, what lies before
 * the damage comes out as it was, and of the rows whose own bits are whole nearly all do in MH and
 * MR. The figures are printed.
 */
#include "check.h"
#include "cpu/cpu.h"
#include "g3/kernel.h"
#include "mutate.h"
#include "pages.h"

enum { WIDTH = 1728, STRIDE = WIDTH / 8, ROWS = 120, K = 4, ROWS_MOST = 4 * ROWS };

static unsigned long long seed = 1980;
static unsigned long long next_random(void)
{
    return check_random(&seed);
}

static struct g3_encoder encoder;
static struct g3_decoder decoder;
static uint8_t page[ROWS][STRIDE], got[ROWS_MOST][STRIDE];
static uint8_t coded[ROWS * 4 * STRIDE];
static size_t coded_size, row_end[ROWS];

/* Like a letter: lines of text with white between; each row has its number in the margin, so that
 * no two are alike. */
static void make_page(void)
{
    for (unsigned y = 0; y < ROWS; y++) {
        bool blank = y % 24 < 8;
        make_row(page[y], y ? page[y - 1] : NULL, WIDTH,
                 blank ? BLANK : y % 4 ? LIKE_ABOVE : TEXT, next_random);
        memset(page[y], 0, 8);
        for (unsigned bit = 0; bit < 8; bit++)
            if (y >> bit & 1)
                page[y][bit] = 0x3c;
    }
}

static enum g3_event next_event(uint8_t *row, const uint8_t *bytes, size_t n, size_t *at, size_t step)
{
    for (;;) {
        enum g3_event event = g3_decoder_next(&decoder, row);
        if (event != G3_MORE)
            return event;
        size_t k = n - *at < step ? n - *at : step;
        if (k)
            g3_decoder_push(&decoder, span_of(bytes + *at, k));
        else
            g3_decoder_finish(&decoder);
        *at += k;
    }
}

/* Rows, good and bad, into got; a page of them all must end by itself. */
static unsigned decode(enum g3_coding coding, const uint8_t *bytes, size_t n, size_t step)
{
    unsigned y = 0, events = 0;
    size_t at = 0;
    uint8_t spare[STRIDE] = {0};
    g3_decoder_init(&decoder, coding, WIDTH, 0);
    for (;; events++) {
        enum g3_event event = next_event(y < ROWS_MOST ? got[y] : spare, bytes, n, &at, step);
        if (event == G3_END || event == G3_LOST)
            break;
        if (y < ROWS_MOST)
            y++;
        if (events > n * 8 + 16) { /* T.6 has at most a row in a bit */
            CHECK(!"more rows than bits");
            break;
        }
    }
    return y;
}

static void encode(enum g3_coding coding)
{
    uint8_t row[STRIDE];
    size_t at = 0;
    coded_size = 0;
    make_page();
    g3_encoder_init(&encoder, coding, WIDTH, K, 0);
    for (unsigned y = 0; y < ROWS; y++) {
        uint8_t out[4 * STRIDE + 4096];
        size_t n = g3_encode_row(&encoder, page[y], out);
        memcpy(coded + coded_size, out, n);
        coded_size += n;
    }
    coded_size += g3_encode_end(&encoder, coded + coded_size);
    g3_decoder_init(&decoder, coding, WIDTH, 0);
    for (unsigned y = 0; y < ROWS; y++) {
        if (next_event(row, coded, coded_size, &at, coded_size) != G3_ROW)
            abort();
        row_end[y] = decoder.end_of_rows;
    }
}

/* The row's bits are whole, and those of the rows it leans on. */
static bool spared(enum g3_coding coding, const struct mutant *m, unsigned y)
{
    unsigned first = coding == G3_MH ? y : coding == G3_MR ? y - y % K : 0;
    return mutant_spares(m, first ? row_end[first - 1] : 0, row_end[y]);
}

/* So are those of what follows it, by which a row is known to end where it does. */
static bool followed(enum g3_coding coding, const struct mutant *m, unsigned y)
{
    return y + 1 < ROWS ? spared(coding, m, y + 1)
                        : mutant_spares(m, row_end[ROWS - 1], coded_size * 8);
}

struct score {
    unsigned long pages, spared, found, in_place, before_lost;
};

/* Looks for each row that was spared among those that came out, in order. */
static void judge(enum g3_coding coding, const struct mutant *m, unsigned rows, struct score *s)
{
    unsigned at = 0;
    bool before = true;
    for (unsigned y = 0; y < ROWS; y++) {
        if (!spared(coding, m, y)) {
            before = false;
            continue;
        }
        s->spared++;
        bool place = y < rows && memcmp(got[y], page[y], STRIDE) == 0;
        s->in_place += place;
        s->before_lost += before && !place && followed(coding, m, y);
        for (unsigned i = at; i < rows; i++)
            if (memcmp(got[i], page[y], STRIDE) == 0) {
                s->found++;
                at = i + 1;
                break;
            }
    }
    s->pages++;
}

static void try_mutant(enum g3_coding coding, enum mutation how, struct score *s)
{
    static uint8_t first[ROWS_MOST][STRIDE];
    struct mutant m = {.bytes = malloc(coded_size + MUTATE_GROWS), .n = coded_size};
    memcpy(m.bytes, coded, coded_size);
    mutate(&m, how, &seed);
    uint8_t *in = guarded(m.n);
    memcpy(in, m.bytes, m.n);
    g3_use(next_random() % 2 ? cpu_detect() : 0);
    unsigned rows = decode(coding, in, m.n, 1 + next_random() % 200);
    memcpy(first, got, sizeof first);
    unsigned again = decode(coding, in, m.n, m.n);
    if (rows != again || memcmp(first, got, (size_t)rows * STRIDE) != 0) {
        printf("# whole and in pieces differ: %s, damage %d\n", g3_coding_name(coding), how);
        CHECK(!"whole and in pieces");
    }
    judge(coding, &m, rows, s);
    guarded_free(in, m.n);
    free(m.bytes);
}

static void with(enum g3_coding coding)
{
    static const char *const names[] = {"bits flipped", "bytes dropped", "bytes added",
                                        "blotted out", "cut off"};
    const char *count = getenv("G3_MUTANTS");
    unsigned mutants = (count ? (unsigned)atoi(count) : 10000) / (3 * MUTATIONS) + 1;
    struct score all = {0};
    for (int how = 0; how < MUTATIONS; how++) {
        struct score s = {0};
        for (unsigned i = 0; i < mutants; i++) {
            if (i % 50 == 0)
                encode(coding);
            try_mutant(coding, (enum mutation)how, &s);
        }
        printf("# %-4s %-14s %5lu pages: of %lu rows unhurt %.2f %% come out, %.2f %% in place\n",
               g3_coding_name(coding), names[how], s.pages, s.spared,
               100.0 * (double)s.found / (double)s.spared,
               100.0 * (double)s.in_place / (double)s.spared);
        all.spared += s.spared;
        all.found += s.found;
        all.before_lost += s.before_lost;
        CHECK(coding == G3_MMR || s.found * 100 >= s.spared * 95);
    }
    printf("# %-4s in all: %.2f %%\n", g3_coding_name(coding),
           100.0 * (double)all.found / (double)all.spared);
    CHECK_INT(all.before_lost, 0);
}

static void mh_survives(void)
{
    with(G3_MH);
}

static void mr_survives(void)
{
    with(G3_MR);
}

static void mmr_ends_where_it_is_hurt(void)
{
    with(G3_MMR);
}

int main(void)
{
    RUN(mh_survives);
    RUN(mr_survives);
    RUN(mmr_ends_where_it_is_hurt);
    return check_done();
}
