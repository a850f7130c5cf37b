/* The structured half of mime/header.h: first tokens and parameters. */
#include "mime/header.h"
#include "mime/lex.h"

#include <string.h>

enum { PARAMS_MAX = 200 };

struct param {
    struct span name;
    struct span value; /* as it stands; with its quotes */
    int index;         /* of a continuation, or -1 */
    bool extended;     /* percent-encoded, by RFC 2231 §4 */
};

enum err header_value(struct span raw, struct buf *out)
{
    raw = lex_skip(raw);
    /* "image/tiff" in quotes is not allowed, and happens. */
    if (raw.n && raw.p[0] == '"')
        raw = lex_skip(span_skip(span_take(raw, lex_quoted(raw)), 1));
    size_t n = lex_token(raw);
    enum err e = ERR_NONE;
    /* Blanks about the slash are not allowed, and happen. */
    struct span rest = lex_skip(span_skip(raw, n));
    struct span sub = {0};
    if (n && rest.n && rest.p[0] == '/') {
        sub = lex_skip(span_skip(rest, 1));
        sub.n = lex_token(sub);
    }
    if (n == 0)
        return ERR_NO;
    for (size_t i = 0; i < n && !e; i++)
        e = buf_add_byte(out, ascii_lower(raw.p[i]));
    if (!e && sub.n)
        e = buf_add_byte(out, '/');
    for (size_t i = 0; i < sub.n && !e; i++)
        e = buf_add_byte(out, ascii_lower(sub.p[i]));
    return e;
}

/* Length up to the next ';' outside quotes and comments. */
static size_t up_to_semicolon(struct span s)
{
    size_t n = 0;
    while (n < s.n && s.p[n] != ';') {
        if (s.p[n] == '"')
            n += lex_quoted(span_skip(s, n));
        else if (s.p[n] == '(')
            n += lex_comment(span_skip(s, n));
        else
            n++;
    }
    return n;
}

/* What of an unquoted value counts: up to a comment, blanks at the ends gone. */
static struct span bare_value(struct span s)
{
    for (size_t i = 1; i < s.n; i++)
        if (s.p[i] == '(' && lex_blank(s.p[i - 1]))
            s.n = i;
    return span_trim(s);
}

/* Splits name*12* into its parts. */
static void split_name(struct span s, struct param *p)
{
    size_t star = span_find(s, '*');
    p->name = span_take(s, star);
    p->index = -1;
    p->extended = false;
    struct span tail = span_skip(s, star);
    if (tail.n && tail.p[tail.n - 1] == '*') {
        p->extended = true;
        tail.n--;
    }
    uint64_t index;
    if (tail.n && span_number(span_skip(tail, 1), PARAMS_MAX, &index))
        p->index = (int)index;
}

/* Takes the next "; name=value" from *rest. */
static bool param_next(struct span *rest, struct param *p)
{
    for (;;) {
        size_t n = up_to_semicolon(*rest);
        if (n >= rest->n)
            return false;
        *rest = lex_skip(span_skip(*rest, n + 1));
        struct span name = span_take(*rest, lex_token(*rest));
        struct span s = lex_skip(span_skip(*rest, name.n));
        if (name.n == 0 || s.n == 0 || s.p[0] != '=')
            continue;
        s = lex_skip(span_skip(s, 1));
        split_name(name, p);
        if (s.n && s.p[0] == '"') {
            n = lex_quoted(s);
            p->value = span_take(s, n);
        } else {
            n = span_find(s, ';');
            p->value = bare_value(span_take(s, n));
        }
        *rest = span_skip(s, n);
        return true;
    }
}

static enum err value_bytes(const struct param *p, struct buf *out)
{
    if (p->value.n && p->value.p[0] == '"')
        return lex_unquote(p->value, out);
    return header_unfold(p->value, out);
}

static int hex(uint8_t c)
{
    if (ascii_digit(c))
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Undoes %XX in what lies in b from offset on. */
static void percent_decode(struct buf *b, size_t offset)
{
    size_t to = offset;
    for (size_t i = offset; i < b->len; i++) {
        const uint8_t *c = b->data + i;
        if (*c == '%' && i + 2 < b->len && hex(c[1]) >= 0 && hex(c[2]) >= 0) {
            b->data[to++] = (uint8_t)(hex(c[1]) << 4 | hex(c[2]));
            i += 2;
        } else {
            b->data[to++] = *c;
        }
    }
    b->len = to;
}

/* Takes "charset'language'" from the front of b. */
static void take_charset(struct buf *b, char charset[64])
{
    struct span s = buf_span(b);
    size_t first = span_find(s, '\'');
    size_t second = first + 1 + span_find(span_skip(s, first + 1), '\'');
    if (first >= s.n || second >= s.n)
        return;
    if (!span_copy(span_take(s, first), charset, 64))
        charset[0] = '\0';
    buf_consume(b, second + 1);
}

static enum err convert(const struct mime_converter *conv, const char *charset, struct span bytes,
                        struct buf *out)
{
    size_t start = out->len;
    enum err e = ERR_NONE;
    if (conv && conv->convert)
        e = conv->convert(conv->ctx, span_str(charset), bytes, out);
    else
        e = mime_convert_plain(NULL, span_str(charset), bytes, out);
    if (!e)
        lex_clean(out, start);
    return e;
}

/* The RFC 2231 forms: name*=, name*0=, name*0*= and what continues them. ERR_NO: none. */
static enum err extended_value(const struct param *params, size_t count,
                               const struct mime_converter *conv, struct buf *out)
{
    struct buf bytes;
    char charset[64] = "";
    int index = -1;
    enum err e = ERR_NO;
    buf_init(&bytes, SIZE_MAX / 4);
    for (size_t i = 0; i < count; i++) {
        bool whole = params[i].extended && params[i].index < 0;
        if ((index < 0 && whole) || params[i].index == index + 1) {
            size_t start = bytes.len;
            if ((e = value_bytes(&params[i], &bytes)))
                break;
            if (index < 0 && params[i].extended)
                take_charset(&bytes, charset);
            if (params[i].extended)
                percent_decode(&bytes, start);
            if (whole)
                break;
            /* The continuation may stand anywhere: look from the start again. */
            index = params[i].index;
            i = (size_t)-1;
        }
    }
    if (!e)
        e = convert(conv, charset, buf_span(&bytes), out);
    buf_release(&bytes);
    return e;
}

static enum err plain_value(const struct param *p, const struct mime_converter *conv,
                            struct buf *out)
{
    struct buf bytes;
    buf_init(&bytes, SIZE_MAX / 4);
    enum err e = value_bytes(p, &bytes);
    if (!e)
        e = header_decode(buf_span(&bytes), conv, out);
    buf_release(&bytes);
    return e;
}

enum err header_param(struct span raw, const char *name, const struct mime_converter *conv,
                      struct buf *out)
{
    struct param found[PARAMS_MAX], p;
    const struct param *plain = NULL;
    size_t count = 0, seen = 0, start = out->len;
    while (seen++ < PARAMS_MAX && param_next(&raw, &p)) {
        if (!span_eq_nocase(p.name, span_str(name)))
            continue;
        found[count] = p;
        if (!plain && !p.extended && p.index < 0)
            plain = &found[count];
        count++;
    }
    enum err e = extended_value(found, count, conv, out);
    if (e == ERR_NO && plain)
        e = plain_value(plain, conv, out);
    if (e)
        out->len = start;
    return e;
}
