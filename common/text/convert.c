#include "text/convert.h"

#include "bytes/utf8.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>

struct text_stream {
    iconv_t cd;
    bool utf8;        /* no iconv: UTF-8 is checked, the rest is windows-1252 */
    uint8_t carry[16]; /* a character begun at the end of the last span */
    size_t held;
};

/* What the C1 range of ISO-8859-1 means to those who send it undeclared: windows-1252. */
static const uint16_t high[32] = {
    0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0xfffd, 0x017d, 0xfffd, 0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0xfffd, 0x017e, 0x0178,
};

static const char replacement[] = "\xef\xbf\xbd";

static bool names_utf8(struct span charset)
{
    static const char *const names[] = {"", "utf-8", "utf8", "us-ascii", "ascii", "unknown-8bit",
                                        "x-unknown", "default", "binary"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (span_eq_nocase(charset, span_str(names[i])))
            return true;
    return false;
}

static iconv_t find(struct span charset)
{
    char name[64];
    if (!span_copy(charset, name, sizeof name))
        return (iconv_t)-1;
    /* A slash would ask iconv for a transliteration, which is not the sender's business. */
    for (const char *c = name; *c; c++)
        if (!ascii_alnum((uint8_t)*c) && !strchr("-_.:+()", *c))
            return (iconv_t)-1;
    /* Labels that mean more than they say, as all mail programs read them. */
    if (span_eq_nocase(charset, span_str("iso-8859-1")) ||
        span_eq_nocase(charset, span_str("latin1")))
        return iconv_open("UTF-8", "WINDOWS-1252");
    if (span_eq_nocase(charset, span_str("gb2312")))
        return iconv_open("UTF-8", "GB18030");
    if (span_eq_nocase(charset, span_str("ks_c_5601-1987")))
        return iconv_open("UTF-8", "CP949");
    if (span_eq_nocase(charset, span_str("shift_jis")))
        return iconv_open("UTF-8", "CP932");
    return iconv_open("UTF-8", name);
}

enum err text_stream_open(struct span charset, struct text_stream **s)
{
    *s = calloc(1, sizeof **s);
    if (!*s)
        return ERR_OS;
    charset = span_trim(charset);
    (*s)->cd = (iconv_t)-1;
    if (!names_utf8(charset))
        (*s)->cd = find(charset);
    (*s)->utf8 = (*s)->cd == (iconv_t)-1;
    return ERR_NONE;
}

static enum err put_point(struct buf *out, uint32_t c)
{
    uint8_t b[3] = {(uint8_t)(0xe0 | c >> 12), (uint8_t)(0x80 | (c >> 6 & 63)),
                    (uint8_t)(0x80 | (c & 63))};
    if (c >= 0x800)
        return buf_add(out, b, 3);
    b[1] = (uint8_t)(0xc0 | c >> 6);
    return buf_add(out, b + 1, 2);
}

/* s begins as a character does that could be well-formed if more came. */
static bool utf8_begun(struct span s)
{
    static const uint8_t fill[3] = {0x80, 0x80, 0x80}, fill_high[3] = {0xbf, 0x80, 0x80};
    uint8_t c[8];
    if (s.n == 0 || s.n > 3 || s.p[0] < 0xc2)
        return false;
    memcpy(c, s.p, s.n);
    memcpy(c + s.n, fill, 3);
    if (utf8_char(span_of(c, s.n + 3), NULL) > s.n)
        return true;
    memcpy(c + s.n, fill_high, 3);
    return utf8_char(span_of(c, s.n + 3), NULL) > s.n;
}

/* Appends what is UTF-8 in s as it is and other bytes as windows-1252's; the rest is left. */
static enum err add_utf8(struct span s, bool last, struct buf *out, size_t *used)
{
    size_t start = 0, at = 0;
    enum err e = ERR_NONE;
    while (!e && at < s.n) {
        if (s.p[at] < 0x80) {
            at++;
            continue;
        }
        size_t n = utf8_char(span_skip(s, at), NULL);
        if (n == 0 && !last && utf8_begun(span_skip(s, at)))
            break;
        if (n == 0) {
            uint8_t c = s.p[at];
            e = buf_add(out, s.p + start, at - start);
            if (!e)
                e = put_point(out, c < 0xa0 ? high[c - 0x80] : c);
            start = ++at;
        } else {
            at += n;
        }
    }
    *used = at;
    return e ? e : buf_add(out, s.p + start, at - start);
}

static enum err add_iconv(struct text_stream *s, struct span in, bool last, struct buf *out,
                          size_t *used)
{
    char *from = (char *)in.p;
    size_t left = in.n;
    while (left) {
        uint8_t *room;
        size_t want = left * 4 < 4096 ? left * 4 + 16 : 4096;
        enum err e = buf_reserve(out, want, &room);
        if (e)
            return e;
        char *to = (char *)room;
        size_t space = want;
        size_t r = iconv(s->cd, &from, &left, &to, &space);
        int why = errno;
        out->len += want - space;
        if (r != (size_t)-1 || why == E2BIG)
            continue;
        if (why == EINVAL && !last && left < sizeof s->carry)
            break;
        if ((e = buf_add_str(out, replacement)))
            return e;
        /* One byte on: resynchronises in every encoding that mail uses. */
        from++;
        left--;
    }
    *used = in.n - left;
    return ERR_NONE;
}

static enum err add(struct text_stream *s, struct span in, bool last, struct buf *out, size_t *used)
{
    return s->utf8 ? add_utf8(in, last, out, used) : add_iconv(s, in, last, out, used);
}

enum err text_stream_add(struct text_stream *s, struct span in, struct buf *out)
{
    size_t used;
    /* The character begun is completed byte by byte; there are few such bytes. */
    while (s->held && in.n) {
        s->carry[s->held++] = in.p[0];
        in = span_skip(in, 1);
        bool full = s->held == sizeof s->carry;
        enum err e = add(s, span_of(s->carry, s->held), full, out, &used);
        if (e)
            return e;
        memmove(s->carry, s->carry + used, s->held - used);
        s->held -= used;
    }
    if (in.n == 0)
        return ERR_NONE;
    enum err e = add(s, in, false, out, &used);
    if (e)
        return e;
    s->held = in.n - used;
    memcpy(s->carry, in.p + used, s->held);
    return ERR_NONE;
}

enum err text_stream_end(struct text_stream *s, struct buf *out)
{
    size_t used;
    enum err e = s->held ? add(s, span_of(s->carry, s->held), true, out, &used) : ERR_NONE;
    s->held = 0;
    return e;
}

void text_stream_close(struct text_stream *s)
{
    if (s && s->cd != (iconv_t)-1)
        iconv_close(s->cd);
    free(s);
}

enum err text_convert(struct span charset, struct span in, struct buf *out)
{
    struct text_stream *s;
    enum err e = text_stream_open(charset, &s);
    if (!e)
        e = text_stream_add(s, in, out);
    if (!e)
        e = text_stream_end(s, out);
    text_stream_close(s);
    return e;
}

enum err text_convert_mime(void *ctx, struct span charset, struct span bytes, struct buf *out)
{
    (void)ctx;
    return text_convert(charset, bytes, out);
}
