/* b64mime -d --text: what there is to read in a mail. */
#include "text/open.h"

#include "mime/html.h"
#include "text/convert.h"
#include "tool/diag.h"
#include "tool/io.h"

#include <string.h>

enum { UTF8_MAX = 1 << 20, HTML_MAX = 16 << 20 };

struct text {
    struct outfile file;
    struct writer writer;
    struct text_stream *stream; /* of the text part that is passing by */
    struct buf utf8;
    unsigned depth;  /* of that part */
    unsigned parts;  /* of plain text, so far */
    bool is_html;    /* the part that is passing by: its text is kept for the end */
    struct html_text html;
    struct buf kept; /* the text of HTML, for a mail that has no plain text */
    bool line_begun; /* the last byte written was no line end */
    bool cr, lead;   /* the last byte was CR; was 0xC2, and has not been written */
};

static void put(struct text *t, uint8_t c)
{
    writer_add(&t->writer, &c, 1);
    t->line_begun = c != '\n';
}

/* Line ends become LF, control bytes, C1's too, blanks: this goes to terminals. */
static void put_clean(struct text *t, struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];
        bool second = c == '\n' && t->cr, c1 = t->lead && c >= 0x80 && c < 0xa0;
        if (t->lead)
            put(t, c1 ? ' ' : 0xc2);
        t->lead = c == 0xc2;
        t->cr = c == '\r';
        if (second || c1 || t->lead)
            continue;
        if (c == '\r')
            c = '\n';
        else if ((c < 0x20 && c != '\n' && c != '\t' && c != '\f') || c == 0x7f)
            c = ' ';
        put(t, c);
    }
}

static enum err add(struct text *t)
{
    if (t->is_html)
        return html_text_push(&t->html, buf_span(&t->utf8));
    put_clean(t, buf_span(&t->utf8));
    return ERR_NONE;
}

static enum err begin(struct text *t, const struct mime_part *part, bool html)
{
    t->is_html = html;
    t->depth = part->depth;
    if (html) {
        if (t->kept.len && buf_add_byte(&t->kept, '\n'))
            return ERR_OS;
        html_text_init(&t->html, &t->kept);
    } else if (t->parts++) {
        put(t, '\n');
    }
    return text_stream_open(span_str(part->charset), &t->stream);
}

static enum err end(struct text *t)
{
    buf_clear(&t->utf8);
    enum err e = text_stream_end(t->stream, &t->utf8);
    if (!e)
        e = add(t);
    if (!e && t->is_html)
        e = html_text_end(&t->html);
    if (t->line_begun && !t->is_html)
        put(t, '\n');
    t->line_begun = t->cr = t->lead = false;
    text_stream_close(t->stream);
    t->stream = NULL;
    return e;
}

/* HTML is read only while there is no plain text, and never where it is a file. */
static bool html_wanted(const struct text *t, const struct mime_part *part)
{
    return strcmp(part->type, "text/html") == 0 && t->parts == 0 &&
           strcmp(part->disposition, "attachment") != 0;
}

static enum err text_event(void *ctx, const struct mime_event *event, bool *stop, struct why *why)
{
    struct text *t = ctx;
    enum err e = ERR_NONE;
    (void)stop;
    bool ours = t->stream && event->kind != MIME_END && event->part->depth == t->depth;
    if (event->kind == MIME_PART_BEGIN && !t->stream) {
        bool html = html_wanted(t, event->part);
        if (html || strcmp(event->part->type, "text/plain") == 0)
            e = begin(t, event->part, html);
    } else if (event->kind == MIME_BODY && ours) {
        buf_clear(&t->utf8);
        e = text_stream_add(t->stream, event->body, &t->utf8);
        if (!e)
            e = add(t);
    } else if (event->kind == MIME_PART_END && ours) {
        e = end(t);
    }
    if (e == ERR_DATA)
        return why_set(why, e, "more than %d MiB of HTML", HTML_MAX >> 20);
    if (e)
        return why_set(why, e, "out of memory");
    return t->writer.err ? why_set(why, t->writer.err, "%s", t->writer.why.text) : ERR_NONE;
}

enum err mail_text(const struct mail_open *m)
{
    static struct text t;
    struct why why = {""};
    t = (struct text){.parts = 0};
    enum err e = outfile_open(&t.file, m->output, &why);
    if (e)
        return diag_fail(e, &why, "%s", m->output);
    buf_init(&t.utf8, UTF8_MAX);
    buf_init(&t.kept, HTML_MAX);
    writer_init(&t.writer, t.file.fd);
    e = mail_each(m, text_event, &t, &why);
    text_stream_close(t.stream);
    bool html = !e && t.parts == 0 && t.kept.len;
    if (html)
        put_clean(&t, buf_span(&t.kept));
    buf_release(&t.utf8);
    buf_release(&t.kept);
    if (!e)
        e = writer_flush(&t.writer, &why);
    if (!e && t.parts == 0 && !html) {
        outfile_abort(&t.file);
        diag_warn("%s: no text", mail_shown(m));
        return ERR_NO;
    }
    if (!e)
        e = outfile_commit(&t.file, &why);
    else
        outfile_abort(&t.file);
    return diag_fail(e, &why, "%s", mail_shown(m));
}
