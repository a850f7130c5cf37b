#include "bytes/json.h"

#include "bytes/utf8.h"

enum { DEPTH_MAX = 31 };

static enum err string_char(struct buf *out, struct span s, size_t n)
{
    uint8_t c = s.p[0];
    if (n == 0)
        return buf_add_str(out, "\xef\xbf\xbd");
    if (c == '"' || c == '\\')
        return buf_add_format(out, "\\%c", c);
    if (c == '\n')
        return buf_add_str(out, "\\n");
    if (c < 0x20 || c == 0x7f)
        return buf_add_format(out, "\\u%04x", c);
    return buf_add(out, s.p, n);
}

enum err json_string(struct buf *out, struct span s)
{
    enum err e = buf_add_byte(out, '"');
    while (!e && s.n) {
        size_t n = utf8_char(s, NULL);
        e = string_char(out, s, n);
        s = span_skip(s, n ? n : 1);
    }
    return e ? e : buf_add_byte(out, '"');
}

void json_init(struct json *j, struct buf *out)
{
    *j = (struct json){.out = out};
}

/* The comma and the key that are due before a value at this depth. */
static void lead(struct json *j, const char *key)
{
    uint32_t bit = 1u << j->depth;
    if (!j->err && (j->begun & bit) && j->depth)
        j->err = buf_add_str(j->out, ", ");
    j->begun |= bit;
    if (!j->err && key) {
        j->err = json_string(j->out, span_str(key));
        if (!j->err)
            j->err = buf_add_str(j->out, ": ");
    }
}

void json_open(struct json *j, const char *key, char bracket)
{
    lead(j, key);
    if (!j->err)
        j->err = j->depth >= DEPTH_MAX ? ERR_BUG : buf_add_byte(j->out, (uint8_t)bracket);
    if (j->err)
        return;
    j->depth++;
    j->begun &= ~(1u << j->depth);
}

void json_close(struct json *j, char bracket)
{
    if (j->err)
        return;
    if (j->depth == 0) {
        j->err = ERR_BUG;
        return;
    }
    j->depth--;
    j->err = buf_add_byte(j->out, (uint8_t)bracket);
}

void json_add_span(struct json *j, const char *key, struct span value)
{
    lead(j, key);
    if (!j->err)
        j->err = json_string(j->out, value);
}

static void add_word(struct json *j, const char *key, const char *word)
{
    lead(j, key);
    if (!j->err)
        j->err = buf_add_str(j->out, word);
}

void json_add_str(struct json *j, const char *key, const char *value)
{
    if (value)
        json_add_span(j, key, span_str(value));
    else
        add_word(j, key, "null");
}

void json_add_int(struct json *j, const char *key, long long value)
{
    lead(j, key);
    if (!j->err)
        j->err = buf_add_format(j->out, "%lld", value);
}

void json_add_bool(struct json *j, const char *key, bool value)
{
    add_word(j, key, value ? "true" : "false");
}

/* Reading. A cursor over the text; every step consumes at least a byte or fails. */

static void skip_blank(struct span *s)
{
    while (s->n && (s->p[0] == ' ' || s->p[0] == '\t' || s->p[0] == '\r' || s->p[0] == '\n'))
        *s = span_skip(*s, 1);
}

static bool take_byte(struct span *s, uint8_t c)
{
    skip_blank(s);
    if (s->n == 0 || s->p[0] != c)
        return false;
    *s = span_skip(*s, 1);
    return true;
}

static bool hex4(struct span *s, uint32_t *v)
{
    if (s->n < 4)
        return false;
    *v = 0;
    for (size_t i = 0; i < 4; i++) {
        uint8_t c = ascii_lower(s->p[i]);
        if (!ascii_digit(c) && (c < 'a' || c > 'f'))
            return false;
        *v = *v << 4 | (uint32_t)(ascii_digit(c) ? c - '0' : c - 'a' + 10);
    }
    *s = span_skip(*s, 4);
    return true;
}

static enum err add_point(struct buf *out, uint32_t v)
{
    uint8_t b[4];
    size_t n = v < 0x80 ? 1 : v < 0x800 ? 2 : v < 0x10000 ? 3 : 4;
    static const uint8_t lead_bits[5] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = n; i-- > 1; v >>= 6)
        b[i] = (uint8_t)(0x80 | (v & 0x3f));
    b[0] = (uint8_t)(lead_bits[n] | v);
    return buf_add(out, b, n);
}

/* \uXXXX, a surrogate pair read as one; a lone surrogate becomes U+FFFD. */
static enum err unicode_escape(struct span *s, struct buf *out)
{
    uint32_t v, low;
    if (!hex4(s, &v))
        return ERR_DATA;
    if (v >= 0xd800 && v < 0xdc00 && s->n >= 6 && s->p[0] == '\\' && s->p[1] == 'u') {
        struct span rest = span_skip(*s, 2);
        if (hex4(&rest, &low) && low >= 0xdc00 && low < 0xe000) {
            *s = rest;
            return add_point(out, 0x10000 + ((v - 0xd800) << 10) + (low - 0xdc00));
        }
    }
    return add_point(out, v >= 0xd800 && v < 0xe000 ? 0xfffd : v);
}

static enum err escape(struct span *s, struct buf *out)
{
    static const char names[] = "\"\\/bfnrt";
    static const char bytes[] = "\"\\/\b\f\n\r\t";
    if (s->n == 0)
        return ERR_DATA;
    uint8_t c = s->p[0];
    *s = span_skip(*s, 1);
    if (c == 'u')
        return unicode_escape(s, out);
    size_t at = span_find(span_str(names), c);
    return at == sizeof names - 1 ? ERR_DATA : buf_add_byte(out, (uint8_t)bytes[at]);
}

/* A string's text behind its opening quote, appended to out when out is not NULL. */
static enum err read_string(struct span *s, struct buf *out)
{
    for (;;) {
        if (s->n == 0 || s->p[0] < 0x20)
            return ERR_DATA;
        uint8_t c = s->p[0];
        *s = span_skip(*s, 1);
        if (c == '"')
            return ERR_NONE;
        enum err e = ERR_NONE;
        if (c == '\\' && out)
            e = escape(s, out);
        else if (c == '\\')
            *s = span_skip(*s, 1);
        else if (out)
            e = buf_add_byte(out, c);
        if (e)
            return e;
    }
}

/* A number or a word: everything up to the next comma, brace or blank. */
static enum err read_word(struct span *s, struct buf *out)
{
    size_t n = 0;
    while (n < s->n && (ascii_alnum(s->p[n]) || s->p[n] == '-' || s->p[n] == '+' || s->p[n] == '.'))
        n++;
    if (n == 0)
        return ERR_DATA;
    enum err e = out ? buf_add(out, s->p, n) : ERR_NONE;
    *s = span_skip(*s, n);
    return e;
}

static enum err read_value(struct span *s, struct buf *out)
{
    return take_byte(s, '"') ? read_string(s, out) : read_word(s, out);
}

/* "key" : into key_is, true when it is the one asked for. */
static enum err read_key(struct span *s, const char *key, bool *wanted)
{
    struct buf name;
    buf_init(&name, 256);
    enum err e = take_byte(s, '"') ? read_string(s, &name) : ERR_DATA;
    *wanted = !e && span_eq(buf_span(&name), span_str(key));
    buf_release(&name);
    return !e && !take_byte(s, ':') ? ERR_DATA : e;
}

enum err json_member(struct span text, const char *key, struct buf *out)
{
    bool found = false;
    if (!take_byte(&text, '{'))
        return ERR_DATA;
    if (take_byte(&text, '}'))
        return ERR_NO;
    do {
        bool wanted;
        enum err e = read_key(&text, key, &wanted);
        if (!e)
            e = read_value(&text, wanted && !found ? out : NULL);
        if (e)
            return e;
        found |= wanted;
    } while (take_byte(&text, ','));
    if (!take_byte(&text, '}'))
        return ERR_DATA;
    skip_blank(&text);
    return text.n ? ERR_DATA : found ? ERR_NONE : ERR_NO;
}
