#include "mime/html.h"

#include "bytes/utf8.h"

#include <string.h>

void html_text_init(struct html_text *h, struct buf *out)
{
    *h = (struct html_text){.out = out, .start = out->len};
}

/* ---- the text ---- */

static void put(struct html_text *h, const void *p, size_t n)
{
    if (!h->err)
        h->err = buf_add(h->out, p, n);
}

/* At least n line ends stand before what comes next; none at the very beginning. */
static void break_lines(struct html_text *h, unsigned n)
{
    if (h->breaks < n)
        h->breaks = n;
    h->blank = false;
}

/* What is due before a word. */
static void put_due(struct html_text *h)
{
    bool begun = h->out->len > h->start;
    for (unsigned i = 0; begun && i < h->breaks; i++)
        put(h, "\n", 1);
    if (h->bullet)
        put(h, "- ", 2);
    else if (begun && !h->breaks && h->blank)
        put(h, " ", 1);
    h->breaks = 0;
    h->blank = h->bullet = false;
}

static void put_word(struct html_text *h, struct span s)
{
    if (s.n == 0)
        return;
    put_due(h);
    put(h, s.p, s.n);
}

/* A run of text without '<' and '&'. */
static void text(struct html_text *h, struct span s)
{
    while (s.n) {
        size_t n = 0;
        while (n < s.n && s.p[n] > 0x20 && s.p[n] != 0x7f)
            n++;
        put_word(h, span_take(s, n));
        if (n == s.n)
            return;
        uint8_t c = s.p[n];
        s = span_skip(s, n + 1);
        if (h->pre && c == '\n')
            break_lines(h, h->breaks + 1);
        else if (h->pre && (c == ' ' || c == '\t'))
            put_word(h, span_of(&c, 1));
        else if (c == ' ' || (c >= '\t' && c <= '\r'))
            h->blank = !h->breaks;
    }
}

/* ---- entities ---- */

/* U+00A0 and on. */
static const char latin1[96][7] = {
    "nbsp", "iexcl", "cent", "pound", "curren", "yen", "brvbar", "sect", "uml", "copy", "ordf",
    "laquo", "not", "shy", "reg", "macr", "deg", "plusmn", "sup2", "sup3", "acute", "micro",
    "para", "middot", "cedil", "sup1", "ordm", "raquo", "frac14", "frac12", "frac34", "iquest",
    "Agrave", "Aacute", "Acirc", "Atilde", "Auml", "Aring", "AElig", "Ccedil", "Egrave", "Eacute",
    "Ecirc", "Euml", "Igrave", "Iacute", "Icirc", "Iuml", "ETH", "Ntilde", "Ograve", "Oacute",
    "Ocirc", "Otilde", "Ouml", "times", "Oslash", "Ugrave", "Uacute", "Ucirc", "Uuml", "Yacute",
    "THORN", "szlig", "agrave", "aacute", "acirc", "atilde", "auml", "aring", "aelig", "ccedil",
    "egrave", "eacute", "ecirc", "euml", "igrave", "iacute", "icirc", "iuml", "eth", "ntilde",
    "ograve", "oacute", "ocirc", "otilde", "ouml", "divide", "oslash", "ugrave", "uacute",
    "ucirc", "uuml", "yacute", "thorn", "yuml",
};

static const struct {
    const char *name;
    uint32_t point;
} others[] = {
    {"amp", '&'},      {"lt", '<'},        {"gt", '>'},        {"quot", '"'},    {"apos", '\''},
    {"OElig", 0x152},  {"oelig", 0x153},   {"Scaron", 0x160},  {"scaron", 0x161},
    {"Yuml", 0x178},   {"fnof", 0x192},    {"circ", 0x2c6},    {"tilde", 0x2dc}, {"ensp", ' '},
    {"emsp", ' '},     {"thinsp", ' '},    {"zwnj", 0},        {"zwj", 0},       {"lrm", 0},
    {"rlm", 0},        {"ndash", 0x2013},  {"mdash", 0x2014},  {"lsquo", 0x2018},
    {"rsquo", 0x2019}, {"sbquo", 0x201a},  {"ldquo", 0x201c},  {"rdquo", 0x201d},
    {"bdquo", 0x201e}, {"dagger", 0x2020}, {"Dagger", 0x2021}, {"bull", 0x2022},
    {"hellip", 0x2026}, {"permil", 0x2030}, {"prime", 0x2032}, {"lsaquo", 0x2039},
    {"rsaquo", 0x203a}, {"euro", 0x20ac},  {"trade", 0x2122},  {"larr", 0x2190},
    {"uarr", 0x2191},  {"rarr", 0x2192},   {"darr", 0x2193},   {"minus", 0x2212},
    {"infin", 0x221e}, {"ne", 0x2260},     {"le", 0x2264},     {"ge", 0x2265},
};

/* What numbers from 128 to 159 mean in the field: windows-1252. */
static const uint16_t cp1252[32] = {
    0x20ac, 0xfffd, 0x201a, 0x192,  0x201e, 0x2026, 0x2020, 0x2021, 0x2c6,  0x2030, 0x160,
    0x2039, 0x152,  0xfffd, 0x17d,  0xfffd, 0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x2dc,  0x2122, 0x161,  0x203a, 0x153,  0xfffd, 0x17e,  0x178,
};

static int digit(uint8_t c, bool hex)
{
    if (ascii_digit(c))
        return c - '0';
    c = ascii_lower(c);
    return hex && c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "#8364", "#x20AC". */
static bool numeric(const char *name, uint32_t *point)
{
    bool hex = name[1] == 'x' || name[1] == 'X';
    const char *c = name + 1 + hex;
    uint64_t v = 0;
    if (name[0] != '#' || !*c)
        return false;
    for (; *c; c++) {
        int d = digit((uint8_t)*c, hex);
        if (d < 0)
            return false;
        v = v * (hex ? 16 : 10) + (uint64_t)d;
    }
    if (v >= 128 && v < 160)
        v = cp1252[v - 128];
    if (v > 0x10ffff || (v >= 0xd800 && v < 0xe000) || v == 0)
        v = 0xfffd;
    *point = (uint32_t)v;
    return true;
}

static bool entity_point(const char *name, uint32_t *point)
{
    for (size_t i = 0; i < 96; i++) {
        if (strcmp(name, latin1[i]) == 0) {
            *point = (uint32_t)(0xa0 + i);
            return true;
        }
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (strcmp(name, others[i].name) == 0) {
            *point = others[i].point;
            return true;
        }
    }
    return numeric(name, point);
}

static void put_point(struct html_text *h, uint32_t c)
{
    uint8_t out[4];
    /* Marks that do not show: soft hyphen, joiners, direction. */
    if (c == 0 || c == 0xad || (c >= 0x200b && c <= 0x200f) || c == 0xfeff)
        return;
    if (c == 0xa0 || c < 0x20 || c == 0x7f) {
        out[0] = ' ';
        if (c == 0xa0)
            put_word(h, span_of(out, 1));
        else
            text(h, span_of(out, 1));
        return;
    }
    put_word(h, span_of(out, utf8_put(c, out)));
}

/* The entity in name is over; c is what ended it. False: c is still to be looked at. */
static bool end_entity(struct html_text *h, uint8_t c)
{
    uint32_t point;
    h->name[h->name_n] = '\0';
    h->state = HTML_TEXT;
    if (entity_point(h->name, &point)) {
        put_point(h, point);
        return c == ';';
    }
    put_word(h, span_str("&"));
    put_word(h, span_of(h->name, h->name_n));
    return false;
}

/* ---- tags ---- */

static bool listed(const char *name, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(name, *list) == 0)
            return true;
    return false;
}

/* The tag whose name is gathered has ended. */
static void end_tag(struct html_text *h)
{
    static const char *const paragraphs[] = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "table",
                                             "ul", "ol", "dl", "blockquote", "pre", "hr", NULL};
    static const char *const lines[] = {"div", "tr", "li", "dt", "dd", "section", "article",
                                        "header", "footer", "address", "center", "form", "title",
                                        "body", "option", "caption", NULL};
    const char *name = h->name;
    bool closing = *name == '/';
    h->name[h->name_n] = '\0';
    name += closing;
    h->state = HTML_TEXT;
    if (strcmp(name, "br") == 0) {
        break_lines(h, h->breaks < 2 ? h->breaks + 1 : 2);
    } else if (listed(name, paragraphs)) {
        break_lines(h, 2);
        if (strcmp(name, "pre") == 0 && !closing)
            h->pre++;
        else if (strcmp(name, "pre") == 0 && h->pre)
            h->pre--;
        if (strcmp(name, "hr") == 0) {
            put_word(h, span_str("----"));
            break_lines(h, 2);
        }
    } else if (listed(name, lines)) {
        break_lines(h, 1);
        if (strcmp(name, "li") == 0 && !closing)
            h->bullet = true;
    } else if (strcmp(name, "td") == 0 || strcmp(name, "th") == 0) {
        h->blank = !h->breaks;
    } else if (!closing && (strcmp(name, "script") == 0 || strcmp(name, "style") == 0)) {
        h->state = HTML_SKIPPED;
        h->skip = *name == 's' && name[1] == 'c' ? "</script" : "</style";
        h->matched = 0;
    }
}

/* One byte towards the end of what is skipped. */
static void skip_byte(struct html_text *h, uint8_t c)
{
    bool comment = h->state == HTML_COMMENT;
    if (ascii_lower(c) == (uint8_t)h->skip[h->matched])
        h->matched++;
    else if (comment && c == '-' && h->matched == 2)
        return; /* "--->" */
    else
        h->matched = ascii_lower(c) == (uint8_t)h->skip[0];
    if (h->skip[h->matched])
        return;
    h->state = comment ? HTML_TEXT : HTML_TAG;
    h->name_n = 0;
    h->quote = 0;
    h->tag_n = 0;
}

static void tag_byte(struct html_text *h, uint8_t c)
{
    bool endless = ++h->tag_n > HTML_TAG_MAX;
    if (c == '>' && (!h->quote || endless))
        end_tag(h);
    else if (h->quote)
        h->quote = c == (uint8_t)h->quote ? 0 : h->quote;
    else if (c == '"' || c == '\'')
        h->quote = (char)c;
}

/* Behind '<'. False: c is still to be looked at, as text. */
static bool open_byte(struct html_text *h, uint8_t c)
{
    if ((!ascii_alnum(c) || ascii_digit(c)) && c != '/' && c != '!' && c != '?') {
        h->state = HTML_TEXT;
        put_word(h, span_str("<"));
        return false;
    }
    h->state = HTML_NAME;
    h->name[0] = (char)ascii_lower(c);
    h->name_n = 1;
    h->quote = 0;
    h->tag_n = 0;
    return true;
}

/* In a tag's name; what is too long is none that we know. */
static void name_byte(struct html_text *h, uint8_t c)
{
    bool comment = h->name[0] == '!';
    if (comment && c == '-' && h->name_n == 2 && h->name[1] == '-') {
        h->state = HTML_COMMENT;
        h->skip = "-->";
        h->matched = 0;
    } else if (ascii_alnum(c) || (comment && c == '-')) {
        if (h->name_n < HTML_NAME_MAX)
            h->name[h->name_n++] = (char)ascii_lower(c);
    } else {
        h->state = HTML_TAG;
        tag_byte(h, c);
    }
}

/* False: c is still to be looked at. */
static bool byte(struct html_text *h, uint8_t c)
{
    switch (h->state) {
    case HTML_TEXT:
        h->state = c == '<' ? HTML_OPEN : HTML_ENTITY;
        h->name_n = 0;
        return true;
    case HTML_OPEN:
        return open_byte(h, c);
    case HTML_NAME:
        name_byte(h, c);
        return true;
    case HTML_TAG:
        tag_byte(h, c);
        return true;
    case HTML_COMMENT:
    case HTML_SKIPPED:
        skip_byte(h, c);
        return true;
    case HTML_ENTITY:
        if ((ascii_alnum(c) || (c == '#' && !h->name_n)) && h->name_n < HTML_NAME_MAX) {
            h->name[h->name_n++] = (char)c;
            return true;
        }
        return end_entity(h, c);
    }
    return true;
}

enum err html_text_push(struct html_text *h, struct span s)
{
    while (s.n && !h->err) {
        size_t n = 0;
        if (h->state == HTML_TEXT) {
            while (n < s.n && s.p[n] != '<' && s.p[n] != '&')
                n++;
            text(h, span_take(s, n));
            s = span_skip(s, n);
        }
        if (s.n && byte(h, s.p[0]))
            s = span_skip(s, 1);
    }
    return h->err;
}

enum err html_text_end(struct html_text *h)
{
    if (h->state == HTML_ENTITY)
        end_entity(h, ';');
    else if (h->state == HTML_OPEN)
        put_word(h, span_str("<"));
    if (h->out->len > h->start)
        put(h, "\n", 1);
    return h->err;
}
