#include "page/stream_parts.h"

#include <string.h>

static const uint8_t digifax[] = "\0PC Research, Inc", faxpipe[] = "\0faxpipe G3 page";
enum { MAGIC_SIZE = 17, RTC_EOLS = 6, EOL_ZEROS = 11 };

void page_scan_start(struct page_stream *s)
{
    s->zeros = 0;
    s->eols = 0;
    s->tag_due = false;
    s->matched = 0;
    s->magic = digifax;
}

/*
 * A 1 behind `zeros` zeros. True: an RTC ends with it. In MR a 1 or 0 stands between two EOLs of
 * an RTC: only the 1 belongs there.
 */
static bool see_one(struct page_stream *s)
{
    if (s->zeros >= EOL_ZEROS) {
        s->eols = s->tag_due ? 1 : s->eols + 1;
        s->tag_due = s->page.coding == G3_MR;
    } else if (s->tag_due && s->zeros == 0) {
        s->tag_due = false;
    } else {
        s->tag_due = false;
        s->eols = 0;
    }
    s->zeros = 0;
    return s->eols == RTC_EOLS && !s->tag_due;
}

/* The bits of a byte; true when an RTC ended within it. */
static bool see_byte(struct page_stream *s, uint8_t byte)
{
    unsigned bits = (unsigned)byte << 24, left = 8;
    /* Within a row: no EOL ends in this byte, nor was one before it. */
    if (bits && s->eols == 0 && !s->tag_due &&
        s->zeros + (unsigned)__builtin_clz(bits) < EOL_ZEROS) {
        s->zeros = (unsigned)__builtin_ctz(byte);
        return false;
    }
    while (bits) {
        unsigned z = (unsigned)__builtin_clz(bits);
        s->zeros += z;
        bits <<= z + 1;
        left -= z + 1;
        if (see_one(s)) {
            s->zeros = left;
            return true;
        }
    }
    /* Kept small: only whether it reaches an EOL's zeros matters. */
    s->zeros = s->zeros + left > 1000 ? 1000 : s->zeros + left;
    return false;
}

/* Follows the header that may begin in the data; s->matched bytes of it are kept back. */
static void see_header(struct page_stream *s, uint8_t byte)
{
    if (s->matched == 1)
        s->magic = byte == digifax[1] ? digifax : faxpipe;
    if (byte == s->magic[s->matched]) {
        s->matched++;
        return;
    }
    memcpy(s->out + s->out_size, s->magic, s->matched);
    s->out_size += s->matched;
    s->matched = byte == 0;
    if (byte)
        s->out[s->out_size++] = byte;
}

static uint8_t turn(uint8_t b)
{
    b = (uint8_t)((b >> 1 & 0x55) | (b & 0x55) << 1);
    b = (uint8_t)((b >> 2 & 0x33) | (b & 0x33) << 2);
    return (uint8_t)(b >> 4 | b << 4);
}

/* What ended the page; s->left holds it until the last data has been given. */
enum ending { NOT_YET, BY_RTC, BY_HEADER };

/* Takes bytes into out until it is full, they are used up, or the page is over. */
static enum ending scan_bytes(struct page_stream *s, struct span *in)
{
    bool headed = s->kind == PAGE_KIND_STREAM;
    size_t i = 0;
    enum ending ending = NOT_YET;
    while (i < in->n && ending == NOT_YET && s->out_size < sizeof s->out - MAGIC_SIZE - 1) {
        uint8_t byte = s->lsb ? turn(in->p[i]) : in->p[i];
        i++;
        if (headed)
            see_header(s, byte);
        else
            s->out[s->out_size++] = byte;
        if (see_byte(s, byte))
            ending = BY_RTC;
        else if (s->matched == MAGIC_SIZE)
            ending = BY_HEADER;
    }
    *in = span_skip(*in, i);
    return ending;
}

/* Bytes kept back that turned out to be data. */
static void release_kept(struct page_stream *s)
{
    memcpy(s->out + s->out_size, s->magic, s->matched);
    s->out_size += s->matched;
    s->matched = 0;
}

static enum page_event_type scan_end(struct page_stream *s, struct page_event *event)
{
    if (s->left == BY_RTC)
        return page_end(s, event, true, PAGE_STATE_GAP);
    memcpy(s->head, s->magic, MAGIC_SIZE);
    s->head_size = MAGIC_SIZE;
    return page_end(s, event, true, PAGE_STATE_HEADER);
}

/* T.6, and rows without EOLs, have nothing that could be looked for: everything is the page. */
static enum page_event_type scan_all(struct page_stream *s, struct page_event *event)
{
    struct span *in = page_input(s);
    if (in->n == 0)
        return s->finished ? page_end(s, event, true, PAGE_STATE_GAP) : PAGE_MORE;
    event->data = span_take(*in, sizeof s->out);
    *in = span_skip(*in, event->data.n);
    if (s->lsb) {
        memcpy(s->out, event->data.p, event->data.n);
        event->data.p = s->out;
        g3_reverse_bits(s->out, event->data.n);
    }
    return PAGE_DATA;
}

enum page_event_type page_scan(struct page_stream *s, struct page_event *event)
{
    if (s->page.coding == G3_MMR || s->page.flags & G3_NO_EOL)
        return scan_all(s, event);
    if (s->left)
        return scan_end(s, event);
    struct span *in = page_input(s);
    if (in->n == 0 && !s->finished)
        return PAGE_MORE;
    s->out_size = 0;
    if (s->gap_eol) {
        /* What of this page went by in the gap: an EOL and some zeros. */
        memset(s->out, 0, 4);
        s->out[2] = s->gap_eol;
        s->out_size = 3 + (s->gap_zeros ? 1 : 0);
        s->gap_eol = 0;
        for (size_t i = 0; i < s->out_size; i++)
            see_byte(s, s->out[i]);
    }
    if (in->n) {
        s->left = scan_bytes(s, in);
        if (s->left == BY_RTC)
            release_kept(s);
    } else if (s->matched) {
        release_kept(s);
    } else if (s->out_size == 0) {
        return page_end(s, event, false, PAGE_STATE_GAP);
    }
    if (s->out_size == 0)
        return s->left ? scan_end(s, event) : PAGE_MORE;
    event->data = span_of(s->out, s->out_size);
    return PAGE_DATA;
}

/* An EOL of another page, which begins at the byte gap_eol and had gap_zeros zero bytes behind. */
static enum page_event_type next_page(struct page_stream *s)
{
    s->page.number = 0;
    page_announce(s);
    return PAGE_MORE;
}

/*
 * Behind an RTC: zeros, EOLs too many, and then a header, or in bare T.4 the data of another
 * page, whose EOL has gone by as one of those.
 */
enum page_event_type page_gap(struct page_stream *s)
{
    struct span *in = page_input(s);
    if (in->n == 0) {
        if (!s->finished)
            return PAGE_MORE;
        s->gap_eol = 0;
        s->head_size = 0;
        s->state = PAGE_STATE_HEADER;
        return PAGE_MORE;
    }
    uint8_t byte = s->lsb ? turn(*in->p) : *in->p;
    bool eol_before = s->gap_eol != 0;
    if (byte == 0) {
        s->gap_zeros += eol_before;
        s->zeros = s->zeros > 1000 ? 1000 : s->zeros + 8;
        s->zero_seen = true;
        *in = span_skip(*in, 1);
        return PAGE_MORE;
    }
    if (s->kind == PAGE_KIND_STREAM && s->zero_seen && (byte == digifax[1] || byte == faxpipe[1])) {
        /* The zero that went by last belongs to the header. */
        s->head[0] = 0;
        s->head_size = 1;
        s->gap_eol = 0;
        s->state = PAGE_STATE_HEADER;
        return PAGE_MORE;
    }
    unsigned lead = (unsigned)__builtin_clz((unsigned)byte << 24);
    bool eol = s->zeros + lead >= EOL_ZEROS, more = (uint8_t)(byte << (lead + 1)) != 0;
    if (!eol && (!eol_before || s->kind == PAGE_KIND_STREAM))
        return page_fail(s, "data behind a page's end");
    if (!eol)
        return next_page(s);
    *in = span_skip(*in, 1);
    s->gap_eol = byte;
    s->gap_zeros = 0;
    s->zero_seen = false;
    s->zeros = 7 - lead;
    if (more && s->kind == PAGE_KIND_STREAM)
        return page_fail(s, "data behind a page's end");
    return more ? next_page(s) : PAGE_MORE;
}
