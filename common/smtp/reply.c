#include "smtp/reply.h"

#include <stdio.h>
#include <string.h>

static enum err add_line(struct buf *out, unsigned code, char mark, const char *enhanced,
                         struct span line)
{
    enum err e = buf_add_format(out, "%03u%c%s%s", code % 1000, mark, enhanced,
                                *enhanced ? " " : "");
    for (size_t i = 0; !e && i < line.n; i++) {
        uint8_t c = line.p[i];
        e = buf_add_byte(out, (c < ' ' && c != '\t') || c > 0x7e ? '?' : c);
    }
    return e ? e : buf_add_str(out, "\r\n");
}

enum err reply_add(struct buf *out, unsigned code, const char *enhanced, const char *text)
{
    size_t before = out->len;
    struct span left = span_str(text);
    enum err e;
    do {
        size_t n = span_find(left, '\n');
        bool last = n == left.n;
        e = add_line(out, code, last ? ' ' : '-', enhanced ? enhanced : "", span_take(left, n));
        if (last)
            break;
        left = span_skip(left, n + 1);
    } while (!e);
    if (e)
        out->len = before;
    return e;
}

void reply_reader_init(struct reply_reader *r)
{
    memset(r, 0, sizeof *r);
    buf_init(&r->line, REPLY_LINE_MAX);
    buf_init(&r->reply.text, REPLY_TEXT_MAX);
}

void reply_reader_release(struct reply_reader *r)
{
    buf_release(&r->line);
    buf_release(&r->reply.text);
}

/* "5.1.1" at the start of text: class.subject.detail, one and up to three digits (RFC 3463). */
static size_t enhanced_length(struct span text, unsigned code)
{
    size_t n = 0;
    for (int part = 0; part < 3; part++) {
        size_t digits = 0;
        while (n < text.n && digits < 3 && ascii_digit(text.p[n])) {
            n++;
            digits++;
        }
        if (!digits || (part == 0 && (digits > 1 || text.p[0] - '0' != (int)(code / 100))))
            return 0;
        if (part < 2 && (n >= text.n || text.p[n++] != '.'))
            return 0;
    }
    return n == text.n || text.p[n] == ' ' ? n : 0;
}

static enum reply_state take_line(struct reply_reader *r, struct span line)
{
    uint64_t code;
    if (line.n && line.p[line.n - 1] == '\r')
        line.n--;
    if (line.n < 3 || !span_number(span_take(line, 3), 599, &code) || code < 200 ||
        (line.n > 3 && line.p[3] != ' ' && line.p[3] != '-') ||
        (r->reply.code && r->reply.code != code))
        return REPLY_BAD;
    bool more = line.n > 3 && line.p[3] == '-';
    struct span text = span_skip(line, 4);
    size_t n = enhanced_length(text, (unsigned)code);
    if (n && span_copy(span_take(text, n), r->reply.enhanced, sizeof r->reply.enhanced))
        text = span_skip(text, n + 1);
    if ((r->reply.code && buf_add_byte(&r->reply.text, '\n')) ||
        buf_add_span(&r->reply.text, text))
        return REPLY_BAD;
    r->reply.code = (unsigned)code;
    return more ? REPLY_MORE : REPLY_DONE;
}

static void begin(struct reply_reader *r)
{
    buf_clear(&r->reply.text);
    r->reply.code = 0;
    r->reply.enhanced[0] = '\0';
    r->done = false;
}

enum reply_state reply_push(struct reply_reader *r, struct span in, size_t *used)
{
    *used = 0;
    if (r->done)
        begin(r);
    while (!r->bad && *used < in.n) {
        struct span left = span_skip(in, *used);
        size_t n = span_find(left, '\n');
        r->bad = buf_add_span(&r->line, span_take(left, n)) != ERR_NONE;
        *used += n < left.n ? n + 1 : n;
        if (r->bad || n == left.n)
            break;
        enum reply_state state = take_line(r, buf_span(&r->line));
        buf_clear(&r->line);
        r->bad = state == REPLY_BAD;
        if (state == REPLY_DONE) {
            r->done = true;
            return state;
        }
    }
    return r->bad ? REPLY_BAD : REPLY_MORE;
}
