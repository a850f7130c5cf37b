#include "smtp/path.h"

#include "bytes/utf8.h"

#include <string.h>

/* Where the parse stands: the text not yet read, and what is allowed. */
struct reader {
    struct span left;
    unsigned flags;
};

static int peek(const struct reader *r)
{
    return r->left.n ? r->left.p[0] : -1;
}

static bool take(struct reader *r, int c)
{
    if (peek(r) != c)
        return false;
    r->left = span_skip(r->left, 1);
    return true;
}

/* The bytes between where the reader was and where it is. */
static struct span between(const struct reader *from, const struct reader *to)
{
    return span_take(from->left, from->left.n - to->left.n);
}

/* RFC 821's <c> without the dot, which stands between; RFC 5322's atext is a part of it. */
static bool is_atom(const struct reader *r, int c)
{
    if (c >= 0x80)
        return (r->flags & PATH_UTF8) != 0;
    return c > ' ' && c < 0x7f && !strchr("<>()[]\\.,;:@\"", c);
}

/* '\' and any printable byte: <quoted-pair> as 821 has it inside and outside of quotes. */
static bool take_pair(struct reader *r)
{
    if (r->left.n < 2 || r->left.p[0] != '\\' || r->left.p[1] < ' ' || r->left.p[1] >= 0x7f)
        return false;
    r->left = span_skip(r->left, 2);
    return true;
}

static bool take_quoted(struct reader *r)
{
    if (!take(r, '"'))
        return false;
    while (!take(r, '"')) {
        int c = peek(r);
        if (c == '\\') {
            if (!take_pair(r))
                return false;
        } else if (c < ' ' || c == 0x7f || (c >= 0x80 && !(r->flags & PATH_UTF8))) {
            return false;
        } else {
            take(r, c);
        }
    }
    return true;
}

static bool take_atom(struct reader *r)
{
    const struct reader start = *r;
    while (peek(r) == '\\' ? take_pair(r) : is_atom(r, peek(r)) && take(r, peek(r)))
        continue;
    return between(&start, r).n > 0;
}

/* Strings joined by dots, each an atom or, as RFC 5322's obsolete form, a quoted string. */
static bool take_local(struct reader *r)
{
    do {
        if (!(peek(r) == '"' ? take_quoted(r) : take_atom(r)))
            return false;
    } while (take(r, '.'));
    return true;
}

static bool is_name(const struct reader *r, int c)
{
    if (c >= 0x80)
        return (r->flags & PATH_UTF8) != 0;
    return c >= 0 && (ascii_alnum((uint8_t)c) || c == '-' || c == '_');
}

static bool take_element(struct reader *r)
{
    const struct reader start = *r;
    if (take(r, '#')) {
        while (peek(r) >= 0 && ascii_digit((uint8_t)peek(r)))
            take(r, peek(r));
        return between(&start, r).n > 1;
    }
    while (is_name(r, peek(r)))
        take(r, peek(r));
    struct span s = between(&start, r);
    return s.n > 0 && s.p[0] != '-' && s.p[s.n - 1] != '-';
}

/* "[127.0.0.1]", "[IPv6:::1]": letters, digits, '.', ':' and '-' inside. */
static bool take_literal(struct reader *r)
{
    size_t n = 0;
    if (!take(r, '['))
        return false;
    for (int c; (c = peek(r)) > 0 && (ascii_alnum((uint8_t)c) || strchr(".:-", c)); n++)
        take(r, c);
    return n > 0 && take(r, ']');
}

static bool take_domain(struct reader *r)
{
    if (peek(r) == '[')
        return take_literal(r);
    do {
        if (!take_element(r))
            return false;
    } while (take(r, '.'));
    return true;
}

static enum path_fault route(struct reader *r, struct path *path)
{
    const struct reader start = *r;
    do {
        if (!take(r, '@'))
            return PATH_SYNTAX;
        const struct reader host = *r;
        if (!take_domain(r))
            return PATH_SYNTAX;
        if (between(&host, r).n > PATH_DOMAIN_MAX)
            return PATH_DOMAIN_TOO_LONG;
    } while (take(r, ','));
    path->route = between(&start, r);
    return take(r, ':') ? PATH_OK : PATH_SYNTAX;
}

static enum path_fault mailbox(struct reader *r, struct path *path)
{
    const struct reader start = *r;
    if (!take_local(r))
        return PATH_SYNTAX;
    path->local = between(&start, r);
    if (path->local.n > PATH_LOCAL_MAX)
        return PATH_LOCAL_TOO_LONG;
    if (!take(r, '@'))
        return r->flags & PATH_NO_DOMAIN ? PATH_OK : PATH_SYNTAX;
    const struct reader domain = *r;
    if (!take_domain(r))
        return PATH_SYNTAX;
    path->domain = between(&domain, r);
    return path->domain.n > PATH_DOMAIN_MAX ? PATH_DOMAIN_TOO_LONG : PATH_OK;
}

/* Route and mailbox, of at most as many octets as stay when the brackets are counted. */
static enum path_fault inner(struct reader *r, struct path *path)
{
    const struct reader start = *r;
    enum path_fault fault = peek(r) == '@' ? route(r, path) : PATH_OK;
    if (!fault)
        fault = mailbox(r, path);
    path->text = between(&start, r);
    if (path->text.n > PATH_MAX_OCTETS - 2)
        return PATH_TOO_LONG;
    if (!fault && !utf8_valid(path->text))
        return PATH_SYNTAX;
    return fault;
}

enum path_fault path_parse(struct span text, unsigned flags, struct path *path, size_t *used)
{
    struct reader r = {text, flags};
    memset(path, 0, sizeof *path);
    *used = 0;
    if (!take(&r, '<'))
        return PATH_SYNTAX;
    path->text = span_take(r.left, 0);
    if (!(flags & PATH_NULL) || peek(&r) != '>') {
        enum path_fault fault = inner(&r, path);
        if (fault)
            return fault;
    }
    if (!take(&r, '>'))
        return PATH_SYNTAX;
    *used = text.n - r.left.n;
    return PATH_OK;
}

enum path_fault path_parse_bare(struct span text, unsigned flags, struct path *path)
{
    struct reader r = {text, flags};
    memset(path, 0, sizeof *path);
    if (!text.n)
        return flags & PATH_NULL ? PATH_OK : PATH_SYNTAX;
    enum path_fault fault = inner(&r, path);
    return fault || !r.left.n ? fault : PATH_SYNTAX;
}

enum path_fault path_parse_mailbox(struct span text, unsigned flags, struct path *path)
{
    memset(path, 0, sizeof *path);
    if (text.n && text.p[0] == '@')
        return PATH_SYNTAX;
    return path_parse_bare(text, flags, path);
}

const char *path_fault_words(enum path_fault fault)
{
    switch (fault) {
    case PATH_OK:
        return "no fault";
    case PATH_TOO_LONG:
        return "path too long";
    case PATH_LOCAL_TOO_LONG:
        return "local part too long";
    case PATH_DOMAIN_TOO_LONG:
        return "domain too long";
    case PATH_SYNTAX:
        break;
    }
    return "not an address";
}

enum path_fault path_check_domain(struct span domain, unsigned flags)
{
    struct reader r = {domain, flags};
    if (domain.n > PATH_DOMAIN_MAX)
        return PATH_DOMAIN_TOO_LONG;
    return take_domain(&r) && !r.left.n && utf8_valid(domain) ? PATH_OK : PATH_SYNTAX;
}

bool path_route_next(struct span *route_left, struct span *host)
{
    if (!route_left->n)
        return false;
    struct span rest = span_skip(*route_left, 1);
    *host = span_take(rest, span_find(rest, ','));
    *route_left = span_skip(rest, host->n + 1);
    return true;
}

bool path_local_text(const struct path *path, char *out, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < path->local.n; i++) {
        uint8_t c = path->local.p[i];
        if (c == '"')
            continue;
        if (c == '\\' && i + 1 < path->local.n)
            c = path->local.p[++i];
        if (n + 1 >= size) {
            if (size)
                out[0] = '\0';
            return false;
        }
        out[n++] = (char)c;
    }
    if (size)
        out[n] = '\0';
    return size > 0;
}

bool path_same_mailbox(const struct path *a, const struct path *b)
{
    char one[PATH_LOCAL_MAX + 1], two[PATH_LOCAL_MAX + 1];
    path_local_text(a, one, sizeof one);
    path_local_text(b, two, sizeof two);
    return span_eq_nocase(span_str(one), span_str(two)) && span_eq_nocase(a->domain, b->domain);
}

/* Digits, '*' and '#', after a '+' that may lead; '.' and '-' are for the eye (RFC 3191 2). */
static bool fax_number(struct span s, char *out)
{
    size_t n = 0;
    bool digit = false;
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];
        if (c == '.' || c == '-')
            continue;
        if (!ascii_digit(c) && c != '*' && c != '#' && (c != '+' || i != 0))
            return false;
        digit = digit || ascii_digit(c);
        out[n++] = (char)c;
    }
    out[n] = '\0';
    return digit;
}

bool path_fax(const struct path *path, struct fax_address *fax)
{
    char text[PATH_LOCAL_MAX + 1];
    memset(fax, 0, sizeof *fax);
    if (!path_local_text(path, text, sizeof text))
        return false;
    struct span left = span_str(text);
    /* X.400 style puts a '/' before the first and behind the last word (RFC 3192 2). */
    if (left.n && left.p[0] == '/')
        left = span_skip(left, 1);
    if (!span_starts_nocase(left, span_str("FAX=")))
        return false;
    left = span_skip(left, 4);
    size_t n = span_find(left, '/');
    if (!fax_number(span_take(left, n), fax->number))
        return false;
    for (left = span_skip(left, n + 1); left.n; left = span_skip(left, n + 1)) {
        n = span_find(left, '/');
        struct span word = span_take(left, n);
        if (span_starts_nocase(word, span_str("T33S=")) &&
            !fax_number(span_skip(word, 5), fax->sub_address))
            return false;
    }
    return true;
}
