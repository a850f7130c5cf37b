#include "policy/listing.h"

#include "bytes/utf8.h"

#include <string.h>

enum { BLOCK_ROWS = 500, CELLS_MAX = 8 << 20 };

static void keep(struct listing *l, enum err e)
{
    if (!l->err)
        l->err = e;
}

static bool quoted_in_csv(struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == ',' || s.p[i] == '"' || s.p[i] < 0x20)
            return true;
    return s.n && (s.p[0] == ' ' || s.p[s.n - 1] == ' ');
}

/* The text with a blank for each control byte; in CSV each quote twice. */
static void add_clean(struct listing *l, struct buf *out, struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i] < 0x20 || s.p[i] == 0x7f ? ' ' : s.p[i];
        keep(l, buf_add_byte(out, c));
        if (c == '"' && l->format == LISTING_CSV)
            keep(l, buf_add_byte(out, c));
    }
}

static void line_cell(struct listing *l, struct span s)
{
    bool quote = l->format == LISTING_CSV && quoted_in_csv(s);
    if (l->at)
        keep(l, buf_add_byte(l->out, l->format == LISTING_CSV ? ',' : '\t'));
    if (quote)
        keep(l, buf_add_byte(l->out, '"'));
    add_clean(l, l->out, s);
    if (quote)
        keep(l, buf_add_byte(l->out, '"'));
}

/* Columns on the terminal: characters, of which the wide ones of East Asia take two. */
static size_t shown_width(struct span s)
{
    size_t width = 0;
    while (s.n) {
        uint32_t point = 0;
        size_t n = utf8_char(s, &point);
        bool wide = (point >= 0x1100 && point < 0x1160) || (point >= 0x2e80 && point < 0xd7a4) ||
                    (point >= 0xf900 && point < 0xfb00) || (point >= 0xff01 && point < 0xff61) ||
                    point >= 0x1f300;
        bool mark = point >= 0x300 && point < 0x370;
        width += mark ? 0 : wide ? 2 : 1;
        s = span_skip(s, n ? n : 1);
    }
    return width;
}

static void plain_cell(struct listing *l, struct span s)
{
    size_t width = shown_width(s);
    if (width > l->width[l->at])
        l->width[l->at] = width;
    add_clean(l, &l->cells, s);
    keep(l, buf_add_byte(&l->cells, '\0'));
}

/* Writes the rows that wait, each column as wide as its widest cell. */
static void plain_block(struct listing *l)
{
    struct span rest = buf_span(&l->cells);
    for (unsigned row = 0; row < l->waiting && !l->err; row++) {
        size_t gap = 0;
        for (unsigned i = 0; i < l->count; i++) {
            struct span cell = span_take(rest, span_find(rest, 0));
            rest = span_skip(rest, cell.n + 1);
            if (cell.n) {
                while (gap-- > 0)
                    keep(l, buf_add_byte(l->out, ' '));
                keep(l, buf_add_span(l->out, cell));
                gap = 0;
            }
            gap += l->width[i] - shown_width(cell) + 2;
        }
        keep(l, buf_add_byte(l->out, '\n'));
    }
    buf_clear(&l->cells);
    l->waiting = 0;
}

static void end_of_row(struct listing *l)
{
    if (++l->at < l->count)
        return;
    l->at = 0;
    l->rows++;
    if (l->format == LISTING_JSON)
        json_close(&l->json, '}');
    else if (l->format != LISTING_PLAIN)
        keep(l, buf_add_str(l->out, l->format == LISTING_CSV ? "\r\n" : "\n"));
    else if (++l->waiting == BLOCK_ROWS)
        plain_block(l);
}

static void json_row(struct listing *l)
{
    if (l->at == 0)
        json_open(&l->json, NULL, '{');
}

void listing_begin(struct listing *l, enum listing_format format, const char *const *names,
                   unsigned count, struct buf *out)
{
    memset(l, 0, sizeof *l);
    l->format = format;
    l->names = names;
    l->count = count;
    l->out = out;
    json_init(&l->json, out);
    buf_init(&l->cells, CELLS_MAX);
    if (format == LISTING_JSON) {
        json_open(&l->json, NULL, '[');
        return;
    }
    for (unsigned i = 0; i < count; i++)
        listing_text(l, span_str(names[i]));
    l->rows = 0;
}

void listing_text(struct listing *l, struct span text)
{
    if (l->format == LISTING_JSON) {
        json_row(l);
        json_add_span(&l->json, l->names[l->at], text);
    } else if (l->format == LISTING_PLAIN) {
        plain_cell(l, text);
    } else {
        line_cell(l, text);
    }
    end_of_row(l);
}

void listing_number(struct listing *l, long long number)
{
    struct buf text;
    if (l->format == LISTING_JSON) {
        json_row(l);
        if (number < 0)
            json_add_str(&l->json, l->names[l->at], NULL);
        else
            json_add_int(&l->json, l->names[l->at], number);
        end_of_row(l);
        return;
    }
    buf_init(&text, 32);
    if (number >= 0)
        keep(l, buf_add_format(&text, "%lld", number));
    listing_text(l, buf_span(&text));
    buf_release(&text);
}

void listing_switch(struct listing *l, bool on)
{
    if (l->format != LISTING_JSON) {
        listing_text(l, span_str(on ? "on" : "off"));
        return;
    }
    json_row(l);
    json_add_bool(&l->json, l->names[l->at], on);
    end_of_row(l);
}

enum err listing_end(struct listing *l)
{
    if (l->format == LISTING_JSON) {
        json_close(&l->json, ']');
        keep(l, l->json.err);
        keep(l, buf_add_byte(l->out, '\n'));
    } else if (l->format == LISTING_PLAIN && l->rows) {
        plain_block(l);
    }
    buf_release(&l->cells);
    return l->err;
}
