/*
 * Messages that are encoded, and what was a message or TNEF in TNEF: a parser of their own reads
 * them, whose events go out as if they were ours.
 */
#include "mime/parse_inner.h"

#include <string.h>

static struct mime_parser *nested(struct mime_parser *p)
{
    return (struct mime_parser *)(void *)p->nested.parser.data;
}

bool mime_nested_allowed(const struct mime_parser *p)
{
    return p->nesting < MIME_NESTED_MAX;
}

bool mime_nested_open(struct mime_parser *p)
{
    struct mime_level level = *mime_level_top(p);
    uint8_t *room;
    if (buf_reserve(&p->nested.parser, sizeof *p, &room))
        return !mime_parser_fail(p, ERR_OS, "out of memory");
    struct mime_parser *q = nested(p);
    mime_parser_init(q, &p->options);
    p->nested.open = true;
    q->nesting = p->nesting + 1;
    q->levels_above = p->levels_above + mime_levels(p) - 1;
    q->parts = q->parts_above = p->parts;
    q->started = true;
    /* Its outermost level is our innermost: so numbers and depths are right. */
    level.message = level.encoded;
    level.encoded = level.inner = false;
    level.part.encoding = MIME_IDENTITY;
    if (buf_add(&q->levels, &level, sizeof level))
        return !mime_parser_fail(p, ERR_OS, "out of memory");
    if (level.message)
        mime_start_header(q);
    else
        mime_start_body(q);
    q->state = level.message ? MIME_IN_HEADER : MIME_IN_BODY;
    return true;
}

void mime_nested_close(struct mime_parser *p)
{
    if (p->nested.open)
        mime_parser_release(nested(p));
    p->nested.open = p->nested.busy = p->nested.ending = false;
}

bool mime_nested_step(struct mime_parser *p, struct mime_event *event)
{
    struct mime_parser *q = nested(p);
    for (;;) {
        enum err e = mime_parser_next(q, event);
        if (e)
            return mime_parser_fail(p, e, mime_parser_why(q)->text);
        p->parts = q->parts;
        p->nested.busy = event->kind != MIME_NEED_MORE && event->kind != MIME_END;
        if (!p->nested.busy)
            return false;
        if (event->kind != MIME_PART_END || mime_levels(q))
            return true;
        /* The end of the level that is ours. */
        mime_level_top(p)->part.defects.tnef = event->part->defects.tnef;
    }
}

bool mime_nested_give(struct mime_parser *p, struct mime_event *event, struct span data)
{
    mime_parser_push(nested(p), data);
    p->nested.busy = true;
    return mime_nested_step(p, event);
}

bool mime_nested_finish(struct mime_parser *p, struct mime_event *event)
{
    mime_parser_end(nested(p));
    return mime_nested_step(p, event);
}
