#include "mime/report.h"

#include <stdio.h>
#include <string.h>

enum { FIELDS_MAX = 1 << 20, RETURNED_MAX = 1 << 16, KEY_MAX = 80, FIELDS_COUNTED = 100 };

void mime_report_init(struct mime_report *r)
{
    memset(r, 0, sizeof *r);
    buf_init(&r->fields, FIELDS_MAX);
    buf_init(&r->returned, RETURNED_MAX);
    buf_init(&r->original, 4096);
}

void mime_report_release(struct mime_report *r)
{
    buf_release(&r->fields);
    buf_release(&r->returned);
    buf_release(&r->original);
}

static enum mime_report_kind kind_of(const char *type)
{
    if (strcmp(type, "message/delivery-status") == 0 ||
        strcmp(type, "message/global-delivery-status") == 0)
        return MIME_REPORT_DSN;
    if (strcmp(type, "message/disposition-notification") == 0 ||
        strcmp(type, "message/global-disposition-notification") == 0)
        return MIME_REPORT_MDN;
    return MIME_REPORT_NONE;
}

/* As much of s as b has room for. False: that was not all. */
static bool add(struct buf *b, struct span s)
{
    size_t room = b->max - b->len;
    return buf_add_span(b, span_take(s, room)) == ERR_NONE && s.n <= room;
}

/* The returned mail's Message-ID, from its header. */
static enum err original(struct mime_report *r, struct span header)
{
    enum err e = r->original.len ? ERR_NONE : header_text(header, "Message-ID", NULL, &r->original);
    return e == ERR_OS ? e : ERR_NONE;
}

enum err mime_report_event(struct mime_report *r, const struct mime_event *event)
{
    enum err e = ERR_NONE;
    switch (event->kind) {
    case MIME_PART_BEGIN:
        if (r->kind == MIME_REPORT_NONE) {
            r->kind = kind_of(event->part->type);
            r->inside = r->kind != MIME_REPORT_NONE;
        } else if (strcmp(event->part->type, "text/rfc822-headers") == 0) {
            r->headers = r->returned.len == 0;
        } else {
            e = original(r, event->header);
        }
        break;
    case MIME_BODY:
        if (r->inside)
            r->truncated = !add(&r->fields, event->body) || r->truncated;
        else if (r->headers)
            (void)add(&r->returned, event->body);
        break;
    case MIME_PART_END:
        if (r->headers && !r->inside)
            e = original(r, buf_span(&r->returned));
        r->inside = r->headers = false;
        break;
    default:
        break;
    }
    return e;
}

bool mime_report_block(struct span *rest, struct span *block)
{
    struct header_field f;
    while (rest->n) {
        struct span at = *rest;
        while (header_next(&at, &f))
            ;
        *block = span_take(*rest, rest->n - at.n);
        /* Whatever ended the block: an empty line, or one that is no field. */
        size_t n = span_find(at, '\n');
        *rest = span_skip(at, n < at.n ? n + 1 : n);
        if (block->n)
            return true;
    }
    return false;
}

static bool has_field(const struct mime_report *r, const char *name)
{
    struct span rest = buf_span(&r->fields), block, raw;
    while (mime_report_block(&rest, &block))
        if (header_find(block, name, &raw))
            return true;
    return false;
}

enum err mime_report_text(const struct mime_report *r, const struct mime_converter *conv,
                          struct buf *out)
{
    struct span rest = buf_span(&r->fields), block;
    struct header_field f;
    bool first = true;
    enum err e = ERR_NONE;
    while (!e && mime_report_block(&rest, &block)) {
        if (!first)
            e = buf_add_byte(out, '\n');
        while (!e && header_next(&block, &f)) {
            e = buf_add_span(out, f.name);
            if (!e)
                e = buf_add_str(out, ": ");
            if (!e)
                e = header_decode(f.raw, conv, out);
            if (!e)
                e = buf_add_byte(out, '\n');
        }
        if (!e && first && r->original.len && !has_field(r, "Original-Message-ID")) {
            e = buf_add_str(out, "Original-Message-ID: ");
            if (!e)
                e = buf_add_span(out, buf_span(&r->original));
            if (!e)
                e = buf_add_byte(out, '\n');
        }
        first = false;
    }
    return e;
}

/* How many of the fields before f, FIELDS_COUNTED at most, have its name. */
static unsigned before(struct span block, const struct header_field *f)
{
    struct header_field g;
    unsigned same = 0;
    for (int i = 0; i < FIELDS_COUNTED && header_next(&block, &g) && g.name.p != f->name.p; i++)
        same += span_eq_nocase(g.name, f->name);
    return same;
}

static enum err add_fields(struct json *j, struct span block, const struct mime_converter *conv)
{
    struct header_field f;
    struct buf value;
    struct span rest = block;
    enum err e = ERR_NONE;
    buf_init(&value, 8 * FIELDS_MAX);
    for (int i = 0; i < FIELDS_COUNTED && !e && header_next(&rest, &f); i++) {
        char key[KEY_MAX + 8];
        unsigned same = before(block, &f);
        if (!span_copy(f.name, key, KEY_MAX))
            continue;
        if (same)
            snprintf(key + strlen(key), 8, "_%u", same + 1);
        for (char *c = key; *c; c++)
            *c = *c == '-' ? '_' : (char)ascii_lower((uint8_t)*c);
        buf_clear(&value);
        e = header_decode(f.raw, conv, &value);
        json_add_span(j, key, buf_span(&value));
    }
    buf_release(&value);
    return e;
}

enum err mime_report_json(const struct mime_report *r, const struct mime_converter *conv,
                          struct buf *out)
{
    struct span rest = buf_span(&r->fields), block;
    struct json j;
    enum err e = ERR_NONE;
    json_init(&j, out);
    json_open(&j, NULL, '{');
    json_add_str(&j, "report", r->kind == MIME_REPORT_DSN ? "dsn" : "mdn");
    if (r->original.len && !has_field(r, "Original-Message-ID"))
        json_add_span(&j, "original_message_id", buf_span(&r->original));
    if (mime_report_block(&rest, &block))
        e = add_fields(&j, block, conv);
    if (r->kind == MIME_REPORT_DSN) {
        json_open(&j, "recipients", '[');
        while (!e && mime_report_block(&rest, &block)) {
            json_open(&j, NULL, '{');
            e = add_fields(&j, block, conv);
            json_close(&j, '}');
        }
        json_close(&j, ']');
    }
    json_close(&j, '}');
    return e ? e : j.err;
}
