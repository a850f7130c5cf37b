#include "mime/write.h"

#include <stdio.h>
#include <string.h>

void mime_writer_init(struct mime_writer *w, const struct mime_mail *mail)
{
    *w = (struct mime_writer){.mail = mail};
}

static const char *eol(const struct mime_writer *w)
{
    return w->mail->crlf ? "\r\n" : "\n";
}

static bool given(const char *s)
{
    return s && *s;
}

static enum err bad_field(enum err e, const char *name, struct span value, struct why *why)
{
    if (e != ERR_DATA)
        return why_set(why, e, "out of memory");
    if (!header_safe(value))
        return why_set(why, e, "%s: line end or NUL in a header field", name);
    return why_set(why, e, "%s: bad value: %.*s", name, (int)(value.n < 200 ? value.n : 200),
                   value.n ? (const char *)value.p : "");
}

static enum err addresses(struct mime_writer *w, const char *name, const char *list,
                          struct buf *out, struct why *why)
{
    if (!given(list))
        return ERR_NONE;
    enum err e = header_put_addresses(out, name, span_str(list), w->mail->crlf);
    return e ? bad_field(e, name, span_str(list), why) : ERR_NONE;
}

static enum err text(struct mime_writer *w, const char *name, struct span value, struct buf *out,
                     struct why *why)
{
    enum err e = header_put_text(out, name, value, w->mail->crlf);
    return e ? bad_field(e, name, value, why) : ERR_NONE;
}

static enum err plain(struct mime_writer *w, const char *name, const char *value, struct buf *out,
                      struct why *why)
{
    if (!given(value))
        return ERR_NONE;
    enum err e = header_put_plain(out, name, span_str(value), w->mail->crlf);
    return e ? bad_field(e, name, span_str(value), why) : ERR_NONE;
}

/* Fields that hold addresses, whoever gives them, are not text: their syntax is kept. */
static bool holds_addresses(const char *name)
{
    static const char *const names[] = {"Reply-To", "Sender", "Bcc", "Resent-From", "Resent-To",
                                        "Resent-Cc", "Resent-Sender", "Errors-To",
                                        "Return-Receipt-To", "From", "To", "Cc"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (span_eq_nocase(span_str(names[i]), span_str(name)))
            return true;
    return false;
}

static enum err extra(struct mime_writer *w, const struct mime_extra *x, struct buf *out,
                      struct why *why)
{
    enum err e;
    if (!header_name_ok(span_str(x->name)))
        return why_set(why, ERR_DATA, "bad header field name: %s", x->name);
    if (!holds_addresses(x->name))
        return text(w, x->name, x->value, out, why);
    e = header_put_addresses(out, x->name, x->value, w->mail->crlf);
    return e ? bad_field(e, x->name, x->value, why) : ERR_NONE;
}

static enum err mail_header(struct mime_writer *w, struct buf *out, struct why *why)
{
    const struct mime_mail *m = w->mail;
    enum err e = addresses(w, "From", m->from, out, why);
    if (!e)
        e = addresses(w, "To", m->to, out, why);
    if (!e)
        e = addresses(w, "Cc", m->cc, out, why);
    if (!e && given(m->subject))
        e = text(w, "Subject", span_str(m->subject), out, why);
    if (!e)
        e = plain(w, "Date", m->date, out, why);
    if (!e)
        e = plain(w, "Message-ID", m->message_id, out, why);
    if (!e)
        e = addresses(w, "Disposition-Notification-To", m->notify, out, why);
    for (size_t i = 0; i < m->extras && !e; i++)
        e = extra(w, &m->extra[i], out, why);
    if (!e)
        e = plain(w, "MIME-Version", "1.0", out, why);
    return e;
}

static enum err multipart_header(struct mime_writer *w, struct buf *out)
{
    const struct mime_mail *m = w->mail;
    struct header_param boundary = {"boundary", span_str(m->boundary)};
    char type[64] = "multipart/mixed";
    if (m->subtype)
        snprintf(type, sizeof type, "multipart/%s", m->subtype);
    enum err e = header_put_params(out, "Content-Type", type, &boundary, 1, m->crlf);
    return e ? e : buf_add_str(out, eol(w));
}

/* Ends the encoding of the part that is open. */
static enum err end_body(struct mime_writer *w, struct buf *out)
{
    uint8_t *room;
    enum err e = buf_reserve(out, 64, &room);
    if (e || !w->open)
        return e;
    w->open = false;
    if (w->encoding == MIME_WRITE_BASE64) {
        out->len += base64_encode_end(&w->base64, room);
        return ERR_NONE;
    }
    if (w->encoding == MIME_WRITE_QP) {
        out->len += qp_encode_end(&w->qp, room);
        w->line_begun = w->qp.column > 0;
    }
    /* In a multipart one more line end belongs to the boundary (RFC 2046 §5.1.1). */
    return w->line_begun || w->mail->multipart ? buf_add_str(out, eol(w)) : ERR_NONE;
}

static enum err boundary(struct mime_writer *w, const char *tail, struct buf *out)
{
    return buf_add_format(out, "--%s%s%s", w->mail->boundary, tail, eol(w));
}

static enum err part_header(struct mime_writer *w, const struct mime_write_part *part,
                            struct buf *out)
{
    static const char *const encodings[] = {"7bit", "8bit", "quoted-printable", "base64"};
    struct header_param params[17];
    struct header_param name = {"filename", span_str(part->name ? part->name : "")};
    size_t n = 0;
    for (; n < part->param_count && n < 16; n++)
        params[n] = part->params[n];
    if (given(part->name))
        params[n++] = (struct header_param){"name", name.value};
    enum err e = header_put_params(out, "Content-Type", part->type, params, n, w->mail->crlf);
    if (!e)
        e = header_put_plain(out, "Content-Transfer-Encoding",
                             span_str(encodings[part->encoding]), w->mail->crlf);
    if (!e && given(part->disposition))
        e = header_put_params(out, "Content-Disposition", part->disposition, &name,
                              given(part->name), w->mail->crlf);
    return e ? e : buf_add_str(out, eol(w));
}

enum err mime_writer_part(struct mime_writer *w, const struct mime_write_part *part,
                          struct buf *out, struct why *why)
{
    size_t start = out->len;
    enum err e = ERR_NONE;
    if (w->begun && !w->mail->multipart)
        return why_set(why, ERR_DATA, "a second part without multipart");
    if (!w->begun) {
        e = mail_header(w, out, why);
        if (!e && w->mail->multipart)
            e = multipart_header(w, out);
    } else {
        e = end_body(w, out);
    }
    if (!e && w->mail->multipart)
        e = boundary(w, "", out);
    if (!e) {
        e = part_header(w, part, out);
        if (e)
            why_set(why, e, e == ERR_DATA ? "bad content type or name" : "out of memory");
    }
    if (e) {
        out->len = start;
        return e;
    }
    w->begun = w->open = true;
    w->line_begun = w->cr = false;
    w->encoding = part->encoding;
    base64_encoder_init(&w->base64, BASE64_MIME_WRAP, w->mail->crlf ? BASE64_CRLF : 0);
    qp_encoder_init(&w->qp, w->mail->crlf);
    return ERR_NONE;
}

/* Text as it is, but for its line ends. */
static size_t identity(struct mime_writer *w, struct span s, uint8_t *out)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];
        /* A CR waits until it is known whether it belongs to a line end. */
        if (w->cr && (c != '\n' || w->mail->crlf))
            out[n++] = '\r';
        else if (c == '\n' && w->mail->crlf)
            out[n++] = '\r';
        w->cr = c == '\r';
        if (!w->cr)
            out[n++] = c;
        w->line_begun = c != '\n';
    }
    return n;
}

enum err mime_writer_body(struct mime_writer *w, struct span bytes, struct buf *out)
{
    uint8_t *room;
    size_t bound = 2 * bytes.n + 1;
    if (w->encoding == MIME_WRITE_BASE64)
        bound = base64_encode_bound(&w->base64, bytes.n);
    else if (w->encoding == MIME_WRITE_QP)
        bound = qp_encode_bound(bytes.n);
    enum err e = buf_reserve(out, bound, &room);
    if (e)
        return e;
    if (w->encoding == MIME_WRITE_BASE64)
        out->len += base64_encode(&w->base64, bytes, room);
    else if (w->encoding == MIME_WRITE_QP)
        out->len += qp_encode(&w->qp, bytes, room);
    else
        out->len += identity(w, bytes, room);
    return ERR_NONE;
}

enum err mime_writer_end(struct mime_writer *w, struct buf *out)
{
    enum err e = end_body(w, out);
    if (!e && w->mail->multipart)
        e = boundary(w, "--", out);
    return e;
}
