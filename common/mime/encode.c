#include "mime/encode.h"

#include "base64/base64.h"
#include "bytes/utf8.h"
#include "mime/address.h"
#include "mime/lex.h"

#include <string.h>

enum {
    LINE = 78,           /* RFC 5322 §2.1.1 */
    ENCODED_WORD = 75,   /* RFC 2047 §2 */
    TOKEN_MAX = 900,     /* a line may have 998; a word this long is encoded to be broken */
    VALUE_MAX = 1 << 20
};

bool header_safe(struct span value)
{
    return span_find(value, '\r') == value.n && span_find(value, '\n') == value.n &&
           span_find(value, 0) == value.n;
}

bool header_name_ok(struct span name)
{
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] <= 0x20 || name.p[i] >= 0x7f || name.p[i] == ':')
            return false;
    return name.n > 0 && name.n < 70;
}

/* The value stands in a header as it is, and is read back as it is. */
static bool plain_text(struct span s)
{
    size_t token = 0;
    for (size_t i = 0; i < s.n; i++) {
        bool blank = s.p[i] == ' ' || s.p[i] == '\t';
        token = blank ? 0 : token + 1;
        if (token > TOKEN_MAX || s.p[i] >= 0x7f || (s.p[i] < 0x20 && !blank))
            return false;
        if (s.p[i] == '=' && i + 1 < s.n && s.p[i + 1] == '?')
            return false;
    }
    return true;
}

/* A field being written: the column is kept, so that it can be folded. */
struct line {
    struct buf *out;
    size_t column;
    bool crlf;
    enum err err;
};

static void put(struct line *l, struct span s)
{
    if (!l->err)
        l->err = buf_add_span(l->out, s);
    l->column += s.n;
}

static void put_str(struct line *l, const char *s)
{
    put(l, span_str(s));
}

static void fold(struct line *l)
{
    put_str(l, l->crlf ? "\r\n" : "\n");
    l->column = 0;
}

/* Puts text, folded before its blanks. */
static void put_folded(struct line *l, struct span s)
{
    while (s.n) {
        size_t n = 0;
        while (n < s.n && (s.p[n] == ' ' || s.p[n] == '\t'))
            n++;
        size_t blanks = n;
        while (n < s.n && s.p[n] != ' ' && s.p[n] != '\t')
            n++;
        if (l->column + n > LINE && blanks && n > blanks && l->column > 1)
            fold(l);
        put(l, span_take(s, n));
        s = span_skip(s, n);
    }
}

/* ---- RFC 2047 ---- */

static bool q_bare(uint8_t c)
{
    /* What may stand in a word of a phrase (RFC 2047 §5 (3)). */
    return ascii_alnum(c) || (c && strchr("!*+-/", c));
}

/* One character as UTF-8: as it is, or U+FFFD. *n is what it takes of s. */
static struct span character(struct span s, size_t *n)
{
    *n = utf8_char(s, NULL);
    if (*n)
        return span_take(s, *n);
    *n = 1;
    return span_str("\xef\xbf\xbd");
}

/* Base64 is shorter where a third or more must be escaped. */
static bool wants_base64(struct span s)
{
    size_t escaped = 0;
    for (size_t i = 0; i < s.n; i++)
        escaped += s.p[i] != ' ' && !q_bare(s.p[i]);
    return escaped * 3 > s.n;
}

static size_t q_width(struct span c)
{
    return c.n == 1 && (c.p[0] == ' ' || q_bare(c.p[0])) ? 1 : 3 * c.n;
}

static void put_q(struct line *l, struct span s)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];
        char coded[3] = {'=', digits[c >> 4], digits[c & 15]};
        if (c == ' ')
            put_str(l, "_");
        else if (q_bare(c))
            put(l, span_of(&c, 1));
        else
            put(l, span_of(coded, 3));
    }
}

static void put_b(struct line *l, struct span s)
{
    uint8_t coded[2 * ENCODED_WORD];
    struct base64_encoder e;
    base64_encoder_init(&e, 0, 0);
    size_t n = base64_encode(&e, s, coded);
    n += base64_encode_end(&e, coded + n);
    put(l, span_of(coded, n));
}

/* Puts all of s as encoded words, as many as it takes; each holds whole characters. */
static void put_words(struct line *l, struct span s)
{
    bool base64 = wants_base64(s), first = true;
    while (s.n && !l->err) {
        uint8_t raw[ENCODED_WORD];
        size_t n, raw_n = 0, width = 0;
        size_t head = 12; /* "=?utf-8?Q?" and "?=" */
        size_t column = l->column + 1;
        if (column + head + 12 > LINE) {
            fold(l);
            put_str(l, " ");
        } else if (!first) {
            put_str(l, " ");
        }
        size_t room = LINE - l->column < ENCODED_WORD ? LINE - l->column : ENCODED_WORD;
        while (s.n) {
            struct span c = character(s, &n);
            size_t next = base64 ? (raw_n + c.n + 2) / 3 * 4 : width + q_width(c);
            if (head + next > room)
                break;
            memcpy(raw + raw_n, c.p, c.n);
            raw_n += c.n;
            width = next;
            s = span_skip(s, n);
        }
        put_str(l, base64 ? "=?utf-8?B?" : "=?utf-8?Q?");
        if (base64)
            put_b(l, span_of(raw, raw_n));
        else
            put_q(l, span_of(raw, raw_n));
        put_str(l, "?=");
        first = false;
    }
}

/* ---- fields ---- */

static bool line_begin(struct line *l, struct buf *out, const char *name, bool crlf)
{
    *l = (struct line){.out = out, .crlf = crlf};
    if (!header_name_ok(span_str(name)))
        return false;
    put_str(l, name);
    put_str(l, ":");
    return true;
}

static enum err line_end(struct line *l, size_t start)
{
    fold(l);
    if (l->err)
        l->out->len = start;
    return l->err;
}

enum err header_put_text(struct buf *out, const char *name, struct span value, bool crlf)
{
    struct line l;
    size_t start = out->len;
    value = span_trim(value);
    if (!header_safe(value) || value.n > VALUE_MAX || !line_begin(&l, out, name, crlf))
        return ERR_DATA;
    put_str(&l, " ");
    if (plain_text(value)) {
        put_folded(&l, value);
    } else {
        put_words(&l, value);
    }
    return line_end(&l, start);
}

enum err header_put_plain(struct buf *out, const char *name, struct span value, bool crlf)
{
    struct line l;
    size_t start = out->len;
    value = span_trim(value);
    if (!header_safe(value) || value.n > VALUE_MAX || !line_begin(&l, out, name, crlf))
        return ERR_DATA;
    put_str(&l, " ");
    put_folded(&l, value);
    return line_end(&l, start);
}

/* ---- addresses ---- */

static bool special(uint8_t c)
{
    return c <= 0x20 || c == 0x7f || strchr("()<>[]:;@\\,\"", c);
}

static bool local_ok(struct span s)
{
    if (s.n && s.p[0] == '"')
        return s.n > 2 && lex_quoted(s) == s.n && s.p[s.n - 1] == '"';
    for (size_t i = 0; i < s.n; i++)
        if (special(s.p[i]) || (s.p[i] == '.' && (i == 0 || i + 1 == s.n || s.p[i - 1] == '.')))
            return false;
    return s.n > 0;
}

static bool domain_ok(struct span s)
{
    bool literal = s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']';
    if (literal)
        s = span_take(span_skip(s, 1), s.n - 2);
    for (size_t i = 0; i < s.n; i++) {
        bool dot = s.p[i] == '.' && (i == 0 || i + 1 == s.n || s.p[i - 1] == '.');
        if (literal ? s.p[i] <= 0x20 || s.p[i] == '[' || s.p[i] == ']' || s.p[i] == '\\'
                    : special(s.p[i]) || dot)
            return false;
    }
    return s.n > 0;
}

static bool address_ok(struct span s)
{
    size_t at = s.n;
    while (at > 0 && s.p[at - 1] != '@')
        at--;
    return at > 0 && utf8_valid(s) && local_ok(span_take(s, at - 1)) &&
           domain_ok(span_skip(s, at));
}

/* An entry without <> is one piece: "a b@c" is no address. */
static bool one_piece(struct span entry)
{
    bool seen = false, gap = false, one = true;
    for (size_t i = 0, n; i < entry.n; i += n) {
        uint8_t c = entry.p[i];
        n = 1;
        if (c == '<' || c == ':')
            return true;
        if (c == '(')
            n = lex_comment(span_skip(entry, i));
        else if (c == '"')
            n = lex_quoted(span_skip(entry, i));
        if (lex_blank(c) || c == '(') {
            gap = seen;
        } else if (c != ',' && c != ';') {
            one = one && !gap;
            seen = true;
        }
    }
    return one;
}

static void put_quoted(struct line *l, struct span s)
{
    put_str(l, "\"");
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"' || s.p[i] == '\\')
            put_str(l, "\\");
        put(l, span_take(span_skip(s, i), 1));
    }
    put_str(l, "\"");
}

static void put_phrase(struct line *l, struct span name)
{
    bool atoms = true;
    for (size_t i = 0; i < name.n; i++)
        if ((special(name.p[i]) && name.p[i] != ' ') || name.p[i] == '.')
            atoms = false;
    if (!plain_text(name)) {
        put_words(l, name);
    } else if (atoms) {
        put_folded(l, name);
    } else {
        if (l->column + name.n + 2 > LINE && l->column > 1) {
            fold(l);
            put_str(l, " ");
        }
        put_quoted(l, name);
    }
}

static void put_address(struct line *l, const struct mime_address *a)
{
    size_t n = strlen(a->addr) + (a->name[0] ? 2 : 0);
    if (a->name[0])
        put_phrase(l, span_str(a->name));
    bool begun = a->name[0] != '\0';
    if (l->column + n + 2 > LINE && l->column > 1 && (begun || l->column > 10)) {
        fold(l);
        put_str(l, " ");
    } else if (begun) {
        put_str(l, " ");
    }
    put_str(l, begun ? "<" : "");
    put_str(l, a->addr);
    put_str(l, begun ? ">" : "");
}

enum err header_put_addresses(struct buf *out, const char *name, struct span list, bool crlf)
{
    struct line l;
    struct mime_address a;
    size_t start = out->len, count = 0;
    struct span rest = list;
    if (!header_safe(list) || list.n > VALUE_MAX || !line_begin(&l, out, name, crlf))
        return ERR_DATA;
    put_str(&l, " ");
    for (;;) {
        struct span before = rest;
        if (!mime_address_next(&rest, NULL, &a))
            break;
        if (!address_ok(span_str(a.addr)) || !one_piece(span_take(before, before.n - rest.n))) {
            out->len = start;
            return ERR_DATA;
        }
        if (count++)
            put_str(&l, ", ");
        put_address(&l, &a);
    }
    if (count == 0) {
        out->len = start;
        return ERR_DATA;
    }
    return line_end(&l, start);
}

/* ---- parameters ---- */

static bool quotable(struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < 0x20 || s.p[i] >= 0x7f)
            return false;
    return s.n <= 60;
}

static void param_sep(struct line *l, size_t width)
{
    put_str(l, ";");
    if (l->column + 1 + width > LINE)
        fold(l);
    put_str(l, " ");
}

/* Between characters: neither within %XX nor before the second byte of one, since there are
 * readers that decode each piece by itself. */
static bool may_cut(struct span coded, size_t at)
{
    if (coded.p[at - 1] == '%' || (at > 1 && coded.p[at - 2] == '%'))
        return false;
    return coded.p[at] != '%' || at + 1 >= coded.n || !strchr("89AB", coded.p[at + 1]);
}

/* RFC 2231: name*=utf-8''…, or name*0*=utf-8''… and so on where that would be too long. */
static void put_extended(struct line *l, const char *name, struct span s)
{
    static const char digits[] = "0123456789ABCDEF";
    struct buf coded;
    buf_init(&coded, 4 * (size_t)VALUE_MAX);
    while (s.n && !l->err) {
        size_t n;
        struct span c = character(s, &n);
        for (size_t i = 0; i < c.n && !l->err; i++) {
            if (ascii_alnum(c.p[i]) || (c.p[i] && strchr("-._~", c.p[i])))
                l->err = buf_add_byte(&coded, c.p[i]);
            else
                l->err = buf_add_format(&coded, "%%%c%c", digits[c.p[i] >> 4],
                                        digits[c.p[i] & 15]);
        }
        s = span_skip(s, n);
    }
    size_t room = LINE - strlen(name) - 16;
    struct span rest = buf_span(&coded);
    for (unsigned i = 0; (rest.n || i == 0) && !l->err; i++) {
        size_t n = rest.n < room ? rest.n : room;
        while (n < rest.n && n > 1 && !may_cut(rest, n))
            n--;
        param_sep(l, strlen(name) + 14 + n);
        put_str(l, name);
        if (i > 0 || n < rest.n) {
            char index[16];
            size_t k = 0;
            if (i >= 100)
                index[k++] = (char)('0' + i / 100 % 10);
            if (i >= 10)
                index[k++] = (char)('0' + i / 10 % 10);
            index[k++] = (char)('0' + i % 10);
            put_str(l, "*");
            put(l, span_of(index, k));
        }
        put_str(l, i == 0 ? "*=utf-8''" : "*=");
        put(l, span_take(rest, n));
        rest = span_skip(rest, n);
    }
    buf_release(&coded);
}

enum err header_put_params(struct buf *out, const char *name, const char *value,
                           const struct header_param *params, size_t count, bool crlf)
{
    struct line l;
    size_t start = out->len;
    if (!header_safe(span_str(value)) || !line_begin(&l, out, name, crlf))
        return ERR_DATA;
    put_str(&l, " ");
    put_str(&l, value);
    for (size_t i = 0; i < count; i++) {
        struct span v = params[i].value;
        if (!header_safe(v) || v.n > 4096 || !header_name_ok(span_str(params[i].name))) {
            out->len = start;
            return ERR_DATA;
        }
        if (!quotable(v)) {
            put_extended(&l, params[i].name, v);
            continue;
        }
        param_sep(&l, strlen(params[i].name) + v.n + 4);
        put_str(&l, params[i].name);
        put_str(&l, "=");
        /* File names and boundaries are quoted by custom even where they need not be. */
        if (lex_token(v) == v.n && v.n && strcmp(params[i].name, "name") != 0 &&
            strcmp(params[i].name, "filename") != 0 && strcmp(params[i].name, "boundary") != 0)
            put(&l, v);
        else
            put_quoted(&l, v);
    }
    return line_end(&l, start);
}
