#include "seal/signed.h"

#include <string.h>

void signed_begin(struct signed_mail *s, struct span boundary)
{
    memset(s, 0, sizeof *s);
    s->boundary = boundary;
}

/* Bytes of the part we are in; before the first and behind the last they are nobody's. */
static enum err give(const struct signed_mail *s, const void *p, size_t n, struct buf *content,
                     struct buf *signature)
{
    if (s->where == SIGNED_CONTENT)
        return buf_add(content, p, n);
    return s->where == SIGNED_SIGNATURE ? buf_add(signature, p, n) : ERR_NONE;
}

/* The line end and the line's start that waited belong to the part after all. */
static enum err release(struct signed_mail *s, struct buf *content, struct buf *signature)
{
    enum err e = s->eol ? give(s, "\r\n", 2, content, signature) : ERR_NONE;
    if (!e)
        e = give(s, s->line, s->line_n, content, signature);
    s->eol = false;
    s->line_n = 0;
    s->in_line = true;
    return e;
}

/* What has come of the line could still be "--boundary", "--" and blanks. */
static bool may_be_boundary(const struct signed_mail *s)
{
    size_t whole = 2 + s->boundary.n;
    for (size_t i = 0; i < s->line_n; i++) {
        uint8_t c = s->line[i];
        bool fits = i < 2                ? c == '-'
                    : i < whole          ? c == s->boundary.p[i - 2]
                    : i < whole + 2      ? c == '-' || c == ' ' || c == '\t'
                                         : c == ' ' || c == '\t';
        if (!fits)
            return false;
    }
    return true;
}

/* A boundary's line is over: which part begins? */
static enum err cross(struct signed_mail *s, struct why *why)
{
    size_t whole = 2 + s->boundary.n;
    bool closing = s->line_n >= whole + 2 && s->line[whole] == '-' && s->line[whole + 1] == '-';
    s->line_n = 0;
    s->eol = s->in_line = false;
    if (closing) {
        if (s->where != SIGNED_SIGNATURE)
            return why_set(why, ERR_DATA, "not a signed mail: a part is missing");
        s->where = SIGNED_END;
    } else if (s->where == SIGNED_PREAMBLE) {
        s->where = SIGNED_CONTENT;
    } else if (s->where == SIGNED_CONTENT) {
        s->where = SIGNED_SIGNATURE;
    } else {
        return why_set(why, ERR_DATA, "not a signed mail: more than two parts");
    }
    return ERR_NONE;
}

static bool is_boundary(const struct signed_mail *s)
{
    size_t whole = 2 + s->boundary.n;
    if (s->in_line || s->line_n < whole)
        return false;
    struct span rest = span_of(s->line + whole, s->line_n - whole);
    if (span_starts(rest, span_str("--")))
        rest = span_skip(rest, 2);
    return span_trim(rest).n == 0;
}

static enum err end_of_line(struct signed_mail *s, struct buf *content, struct buf *signature,
                            struct why *why)
{
    s->cr = false;
    if (s->where != SIGNED_END && is_boundary(s))
        return cross(s, why);
    enum err e = release(s, content, signature);
    s->eol = true;
    s->in_line = false;
    return e;
}

static enum err byte(struct signed_mail *s, uint8_t c, struct buf *content, struct buf *signature)
{
    if (!s->in_line) {
        s->line[s->line_n++] = c;
        if (s->line_n < sizeof s->line && may_be_boundary(s))
            return ERR_NONE;
        return release(s, content, signature);
    }
    return give(s, &c, 1, content, signature);
}

/* A CR that no LF follows is a byte like others. */
static enum err lone_cr(struct signed_mail *s, struct buf *content, struct buf *signature)
{
    s->cr = false;
    return byte(s, '\r', content, signature);
}

/* In the midst of a line: all that is not a line end, at once. */
static size_t run_of(struct span in)
{
    size_t n = span_find(in, '\n'), cr = span_find(span_take(in, n), '\r');
    return cr;
}

enum err signed_push(struct signed_mail *s, struct span in, struct buf *content,
                     struct buf *signature, struct why *why)
{
    enum err e = ERR_NONE;
    while (in.n && !e) {
        uint8_t c = in.p[0];
        size_t used = 1;
        if (c == '\n') {
            e = end_of_line(s, content, signature, why);
            if (e)
                return e;
        } else if (s->cr) {
            e = lone_cr(s, content, signature);
            used = 0;
        } else if (c == '\r') {
            s->cr = true;
        } else if (s->in_line) {
            used = run_of(in);
            e = give(s, in.p, used, content, signature);
        } else {
            e = byte(s, c, content, signature);
        }
        in = span_skip(in, used);
    }
    return e ? why_set(why, e, "signed mail: the signature's part is too long") : ERR_NONE;
}

enum err signed_end(const struct signed_mail *s, struct why *why)
{
    /* The closing boundary may be the last line without a line end. */
    if (s->where == SIGNED_END ||
        (s->where == SIGNED_SIGNATURE && is_boundary(s) && s->line_n >= s->boundary.n + 4))
        return ERR_NONE;
    return why_set(why, ERR_DATA, "signed mail cut short");
}
