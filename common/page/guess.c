#include "page/guess.h"

#include "page/page.h"

#include <string.h>

/* A row in a bit is no evidence of anything: more of them are not looked at. */
enum { ROWS_MAX = 512, SCORE_MIN = 256 };

/* Endless EOLs add up to rows as well, of a few pels. */
enum { MEASURED_MIN = 256 };

/* The decoder stands behind a row of whole bytes: on to the next word, if it is not on one. */
static void to_word(struct g3_decoder *d, struct span sample, uint64_t *base, bool whole)
{
    uint64_t at = *base + (g3_decoder_offset(d) + 7) / 8;
    enum g3_coding coding = d->coding;
    unsigned width = d->width, flags = d->flags;
    if (!(at & 1))
        return;
    at++;
    g3_decoder_init(d, coding, width, flags);
    g3_decoder_push(d, span_skip(sample, at < sample.n ? (size_t)at : sample.n));
    if (whole)
        g3_decoder_finish(d);
    *base = at;
}

/* The rows of the sample; their bits, good ones and all that were seen. */
static void read_rows(struct g3_decoder *d, struct span sample, bool whole, bool words,
                      struct page_guess *guess, uint64_t *good, uint64_t *seen)
{
    uint64_t base = 0, before = 0, all = (uint64_t)sample.n * 8;
    enum g3_event event;
    while (guess->rows < ROWS_MAX) {
        event = g3_decoder_next(d, NULL);
        uint64_t at = base * 8 + g3_decoder_offset(d);
        if (event == G3_ROW || event == G3_BAD_ROW) {
            guess->rows++;
            guess->bad_rows += event == G3_BAD_ROW;
            *good += event == G3_ROW ? at - before : 0;
            *seen = before = at;
            if (words)
                to_word(d, sample, &base, whole);
            continue;
        }
        if (event == G3_LOST || (event == G3_END && !d->closed))
            *seen = all;
        if (event == G3_END && all - at < 32)
            *seen = before;
        return;
    }
}

void page_try(struct g3_decoder *d, struct span sample, bool whole, const struct page_way *way,
              struct page_guess *guess)
{
    uint64_t good = 0, seen = 0;
    bool words = way->flags & PAGE_ALIGN_WORD;
    unsigned flags = way->flags & ~(unsigned)PAGE_ALIGN_WORD;
    *guess = (struct page_guess){.way = *way};
    g3_decoder_init(d, way->coding, way->width, words ? flags | G3_ALIGN_ROW : flags);
    g3_decoder_push(d, sample);
    if (whole)
        g3_decoder_finish(d);
    read_rows(d, sample, whole, words, guess, &good, &seen);
    guess->led = d->led;
    guess->score = seen ? (unsigned)(good * 1024 / seen) : 0;
    /* T.4 4.2: the first row of a page is one-dimensional. */
    if (way->coding == G3_MR && d->longest_2d == guess->rows)
        guess->score = 0;
}

static void rank(struct page_guess out[PAGE_GUESSES], unsigned *count, const struct page_guess *new)
{
    if (new->score < SCORE_MIN || new->bad_rows * 2 > new->rows)
        return;
    unsigned at = *count;
    while (at > 0 && out[at - 1].score < new->score)
        at--;
    if (at == PAGE_GUESSES)
        return;
    *count += *count < PAGE_GUESSES;
    memmove(out + at + 1, out + at, (*count - at - 1) * sizeof *out);
    out[at] = *new;
}

/* The ways of the field in coded data, without bit order and width. */
static const struct page_way ways[] = {
    {.coding = G3_MH},
    {.coding = G3_MR},
    {.coding = G3_MMR},
    {.coding = G3_MH, .flags = G3_NO_EOL},
    {.coding = G3_MH, .flags = G3_NO_EOL | G3_ALIGN_ROW},
    {.coding = G3_MH, .flags = G3_NO_EOL | PAGE_ALIGN_WORD},
    {.coding = G3_MMR, .flags = G3_ALIGN_ROW},
    {.coding = G3_MH, .flags = G3_ALIGN_ROW},
    {.coding = G3_MR, .flags = G3_ALIGN_ROW},
    {.coding = G3_MR, .flags = G3_NO_EOL},
    {.coding = G3_MR, .flags = G3_NO_EOL | G3_ALIGN_ROW},
};
enum { WAYS = sizeof ways / sizeof *ways };

static const uint16_t widths_of_fax[] = {1728, 2048, 2432, 2592, 3072, 3648, 3456, 4096, 4864};

struct search {
    struct page_guesser *g;
    struct span sample;
    bool whole, lsb;
    struct page_guess *out;
    unsigned count;
};

static void look(struct search *s, const struct page_way *way, unsigned width)
{
    struct page_way this = {way->coding, way->flags, s->lsb, width};
    struct page_guess guess;
    page_try(&s->g->decoder, s->sample, s->whole, &this, &guess);
    rank(s->out, &s->count, &guess);
}

static bool is_led(const struct page_way *way)
{
    return way->coding != G3_MMR && !(way->flags & G3_NO_EOL);
}

/* Rows between EOLs tell their width; of the others it must be guessed too. */
static void look_at_widths(struct search *s, const struct page_way *way, unsigned not_this)
{
    if (is_led(way)) {
        if (way->flags & G3_ALIGN_ROW)
            return;
        unsigned width = page_measure(s->sample, way->coding == G3_MR);
        if (width >= MEASURED_MIN && width != not_this)
            look(s, way, width);
        return;
    }
    for (unsigned i = 0; i < sizeof widths_of_fax / sizeof *widths_of_fax; i++)
        if (widths_of_fax[i] != not_this)
            look(s, way, widths_of_fax[i]);
}

static void look_at_ways(struct search *s, const struct page_way *claimed, unsigned freedom)
{
    look(s, claimed, claimed->width);
    for (unsigned i = 0; i < WAYS; i++) {
        bool coding = ways[i].coding == claimed->coding;
        if (!coding && !(freedom & PAGE_FREE_CODING))
            continue;
        if (!coding || ways[i].flags != claimed->flags)
            look(s, &ways[i], claimed->width);
        if (freedom & PAGE_FREE_WIDTH)
            look_at_widths(s, &ways[i], claimed->width);
    }
}

unsigned page_guess(struct page_guesser *g, struct span sample, bool whole,
                    const struct page_way *claimed, unsigned freedom,
                    struct page_guess out[PAGE_GUESSES])
{
    struct span seen = span_take(sample, PAGE_SAMPLE);
    struct search s = {.g = g, .out = out, .whole = whole && seen.n == sample.n};
    memcpy(g->turned, seen.p, seen.n);
    g3_reverse_bits(g->turned, seen.n);
    for (int other = 0; other < (freedom & PAGE_FREE_ORDER ? 2 : 1); other++) {
        s.lsb = claimed->lsb != (other == 1);
        s.sample = s.lsb ? span_of(g->turned, seen.n) : seen;
        look_at_ways(&s, claimed, freedom);
    }
    return s.count;
}
