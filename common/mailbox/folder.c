#include "mailbox/folder.h"

#include "bytes/utf8.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

/* Base64 with ',' for '/', without padding, of a stream of 16-bit units. */
struct shifted {
    struct buf *out;
    uint32_t bits;
    unsigned held; /* bits that are not yet written: 0 to 5 */
    bool on;
};

static enum err put_unit(struct shifted *s, uint32_t unit)
{
    enum err e = s->on ? ERR_NONE : buf_add_byte(s->out, '&');
    s->on = true;
    s->bits = s->bits << 16 | unit;
    s->held += 16;
    while (s->held >= 6 && !e) {
        s->held -= 6;
        e = buf_add_byte(s->out, (uint8_t)digits[s->bits >> s->held & 63]);
    }
    return e;
}

static enum err put_point(struct shifted *s, uint32_t point)
{
    if (point < 0x10000)
        return put_unit(s, point);
    enum err e = put_unit(s, 0xd800 + ((point - 0x10000) >> 10));
    return e ? e : put_unit(s, 0xdc00 + ((point - 0x10000) & 0x3ff));
}

static enum err end_shifted(struct shifted *s)
{
    enum err e = ERR_NONE;
    if (!s->on)
        return e;
    /* Six bits at a time: the last ones are filled up with zeros. */
    if (s->held)
        e = buf_add_byte(s->out, (uint8_t)digits[s->bits << (6 - s->held) & 63]);
    *s = (struct shifted){.out = s->out};
    return e ? e : buf_add_byte(s->out, '-');
}

static enum err put_ascii(struct buf *out, uint8_t c)
{
    if (c == '&')
        return buf_add_str(out, "&-");
    enum err e = c == '"' || c == '\\' ? buf_add_byte(out, '\\') : ERR_NONE;
    return e ? e : buf_add_byte(out, c);
}

enum err folder_quote(struct span name, struct buf *out)
{
    struct shifted s = {.out = out};
    enum err e = buf_add_byte(out, '"');
    while (name.n && !e) {
        uint32_t point;
        size_t n = utf8_char(name, &point);
        if (n == 0 || point < 0x20 || point == 0x7f)
            return ERR_DATA;
        if (point > 0x7f)
            e = put_point(&s, point);
        else if (!(e = end_shifted(&s)))
            e = put_ascii(out, (uint8_t)point);
        name = span_skip(name, n);
    }
    if (!e)
        e = end_shifted(&s);
    return e ? e : buf_add_byte(out, '"');
}
