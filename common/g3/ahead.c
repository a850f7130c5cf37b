#include "g3/ahead.h"

#include "g3/codes.h"
#include "g3/pels.h"

/*
 * One of the two rows in work. What the loop needs at each look-up is apart, to stay in
 * registers: 14 of 15 are taken.
 */
struct hot {
    uint64_t bits, last;
    const uint64_t *windows;
    uint32_t sum; /* of the entries since the last refill; in its high part x + 7 */
};

struct lane {
    struct hot hot;
    const uint8_t *at;
    unsigned have, number; /* of the row */
    uint8_t *row;          /* with 8 bytes before it that are nobody's */
};

/*
 * A refill may read 15 bytes beyond the one that an EOL's 1 lies in. Places are 32 bits; and who
 * asks for one row does not want a large page to be searched.
 */
enum { READ_BEHIND = 16, SEARCHED_MAX = 1 << 16 };

/* The part of a sum below x holds five entries' bits used (low 6), and refuse above these. */
enum { SUM_USED = 63, SUM_LOW = (1 << G3_WINDOW_PELS) - 1 };

/*
 * Places, in bits from base, behind the EOLs in size bytes from the place `from` on, `most` at
 * most: a 1 behind 11 zeros. Of each eight bytes the last 48 bits are looked at. That they hold an
 * EOL, which no branch foresees, is counted rather than asked; that they hold two is rare.
 */
static unsigned find_eols(const uint8_t *base, size_t size, unsigned from, uint32_t *place,
                          unsigned most)
{
    uint64_t before = from ? ~(UINT64_MAX >> from) : 0, seen = UINT64_MAX;
    unsigned n = 0;
    for (size_t i = 0; i + 8 <= size && n < most; i += 6) {
        uint64_t w = get_be64(base + i) | before, zeros = ~w;
        zeros &= zeros << 1;
        zeros &= zeros << 2;
        zeros &= zeros << 4;
        zeros &= zeros << 3;
        uint64_t ends = zeros >> G3_EOL_ZEROS & w & seen;
        unsigned at = (unsigned)__builtin_clzll(ends | 1);
        place[n] = (uint32_t)(i * 8 + at + 1);
        n += ends != 0;
        for (ends &= (UINT64_MAX >> 1) >> at; ends && n < most; ends &= (UINT64_MAX >> 1) >> at) {
            at = (unsigned)__builtin_clzll(ends);
            place[n++] = (uint32_t)(i * 8 + at + 1);
        }
        before = 0;
        seen = UINT64_MAX >> 16;
    }
    return n;
}

/* The next row that is not white, of those still wanted. */
static bool next_row(struct g3_decoder *d, struct lane *l)
{
    struct g3_ahead *a = &d->ahead;
    size_t bytes = (d->width + 7) / 8;
    while (a->begun < a->ready) {
        l->number = a->begun++;
        l->row = a->rows + a->pitch * l->number + 8;
        memset(l->row, 0, bytes);
        struct g3_place at = {a->base, 0};
        at = g3_beyond(at, a->start[l->number]);
        uint64_t bits = g3_bits_at(at);
        if (bits >> d->blank_shift == d->blank &&
            bits << (64 - d->blank_shift) >> (64 - G3_EOL_ZEROS) == 0) {
            a->end[l->number] = a->start[l->number] + 64 - d->blank_shift;
            continue;
        }
        l->hot = (struct hot){bits, 0, g3_windows[0], 7U << G3_WINDOW_PELS};
        l->at = at.byte + 7;
        l->have = 56 - at.bit;
        return true;
    }
    return false;
}

/*
 * The table cannot tell how the row goes on, or the next entry goes beyond its width. A row ends
 * behind a terminating code: of a white run, so that black is next, or of a black one.
 */
static bool look_closer(struct g3_decoder *d, struct lane *l)
{
    struct hot *h = &l->hot;
    struct g3_ahead *a = &d->ahead;
    struct g3_bits in = {l->at, d->in.end, h->bits, l->have - (h->sum & SUM_USED)};
    struct g3_pels p = {l->row, (h->sum >> G3_WINDOW_PELS) - 7, d->width, h->last, h->windows};
    if (p.x < d->width || !(p.windows != g3_windows[0] || p.last & 1)) {
        if (g3_add_run(&in, &p)) {
            *h = (struct hot){in.bits, p.last, p.windows, (p.x + 7) << G3_WINDOW_PELS};
            l->at = in.at;
            l->have = in.have;
            return true;
        }
        a->ready = l->number < a->ready ? l->number : a->ready;
        return next_row(d, l);
    }
    g3_refill(&in);
    a->end[l->number] = (uint32_t)((in.at - a->base) * 8 - in.have);
    if (in.bits >> (64 - G3_EOL_ZEROS) != 0)
        a->ready = l->number < a->ready ? l->number : a->ready;
    return next_row(d, l);
}

static inline __attribute__((always_inline)) void refill(struct hot *h, struct lane *l)
{
    unsigned have = l->have - (h->sum & SUM_USED);
    h->sum &= ~(uint32_t)SUM_LOW;
    h->bits |= get_be64(l->at) >> have;
    l->at += (63 - have) >> 3;
    l->have = have | 56;
}

static inline __attribute__((always_inline)) bool add_window(struct hot *h, const struct lane *l,
                                                             uint32_t limit)
{
    uint64_t e = h->windows[h->bits >> (64 - G3_WINDOW_BITS)];
    uint32_t sum = h->sum + (uint32_t)e;
    if (sum > limit)
        return false;
    h->sum = sum;
    h->bits <<= e & 63;
    h->last = (h->last << (e >> G3_WINDOW_SHIFT & 63) << 1) + (e >> G3_WINDOW_PATTERN);
    /* Eight bytes that end where x lies: its sum has been 7 ahead from the start. */
    put_be64(l->row - 8 + (sum >> (G3_WINDOW_PELS + 3)),
                  h->last << (~sum >> G3_WINDOW_PELS & 7));
    h->windows = g3_windows[(e & G3_WINDOW_BLACK) != 0];
    return true;
}

/* Until the row that lane has in work asks for a closer look. */
static __attribute__((noinline)) void one_lane(struct lane *l, uint32_t limit)
{
    struct hot h = l->hot;
    do
        refill(&h, l);
    while (add_window(&h, l, limit) && add_window(&h, l, limit) && add_window(&h, l, limit) &&
           add_window(&h, l, limit) && add_window(&h, l, limit));
    l->hot = h;
}

static inline __attribute__((always_inline)) bool add_both(struct hot *h, struct hot *k,
                                                           const struct lane *l, uint32_t limit,
                                                           unsigned *which)
{
    *which = 0;
    if (!add_window(h, l, limit))
        return false;
    *which = 1;
    return add_window(k, l + 1, limit);
}

/* Until one of the rows does; says which. */
static __attribute__((noinline)) unsigned two_lanes(struct lane *l, uint32_t limit)
{
    struct hot h = l[0].hot, k = l[1].hot;
    unsigned which;
    do {
        refill(&h, l);
        refill(&k, l + 1);
    } while (add_both(&h, &k, l, limit, &which) && add_both(&h, &k, l, limit, &which) &&
             add_both(&h, &k, l, limit, &which) && add_both(&h, &k, l, limit, &which) &&
             add_both(&h, &k, l, limit, &which));
    l[0].hot = h;
    l[1].hot = k;
    return which;
}

static void decode_rows(struct g3_decoder *d)
{
    struct lane lanes[2];
    uint32_t limit = (d->width + 7) << G3_WINDOW_PELS | SUM_LOW;
    unsigned left = 0;
    if (!next_row(d, &lanes[0]))
        return;
    if (next_row(d, &lanes[1])) {
        unsigned which;
        do
            which = two_lanes(lanes, limit);
        while (look_closer(d, &lanes[which]));
        left = which ^ 1;
    }
    do
        one_lane(&lanes[left], limit);
    while (look_closer(d, &lanes[left]));
}

void g3_ahead_init(struct g3_decoder *d)
{
    struct g3_ahead *a = &d->ahead;
    unsigned width = d->width;
    if (width < G3_PELS_WIDTH_MIN || width > G3_PELS_WIDTH_MAX)
        return;
    a->pitch = ((width + 63) / 64 + 1) * 8;
    a->most = a->room = G3_AHEAD_BYTES / a->pitch < G3_AHEAD_ROWS ? G3_AHEAD_BYTES / a->pitch
                                                                  : G3_AHEAD_ROWS;
}

bool g3_look_ahead(struct g3_decoder *d)
{
    struct g3_ahead *a = &d->ahead;
    struct g3_place here = g3_here(&d->in);
    /* The bits at hand must lie in the span, and behind the last EOL as much as a refill reads. */
    if (a->room < 2 || here.byte < d->begin || d->in.end - here.byte < 2 * READ_BEHIND)
        return false;
    a->base = here.byte;
    size_t size = (size_t)(d->in.end - a->base) - READ_BEHIND;
    if (size > SEARCHED_MAX)
        size = SEARCHED_MAX;
    unsigned n = find_eols(a->base, size, here.bit, a->start, a->most + 1);
    if (n < 3)
        return false;
    a->ready = n - 1;
    a->begun = a->given = 0;
    decode_rows(d);
    a->stopped = a->ready < n - 1;
    /* Where damage is, little is decoded in vain. */
    a->most = a->stopped ? 2 : 2 * a->most < a->room ? 2 * a->most : a->room;
    return a->ready > 0;
}
