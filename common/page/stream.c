#include "page/sff.h"
#include "page/stream.h"
#include "page/stream_parts.h"

#include <string.h>

void page_stream_init(struct page_stream *s, const struct page_hints *hints)
{
    memset(s, 0, offsetof(struct page_stream, head));
    s->why.text[0] = '\0';
    if (hints)
        s->hints = *hints;
    if (!s->hints.xdpi)
        s->hints.xdpi = 204;
    if (!s->hints.ydpi)
        s->hints.ydpi = 196;
}

void page_stream_push(struct page_stream *s, struct span bytes)
{
    s->in = bytes;
}

void page_stream_finish(struct page_stream *s)
{
    s->finished = true;
}

struct span *page_input(struct page_stream *s)
{
    return s->held.n ? &s->held : &s->in;
}

bool page_gather(struct page_stream *s, unsigned size)
{
    while (s->head_size < size) {
        struct span *in = page_input(s);
        if (in->n == 0)
            return false;
        s->head[s->head_size++] = *in->p;
        *in = span_skip(*in, 1);
    }
    return true;
}

enum page_event_type page_fail(struct page_stream *s, const char *reason)
{
    s->state = PAGE_STATE_ERROR;
    why_set(&s->why, ERR_DATA, "%s", reason);
    return PAGE_ERROR;
}

/* The end of the input, where it may end. */
static enum page_event_type over(struct page_stream *s)
{
    if (s->pages == 0)
        return page_fail(s, s->closing_due ? "cut short" : "no pages");
    if (s->closing_due)
        return page_fail(s, "no closing header: its writer did not finish");
    s->state = PAGE_STATE_OVER;
    return PAGE_OVER;
}

void page_announce(struct page_stream *s)
{
    s->pages++;
    if (s->page.number == 0)
        s->page.number = s->pages;
    s->state = PAGE_STATE_BEGIN;
}

static enum page_event_type step_header(struct page_stream *s)
{
    struct why why;
    if (!page_gather(s, PAGE_HEADER_SIZE)) {
        if (!s->finished)
            return PAGE_MORE;
        return s->head_size == 0 ? over(s) : page_fail(s, "cut short within a page header");
    }
    s->head_size = 0;
    if (!page_header_is(span_of(s->head, PAGE_HEADER_SIZE)))
        return page_fail(s, "no page header where one is due");
    if (page_header_parse(s->head, &s->page, &why))
        return page_fail(s, why.text);
    if (s->page.ours && s->page.number == 0) {
        s->closing_due = false;
        s->total = 0;
        return PAGE_MORE;
    }
    if (s->page.ours)
        s->closing_due = true;
    /* Ghostscript says it on the first page only. */
    if (s->page.total == 0)
        s->page.total = s->total;
    s->total = s->page.total;
    page_announce(s);
    return PAGE_MORE;
}

static enum page_event_type step_begin(struct page_stream *s, struct page_event *event)
{
    event->page = s->page;
    s->in_page = true;
    s->left = s->page.length;
    page_scan_start(s);
    s->state = s->kind == PAGE_KIND_SFF ? PAGE_STATE_SFF
               : s->page.ours          ? PAGE_STATE_DATA
                                       : PAGE_STATE_SCAN;
    return PAGE_BEGIN;
}

enum page_event_type page_end(struct page_stream *s, struct page_event *event, bool whole,
                              enum page_state next)
{
    event->page = s->page;
    event->whole = whole;
    s->in_page = false;
    s->state = next;
    return PAGE_END;
}

static enum page_event_type step_data(struct page_stream *s, struct page_event *event)
{
    if (s->left == 0)
        return page_end(s, event, true, PAGE_STATE_HEADER);
    struct span *in = page_input(s);
    if (in->n == 0)
        return s->finished ? page_fail(s, "cut short within a page") : PAGE_MORE;
    event->data = span_take(*in, s->left < SIZE_MAX ? (size_t)s->left : SIZE_MAX);
    *in = span_skip(*in, event->data.n);
    s->left -= event->data.n;
    return PAGE_DATA;
}

/* Rows led by EOLs tell of themselves; others only where every bit of them adds up. T.6 may be in
 * anything. */
static bool is_convincing(const struct page_stream *s, const struct page_guess *g)
{
    if (s->hints.bare)
        return true;
    if (g->way.coding == G3_MMR)
        return false;
    return g->way.flags & G3_NO_EOL ? g->rows >= 8 && g->bad_rows == 0 && g->score > 900 : g->led;
}

/* The first guess that convinces, of those that freedom leaves. */
static bool guess_bare(struct page_stream *s, struct page_way *way, unsigned freedom)
{
    struct page_guess guesses[PAGE_GUESSES];
    bool whole = s->finished && s->hold_size < PAGE_HOLD;
    unsigned n = page_guess(&s->guesser, span_of(s->hold, s->hold_size), whole, way, freedom,
                            guesses);
    for (unsigned i = 0; i < n; i++) {
        if (is_convincing(s, &guesses[i])) {
            *way = guesses[i].way;
            return true;
        }
    }
    return false;
}

/* What is not said of bare data is found out; what is said holds. */
static bool find_bare(struct page_stream *s)
{
    const struct page_hints *h = &s->hints;
    unsigned freedom = (h->bare ? 0 : PAGE_FREE_CODING) |
                       (h->order == PAGE_ORDER_FIND ? PAGE_FREE_ORDER : 0);
    struct page_way way = {.coding = h->coding, .lsb = h->order == PAGE_ORDER_LSB,
                           .width = h->width ? h->width : 1728};
    bool found = guess_bare(s, &way, freedom) ||
                 (h->width == 0 && guess_bare(s, &way, freedom | PAGE_FREE_WIDTH));
    s->lsb = way.lsb;
    s->page = (struct page){.width = way.width, .xdpi = h->xdpi, .ydpi = h->ydpi,
                            .coding = way.coding, .flags = way.flags};
    return found || h->bare;
}

static enum page_event_type step_kind(struct page_stream *s)
{
    while (s->hold_size < PAGE_HOLD && s->in.n) {
        struct span some = span_take(s->in, PAGE_HOLD - s->hold_size);
        memcpy(s->hold + s->hold_size, some.p, some.n);
        s->hold_size += some.n;
        s->in = span_skip(s->in, some.n);
    }
    struct span seen = span_of(s->hold, s->hold_size);
    bool all = s->hold_size == PAGE_HOLD || s->finished;
    if (!s->hints.bare && page_header_is(seen)) {
        /* Whether it is a stream of ours or not, each header says for itself. */
        s->kind = PAGE_KIND_STREAM;
        s->state = PAGE_STATE_HEADER;
    } else if (!s->hints.bare && span_starts(seen, span_str("Sfff"))) {
        s->kind = PAGE_KIND_SFF;
        s->state = PAGE_STATE_SFF_HEAD;
    } else if (!all) {
        return PAGE_MORE;
    } else if (seen.n == 0) {
        return page_fail(s, "empty input");
    } else if (find_bare(s)) {
        s->kind = PAGE_KIND_BARE;
        page_announce(s);
    } else {
        return page_fail(s, "neither TIFF nor any G3 data that is known");
    }
    s->held = seen;
    return PAGE_MORE;
}

static enum page_event_type take_step(struct page_stream *s, struct page_event *event)
{
    switch (s->state) {
    case PAGE_STATE_KIND:
        return step_kind(s);
    case PAGE_STATE_HEADER:
        return step_header(s);
    case PAGE_STATE_BEGIN:
        return step_begin(s, event);
    case PAGE_STATE_DATA:
        return step_data(s, event);
    case PAGE_STATE_SCAN:
        return page_scan(s, event);
    case PAGE_STATE_GAP:
        return page_gap(s);
    case PAGE_STATE_SFF_HEAD:
        return page_sff_head(s);
    case PAGE_STATE_SFF:
        return page_sff_records(s, event);
    case PAGE_STATE_OVER:
        return PAGE_OVER;
    default:
        return PAGE_ERROR;
    }
}

enum page_event_type page_stream_next(struct page_stream *s, struct page_event *event,
                                      struct why *why)
{
    for (;;) {
        enum page_state before = s->state;
        size_t unread = s->held.n + s->in.n;
        enum page_event_type type = take_step(s, event);
        if (type == PAGE_ERROR && why)
            *why = s->why;
        /* A step that changed the state or used bytes has more to do. */
        if (type != PAGE_MORE || (s->state == before && s->held.n + s->in.n == unread))
            return type;
    }
}
