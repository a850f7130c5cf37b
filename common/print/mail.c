#include "print/mail.h"

#include "mime/html.h"
#include "mime/kind.h"
#include "tool/diag.h"
#include "tool/io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HEAD = 1024, NOWHERE = -1 };

/* A part whose end has not come: text in memory, anything else in a temporary file. */
struct open_part {
    int index;  /* in doc->parts, or NOWHERE */
    bool text, html;
    struct buf raw; /* of text: in its own charset */
    int fd;
    uint8_t head[HEAD];
    size_t head_n;
};

struct walk {
    const struct mime_converter *conv;
    struct document *doc;
    struct open_part *open[MIME_DEPTH_MAX + 2];
    struct buf html;  /* the first HTML text, for a mail that has no plain one */
    bool plain, sealed;
    struct why *why;
};

static bool is_text_type(const char *type)
{
    return strcmp(type, "text/plain") == 0 || strcmp(type, "text/html") == 0 ||
           strcmp(type, "message/delivery-status") == 0 ||
           strcmp(type, "message/disposition-notification") == 0 ||
           strcmp(type, "text/rfc822-headers") == 0;
}

static enum err begin_part(struct walk *w, const struct mime_part *part)
{
    char name[80];
    if (part->depth > MIME_DEPTH_MAX)
        return why_set(w->why, ERR_DATA, "nested too deep");
    struct open_part *o = calloc(1, sizeof *o);
    if (!o)
        return why_set(w->why, ERR_OS, "out of memory");
    w->open[part->depth] = o;
    o->index = NOWHERE;
    o->fd = -1;
    buf_init(&o->raw, DOCUMENT_TEXT_MAX);
    o->html = strcmp(part->type, "text/html") == 0;
    /* A file that was attached as text/plain may still be a TIFF by its name or its bytes. */
    o->text = is_text_type(part->type) && !part->in_text;
    if (o->html)
        return ERR_NONE;
    snprintf(name, sizeof name, "part %.60s", part->number);
    if (!document_add(w->doc, o->text ? DOCUMENT_TEXT : DOCUMENT_TIFF, name))
        return why_set(w->why, ERR_DATA, "too many parts");
    o->index = (int)w->doc->count - 1;
    return o->text ? ERR_NONE : io_temp(&o->fd, w->why);
}

static enum err body(struct walk *w, const struct mime_part *part, struct span bytes)
{
    struct open_part *o = w->open[part->depth];
    size_t n = sizeof o->head - o->head_n < bytes.n ? sizeof o->head - o->head_n : bytes.n;
    memcpy(o->head + o->head_n, bytes.p, n);
    o->head_n += n;
    if (o->fd >= 0)
        return io_write(o->fd, bytes.p, bytes.n, w->why);
    enum err e = buf_add_span(&o->raw, bytes);
    return e ? why_set(w->why, e, "part %s: text of more than %d MiB", part->number,
                       DOCUMENT_TEXT_MAX >> 20) : ERR_NONE;
}

static enum err end_text(struct walk *w, struct open_part *o, const struct mime_part *part)
{
    struct buf *text = o->html ? &w->html : &w->doc->parts[o->index].text;
    if (o->html && text->len)
        return ERR_NONE;
    w->plain = w->plain || (!o->html && o->raw.len);
    enum err e = w->conv->convert(w->conv->ctx, span_str(part->charset), buf_span(&o->raw), text);
    return e ? why_set(w->why, e, "part %s: too much text", part->number) : ERR_NONE;
}

static enum err end_file(struct walk *w, struct open_part *o, const struct mime_part *part)
{
    struct span head = span_of(o->head, o->head_n);
    struct document_part *made = &w->doc->parts[o->index];
    bool sealed = strncmp(part->type, "application/", 12) == 0 && strstr(part->type, "pkcs7-mime");
    w->sealed = w->sealed || sealed;
    if (document_sniff(head, &made->kind) || strcmp(part->type, "image/g3fax") == 0) {
        if (!document_sniff(head, &made->kind))
            made->kind = DOCUMENT_G3;
        made->fd = o->fd;
        o->fd = -1;
        return lseek(made->fd, 0, SEEK_SET) == 0 ? ERR_NONE : why_errno(w->why, ERR_IO, "seek");
    }
    if (mime_type_is_fax(part->type))
        return why_set(w->why, ERR_DATA, "part %s: %s, but no TIFF", part->number,
                       o->head_n ? part->type : "empty");
    /* The slot stays, with nothing in it: parts that are open behind it know their index. */
    if (!sealed)
        diag_warn("part %s (%s) is not printed", part->number, part->type);
    w->doc->passed_over++;
    return ERR_NONE;
}

static void drop_open(struct open_part *o)
{
    if (!o)
        return;
    if (o->fd >= 0)
        close(o->fd);
    buf_release(&o->raw);
    free(o);
}

static enum err end_part(struct walk *w, const struct mime_part *part)
{
    struct open_part *o = w->open[part->depth];
    enum err e = o->text ? end_text(w, o, part) : end_file(w, o, part);
    w->open[part->depth] = NULL;
    drop_open(o);
    return e;
}

static enum err see(struct walk *w, const struct mime_event *event)
{
    const struct mime_part *part = event->part;
    switch (event->kind) {
    case MIME_PART_BEGIN:
        if (part->depth == 0 && !part->in_text && w->doc->header.len == 0) {
            enum err e = buf_add_span(&w->doc->header, event->header);
            if (e)
                return why_set(w->why, e, "header");
        }
        return part->container ? ERR_NONE : begin_part(w, part);
    case MIME_BODY:
        return body(w, part, event->body);
    case MIME_PART_END:
        return part->container ? ERR_NONE : end_part(w, part);
    default:
        return ERR_NONE;
    }
}

static enum err walk(struct walk *w, struct mime_parser *p, int file)
{
    static const size_t chunk_size = 65536;
    uint8_t *chunk = malloc(chunk_size);
    struct mime_event event = {.kind = MIME_NEED_MORE};
    enum err e = chunk ? ERR_NONE : why_set(w->why, ERR_OS, "out of memory");
    while (!e && event.kind != MIME_END) {
        e = mime_parser_next(p, &event);
        if (e) {
            why_set(w->why, e, "%s", mime_parser_why(p)->text);
        } else if (event.kind == MIME_NEED_MORE) {
            size_t got;
            e = io_read(file, chunk, chunk_size, &got, w->why);
            if (!e && got)
                mime_parser_push(p, span_of(chunk, got));
            else if (!e)
                mime_parser_end(p);
        } else {
            e = see(w, &event);
        }
    }
    free(chunk);
    return e;
}

static enum err add_html(struct span html, struct buf *out)
{
    struct html_text h;
    html_text_init(&h, out);
    enum err e = html_text_push(&h, html);
    return e ? e : html_text_end(&h);
}

/* A text-only mail says on paper whose it is. */
static enum err head_text(struct walk *w, struct document_part *part)
{
    static const char *const fields[] = {"From", "To", "Date", "Subject"};
    struct buf whole;
    enum err e = ERR_NONE;
    buf_init(&whole, DOCUMENT_TEXT_MAX + 65536);
    for (size_t i = 0; i < sizeof fields / sizeof *fields && !e; i++) {
        struct buf value;
        buf_init(&value, 16384);
        if (header_text(buf_span(&w->doc->header), fields[i], w->conv, &value) == ERR_NONE)
            e = buf_add_format(&whole, "%s: ", fields[i]);
        if (!e && value.len)
            e = buf_add_span(&whole, buf_span(&value));
        if (!e && value.len)
            e = buf_add_byte(&whole, '\n');
        buf_release(&value);
    }
    if (!e && whole.len)
        e = buf_add_byte(&whole, '\n');
    if (!e)
        e = buf_add_span(&whole, buf_span(&part->text));
    buf_release(&part->text);
    part->text = whole;
    return e ? why_set(w->why, e, "too much text") : ERR_NONE;
}

/* Drops empty slots; says when nothing is left. */
static enum err settle(struct walk *w)
{
    struct document *doc = w->doc;
    size_t kept = 0, files = 0;
    for (size_t i = 0; i < doc->count; i++) {
        struct document_part *part = &doc->parts[i];
        if (part->fd < 0 && part->text.len == 0) {
            buf_release(&part->text);
            continue;
        }
        files += part->fd >= 0;
        doc->parts[kept++] = *part;
    }
    doc->count = kept;
    if (files == 0 && !w->plain && w->html.len) {
        struct document_part *part = document_add(doc, DOCUMENT_TEXT, "HTML");
        enum err e = part ? add_html(buf_span(&w->html), &part->text) : ERR_OS;
        if (e)
            return why_set(w->why, e, "text");
    }
    if (doc->count == 0 && w->sealed)
        return why_set(w->why, ERR_DATA, "sealed: mime-crypt -d opens it");
    if (w->sealed)
        diag_warn("a sealed part is not printed: mime-crypt -d opens it");
    if (doc->count == 0 && (doc->passed_over || doc->header.len == 0))
        return why_set(w->why, ERR_DATA, "nothing in it can be printed");
    /* A mail without a word is printed as its header. */
    if (doc->count == 0 && !document_add(doc, DOCUMENT_TEXT, "header"))
        return why_set(w->why, ERR_OS, "out of memory");
    return files ? ERR_NONE : head_text(w, &doc->parts[0]);
}

enum err mail_open(int file, const struct mime_converter *conv, struct document *doc,
                   struct why *why)
{
    struct walk *w = calloc(1, sizeof *w);
    struct mime_parser *p = malloc(sizeof *p);
    enum err e = ERR_OS;
    if (w && p) {
        const struct mime_options options = {.conv = conv};
        *w = (struct walk){.conv = conv, .doc = doc, .why = why};
        buf_init(&w->html, DOCUMENT_TEXT_MAX);
        mime_parser_init(p, &options);
        doc->kind = DOCUMENT_MAIL;
        e = walk(w, p, file);
        if (!e)
            e = settle(w);
        mime_parser_release(p);
        for (size_t i = 0; i < sizeof w->open / sizeof *w->open; i++)
            drop_open(w->open[i]);
        buf_release(&w->html);
    } else {
        why_set(why, ERR_OS, "out of memory");
    }
    free(p);
    free(w);
    return e;
}
