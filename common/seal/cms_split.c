#include "seal/cms_split.h"

#include <stdlib.h>
#include <string.h>

enum {
    TAG_OCTETS = 0x04,
    TAG_OCTETS_CONSTRUCTED = 0x24,
    TAG_OID = 0x06,
    TAG_SEQUENCE = 0x30,
    TAG_SET = 0x31,
    TAG_CONTEXT_0 = 0xa0,
    TAG_CONTEXT_0_PRIMITIVE = 0x80,
    CONSTRUCTED = 0x20,
    INDEFINITE = 0x80,
    DEPTH_MAX = 16,
};

struct reader {
    const struct cms_source *source;
    const struct cms_sink *content;
    struct buf *rest;
    struct why *why;
    uint64_t at; /* offset of the next byte */
    size_t pos, len;
    uint8_t bytes[65536];
};

/* The head of one element: its tag, its length, and both as they were written. */
struct head {
    uint8_t tag;
    bool indefinite;
    uint64_t n;
    uint8_t raw[10];
    size_t raw_n;
};

/* An element that was entered; end is UINT64_MAX until its end-of-contents is seen. */
struct scope {
    uint64_t end;
};

static enum err bad(struct reader *r, const char *what)
{
    return why_set(r->why, ERR_DATA, "not a CMS message: %s", what);
}

/* At least one byte into the buffer. */
static enum err fill(struct reader *r)
{
    if (r->pos < r->len)
        return ERR_NONE;
    r->pos = 0;
    enum err e = r->source->read(r->source->ctx, r->bytes, sizeof r->bytes, &r->len, r->why);
    if (!e && r->len == 0)
        e = why_set(r->why, ERR_DATA, "message cut short");
    return e;
}

static enum err take_byte(struct reader *r, uint8_t *c)
{
    enum err e = fill(r);
    if (e)
        return e;
    *c = r->bytes[r->pos++];
    r->at++;
    return ERR_NONE;
}

static enum err take_head(struct reader *r, struct head *h)
{
    uint8_t c;
    memset(h, 0, sizeof *h);
    enum err e = take_byte(r, &h->tag);
    if (!e)
        e = take_byte(r, &c);
    if (e)
        return e;
    h->raw[0] = h->tag;
    h->raw[1] = c;
    h->raw_n = 2;
    if ((h->tag & 0x1f) == 0x1f)
        return bad(r, "a tag that CMS does not have");
    h->indefinite = c == INDEFINITE;
    if (h->indefinite && !(h->tag & CONSTRUCTED))
        return bad(r, "a string without length");
    if (c <= INDEFINITE) {
        h->n = h->indefinite ? 0 : c;
        return ERR_NONE;
    }
    if (c > INDEFINITE + 7)
        return bad(r, "absurd length");
    for (unsigned k = c - INDEFINITE; k && !e; k--) {
        e = take_byte(r, &c);
        h->n = h->n << 8 | c;
        h->raw[h->raw_n++] = c;
    }
    return e;
}

static enum err keep(struct reader *r, const void *p, size_t n)
{
    enum err e = buf_add(r->rest, p, n);
    return e ? why_set(r->why, e, "too much around the content") : ERR_NONE;
}

/* n bytes to rest, or to the content. */
static enum err pump(struct reader *r, uint64_t n, bool content)
{
    while (n) {
        enum err e = fill(r);
        if (e)
            return e;
        size_t k = r->len - r->pos;
        if (k > n)
            k = (size_t)n;
        if (content)
            e = r->content->write(r->content->ctx, r->bytes + r->pos, k, r->why);
        else
            e = keep(r, r->bytes + r->pos, k);
        if (e)
            return e;
        r->pos += k;
        r->at += k;
        n -= k;
    }
    return ERR_NONE;
}

/* The next element of an entered one. ERR_NO: there is none. */
static enum err next(struct reader *r, const struct scope *s, struct head *h)
{
    if (r->at >= s->end)
        return r->at == s->end ? ERR_NO : bad(r, "lengths that do not add up");
    enum err e = take_head(r, h);
    if (!e && s->end == UINT64_MAX && h->tag == 0 && h->n == 0)
        return ERR_NO;
    return e;
}

static struct scope inside(const struct reader *r, const struct head *h)
{
    return (struct scope){h->indefinite ? UINT64_MAX : r->at + h->n};
}

/* An element as it stands, into rest. */
static enum err copy(struct reader *r, const struct head *h, unsigned depth)
{
    static const uint8_t end[2] = {0, 0};
    struct head child;
    if (depth == DEPTH_MAX)
        return bad(r, "too deep");
    enum err e = keep(r, h->raw, h->raw_n);
    if (e)
        return e;
    if (!h->indefinite)
        return pump(r, h->n, false);
    struct scope s = inside(r, h);
    while (!(e = next(r, &s, &child)))
        if ((e = copy(r, &child, depth + 1)))
            return e;
    return e == ERR_NO ? keep(r, end, sizeof end) : e;
}

/* The content: one string, or strings within strings. */
static enum err content(struct reader *r, const struct head *h, unsigned depth)
{
    struct head child;
    enum err e;
    if (!(h->tag & CONSTRUCTED))
        return pump(r, h->n, true);
    if (depth == DEPTH_MAX)
        return bad(r, "too deep");
    struct scope s = inside(r, h);
    while (!(e = next(r, &s, &child))) {
        if (child.tag != TAG_OCTETS && child.tag != TAG_OCTETS_CONSTRUCTED)
            return bad(r, "content that is no string");
        if ((e = content(r, &child, depth + 1)))
            return e;
    }
    return e == ERR_NO ? ERR_NONE : e;
}

/* Steps into an element; in rest its length becomes indefinite. */
static enum err enter(struct reader *r, const struct head *h, uint8_t tag, struct scope *s)
{
    const uint8_t begin[2] = {tag, INDEFINITE};
    if (h->tag != tag)
        return bad(r, "another structure");
    *s = inside(r, h);
    return keep(r, begin, sizeof begin);
}

static enum err content_part(struct reader *r, const struct head *h)
{
    struct scope s = {0};
    struct head child;
    enum err e = enter(r, h, TAG_SEQUENCE, &s);
    while (!e && !(e = next(r, &s, &child))) {
        if (child.tag == TAG_CONTEXT_0 || child.tag == TAG_CONTEXT_0_PRIMITIVE)
            e = content(r, &child, 0);
        else
            e = copy(r, &child, 0);
    }
    return e == ERR_NO ? keep(r, "\0", 2) : e;
}

/* The same for all: behind the first set (recipients, digest algorithms) a sequence that has the
 * content in it, encrypted [0] or signed in a string within [0]. */
static enum err enveloped(struct reader *r, const struct head *h)
{
    struct scope s = {0};
    struct head child;
    uint8_t before = 0;
    enum err e = enter(r, h, TAG_SEQUENCE, &s);
    while (!e && !(e = next(r, &s, &child))) {
        if (before == TAG_SET && child.tag == TAG_SEQUENCE)
            e = content_part(r, &child);
        else
            e = copy(r, &child, 0);
        before = child.tag;
    }
    return e == ERR_NO ? keep(r, "\0", 2) : e;
}

/* Nothing more may be in an entered element. */
static enum err leave(struct reader *r, const struct scope *s)
{
    struct head h;
    enum err e = next(r, s, &h);
    return e == ERR_NO ? ERR_NONE : e ? e : bad(r, "more than it may hold");
}

static enum err content_info(struct reader *r)
{
    struct scope outer = {0}, explicit = {0};
    struct head h;
    enum err e = take_head(r, &h);
    if (!e)
        e = enter(r, &h, TAG_SEQUENCE, &outer);
    if (!e && !(e = next(r, &outer, &h)))
        e = h.tag == TAG_OID ? copy(r, &h, 0) : bad(r, "another structure");
    if (!e && !(e = next(r, &outer, &h)))
        e = enter(r, &h, TAG_CONTEXT_0, &explicit);
    if (!e && !(e = next(r, &explicit, &h)))
        e = enveloped(r, &h);
    if (e == ERR_NO)
        return bad(r, "cut short");
    if (!e)
        e = leave(r, &explicit);
    if (!e)
        e = leave(r, &outer);
    return e ? e : keep(r, "\0\0\0", 4);
}

enum err cms_split(const struct cms_source *source, const struct cms_sink *content,
                   struct buf *rest, struct why *why)
{
    struct reader *r = calloc(1, sizeof *r);
    if (!r)
        return why_set(why, ERR_OS, "out of memory");
    r->source = source;
    r->content = content;
    r->rest = rest;
    r->why = why;
    enum err e = content_info(r);
    explicit_bzero(r->bytes, sizeof r->bytes); /* they may be signed in clear */
    free(r);
    return e;
}
