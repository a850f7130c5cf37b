#include "smtp/content.h"

#include <string.h>

enum { SPARE = 1024 };

void content_init(struct content *c)
{
    *c = (struct content){.in_header = true, .naming = true};
}

void content_mute(struct content *c)
{
    c->muted = true;
}

/* The held-back name turned out to be a field's, or no name at all (n is then 0). */
static enum err named(struct content *c, size_t n, struct buf *out)
{
    struct span name = span_trim(span_of(c->name, n));
    c->naming = false;
    c->dropping = span_eq_nocase(name, span_str("return-path"));
    c->received += span_eq_nocase(name, span_str("received"));
    return c->dropping ? ERR_NONE : buf_add(out, c->name, c->name_length);
}

/* One byte of the header section while a line's kind is not known. */
static enum err name_byte(struct content *c, uint8_t byte, struct buf *out)
{
    size_t before = c->name_length;
    bool blank = byte == ' ' || byte == '\t';
    c->name[c->name_length++] = (char)byte;
    if (before == 0 && blank) {
        /* A continuation: it goes where its field went. */
        c->naming = false;
        return c->dropping ? ERR_NONE : buf_add_byte(out, byte);
    }
    /* With BDAT an empty line may be CR LF. */
    if (byte == '\n' && (before == 0 || (before == 1 && c->name[0] == '\r')))
        c->in_header = false;
    if (byte == ':')
        return named(c, before, out);
    return byte == '\n' || c->name_length == sizeof c->name ? named(c, 0, out) : ERR_NONE;
}

/* A piece of the mail with LF line ends; ends_line: its last byte is LF. */
static enum err give(struct content *c, struct span piece, bool ends_line, struct buf *out)
{
    enum err e = ERR_NONE;
    if (c->bare || c->muted)
        return ERR_NONE;
    while (!e && c->in_header && c->naming && piece.n) {
        e = name_byte(c, piece.p[0], out);
        piece = span_skip(piece, 1);
    }
    if (!e && !c->dropping)
        e = buf_add_span(out, piece);
    if (ends_line && c->in_header) {
        c->naming = true;
        c->name_length = 0;
    } else if (ends_line) {
        c->dropping = false;
    }
    return e;
}

/* Text up to the next CR; an LF in it is a bare one. NUL counts as one too: what some programs drop
 * may have stood between a dot and its CR LF, and no text may hold it (RFC 2045 2.7, 2.8). */
static size_t text(struct content *c, struct span in, struct buf *out, enum err *e)
{
    size_t room = out->max - out->len - SPARE / 2;
    struct span piece = span_take(in, room);
    piece.n = span_find(piece, '\r');
    if (!c->bare && (span_find(piece, '\n') < piece.n || span_find(piece, '\0') < piece.n))
        c->bare = true;
    c->octets += piece.n;
    *e = give(c, piece, false, out);
    if (piece.n < in.n && in.p[piece.n] == '\r') {
        c->state = CONTENT_CR;
        return piece.n + 1;
    }
    return piece.n;
}

/* One byte where the state alone decides; false: it is text, to be looked at again as such. */
static bool step(struct content *c, uint8_t byte, struct buf *out, enum err *e)
{
    switch (c->state) {
    case CONTENT_LINE_START:
        c->state = byte == '.' ? CONTENT_DOT : CONTENT_TEXT;
        return byte == '.';
    case CONTENT_DOT:
        c->state = byte == '\r' ? CONTENT_DOT_CR : CONTENT_TEXT;
        return byte == '\r';
    case CONTENT_DOT_CR:
    case CONTENT_CR:
        if (byte == '\n') {
            bool end = c->state == CONTENT_DOT_CR;
            c->state = end ? CONTENT_ENDED : CONTENT_LINE_START;
            c->octets += end ? 0 : 2;
            if (!end)
                *e = give(c, span_of("\n", 1), true, out);
            return true;
        }
        c->bare = true;
        c->octets++;
        c->state = byte == '\r' ? CONTENT_CR : CONTENT_TEXT;
        return byte == '\r';
    case CONTENT_TEXT:
    case CONTENT_ENDED:
        break;
    }
    return false;
}

size_t content_push(struct content *c, struct span in, struct buf *out, enum err *e)
{
    size_t used = 0;
    *e = ERR_NONE;
    while (!*e && used < in.n && c->state != CONTENT_ENDED && out->max - out->len > SPARE) {
        if (c->state == CONTENT_TEXT)
            used += text(c, span_skip(in, used), out, e);
        else
            used += step(c, in.p[used], out, e);
    }
    return used;
}

size_t content_push_octets(struct content *c, struct span in, struct buf *out, enum err *e)
{
    size_t used = 0;
    *e = ERR_NONE;
    while (!*e && used < in.n && out->max - out->len > SPARE) {
        struct span piece = span_take(span_skip(in, used), out->max - out->len - SPARE / 2);
        size_t line = c->in_header ? span_find(piece, '\n') : piece.n;
        bool ends_line = line < piece.n;
        piece.n = ends_line ? line + 1 : piece.n;
        *e = give(c, piece, ends_line, out);
        used += piece.n;
    }
    c->octets += used;
    return used;
}

enum err content_end_octets(struct content *c, struct buf *out)
{
    if (!c->in_header || !c->naming || !c->name_length || c->muted)
        return ERR_NONE;
    return named(c, 0, out);
}
