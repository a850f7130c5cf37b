#include "policy/rows.h"

void rows_init(struct rows *r, struct span text)
{
    r->rest = text;
    r->number = 0;
}

static enum err bad(const struct rows *r, struct why *why, const char *what)
{
    return why_set(why, ERR_DATA, "line %u: %s", r->number, what);
}

/* [kind one two…] */
static enum err section(const struct rows *r, struct span s, struct row_line *line,
                        struct why *why)
{
    if (s.p[s.n - 1] != ']')
        return bad(r, why, "no ] at the end");
    s = span_trim(span_take(span_skip(s, 1), s.n - 2));
    line->event = ROW_SECTION;
    line->kind = span_take(s, span_find(s, ' '));
    s = span_trim(span_skip(s, line->kind.n));
    line->one = span_take(s, span_find(s, ' '));
    line->two = span_trim(span_skip(s, line->one.n));
    return line->kind.n && line->one.n ? ERR_NONE : bad(r, why, "not [kind name]");
}

static enum err value(const struct rows *r, struct span s, struct row_line *line, struct why *why)
{
    size_t eq = span_find(s, '=');
    line->event = ROW_VALUE;
    line->one = span_trim(span_take(s, eq));
    line->two = span_trim(span_skip(s, eq + 1));
    return eq < s.n && line->one.n ? ERR_NONE : bad(r, why, "not `key = value`");
}

enum err rows_next(struct rows *r, struct row_line *line, struct why *why)
{
    *line = (struct row_line){.event = ROW_END};
    while (r->rest.n) {
        size_t end = span_find(r->rest, '\n');
        struct span s = span_trim(span_take(r->rest, end));
        r->rest = span_skip(r->rest, end + 1);
        line->number = ++r->number;
        if (span_find(s, 0) < s.n)
            return bad(r, why, "NUL");
        if (s.n == 0 || s.p[0] == '#')
            continue;
        return s.p[0] == '[' ? section(r, s, line, why) : value(r, s, line, why);
    }
    return ERR_NONE;
}

static const char names[] = "\\nrts", bytes[] = "\\\n\r\t ";

enum err rows_value(struct span s, struct buf *out)
{
    enum err e = ERR_NONE;
    while (s.n && !e) {
        size_t n = span_find(s, '\\');
        e = buf_add_span(out, span_take(s, n));
        if (e || n == s.n)
            break;
        if (n + 1 == s.n)
            return ERR_DATA;
        size_t at = span_find(span_str(names), s.p[n + 1]);
        if (at == sizeof names - 1)
            return ERR_DATA;
        e = buf_add_byte(out, (uint8_t)bytes[at]);
        s = span_skip(s, n + 2);
    }
    return e;
}

enum err rows_add_section(struct buf *out, const char *kind, const char *one, const char *two)
{
    return buf_add_format(out, "\n[%s %s%s%s]\n", kind, one, two ? " " : "", two ? two : "");
}

enum err rows_add_value(struct buf *out, const char *key, struct span s)
{
    enum err e = buf_add_format(out, "%s = ", key);
    for (size_t i = 0; i < s.n && !e; i++) {
        size_t at = span_find(span_str(bytes), s.p[i]);
        bool inner_blank = s.p[i] == ' ' && i > 0 && i + 1 < s.n;
        if (at == sizeof bytes - 1 || inner_blank)
            e = buf_add_byte(out, s.p[i]);
        else
            e = buf_add_format(out, "\\%c", names[at]);
    }
    return e ? e : buf_add_byte(out, '\n');
}
