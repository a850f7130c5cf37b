#include "mime/readable.h"

#include "mime/header.h"
#include "mime/html.h"

#include <string.h>

void mime_readable_init(struct mime_readable *r, const struct mime_converter *conv,
                        struct buf *out)
{
    struct mime_options options = {.conv = conv};
    mime_parser_init(&r->parser, &options);
    r->conv = conv;
    r->out = out;
    r->in_text = r->in_html = r->plain = r->others = false;
    buf_init(&r->body, MIME_READABLE_MAX);
}

void mime_readable_release(struct mime_readable *r)
{
    mime_parser_release(&r->parser);
    buf_release(&r->body);
}

/* "Name: value" for each of the fields that are for people, and an empty line. */
static enum err add_fields(struct mime_readable *r, struct span header)
{
    static const char *const names[] = {"From", "To", "Cc", "Date", "Subject"};
    enum err e = ERR_NONE;
    for (size_t i = 0; i < sizeof names / sizeof *names && !e; i++) {
        struct span raw;
        if (!header_find(header, names[i], &raw))
            continue;
        e = buf_add_format(r->out, "%s: ", names[i]);
        if (!e)
            e = header_decode(raw, r->conv, r->out);
        if (!e)
            e = buf_add_byte(r->out, '\n');
    }
    return e ? e : buf_add_byte(r->out, '\n');
}

static enum err begin_part(struct mime_readable *r, const struct mime_event *event)
{
    const struct mime_part *part = event->part;
    enum err e = ERR_NONE;
    /* A mail inside the mail has its own From and Subject, in the header of its body. */
    struct span raw;
    if (part->depth == 0 || header_find(event->header, "From", &raw))
        e = add_fields(r, event->header);
    bool attached = strcmp(part->disposition, "attachment") == 0;
    bool plain = strcmp(part->type, "text/plain") == 0;
    r->in_html = strcmp(part->type, "text/html") == 0 && !r->plain && !attached;
    r->in_text = (plain || r->in_html) && !attached && !part->container;
    r->plain = r->plain || (plain && r->in_text);
    buf_clear(&r->body);
    if (e || r->in_text || part->container)
        return e;
    r->others = true;
    return buf_add_format(r->out, "[%s%s%s]\n", part->type, *part->name ? ": " : "", part->name);
}

static enum err end_html(struct mime_readable *r, struct span charset, struct span text)
{
    struct html_text h;
    struct buf utf8;
    buf_init(&utf8, 4 * (size_t)MIME_READABLE_MAX);
    enum err e = r->conv ? r->conv->convert(r->conv->ctx, charset, text, &utf8)
                         : mime_convert_plain(NULL, charset, text, &utf8);
    html_text_init(&h, r->out);
    if (!e)
        e = html_text_push(&h, buf_span(&utf8));
    if (!e)
        e = html_text_end(&h);
    buf_release(&utf8);
    return e;
}

/* The body as UTF-8 with LF line ends, and one at its end. */
static enum err end_part(struct mime_readable *r, const struct mime_part *part)
{
    if (!r->in_text)
        return ERR_NONE;
    r->in_text = false;
    size_t n = 0;
    for (size_t i = 0; i < r->body.len; i++)
        if (r->body.data[i] != '\r' || i + 1 == r->body.len || r->body.data[i + 1] != '\n')
            r->body.data[n++] = r->body.data[i];
    r->body.len = n;
    struct span charset = span_str(part->charset), text = buf_span(&r->body);
    if (r->in_html)
        return end_html(r, charset, text);
    enum err e = r->conv ? r->conv->convert(r->conv->ctx, charset, text, r->out)
                         : mime_convert_plain(NULL, charset, text, r->out);
    if (!e && n && r->body.data[n - 1] != '\n')
        e = buf_add_byte(r->out, '\n');
    return e;
}

static enum err take(struct mime_readable *r, const struct mime_event *event)
{
    switch (event->kind) {
    case MIME_PART_BEGIN: return begin_part(r, event);
    case MIME_BODY: return r->in_text ? buf_add_span(&r->body, event->body) : ERR_NONE;
    case MIME_PART_END: return end_part(r, event->part);
    default: return ERR_NONE;
    }
}

static enum err pump(struct mime_readable *r, struct why *why)
{
    struct mime_event event;
    for (;;) {
        enum err e = mime_parser_next(&r->parser, &event);
        if (e)
            return why_set(why, e, "%s", mime_parser_why(&r->parser)->text);
        if (event.kind == MIME_NEED_MORE || event.kind == MIME_END)
            return ERR_NONE;
        e = take(r, &event);
        if (e)
            return why_set(why, e, e == ERR_OS ? "out of memory" : "the text is too large");
    }
}

enum err mime_readable_push(struct mime_readable *r, struct span bytes, struct why *why)
{
    mime_parser_push(&r->parser, bytes);
    return pump(r, why);
}

enum err mime_readable_end(struct mime_readable *r, struct why *why)
{
    mime_parser_end(&r->parser);
    return pump(r, why);
}
