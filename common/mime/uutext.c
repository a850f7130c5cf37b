#include "mime/parse_inner.h"

#include <string.h>

static bool no_memory(struct mime_parser *p)
{
    return mime_parser_fail(p, ERR_OS, "out of memory");
}

/* s could still become a "begin" line when more of it comes. */
static bool begun(struct span s)
{
    struct span word = span_str("begin");
    return span_starts(s, word) || span_starts(word, s);
}

/* Length of the text before the next line that may begin a file; mid_line is kept. */
static size_t plain_run(struct mime_parser *p)
{
    struct span s = p->uu.todo;
    size_t n = 0;
    while (n < s.n) {
        if (!p->uu.mid_line && s.p[n] == 'b' && begun(span_take(span_skip(s, n), 5)))
            return n;
        size_t line = span_find(span_skip(s, n), '\n');
        p->uu.mid_line = n + line >= s.n;
        n += line + !p->uu.mid_line;
    }
    return n;
}

enum gathered { PARTIAL, WHOLE, TOO_LONG };

/* Moves bytes up to a line's end into uu.line, which holds 512. */
static enum gathered gather(struct mime_parser *p)
{
    struct span s = p->uu.todo;
    size_t n = span_find(s, '\n'), room = p->uu.line.max - p->uu.line.len;
    bool whole = n < s.n;
    n += whole;
    if (n > room) {
        n = room;
        whole = false;
    }
    p->uu.todo = span_skip(s, n);
    if (buf_add(&p->uu.line, s.p, n))
        no_memory(p);
    if (whole)
        return WHOLE;
    return p->uu.line.len == p->uu.line.max ? TOO_LONG : PARTIAL;
}

/* What was held is text after all: out with it. */
static bool give_held(struct mime_parser *p, struct mime_event *event)
{
    if (buf_add_span(&p->uu.begin, buf_span(&p->uu.line)))
        return no_memory(p);
    buf_clear(&p->uu.out);
    if (buf_add_span(&p->uu.out, buf_span(&p->uu.begin)))
        return no_memory(p);
    struct span s = buf_span(&p->uu.out);
    p->uu.mid_line = s.n && s.p[s.n - 1] != '\n';
    p->uu.phase = MIME_UU_NONE;
    buf_clear(&p->uu.line);
    buf_clear(&p->uu.begin);
    p->uu.given = false;
    return !p->uu.whole && s.n && mime_event_body(p, event, s);
}

/* A line that may be the first of a file, gathered bit by bit. */
static bool step_none(struct mime_parser *p, struct mime_event *event)
{
    struct span name;
    if (p->uu.line.len == 0) {
        struct span run = span_take(p->uu.todo, plain_run(p));
        p->uu.todo = span_skip(p->uu.todo, run.n);
        if (run.n)
            return !p->uu.whole && mime_event_body(p, event, run);
        if (p->uu.todo.n == 0)
            return false;
    }
    enum gathered g = gather(p);
    if (p->failed)
        return true;
    struct span line = buf_span(&p->uu.line);
    if (g == WHOLE && uu_is_begin(mime_without_end(line), &p->uu.base64, &name)) {
        if (buf_add_span(&p->uu.begin, line))
            return no_memory(p);
        buf_clear(&p->uu.line);
        p->uu.phase = MIME_UU_MAYBE;
        return false;
    }
    return (g != PARTIAL || !begun(span_take(line, 5))) && give_held(p, event);
}

static bool data_line(const struct mime_parser *p, struct span line, uint8_t *out, size_t *n)
{
    struct base64_decoder d;
    if (!p->uu.base64)
        return uu_decode_line(line, out, n);
    base64_decoder_init(&d, BASE64_PLAIN);
    *n = base64_decode(&d, line, out);
    *n += base64_decode_end(&d, out + *n);
    return d.characters && !base64_repaired(&d);
}

/* Decodes a line of the open file. */
static void decode_line(struct mime_parser *p, struct span line)
{
    uint8_t out[512];
    size_t n;
    struct mime_part *part = &mime_level_top(p)->part;
    if (uu_is_end(line, p->uu.base64)) {
        p->uu.phase = MIME_UU_ENDED;
    } else if (!p->uu.overlong && data_line(p, line, out, &n)) {
        if (buf_add(&p->uu.out, out, n))
            no_memory(p);
    } else if (line.n || p->uu.overlong) {
        /* An empty line is one of no bytes, that lost its blank. */
        part->defects.uu = true;
    }
    p->uu.overlong = false;
}

/* The line behind "begin": only a line of data makes it a file. */
static bool step_maybe(struct mime_parser *p, struct mime_event *event)
{
    uint8_t out[512];
    size_t n;
    struct span name = {0};
    bool base64;
    enum gathered g = gather(p);
    if (p->failed || g == PARTIAL)
        return p->failed != ERR_NONE;
    struct span line = mime_without_end(buf_span(&p->uu.line));
    uu_is_begin(mime_without_end(buf_span(&p->uu.begin)), &base64, &name);
    if (g == TOO_LONG || !(data_line(p, line, out, &n) || uu_is_end(line, p->uu.base64)))
        return give_held(p, event);
    buf_clear(&p->uu.out);
    p->uu.given = false;
    p->uu.phase = MIME_UU_OPEN;
    if (p->uu.whole) {
        decode_line(p, line);
    } else {
        if (!mime_entity_open_uu(p, name, base64))
            return true;
        decode_line(p, line);
        *event = (struct mime_event){MIME_PART_BEGIN, &mime_level_top(p)->part, {0}, {0}};
    }
    buf_clear(&p->uu.line);
    buf_clear(&p->uu.begin);
    return !p->uu.whole;
}

static bool give_out(struct mime_parser *p, struct mime_event *event)
{
    p->uu.given = p->uu.out.len > 0;
    return p->uu.given && mime_event_body(p, event, buf_span(&p->uu.out));
}

static void forget_given(struct mime_parser *p)
{
    if (p->uu.given)
        buf_clear(&p->uu.out);
    p->uu.given = false;
}

static bool step_open(struct mime_parser *p, struct mime_event *event)
{
    forget_given(p);
    while (p->uu.todo.n && p->uu.phase == MIME_UU_OPEN && p->uu.out.len < MIME_CHUNK) {
        enum gathered g = gather(p);
        if (p->failed || g == PARTIAL)
            break;
        if (g == WHOLE)
            decode_line(p, mime_without_end(buf_span(&p->uu.line)));
        else
            p->uu.overlong = true;
        buf_clear(&p->uu.line);
    }
    return p->failed || give_out(p, event);
}

/* The file is over: its part ends and the text goes on. */
static bool step_ended(struct mime_parser *p, struct mime_event *event)
{
    p->uu.phase = MIME_UU_NONE;
    p->uu.mid_line = false;
    forget_given(p);
    buf_clear(&p->uu.line);
    if (p->uu.whole)
        return false;
    struct mime_level *level = mime_level_top(p);
    *event = (struct mime_event){.kind = MIME_PART_END, .part = &level->part};
    p->levels.len -= sizeof *level;
    return true;
}

bool mime_uu_step(struct mime_parser *p, struct mime_event *event)
{
    bool done = false;
    while (!done && (p->uu.todo.n || p->uu.phase == MIME_UU_ENDED)) {
        switch (p->uu.phase) {
        case MIME_UU_NONE:
            done = step_none(p, event);
            break;
        case MIME_UU_MAYBE:
            done = step_maybe(p, event);
            break;
        case MIME_UU_OPEN:
            done = step_open(p, event);
            break;
        case MIME_UU_ENDED:
            done = step_ended(p, event);
            break;
        }
    }
    return done;
}

bool mime_uu_finish(struct mime_parser *p, struct mime_event *event)
{
    bool held = p->uu.line.len || p->uu.begin.len;
    if (p->uu.phase == MIME_UU_NONE || p->uu.phase == MIME_UU_MAYBE)
        return held && give_held(p, event);
    if (p->uu.phase == MIME_UU_OPEN) {
        forget_given(p);
        if (p->uu.line.len)
            decode_line(p, mime_without_end(buf_span(&p->uu.line)));
        if (p->uu.phase == MIME_UU_OPEN)
            mime_level_top(p)->part.defects.uu = true;
        p->uu.phase = MIME_UU_ENDED;
        buf_clear(&p->uu.line);
        if (p->failed || give_out(p, event))
            return true;
    }
    return step_ended(p, event);
}
