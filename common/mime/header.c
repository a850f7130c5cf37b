#include "mime/header.h"

#include "base64/base64.h"
#include "bytes/utf8.h"
#include "mime/lex.h"

#include <string.h>

enum { WORD_MAX = 16384, CHARSET_MAX = 64 };

static size_t line_length(struct span s)
{
    size_t n = span_find(s, '\n');
    return n < s.n ? n + 1 : n;
}

static struct span without_end(struct span s)
{
    if (s.n && s.p[s.n - 1] == '\n')
        s.n--;
    if (s.n && s.p[s.n - 1] == '\r')
        s.n--;
    return s;
}

/* Length of the field's name at the start of line, blanks and the colon behind it seen; or 0. */
static size_t name_length(struct span line, size_t *colon)
{
    size_t n = 0;
    while (n < line.n && line.p[n] > 0x20 && line.p[n] < 0x7f && line.p[n] != ':')
        n++;
    size_t at = n;
    while (at < line.n && (line.p[at] == ' ' || line.p[at] == '\t'))
        at++;
    *colon = at;
    return at < line.n && line.p[at] == ':' ? n : 0;
}

bool header_is_field(struct span line)
{
    size_t colon;
    return name_length(line, &colon) > 0;
}

static bool mbox_line(struct span line)
{
    return span_starts(line, span_str("From ")) || span_starts(line, span_str(">From "));
}

bool header_next(struct span *rest, struct header_field *field)
{
    size_t colon, n = line_length(*rest);
    struct span line = span_take(*rest, n);
    size_t name = name_length(line, &colon);
    if (name == 0 && mbox_line(line)) {
        *rest = span_skip(*rest, n);
        n = line_length(*rest);
        line = span_take(*rest, n);
        name = name_length(line, &colon);
    }
    if (name == 0)
        return false;
    while (n < rest->n && (rest->p[n] == ' ' || rest->p[n] == '\t'))
        n += line_length(span_skip(*rest, n));
    field->name = span_take(*rest, name);
    field->raw = span_skip(without_end(span_take(*rest, n)), colon + 1);
    *rest = span_skip(*rest, n);
    return true;
}

bool header_find(struct span block, const char *name, struct span *raw)
{
    struct header_field f;
    while (header_next(&block, &f)) {
        if (span_eq_nocase(f.name, span_str(name))) {
            *raw = f.raw;
            return true;
        }
    }
    return false;
}

size_t header_count(struct span block, const char *name)
{
    struct header_field f;
    size_t n = 0;
    while (header_next(&block, &f))
        n += span_eq_nocase(f.name, span_str(name));
    return n;
}

enum err header_unfold(struct span raw, struct buf *out)
{
    uint8_t *room;
    raw = span_trim(raw);
    enum err e = buf_reserve(out, raw.n, &room);
    if (e)
        return e;
    for (size_t i = 0; i < raw.n; i++) {
        uint8_t c = raw.p[i];
        if (c == '\n' || (c == '\r' && i + 1 < raw.n && raw.p[i + 1] == '\n'))
            continue;
        *room++ = c ? c : ' ';
        out->len++;
    }
    return ERR_NONE;
}

/* ---- charsets known here ---- */

static enum err add_latin1(struct buf *out, uint8_t c)
{
    uint8_t two[2] = {(uint8_t)(0xc0 | c >> 6), (uint8_t)(0x80 | (c & 0x3f))};
    return c < 0x80 ? buf_add_byte(out, c) : buf_add(out, two, 2);
}

enum err mime_convert_plain(void *ctx, struct span charset, struct span bytes, struct buf *out)
{
    bool latin1 = charset.n == 0 || span_eq_nocase(charset, span_str("iso-8859-1"));
    bool utf8 = charset.n == 0 || span_eq_nocase(charset, span_str("utf-8"));
    enum err e = ERR_NONE;
    (void)ctx;
    while (bytes.n && !e) {
        size_t n = utf8 || bytes.p[0] < 0x80 ? utf8_char(bytes, NULL) : 0;
        if (n)
            e = buf_add(out, bytes.p, n);
        else if (latin1)
            e = add_latin1(out, bytes.p[0]);
        else
            e = buf_add_str(out, "\xef\xbf\xbd");
        bytes = span_skip(bytes, n ? n : 1);
    }
    return e;
}

static enum err convert(const struct mime_converter *conv, struct span charset, struct span bytes,
                        struct buf *out)
{
    if (bytes.n == 0)
        return ERR_NONE;
    if (conv && conv->convert)
        return conv->convert(conv->ctx, charset, bytes, out);
    return mime_convert_plain(NULL, charset, bytes, out);
}

/* ---- RFC 2047 ---- */

struct word {
    struct span charset, text;
    bool base64;
    size_t length; /* of the whole "=?…?=" */
};

static bool parse_word(struct span s, struct word *w)
{
    if (!span_starts(s, span_str("=?")))
        return false;
    struct span at = span_skip(s, 2);
    size_t n = lex_token(span_take(at, CHARSET_MAX));
    if (n == 0 || n + 3 > at.n || at.p[n] != '?' || at.p[n + 2] != '?')
        return false;
    w->charset = span_take(at, span_find(span_take(at, n), '*'));
    uint8_t encoding = ascii_lower(at.p[n + 1]);
    if (encoding != 'b' && encoding != 'q')
        return false;
    w->base64 = encoding == 'b';
    at = span_skip(at, n + 3);
    n = 0;
    while (n < at.n && at.p[n] != '?' && !lex_blank(at.p[n]))
        n++;
    if (n + 1 >= at.n || at.p[n] != '?' || at.p[n + 1] != '=')
        return false;
    w->text = span_take(at, n);
    w->length = (size_t)(at.p + n + 2 - s.p);
    return true;
}

static int hex(uint8_t c)
{
    if (ascii_digit(c))
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum err word_bytes(const struct word *w, struct buf *bytes)
{
    struct span t = w->text;
    uint8_t *room;
    enum err e = buf_reserve(bytes, base64_decode_bound(t.n) + t.n, &room);
    if (e)
        return e;
    if (w->base64) {
        struct base64_decoder d;
        base64_decoder_init(&d, BASE64_JOINED);
        size_t n = base64_decode(&d, t, room);
        bytes->len += n + base64_decode_end(&d, room + n);
        return ERR_NONE;
    }
    size_t n = 0;
    for (size_t i = 0; i < t.n; i++) {
        bool coded = t.p[i] == '=' && i + 2 < t.n && hex(t.p[i + 1]) >= 0 && hex(t.p[i + 2]) >= 0;
        if (coded) {
            room[n++] = (uint8_t)(hex(t.p[i + 1]) << 4 | hex(t.p[i + 2]));
            i += 2;
        } else {
            room[n++] = t.p[i] == '_' ? ' ' : t.p[i];
        }
    }
    bytes->len += n;
    return ERR_NONE;
}

/* Decodes the run of words at the start of *s: words of one charset are one text, since senders
 * cut characters in two; blanks between words are none (RFC 2047 §6.2). */
static enum err decode_words(struct span *s, const struct mime_converter *conv, struct buf *out)
{
    struct buf bytes;
    struct word w;
    struct span charset = {0}, ahead = *s;
    enum err e = ERR_NONE;
    buf_init(&bytes, SIZE_MAX / 4);
    while (!e && parse_word(ahead, &w)) {
        if (bytes.len && !span_eq_nocase(charset, w.charset)) {
            e = convert(conv, charset, buf_span(&bytes), out);
            buf_clear(&bytes);
        }
        charset = w.charset;
        if (!e)
            e = word_bytes(&w, &bytes);
        *s = ahead = span_skip(ahead, w.length);
        while (ahead.n && lex_blank(ahead.p[0]))
            ahead = span_skip(ahead, 1);
    }
    if (!e)
        e = convert(conv, charset, buf_span(&bytes), out);
    buf_release(&bytes);
    return e;
}

static enum err decode_unfolded(struct span s, const struct mime_converter *conv, struct buf *out)
{
    struct word w;
    enum err e = ERR_NONE;
    while (s.n && !e) {
        size_t n = 0;
        while (n < s.n && !(s.p[n] == '=' && parse_word(span_skip(s, n), &w)))
            n++;
        e = convert(conv, span_of(NULL, 0), span_take(s, n), out);
        s = span_skip(s, n);
        if (!e && s.n)
            e = decode_words(&s, conv, out);
    }
    return e;
}

enum err header_decode(struct span raw, const struct mime_converter *conv, struct buf *out)
{
    struct buf text;
    size_t start = out->len;
    buf_init(&text, SIZE_MAX / 4);
    enum err e = header_unfold(raw, &text);
    if (!e)
        e = decode_unfolded(buf_span(&text), conv, out);
    buf_release(&text);
    if (e)
        out->len = start;
    else
        lex_clean(out, start);
    return e;
}

enum err header_text(struct span block, const char *name, const struct mime_converter *conv,
                     struct buf *out)
{
    struct span raw;
    return header_find(block, name, &raw) ? header_decode(raw, conv, out) : ERR_NO;
}
