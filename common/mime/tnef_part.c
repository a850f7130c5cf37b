#include "mime/parse_inner.h"

#include "mime/kind.h"

#include <string.h>

static bool no_memory(struct mime_parser *p)
{
    return mime_parser_fail(p, ERR_OS, "out of memory");
}

/* Files in what is no TNEF have no name of their own: then it is the one of the part. */
static bool begin(struct mime_parser *p, struct mime_event *event, const struct tnef_event *file)
{
    const char *name = file->name, *type = file->type;
    if (p->tnef.plain)
        name = mime_level_top(p)->part.name;
    /* A large file's name comes too late: its first bytes are there. */
    if (!type[0] && mime_content_is_tiff(buf_span(&p->tnef.data)))
        type = "image/tiff";
    if (!mime_entity_open_inner(p, name, type))
        return true;
    *event = (struct mime_event){MIME_PART_BEGIN, &mime_level_top(p)->part, {0}, {0}};
    return true;
}

static bool end(struct mime_parser *p, struct mime_event *event)
{
    struct mime_level *level = mime_level_top(p);
    mime_nested_close(p);
    *event = (struct mime_event){.kind = MIME_PART_END, .part = &level->part};
    p->levels.len -= sizeof *level;
    return true;
}

bool mime_tnef_step(struct mime_parser *p, struct mime_event *event)
{
    struct tnef_event file;
    for (;;) {
        if (p->nested.busy && mime_nested_step(p, event))
            return true;
        if (p->nested.ending)
            return end(p, event);
        if (tnef_next(&p->tnef, &file))
            return no_memory(p);
        switch (file.kind) {
        case TNEF_BEGIN:
            return begin(p, event, &file);
        case TNEF_BODY:
            if (!p->nested.open)
                return mime_event_body(p, event, file.body);
            if (mime_nested_give(p, event, file.body))
                return true;
            break;
        case TNEF_END:
            if (!p->nested.open)
                return end(p, event);
            p->nested.ending = true;
            if (mime_nested_finish(p, event))
                return true;
            break;
        case TNEF_NEED_MORE:
        case TNEF_DONE:
            p->tnef_busy = false;
            return false;
        }
    }
}

bool mime_tnef_give(struct mime_parser *p, struct mime_event *event, struct span data)
{
    tnef_push(&p->tnef, data);
    p->tnef_busy = true;
    return mime_tnef_step(p, event);
}

bool mime_tnef_finish(struct mime_parser *p, struct mime_event *event)
{
    tnef_end(&p->tnef);
    if (mime_tnef_step(p, event))
        return true;
    mime_level_top(p)->part.defects.tnef = p->tnef.damaged;
    p->tnef_open = false;
    return false;
}
