#include "smtp/wire.h"

#include <string.h>

void wire_init(struct wire_encoder *e, enum wire_mode mode)
{
    e->mode = mode;
    e->in_line = false;
    e->cr = false;
}

/* Every byte at most doubles (LF to CR LF, a dot at a line's start), and a CR may be left over. */
size_t wire_bound(size_t n)
{
    return 2 * n + 2;
}

/* Copies a piece of a line that has no CR and no LF. */
static uint8_t *text(struct wire_encoder *e, struct span s, uint8_t *out)
{
    if (s.n == 0)
        return out;
    if (!e->in_line && s.p[0] == '.' && e->mode == WIRE_DOTS)
        *out++ = '.';
    memcpy(out, s.p, s.n);
    e->in_line = true;
    return out + s.n;
}

/* As text, for a piece that may have CRs: those inside it end no line. */
static uint8_t *line(struct wire_encoder *e, struct span s, uint8_t *out)
{
    while (s.n) {
        size_t n = span_find(s, '\r');
        out = text(e, span_take(s, n), out);
        if (n == s.n)
            break;
        *out++ = ' ';
        e->in_line = true;
        s = span_skip(s, n + 1);
    }
    return out;
}

/* Text without any CR, which most is: a look for LF and a copy for each line, and no more. */
static uint8_t *lines(struct wire_encoder *e, struct span in, uint8_t *out)
{
    const uint8_t *p = in.p, *end = in.p + in.n;
    while (p < end) {
        const uint8_t *lf = memchr(p, '\n', (size_t)(end - p));
        size_t n = (size_t)((lf ? lf : end) - p);
        if (*p == '.' && !e->in_line && e->mode == WIRE_DOTS)
            *out++ = '.';
        memcpy(out, p, n);
        out += n;
        e->in_line = !lf;
        if (!lf)
            break;
        *out++ = '\r';
        *out++ = '\n';
        p = lf + 1;
    }
    return out;
}

size_t wire_encode(struct wire_encoder *e, struct span in, uint8_t *out)
{
    uint8_t *start = out;
    if (e->mode == WIRE_BYTES) {
        if (in.n)
            memcpy(out, in.p, in.n);
        return in.n;
    }
    if (in.n && !e->cr && !memchr(in.p, '\r', in.n))
        return (size_t)(lines(e, in, out) - start);
    while (in.n) {
        size_t n = span_find(in, '\n');
        struct span piece = span_take(in, n);
        bool ended = n < in.n;
        /* A CR at the piece's end belongs to what follows: it is decided when that is known. */
        if (e->cr && piece.n) {
            *out++ = ' ';
            e->in_line = true;
            e->cr = false;
        }
        if (piece.n && piece.p[piece.n - 1] == '\r') {
            e->cr = true;
            piece.n--;
        }
        out = line(e, piece, out);
        if (ended) {
            *out++ = '\r';
            *out++ = '\n';
            e->in_line = false;
            e->cr = false;
        }
        in = span_skip(in, n + 1);
    }
    return (size_t)(out - start);
}

size_t wire_end(struct wire_encoder *e, uint8_t *out)
{
    uint8_t *start = out;
    if (e->cr) {
        *out++ = ' ';
        e->in_line = true;
    }
    if (e->in_line) { /* never so with WIRE_BYTES */
        *out++ = '\r';
        *out++ = '\n';
    }
    if (e->mode == WIRE_DOTS) {
        memcpy(out, ".\r\n", 3);
        out += 3;
    }
    wire_init(e, e->mode);
    return (size_t)(out - start);
}
