/*
 * Multiparts whose boundary is not where it should be. A preamble is kept until the first part
 * begins; where none does, it was the parts.
 */
#include "mime/parse_inner.h"

#include "mime/kind.h"

#include <string.h>

/* A preamble is a sentence or two. */
enum { PREAMBLE_MAX = 64 * 1024 };

bool mime_in_preamble(const struct mime_parser *p)
{
    const struct mime_level *levels = (const struct mime_level *)(const void *)p->levels.data;
    size_t n = mime_levels(p);
    return p->state == MIME_IN_GAP && n && levels[n - 1].multipart && levels[n - 1].children == 0;
}

bool mime_preamble_add(struct mime_parser *p, struct span bytes)
{
    return !buf_add_span(&p->preamble, bytes) || !mime_parser_fail(p, ERR_OS, "out of memory");
}

bool mime_preamble_full(const struct mime_parser *p)
{
    return p->preamble.len + p->pending_n >= PREAMBLE_MAX;
}

static struct span first_line(struct span s)
{
    size_t n = span_find(s, '\n');
    return span_take(s, n + (n < s.n));
}

static struct span skip_blank_lines(struct span s)
{
    while (s.n && span_trim(first_line(s)).n == 0)
        s = span_skip(s, first_line(s).n);
    return s;
}

static bool content_field(struct span line)
{
    return span_starts_nocase(line, span_str("Content-")) && header_is_field(line);
}

static bool ignored(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '"' || c == '\'';
}

/* The same but for case, blanks and quotes. */
static bool alike(struct span a, struct span b)
{
    if (a.n == 0 || b.n == 0)
        return false;
    for (;;) {
        while (a.n && ignored(a.p[0]))
            a = span_skip(a, 1);
        while (b.n && ignored(b.p[0]))
            b = span_skip(b, 1);
        if (a.n == 0 || b.n == 0)
            return a.n == b.n;
        if (ascii_lower(a.p[0]) != ascii_lower(b.p[0]))
            return false;
        a = span_skip(a, 1);
        b = span_skip(b, 1);
    }
}

static bool has_letter(struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        if (ascii_alnum(s.p[i]))
            return true;
    return false;
}

/*
 * Finds the line in s that is a boundary, whatever the header says: one like the declared, or, if
 * that is not asked for alone, one that a part's header follows, which may be empty where nothing
 * is declared. Gives what follows its "--", and its place in *at.
 */
static bool find_boundary(struct span s, struct span declared, bool alike_only,
                          struct span *boundary, size_t *at)
{
    for (size_t i = 0; i < s.n; i += first_line(span_skip(s, i)).n) {
        struct span line = first_line(span_skip(s, i));
        struct span next = first_line(span_skip(s, i + line.n));
        if (!span_starts(line, span_str("--")))
            continue;
        struct span word = span_skip(mime_without_end(line), 2);
        while (word.n && (word.p[word.n - 1] == ' ' || word.p[word.n - 1] == '\t'))
            word.n--;
        bool follows = content_field(next) || (declared.n == 0 && next.n &&
                                               mime_without_end(next).n == 0 && has_letter(word));
        if (word.n == 0 || word.n > MIME_BOUNDARY_MAX ||
            !(alike(word, declared) || (follows && !alike_only)))
            continue;
        *boundary = word;
        *at = i;
        return true;
    }
    return false;
}

/* It begins as parts do whose boundary was lost. */
static bool begins_as_part(struct span s)
{
    s = skip_blank_lines(s);
    return content_field(first_line(s)) || mime_begins_as_tiff(s);
}

/* The multipart is divided by boundary as well. False: it failed. */
static bool divide(struct mime_parser *p, struct span boundary)
{
    struct mime_level *level = mime_level_top(p);
    level->divided = true;
    level->other = (struct mime_other){p->boundaries.len, boundary.n};
    if (level->boundary_n)
        level->part.defects.other_boundary = true;
    else
        level->part.defects.no_boundary = true;
    return !buf_add_span(&p->boundaries, boundary) ||
           !mime_parser_fail(p, ERR_OS, "out of memory");
}

/* Its one part, with a header of its own, or as the multipart's header and its first bytes tell. */
static void open_part(struct mime_parser *p, struct mime_event *event, struct span all,
                      bool *silent)
{
    struct span body = skip_blank_lines(all);
    mime_level_top(p)->part.defects.no_boundary = true;
    *silent = content_field(first_line(body));
    if (*silent) {
        mime_start_header(p);
        mime_read_again(p, body);
        return;
    }
    if (!mime_entity_open_body(p, all) || !mime_read_again(p, all))
        return;
    mime_start_body(p);
    p->state = MIME_IN_BODY;
    *event = (struct mime_event){MIME_PART_BEGIN, &mime_level_top(p)->part, {0}, {0}};
}

static struct span declared_boundary(struct mime_parser *p)
{
    const struct mime_level *level = mime_level_top(p);
    return span_take(span_skip(buf_span(&p->boundaries), level->boundary), level->boundary_n);
}

/* What was kept, and the line behind it, is read again. */
static void rescue(struct mime_parser *p, struct mime_event *event, struct span kept,
                   struct span all, bool opening, bool *silent)
{
    struct span boundary;
    size_t at;
    p->at_line = true;
    p->pending_n = 0;
    *silent = true;
    if (!find_boundary(kept, declared_boundary(p), opening, &boundary, &at)) {
        open_part(p, event, all, silent);
        return;
    }
    buf_clear(&p->preamble);
    if (divide(p, boundary))
        mime_read_again(p, span_skip(all, at));
}

bool mime_preamble_rescue(struct mime_parser *p, struct mime_event *event, struct span line,
                          bool opening, bool *silent)
{
    struct span kept = buf_span(&p->preamble), boundary;
    size_t at;
    if (span_trim(kept).n == 0 ||
        (opening && !begins_as_part(kept) &&
         !find_boundary(kept, declared_boundary(p), true, &boundary, &at))) {
        buf_clear(&p->preamble);
        return false;
    }
    struct buf all;
    buf_init(&all, p->preamble.max + p->line.max);
    if (buf_add_span(&all, kept) || buf_add(&all, p->pending, p->pending_n) ||
        buf_add_span(&all, line))
        mime_parser_fail(p, ERR_OS, "out of memory");
    else
        rescue(p, event, span_take(buf_span(&all), kept.n), buf_span(&all), opening, silent);
    *silent = *silent && !p->failed;
    buf_release(&all);
    return true;
}
