#include "page/sff.h"

#include "bytes/endian.h"
#include "g3/codes.h"
#include "page/stream_parts.h"

#include <string.h>

enum { DOC_SIZE = 20, PAGE_SIZE = 16, EOL_SIZE = 2 };

/* No sheet of facsimile is wider (A3 at 400 dpi): a byte says 37 blank rows of the page's width. */
enum { SFF_WIDTH_MAX = 4864 };
/* Record types: a row's length up to 216, blank rows up to 253. */
enum { ROW_LONG = 0, ROW_SHORT_MAX = 216, BLANK_MAX = 253, PAGE_RECORD = 254, USER_RECORD = 255 };

/* Where in a record the parser stands. */
enum { AT_TYPE, AT_LENGTH, AT_ROW, AT_PAGE_LENGTH, AT_PAGE, AT_USER_LENGTH, AT_USER, AT_BLANK };

enum page_event_type page_sff_head(struct page_stream *s)
{
    if (!page_gather(s, DOC_SIZE))
        return s->finished ? page_fail(s, "cut short within the SFF header") : PAGE_MORE;
    unsigned first = get_le16(s->head + 10);
    if (first < DOC_SIZE)
        return page_fail(s, "SFF header without a first page");
    s->page.total = get_le16(s->head + 8);
    s->head_size = 0;
    s->left = first - DOC_SIZE;
    s->sff_step = AT_USER;
    s->state = PAGE_STATE_SFF;
    return PAGE_MORE;
}

static void put_bytes(struct page_stream *s, const void *p, size_t n)
{
    memcpy(s->out + s->out_size, p, n);
    s->out_size += n;
}

/* Every row has one; RTC's are too few to matter. */
static void put_eol(struct page_stream *s)
{
    s->sff_rows++;
    static const uint8_t eol[EOL_SIZE] = {0, 1};
    put_bytes(s, eol, sizeof eol);
}

/* The code of a whole white row: its make-up codes and the terminating one. */
static void put_white(struct page_stream *s, unsigned width)
{
    static const struct {
        uint16_t word;
        uint8_t bits;
    } codes[] = {
#define MAKE_UP(run, bits, word) [64 + (run) / 64] = {word, bits},
#define TERMINATING(run, bits, word) [run] = {word, bits},
        G3_WHITE_TERMINATING(TERMINATING) G3_WHITE_MAKE_UP(MAKE_UP) G3_COMMON_MAKE_UP(MAKE_UP)
    };
    uint32_t acc = 0;
    unsigned bits = 0;
    bool more = true;
    while (more) {
        unsigned big = width / 64 < G3_MAKE_UP_MAX / 64 ? width / 64 : G3_MAKE_UP_MAX / 64;
        unsigned code = big ? 64 + big : width;
        more = big != 0;
        width -= big * 64;
        acc = acc << codes[code].bits | codes[code].word;
        for (bits += codes[code].bits; bits >= 8; bits -= 8)
            s->out[s->out_size++] = (uint8_t)(acc >> (bits - 8));
    }
    if (bits)
        s->out[s->out_size++] = (uint8_t)(acc << (8 - bits));
}

static void put_rtc(struct page_stream *s)
{
    for (int i = 0; i < 6; i++)
        put_eol(s);
}

static bool take_byte(struct page_stream *s, uint8_t *byte)
{
    struct span *in = page_input(s);
    if (in->n == 0)
        return false;
    *byte = *in->p;
    *in = span_skip(*in, 1);
    return true;
}

static void take_type(struct page_stream *s)
{
    uint8_t type;
    if (!take_byte(s, &type))
        return;
    if (type == ROW_LONG) {
        s->sff_step = AT_LENGTH;
    } else if (type <= ROW_SHORT_MAX) {
        put_eol(s);
        s->left = type;
        s->sff_step = AT_ROW;
    } else if (type <= BLANK_MAX) {
        s->sff_blank = type - ROW_SHORT_MAX;
        s->sff_step = AT_BLANK;
    } else {
        s->sff_step = type == PAGE_RECORD ? AT_PAGE_LENGTH : AT_USER_LENGTH;
    }
}

static void take_length(struct page_stream *s)
{
    if (!page_gather(s, 2))
        return;
    s->head_size = 0;
    s->left = get_le16(s->head);
    s->sff_step = AT_ROW;
    put_eol(s);
}

/* The row's bits, turned; a row with no bytes is a damaged one to the decoder. */
static void take_row(struct page_stream *s)
{
    struct span *in = page_input(s);
    struct span some = span_take(*in, s->left < sizeof s->out - s->out_size
                                          ? (size_t)s->left : sizeof s->out - s->out_size);
    uint8_t *to = s->out + s->out_size;
    if (some.n) {
        put_bytes(s, some.p, some.n);
        g3_reverse_bits(to, some.n);
        *in = span_skip(*in, some.n);
        s->left -= some.n;
    }
    if (s->left == 0)
        s->sff_step = AT_TYPE;
}

/* T.4 has no word for a row known to be bad: a white run of 1 never adds up to one. */
static void take_user_length(struct page_stream *s)
{
    uint8_t n;
    if (!take_byte(s, &n))
        return;
    s->sff_step = n ? AT_USER : AT_TYPE;
    s->left = n;
    if (n == 0 && s->in_page) {
        put_eol(s);
        put_bytes(s, "\x1c", 1);
    }
}

static void skip_user(struct page_stream *s)
{
    struct span *in = page_input(s);
    struct span some = span_take(*in, (size_t)s->left);
    *in = span_skip(*in, some.n);
    s->left -= some.n;
    if (s->left == 0)
        s->sff_step = AT_TYPE;
}

static void put_blank(struct page_stream *s)
{
    put_eol(s);
    put_white(s, s->page.width);
    if (--s->sff_blank == 0)
        s->sff_step = AT_TYPE;
}

/* Reads the page header gathered in head. */
static enum page_event_type begin_page(struct page_stream *s)
{
    unsigned total = s->page.total;
    if (s->head_size < PAGE_SIZE - 8)
        return page_fail(s, "SFF page header too short");
    s->page = (struct page){.total = total, .xdpi = 204, .ydpi = s->head[0] ? 196 : 98,
                            .width = get_le16(s->head + 4)};
    if (s->head[2] != 0 || s->head[1] != 0 || s->page.width == 0)
        return page_fail(s, "SFF page of an unknown kind");
    if (s->page.width > SFF_WIDTH_MAX)
        return page_fail(s, "SFF page wider than any sheet");
    s->head_size = 0;
    s->sff_rows = 0;
    s->sff_step = AT_TYPE;
    page_announce(s);
    return PAGE_MORE;
}

/* A page header: of no length it ends the document. */
static enum page_event_type take_page(struct page_stream *s, struct page_event *event)
{
    uint8_t n;
    if (s->sff_step == AT_PAGE_LENGTH) {
        if (s->in_page)
            return page_end(s, event, true, PAGE_STATE_SFF);
        if (!take_byte(s, &n))
            return PAGE_MORE;
        s->left = n;
        s->sff_step = AT_PAGE;
        if (n == 0) {
            s->state = s->pages ? PAGE_STATE_OVER : PAGE_STATE_SFF;
            return s->pages ? PAGE_OVER : page_fail(s, "no pages");
        }
    }
    if (!page_gather(s, (unsigned)s->left))
        return PAGE_MORE;
    return begin_page(s);
}

static void take_record(struct page_stream *s)
{
    switch (s->sff_step) {
    case AT_TYPE:
        take_type(s);
        break;
    case AT_LENGTH:
        take_length(s);
        break;
    case AT_ROW:
        take_row(s);
        break;
    case AT_BLANK:
        put_blank(s);
        break;
    case AT_USER_LENGTH:
        take_user_length(s);
        break;
    default:
        skip_user(s);
    }
}

static bool between_pages(const struct page_stream *s)
{
    return s->sff_step == AT_PAGE_LENGTH || s->sff_step == AT_PAGE;
}

/* Room for the longest thing put at once: an EOL and a white row of 65535 pels, or an RTC. */
enum { ROOM = 64 };

enum page_event_type page_sff_records(struct page_stream *s, struct page_event *event)
{
    s->out_size = 0;
    while (!between_pages(s) && s->out_size < sizeof s->out - ROOM) {
        /* These go on without another byte. */
        bool row_due = s->sff_step == AT_BLANK ||
                       (s->left == 0 && (s->sff_step == AT_ROW || s->sff_step == AT_USER));
        if (page_input(s)->n == 0 && !row_due)
            break;
        take_record(s);
        if (!s->in_page && (s->sff_step == AT_ROW || s->sff_step == AT_BLANK ||
                            s->sff_step == AT_LENGTH))
            return page_fail(s, "SFF rows before the first page header");
        if (s->sff_rows > PAGE_ROWS_MAX)
            return page_fail(s, "SFF page longer than any sheet");
        if (s->sff_step == AT_PAGE_LENGTH && s->in_page)
            put_rtc(s);
    }
    if (s->out_size) {
        event->data = span_of(s->out, s->out_size);
        return PAGE_DATA;
    }
    if (between_pages(s)) {
        enum page_event_type type = take_page(s, event);
        if (type != PAGE_MORE || s->state != PAGE_STATE_SFF || page_input(s)->n)
            return type;
    }
    if (page_input(s)->n == 0 && s->finished)
        return page_fail(s, "cut short");
    return PAGE_MORE;
}
