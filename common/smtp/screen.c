#include "smtp/screen.h"

#include "bytes/utf8.h"

/* Marks, embeddings, overrides and isolates of direction; separators of lines; no characters. */
static bool is_harmless(uint32_t c)
{
    if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c || c == 0xfeff)
        return false;
    if ((c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e))
        return false;
    if ((c >= 0x2060 && c <= 0x206f) || (c >= 0xfff0 && c <= 0xfffb) || c >= 0xe0000)
        return false;
    return (c & 0xfffe) != 0xfffe;
}

/* The character at the start of *s, or '?', is appended and taken off. */
static enum err add_char(struct buf *out, struct span *s)
{
    uint32_t point;
    size_t n = utf8_char(*s, &point);
    struct span c = span_take(*s, n);
    *s = span_skip(*s, n ? n : 1);
    if (n && is_harmless(point))
        return buf_add_span(out, c);
    return buf_add_byte(out, n && point == '\t' ? ' ' : '?');
}

enum err screen_add_word(struct buf *out, struct span s)
{
    enum err e = ERR_NONE;
    while (!e && s.n)
        e = add_char(out, &s);
    return e;
}

enum err screen_add(struct buf *out, struct span text, bool *whole)
{
    enum err e = ERR_NONE;
    unsigned lines = 0;
    while (!e && text.n && lines < SCREEN_LINES_MAX) {
        struct span line = span_take(text, span_find(text, '\n'));
        text = span_skip(text, line.n + 1);
        if (line.n && line.p[line.n - 1] == '\r')
            line.n--;
        do {
            e = buf_add_str(out, "| ");
            for (unsigned i = 0; !e && i < SCREEN_COLUMNS && line.n; i++)
                e = add_char(out, &line);
            e = e ? e : buf_add_str(out, "\r\n");
        } while (!e && line.n && ++lines < SCREEN_LINES_MAX);
        lines++;
        if (line.n)
            text = line;
    }
    *whole = text.n == 0;
    return e;
}
