/* What the mail parser reads that is not the caller's: bytes read again, line ends converted. */
#include "mime/parse_inner.h"

#include <string.h>

/* What of a first line is looked at; how a mail's lines end must be clear by then. */
enum { FIRST_MAX = 4096 };

static bool no_memory(struct mime_parser *p)
{
    mime_parser_fail(p, ERR_OS, "out of memory");
    return false;
}

bool mime_read_again(struct mime_parser *p, struct span bytes)
{
    struct buf all;
    buf_init(&all, p->again.max);
    if (buf_add_span(&all, bytes) || (p->in_own && buf_add_span(&all, p->in))) {
        buf_release(&all);
        return no_memory(p);
    }
    if (!p->in_own)
        p->later = p->in;
    buf_release(&p->again);
    p->again = all;
    p->in = buf_span(&p->again);
    p->in_own = true;
    return true;
}

/* CR CR LF becomes CR LF; of other mail every CR and CR LF becomes LF. */
static bool convert(struct mime_parser *p, struct span s, struct buf *out)
{
    uint8_t *to;
    size_t n = 0;
    if (buf_reserve(out, s.n, &to))
        return no_memory(p);
    for (size_t i = 0; i < s.n; i++) {
        bool cr = s.p[i] == '\r', twin = p->after_cr && (p->ends == MIME_ENDS_CR ? s.p[i] == '\n'
                                                                                 : cr);
        if (!twin)
            to[n++] = cr && p->ends == MIME_ENDS_CR ? '\n' : s.p[i];
        p->after_cr = cr;
    }
    out->len += n;
    return true;
}

bool mime_refill(struct mime_parser *p)
{
    if (p->ends <= MIME_ENDS_USUAL) {
        p->in = p->later;
        p->later = span_of(NULL, 0);
        p->in_own = false;
        return true;
    }
    struct span some = span_take(p->later, MIME_CHUNK);
    p->later = span_skip(p->later, some.n);
    buf_clear(&p->converted);
    if (!convert(p, some, &p->converted))
        return false;
    p->in = buf_span(&p->converted);
    return true;
}

/* The line's first CR, and what stands behind it, tell. */
static enum mime_line_ends line_ends_of(struct span line)
{
    size_t cr = span_find(line, '\r');
    struct span rest = span_skip(line, cr);
    if (rest.n < 2 || rest.p[1] == '\n' || !mime_plausible_first(span_take(line, cr)))
        return MIME_ENDS_USUAL;
    if (rest.n > 2 && rest.p[1] == '\r' && rest.p[2] == '\n')
        return MIME_ENDS_CRCR;
    rest = span_skip(rest, 1);
    struct span next = span_take(rest, span_find(rest, '\r'));
    bool folded = next.n && (next.p[0] == ' ' || next.p[0] == '\t');
    return next.n == 0 || folded || header_is_field(next) ? MIME_ENDS_CR : MIME_ENDS_USUAL;
}

bool mime_judge_line_ends(struct mime_parser *p, bool whole)
{
    if (p->ends != MIME_ENDS_UNKNOWN || (!whole && p->header.len < FIRST_MAX))
        return false;
    p->ends = line_ends_of(span_take(buf_span(&p->header), FIRST_MAX));
    if (p->ends == MIME_ENDS_USUAL)
        return false;
    struct buf head;
    buf_init(&head, MIME_HEADER_MAX);
    if (convert(p, buf_span(&p->header), &head))
        mime_read_again(p, buf_span(&head));
    buf_release(&head);
    mime_start_header(p);
    return true;
}
