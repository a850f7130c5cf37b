/* The half of text/open.h that prints: the header, a report. */
#include "text/open.h"

#include "mime/report.h"
#include "text/convert.h"
#include "tool/diag.h"
#include "tool/io.h"

#include <string.h>

enum { OUT_MAX = 16 << 20 };

static const struct mime_converter all_charsets = {text_convert_mime, NULL};

enum err mail_put_out(const struct mail_open *m, struct span out)
{
    struct outfile file;
    struct why why = {""};
    enum err e = outfile_open(&file, m->output, &why);
    if (e)
        return diag_fail(e, &why, "%s", m->output);
    e = io_write(file.fd, out.p, out.n, &why);
    if (!e)
        e = outfile_commit(&file, &why);
    else
        outfile_abort(&file);
    return diag_fail(e, &why, "%s", m->output ? m->output : "stdout");
}

/* ---- --headers ---- */

struct headers {
    bool json;
    struct buf out;
};

static enum err text_fields(struct span block, struct buf *out)
{
    struct header_field f;
    enum err e = ERR_NONE;
    while (!e && header_next(&block, &f)) {
        e = buf_add_span(out, f.name);
        if (!e)
            e = buf_add_str(out, ": ");
        if (!e)
            e = header_decode(f.raw, &all_charsets, out);
        if (!e)
            e = buf_add_byte(out, '\n');
    }
    return e;
}

static enum err json_fields(struct span block, struct buf *out)
{
    struct header_field f;
    struct json j;
    struct buf value;
    enum err e = ERR_NONE;
    buf_init(&value, OUT_MAX);
    json_init(&j, out);
    json_open(&j, NULL, '[');
    while (!e && header_next(&block, &f)) {
        buf_clear(&value);
        e = header_decode(f.raw, &all_charsets, &value);
        json_open(&j, NULL, '{');
        json_add_span(&j, "name", f.name);
        json_add_span(&j, "value", buf_span(&value));
        json_close(&j, '}');
    }
    json_close(&j, ']');
    buf_release(&value);
    if (!e)
        e = j.err;
    return e ? e : buf_add_byte(out, '\n');
}

static enum err headers_event(void *ctx, const struct mime_event *event, bool *stop,
                              struct why *why)
{
    struct headers *h = ctx;
    if (event->kind != MIME_PART_BEGIN)
        return ERR_NONE;
    *stop = true;
    enum err e = h->json ? json_fields(event->header, &h->out)
                         : text_fields(event->header, &h->out);
    return e ? why_set(why, e, "header too large") : ERR_NONE;
}

enum err mail_headers(const struct mail_open *m)
{
    struct headers h = {.json = m->json};
    struct why why = {""};
    buf_init(&h.out, OUT_MAX);
    enum err e = mail_each(m, headers_event, &h, &why);
    e = e ? diag_fail(e, &why, "%s", mail_shown(m)) : mail_put_out(m, buf_span(&h.out));
    buf_release(&h.out);
    return e;
}

/* ---- --report ---- */

static enum err report_event(void *ctx, const struct mime_event *event, bool *stop,
                             struct why *why)
{
    (void)stop;
    enum err e = mime_report_event(ctx, event);
    return e ? why_set(why, e, "out of memory") : ERR_NONE;
}

enum err mail_report(const struct mail_open *m)
{
    struct mime_report r;
    struct buf out;
    struct why why = {""};
    mime_report_init(&r);
    buf_init(&out, OUT_MAX);
    enum err e = mail_each(m, report_event, &r, &why);
    if (!e && r.kind == MIME_REPORT_NONE) {
        diag_warn("%s: no report", mail_shown(m));
        e = ERR_NO;
    } else if (!e) {
        if (r.truncated)
            diag_warn("%s: report cut at 1 MiB", mail_shown(m));
        e = m->json ? mime_report_json(&r, &all_charsets, &out)
                    : mime_report_text(&r, &all_charsets, &out);
        if (!e && m->json)
            e = buf_add_byte(&out, '\n');
        e = e ? diag_fail(e, &why, "%s", mail_shown(m)) : mail_put_out(m, buf_span(&out));
    } else {
        diag_fail(e, &why, "%s", mail_shown(m));
    }
    mime_report_release(&r);
    buf_release(&out);
    return e;
}
