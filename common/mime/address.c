#include "mime/address.h"

#include "mime/lex.h"
#include "bytes/utf8.h"

#include <string.h>

enum { NAME_MAX_RAW = 16384 };

/* An entry of the list as it is read. Overlong pieces are cut: buf_add's errors may pass. */
struct entry {
    struct buf words;   /* display name, or the address itself where there is no <> */
    struct buf compact; /* the same without blanks: an address without <> */
    struct buf angle;   /* what <> holds */
    struct buf comment; /* the last one */
    bool has_angle;
};

static void add_piece(struct entry *e, struct span piece, bool blank_before)
{
    if (e->has_angle)
        return; /* what follows <> is noise */
    if (blank_before && e->words.len)
        buf_add_byte(&e->words, ' ');
    if (piece.n && piece.p[0] == '"')
        lex_unquote(piece, &e->words);
    else
        buf_add_span(&e->words, piece);
    buf_add_span(&e->compact, piece);
}

/* "<@a,@b:local@domain>": s begins behind the '<'. The length used, the '>' included. */
static size_t take_angle(struct entry *e, struct span s)
{
    size_t i = 0;
    buf_clear(&e->angle);
    e->has_angle = true;
    while (i < s.n && s.p[i] != '>') {
        size_t n = 1;
        if (s.p[i] == '"') {
            n = lex_quoted(span_skip(s, i));
            buf_add(&e->angle, s.p + i, n);
        } else if (s.p[i] == '(') {
            n = lex_comment(span_skip(s, i));
        } else if (s.p[i] == ':' && e->angle.len && e->angle.data[0] == '@') {
            buf_clear(&e->angle);
        } else if (!lex_blank(s.p[i])) {
            buf_add_byte(&e->angle, s.p[i]);
        }
        i += n;
    }
    return i < s.n ? i + 1 : i;
}

/* Length of a run of plain characters; domain literals are one piece. */
static size_t plain_length(struct span s)
{
    size_t n = 0;
    if (s.n && s.p[0] == '[') {
        n = span_find(s, ']');
        return n < s.n ? n + 1 : n;
    }
    while (n < s.n && !lex_blank(s.p[n]) && !strchr("\"(<>,;:[", s.p[n]))
        n++;
    return n ? n : 1;
}

/* Reads one entry from s; the length used, its ',' or ';' included. */
static size_t take_entry(struct entry *e, struct span s)
{
    size_t i = 0;
    bool blank = false;
    while (i < s.n) {
        uint8_t c = s.p[i];
        struct span rest = span_skip(s, i);
        size_t n = 1;
        if (c == ',' || c == ';')
            return i + 1;
        if (c == '(') {
            n = lex_comment(rest);
            buf_clear(&e->comment);
            lex_unquote(span_take(rest, n), &e->comment);
        } else if (c == '"') {
            n = lex_quoted(rest);
            add_piece(e, span_take(rest, n), blank);
        } else if (c == '<') {
            n = 1 + take_angle(e, span_skip(rest, 1));
        } else if (c == ':') {
            /* The name of a group: its members follow. */
            buf_clear(&e->words);
            buf_clear(&e->compact);
        } else if (c == 0 || !lex_blank(c)) {
            n = c ? plain_length(rest) : 1;
            add_piece(e, span_take(rest, n), blank);
        }
        blank = lex_blank(c) || c == '(';
        i += n;
    }
    return i;
}

/* Copies as much as fits, cut between characters and without control bytes. */
static void settle(struct buf *from, char *out, size_t size)
{
    lex_clean(from, 0);
    utf8_copy(span_trim(buf_span(from)), out, size);
}

static void finish(struct entry *e, const struct mime_converter *conv, struct mime_address *a)
{
    struct buf name;
    const struct buf *raw = e->has_angle && e->words.len ? &e->words : &e->comment;
    settle(e->has_angle ? &e->angle : &e->compact, a->addr, sizeof a->addr);
    buf_init(&name, 4 * NAME_MAX_RAW);
    header_decode(buf_span(raw), conv, &name);
    settle(&name, a->name, sizeof a->name);
    buf_release(&name);
}

bool mime_address_next(struct span *rest, const struct mime_converter *conv,
                       struct mime_address *address)
{
    struct entry e = {.has_angle = false};
    bool found = false;
    buf_init(&e.words, NAME_MAX_RAW);
    buf_init(&e.compact, NAME_MAX_RAW);
    buf_init(&e.angle, NAME_MAX_RAW);
    buf_init(&e.comment, NAME_MAX_RAW);
    while (!found && rest->n) {
        buf_clear(&e.words);
        buf_clear(&e.compact);
        buf_clear(&e.angle);
        buf_clear(&e.comment);
        e.has_angle = false;
        *rest = span_skip(*rest, take_entry(&e, *rest));
        found = e.has_angle ? e.angle.len > 0 : e.compact.len > 0;
    }
    if (found)
        finish(&e, conv, address);
    buf_release(&e.words);
    buf_release(&e.compact);
    buf_release(&e.angle);
    buf_release(&e.comment);
    return found;
}

bool mime_address_first(struct span block, const char *name, const struct mime_converter *conv,
                        struct mime_address *address)
{
    struct span raw;
    return header_find(block, name, &raw) && mime_address_next(&raw, conv, address);
}
