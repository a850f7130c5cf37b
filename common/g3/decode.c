#include "g3/ahead.h"
#include "g3/codes.h"
#include "g3/decode.h"
#include "g3/quick.h"
#include "g3/repair.h"
#include "g3/runs.h"

void g3_decoder_init(struct g3_decoder *d, enum g3_coding coding, unsigned width, unsigned flags)
{
    /* Not the lines and rows: they are many, and only what was written of them is read. */
    memset(d, 0, offsetof(struct g3_decoder, ahead.start));
    d->lines[0].change[0] = d->lines[1].change[0] = 0;
    d->eols_aligned = true;
    d->coding = coding;
    d->width = width;
    d->flags = flags;
    g3_close_line(&d->lines[0], 0, width);
    g3_expect_blank(d);
    g3_ahead_init(d);
}

void g3_decoder_push(struct g3_decoder *d, struct span bytes)
{
    d->in.at = d->begin = bytes.p;
    d->in.end = bytes.p + bytes.n;
    d->pushed += bytes.n;
}

void g3_decoder_finish(struct g3_decoder *d)
{
    d->finished = true;
}

uint64_t g3_decoder_offset(const struct g3_decoder *d)
{
    return (d->pushed - (uint64_t)(d->in.end - d->in.at)) * 8 - d->in.have;
}

/* At least n bits, or zeros behind the last of all: false means push more. */
static bool need(struct g3_decoder *d, unsigned n)
{
    g3_refill(&d->in);
    return d->in.have >= n || d->finished;
}

/* Every bit from here to the end of the page is 0. Only asked of the last bits. */
static bool only_zeros_left(const struct g3_decoder *d)
{
    return d->finished && d->in.at == d->in.end && d->in.bits == 0;
}

static enum g3_event end(struct g3_decoder *d, bool closed)
{
    d->closed = closed;
    d->step = G3_STEP_END;
    return G3_END;
}

/* In a row: its good part is the last that is known of the page. */
static enum g3_event lose(struct g3_decoder *d, uint8_t *row)
{
    g3_cut_row(d, row);
    d->good_pels = d->a0;
    d->step = G3_STEP_LOST;
    return G3_LOST;
}

/* A row is decoded: it becomes the reference of the next one. */
static enum g3_event give_row(struct g3_decoder *d, uint8_t *row)
{
    d->reference ^= 1;
    if (row)
        g3_paint(&d->lines[d->reference], d->width, row);
    d->rows++;
    d->bad_now = 0;
    d->run_2d = d->two_d && d->coding == G3_MR ? d->run_2d + 1 : 0;
    if (d->run_2d > d->longest_2d)
        d->longest_2d = d->run_2d;
    return G3_ROW;
}

void g3_decoder_repeat(struct g3_decoder *d, uint8_t *row)
{
    g3_recall(d);
    g3_paint(&d->lines[d->reference], d->width, row);
}

static enum g3_event give_bad_row(struct g3_decoder *d, uint8_t *row)
{
    if (row)
        g3_decoder_repeat(d, row);
    d->rows++;
    d->bad_rows++;
    d->bad_now++;
    d->run_2d = 0;
    if (d->bad_now > d->bad_in_a_row)
        d->bad_in_a_row = d->bad_now;
    return G3_BAD_ROW;
}

static void start_row(struct g3_decoder *d, bool two_d)
{
    g3_recall(d);
    d->two_d = two_d;
    d->a0 = 0;
    d->n = 0;
    d->run = 0;
    d->phase = 0;
    d->b1 = 1;
    d->last_zeros = 0;
    d->step = G3_STEP_ROW;
}

static bool has_eols(const struct g3_decoder *d)
{
    return d->coding != G3_MMR && !(d->flags & G3_NO_EOL);
}

/* A damaged row: the way goes on at the next EOL, if there are any. */
static enum g3_event damaged(struct g3_decoder *d, uint8_t *row)
{
    if (!has_eols(d))
        return lose(d, row);
    g3_mend_row(d);
    d->step = G3_STEP_RESYNC;
    d->zeros = d->last_zeros;
    return G3_MORE;
}

/*
 * The bits at a row's start are of no code: EOFB or RTC, padding, or damage. T.6 2.4.1: EOFB is
 * two EOLs. A cut or lone EOL at the very end is taken for the end, but does not close the page.
 */
static enum g3_event end_without_eol(struct g3_decoder *d, uint8_t *row)
{
    for (;;) {
        g3_refill(&d->in);
        if (only_zeros_left(d))
            return end(d, false);
        if (d->in.have < 2 * G3_EOL_BITS && !d->finished)
            return G3_MORE;
        uint64_t next = d->in.bits >> (64 - 2 * G3_EOL_BITS);
        if (next == 0x001001) {
            g3_skip(&d->in, 2 * G3_EOL_BITS);
            return end(d, true);
        }
        if (next >> G3_EOL_BITS == 1 && (d->coding != G3_MMR || d->in.have < 2 * G3_EOL_BITS))
            return end(d, false);
        if (next != 0) {
            start_row(d, false);
            return lose(d, row);
        }
        g3_skip(&d->in, 2 * G3_EOL_BITS);
    }
}

/*
 * Steps answer G3_MORE with the step changed for "go on", with the step as it was for "push
 * more". g3_decoder_next tells them apart.
 */
static enum g3_event step_start(struct g3_decoder *d)
{
    if (!need(d, G3_EOL_BITS))
        return G3_MORE;
    if (d->in.have == 0)
        return end(d, false);
    if (!has_eols(d)) {
        d->step = G3_STEP_LINE;
    } else if (d->in.bits >> (64 - G3_EOL_ZEROS) == 0) {
        d->led = true;
        d->zeros = 0;
        d->step = G3_STEP_EOL;
    } else {
        start_row(d, false);
    }
    return G3_MORE;
}

/* Eats zeros up to the 1 that ends them. False: the bytes are used up. */
static bool eat_zeros(struct g3_decoder *d)
{
    for (;;) {
        g3_refill(&d->in);
        if (d->in.have == 0)
            return false;
        unsigned z = d->in.bits ? (unsigned)__builtin_clzll(d->in.bits) : 64;
        bool one = z < d->in.have;
        unsigned used = one ? z : d->in.have;
        d->zeros = d->zeros + used > 0xffff ? 0xffff : d->zeros + used;
        g3_skip(&d->in, used);
        if (one) {
            g3_skip(&d->in, 1);
            return true;
        }
    }
}

static enum g3_event step_eol(struct g3_decoder *d, uint8_t *row)
{
    bool plain = d->coding == G3_MH && !(d->flags & G3_ALIGN_ROW);
    if (plain && d->zeros == 0 && d->eol_run == 0 && g3_quick_row_eol(d, row))
        return G3_ROW;
    if (!eat_zeros(d))
        return d->finished ? end(d, false) : G3_MORE;
    d->off_byte = d->off_byte || d->in.have & 7;
    d->eol_run++;
    d->zeros = 0;
    d->step = G3_STEP_TAG;
    return G3_MORE;
}

/* Up to the byte that a row starts on; but EOLs of an RTC may follow each other without fill, the
 * last one behind others, and those before it with one behind. */
static void skip_fill(struct g3_decoder *d, unsigned tag)
{
    uint64_t next = d->in.bits >> (64 - G3_EOL_BITS);
    uint64_t behind = d->in.bits << (G3_EOL_BITS + tag) >> (64 - G3_EOL_BITS);
    if (next != 1 || (behind != 1 && d->eol_run == 1))
        g3_skip(&d->in, d->in.have & 7);
}

/* T.4 4.1.4: RTC is six EOLs in a row (4.2.3: each with its tag 1); fewer are rows gone missing. */
static enum g3_event step_tag(struct g3_decoder *d)
{
    unsigned tag = d->coding == G3_MR;
    bool aligned = d->flags & G3_ALIGN_ROW;
    if (!need(d, d->eol_run == 6 ? tag : aligned ? 2 * (tag + G3_EOL_BITS) : G3_EOL_ZEROS + tag))
        return G3_MORE;
    if (d->eol_run == 6) {
        g3_skip(&d->in, d->in.have ? tag : 0);
        return end(d, true);
    }
    if (d->in.have <= tag)
        return end(d, false);
    if (tag) {
        d->two_d = !(d->in.bits >> 63);
        g3_skip(&d->in, 1);
    }
    if (aligned)
        skip_fill(d, tag);
    if (d->in.bits >> (64 - G3_EOL_ZEROS) == 0) {
        d->step = G3_STEP_EOL;
        return G3_MORE;
    }
    d->bad_to_come = d->eol_run - 1;
    d->eols += d->eol_run;
    /* Those of an RTC, which is stripped, do not count. */
    if (d->off_byte)
        d->eols_aligned = false;
    d->off_byte = false;
    d->eol_run = 0;
    d->step = G3_STEP_MISSED;
    return G3_MORE;
}

static enum g3_event step_missed(struct g3_decoder *d, uint8_t *row)
{
    if (d->bad_to_come) {
        d->bad_to_come--;
        d->reference_lost = true;
        return give_bad_row(d, row);
    }
    bool two_d = d->coding == G3_MR && d->two_d;
    start_row(d, two_d);
    if (!two_d)
        d->reference_lost = false;
    else if (d->reference_lost)
        return damaged(d, row);
    return G3_MORE;
}

static enum g3_event step_line(struct g3_decoder *d, uint8_t *row)
{
    bool tagged = d->coding == G3_MR;
    if (d->coding == G3_MH && g3_quick_row(d, row))
        return G3_ROW;
    if (!need(d, 8))
        return G3_MORE;
    /* No code starts with eight zeros, and none of two dimensions with seven, behind its tag. */
    if (d->in.have == 0 || d->in.bits >> 56 == 0) {
        d->step = G3_STEP_PADDING;
        return G3_MORE;
    }
    start_row(d, d->coding == G3_MMR || (tagged && !(d->in.bits >> 63)));
    g3_skip(&d->in, tagged);
    return G3_MORE;
}

static enum g3_event step_row(struct g3_decoder *d, uint8_t *row)
{
    enum g3_row_result r = d->two_d ? g3_decode_2d(d) : g3_decode_1d(d);
    if (r == G3_ROW_MORE)
        return G3_MORE;
    if (r == G3_ROW_BAD)
        return damaged(d, row);
    g3_close_line(&d->lines[d->reference ^ 1], d->n, d->width);
    if (has_eols(d)) {
        d->step = G3_STEP_CHECK;
        return G3_MORE;
    }
    d->step = G3_STEP_LINE;
    d->end_of_rows = g3_decoder_offset(d);
    if (d->flags & G3_ALIGN_ROW)
        g3_skip(&d->in, d->in.have & 7);
    return give_row(d, row);
}

/* Some coders end a row at its edge with a run of nothing in the other colour: its length in
 * bits, if that is what comes, and then an EOL. */
static unsigned run_of_nothing(uint64_t bits)
{
    if (bits >> 56 == 0x35 && bits << 8 >> (64 - G3_EOL_ZEROS) == 0)
        return 8;
    if (bits >> 54 == 0x37 && bits << 10 >> (64 - G3_EOL_ZEROS) == 0)
        return 10;
    return 0;
}

/* Only an EOL, fill or the end may follow: a row with codes to spare does not add up either. */
static enum g3_event step_check(struct g3_decoder *d, uint8_t *row)
{
    if (!need(d, G3_EOL_ZEROS))
        return G3_MORE;
    if (d->in.bits >> (64 - G3_EOL_ZEROS) != 0) {
        if (!need(d, 10 + G3_EOL_ZEROS))
            return G3_MORE;
        unsigned nothing = run_of_nothing(d->in.bits);
        if (nothing == 0 || nothing > d->in.have)
            return damaged(d, row);
        g3_skip(&d->in, nothing);
    }
    d->end_of_rows = g3_decoder_offset(d);
    d->zeros = 0;
    d->step = G3_STEP_EOL;
    return give_row(d, row);
}

static enum g3_event step_resync(struct g3_decoder *d, uint8_t *row)
{
    do {
        if (!eat_zeros(d)) {
            if (!d->finished)
                return G3_MORE;
            d->step = G3_STEP_END;
            break;
        }
        if (d->zeros >= G3_EOL_ZEROS) {
            d->eol_run = 1;
            d->off_byte = d->in.have & 7;
            d->zeros = 0;
            d->step = G3_STEP_TAG;
            break;
        }
        d->zeros = 0;
    } while (true);
    d->reference_lost = true;
    d->end_of_rows = g3_decoder_offset(d);
    return give_bad_row(d, row);
}

static enum g3_event take_step(struct g3_decoder *d, uint8_t *row)
{
    switch (d->step) {
    case G3_STEP_START:
        return step_start(d);
    case G3_STEP_EOL:
        return step_eol(d, row);
    case G3_STEP_TAG:
        return step_tag(d);
    case G3_STEP_MISSED:
        return step_missed(d, row);
    case G3_STEP_LINE:
        return step_line(d, row);
    case G3_STEP_ROW:
        return step_row(d, row);
    case G3_STEP_CHECK:
        return step_check(d, row);
    case G3_STEP_RESYNC:
        return step_resync(d, row);
    case G3_STEP_PADDING:
        return end_without_eol(d, row);
    case G3_STEP_LOST:
        return G3_LOST;
    default:
        return G3_END;
    }
}

enum g3_event g3_decoder_next(struct g3_decoder *d, uint8_t *row)
{
    for (;;) {
        enum g3_step before = d->step;
        enum g3_event event = take_step(d, row);
        if (event != G3_MORE)
            return event;
        if (d->step == before) {
            /* In a row there is nothing to recall: its start has done it. */
            g3_recall(d);
            return G3_MORE;
        }
    }
}
