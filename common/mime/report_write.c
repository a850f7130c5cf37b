#include "mime/report_write.h"

#include "bytes/utf8.h"
#include "mime/address.h"
#include "mime/date.h"

#include <stdio.h>
#include <string.h>

enum { LINE = 900, HEADER_SHOWN = 65536, MAIL_LINE = 998 };

/* A stranger's words within one line. */
static enum err add_words(struct buf *out, const char *text)
{
    enum err e = ERR_NONE;
    size_t n = 0;
    for (const char *c = text; *c && n < LINE && !e; c++, n++)
        e = buf_add_byte(out, *c >= 0x20 && *c < 0x7f ? (uint8_t)*c : '?');
    return e;
}

static enum err add_field(struct buf *out, const char *name, const char *text)
{
    enum err e = text ? buf_add_format(out, "%s: ", name) : ERR_NONE;
    if (!text || e)
        return e;
    e = add_words(out, text);
    return e ? e : buf_add_byte(out, '\n');
}

static enum err add_date(struct buf *out, const char *name, int64_t time)
{
    char date[MIME_DATE_SIZE];
    return time && mime_date_format(time, 0, date) ? add_field(out, name, date) : ERR_NONE;
}

static bool ascii(struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] >= 0x80)
            return false;
    return true;
}

/* "rfc822; a@b"; of UTF-8 by RFC 6533 §3, where every such character is \x{...}. */
static enum err add_path(struct buf *out, const char *name, const char *path)
{
    struct span s = span_str(path);
    if (ascii(s) || !utf8_valid(s)) {
        enum err e = buf_add_format(out, "%s: rfc822; ", name);
        if (!e)
            e = add_words(out, path);
        return e ? e : buf_add_byte(out, '\n');
    }
    enum err e = buf_add_format(out, "%s: utf-8; ", name);
    while (s.n && !e) {
        uint32_t c;
        size_t n = utf8_char(s, &c);
        if (c > 0x20 && c < 0x7f && c != '\\' && c != '+' && c != '=')
            e = buf_add_byte(out, (uint8_t)c);
        else
            e = buf_add_format(out, "\\x{%02X}", (unsigned)c);
        s = span_skip(s, n);
    }
    return e ? e : buf_add_byte(out, '\n');
}

/* ---- what every report has ---- */

#define EIGHT_BIT "Content-Transfer-Encoding: 8bit\n"

void mime_returnable_push(struct mime_returnable *r, struct span piece)
{
    size_t n = strlen(r->boundary);
    for (size_t i = 0; i < piece.n && !r->bad; i++) {
        uint8_t c = piece.p[i];
        r->eight_bit |= c > 0x7f;
        if (c == '\n') {
            r->column = r->matched = 0;
            continue;
        }
        size_t at = r->column++;
        bool same = at == r->matched && at < n + 2 &&
                    c == (uint8_t)(at < 2 ? '-' : r->boundary[at - 2]);
        r->matched += same;
        r->bad = c == 0 || r->column > MAIL_LINE || r->matched == n + 2;
    }
}

static enum err add_head(const struct mime_report_head *h, const char *name, const char *subject,
                         const char *type, bool eight_bit, struct buf *out)
{
    char date[MIME_DATE_SIZE];
    mime_date_format(h->date, 0, date);
    enum err e = buf_add_format(out, "From: %s <", name);
    if (!e)
        e = add_words(out, h->from);
    if (!e)
        e = buf_add_str(out, ">\nTo: <");
    if (!e)
        e = add_words(out, h->to);
    if (!e)
        e = buf_add_format(out, ">\nSubject: %s\nDate: %s\nMessage-ID: <%s@%s>\n", subject, date,
                           h->message_id, h->hostname);
    if (!e)
        e = buf_add_format(out,
                           "Auto-Submitted: auto-replied\nMIME-Version: 1.0\n"
                           "Content-Type: multipart/report; report-type=%s;\n"
                           "\tboundary=\"%s\"\n%s\n--%s\n"
                           "Content-Type: text/plain; charset=us-ascii\n\n",
                           type, h->boundary, eight_bit ? EIGHT_BIT : "", h->boundary);
    return e;
}

static enum err next_part(const struct mime_report_head *h, const char *type, struct buf *out)
{
    return buf_add_format(out, "\n--%s\nContent-Type: %s\n\n", h->boundary, type);
}

/* A line of a stranger's header, that cannot be taken for a boundary: it has no "--" in front. */
static enum err add_line(struct span line, struct buf *out)
{
    enum err e = ERR_NONE;
    line = span_take(line, LINE);
    for (size_t i = 0; i < line.n && !e; i++) {
        uint8_t c = line.p[i];
        e = buf_add_byte(out, (c >= 0x20 && c < 0x7f) || c == '\t' ? c : '?');
    }
    return e ? e : buf_add_byte(out, '\n');
}

/* The mail's own header, up to its end or a line that is none of a header. */
static enum err add_original(const struct mime_report_head *h, struct buf *out)
{
    struct span header = span_take(h->original, HEADER_SHOWN);
    enum err e = next_part(h, "text/rfc822-headers", out);
    bool field = false;
    while (header.n && !e) {
        size_t n = span_find(header, '\n');
        struct span line = span_take(header, n);
        header = span_skip(header, n + 1);
        if (line.n && line.p[line.n - 1] == '\r')
            line.n--;
        bool folded = field && line.n && (line.p[0] == ' ' || line.p[0] == '\t');
        if (!folded && !header_is_field(line))
            break;
        field = true;
        e = add_line(line, out);
    }
    return e ? e : buf_add_format(out, "\n--%s--\n", h->boundary);
}

/* The mail itself, with LF. */
static enum err add_mail(struct span mail, struct buf *out)
{
    enum err e = ERR_NONE;
    for (struct span s = mail; s.n && !e;) {
        size_t n = span_find(s, '\n');
        bool crlf = n && n < s.n && s.p[n - 1] == '\r';
        e = buf_add_span(out, span_take(s, n - crlf));
        if (!e)
            e = buf_add_byte(out, '\n');
        s = span_skip(s, n + (n < s.n));
    }
    return e;
}

/* ---- delivery status ---- */

static const struct {
    const char *name, *subject, *status;
} actions[] = {
    [MIME_DSN_FAILED] = {"failed", "Undelivered mail", "5.0.0"},
    [MIME_DSN_DELAYED] = {"delayed", "Mail is delayed", "4.0.0"},
    [MIME_DSN_DELIVERED] = {"delivered", "Mail was delivered", "2.0.0"},
    [MIME_DSN_RELAYED] = {"relayed", "Mail was passed on", "2.0.0"},
    [MIME_DSN_EXPANDED] = {"expanded", "Mail was passed on to a list", "2.0.0"},
};

/* The gravest of all: FAILED is the first. */
static enum mime_dsn_action gravest(const struct mime_dsn *d)
{
    enum mime_dsn_action a = d->count ? d->recipients[0].action : MIME_DSN_FAILED;
    for (size_t i = 1; i < d->count; i++)
        if (d->recipients[i].action < a)
            a = d->recipients[i].action;
    return a;
}

static enum err add_reply(const struct mime_dsn_recipient *r, struct buf *out)
{
    enum err e = ERR_NONE;
    if (r->code)
        e = buf_add_format(out, "%u ", r->code);
    if (!e && r->status && *r->status) {
        e = add_words(out, r->status);
        if (!e)
            e = buf_add_byte(out, ' ');
    }
    return e || !r->text ? e : add_words(out, r->text);
}

static enum err add_words_for(const struct mime_dsn_recipient *r, struct buf *out)
{
    static const char *const words[] = {
        [MIME_DSN_FAILED] = "refused with\n    ",
        [MIME_DSN_DELAYED] = "not yet delivered, and tried again; the last try ended with\n    ",
        [MIME_DSN_DELIVERED] = "delivered\n",
        [MIME_DSN_RELAYED] = "passed on to another host, which may make no notices\n",
        [MIME_DSN_EXPANDED] = "passed on to the members of a list\n",
    };
    enum err e = buf_add_str(out, "\n<");
    if (!e)
        e = add_words(out, r->path);
    if (!e)
        e = buf_add_format(out, ">: %s", r->expired ? "given up after the last try ended with\n    "
                                                    : words[r->action]);
    if (e || r->action > MIME_DSN_DELAYED)
        return e;
    e = add_reply(r, out);
    return e ? e : buf_add_byte(out, '\n');
}

static enum err add_dsn_text(const struct mime_dsn *d, enum mime_dsn_action worst, struct buf *out)
{
    char date[MIME_DATE_SIZE];
    enum err e = buf_add_format(out, "This is the mail system at %s.\n\nYour mail",
                                d->head.hostname);
    if (!e && d->arrival && mime_date_format(d->arrival, 0, date))
        e = buf_add_format(out, " of %s", date);
    if (!e)
        e = buf_add_str(out, worst == MIME_DSN_FAILED
                                 ? "\ncould not be delivered to these recipients:\n"
                                 : "\nis on its way:\n");
    for (size_t i = 0; i < d->count && !e; i++)
        e = add_words_for(&d->recipients[i], out);
    return e;
}

/* RFC 3464 §2.3.4: the class of the status is that of the action; what expired says so, with
 * 5.4.7 where it was the sender who had set the time (RFC 2852 §4.1). */
static const char *status_of(const struct mime_dsn_recipient *r)
{
    const char *general = actions[r->action].status;
    if (r->expired)
        return r->status && strcmp(r->status, "5.4.7") == 0 ? r->status : "4.4.7";
    return r->status && r->status[0] == general[0] ? r->status : general;
}

static enum err add_recipient(const struct mime_dsn_recipient *r, struct buf *out)
{
    enum err e = buf_add_byte(out, '\n');
    if (!e)
        e = add_field(out, "Original-Recipient", r->original);
    if (!e)
        e = add_path(out, "Final-Recipient", r->path);
    if (!e)
        e = buf_add_format(out, "Action: %s\n", actions[r->action].name);
    if (!e)
        e = add_field(out, "Status", status_of(r));
    if (!e && r->remote)
        e = buf_add_str(out, "Remote-MTA: dns; ");
    if (!e && r->remote) {
        e = add_words(out, r->remote);
        if (!e)
            e = buf_add_byte(out, '\n');
    }
    /* RFC 3464 §2.3.6: only what a mail system said. */
    if (!e && r->code) {
        e = buf_add_str(out, "Diagnostic-Code: smtp; ");
        if (!e)
            e = add_reply(r, out);
        if (!e)
            e = buf_add_byte(out, '\n');
    }
    if (!e)
        e = add_date(out, "Last-Attempt-Date", r->attempt);
    if (!e && r->action == MIME_DSN_DELAYED)
        e = add_date(out, "Will-Retry-Until", r->until);
    return e;
}

enum err mime_dsn_around(const struct mime_dsn *d, bool eight_bit, struct buf *out,
                         struct buf *behind)
{
    enum mime_dsn_action worst = gravest(d);
    /* RFC 3461 §4.3: what is not a failure returns the header alone. */
    bool full = d->head.full && worst == MIME_DSN_FAILED;
    eight_bit = eight_bit && full;
    enum err e = add_head(&d->head, "Mail Delivery System", actions[worst].subject,
                          "delivery-status", eight_bit, out);
    if (!e)
        e = add_dsn_text(d, worst, out);
    if (!e)
        e = next_part(&d->head, "message/delivery-status", out);
    if (!e)
        e = add_field(out, "Original-Envelope-Id", d->envelope_id);
    if (!e)
        e = buf_add_format(out, "Reporting-MTA: dns; %s\n", d->head.hostname);
    if (!e)
        e = add_date(out, "Arrival-Date", d->arrival);
    for (size_t i = 0; i < d->count && !e; i++)
        e = add_recipient(&d->recipients[i], out);
    if (e || !full)
        return e ? e : add_original(&d->head, out);
    e = buf_add_format(out, "\n--%s\nContent-Type: message/rfc822\n%s\n", d->head.boundary,
                       eight_bit ? EIGHT_BIT : "");
    return e ? e : buf_add_format(behind, "\n--%s--\n", d->head.boundary);
}

enum err mime_dsn_write(const struct mime_dsn *d, struct buf *out)
{
    struct mime_dsn fitting = *d;
    struct mime_returnable r = {.boundary = d->head.boundary};
    struct buf behind;
    mime_returnable_push(&r, d->head.full ? d->head.original : span_of(NULL, 0));
    fitting.head.full = d->head.full && !r.bad;
    buf_init(&behind, LINE);
    enum err e = mime_dsn_around(&fitting, r.eight_bit, out, &behind);
    if (!e && behind.len)
        e = add_mail(d->head.original, out);
    if (!e)
        e = buf_add_span(out, buf_span(&behind));
    buf_release(&behind);
    return e;
}

/* ---- disposition ---- */

static const char *const dispositions[] = {
    [MIME_DISPLAYED] = "displayed",
    [MIME_DISPATCHED] = "dispatched",
    [MIME_PROCESSED] = "processed",
    [MIME_DELETED] = "deleted",
};

const char *mime_disposition_name(enum mime_disposition disposition)
{
    return dispositions[disposition];
}

bool mime_disposition_parse(const char *word, enum mime_disposition *disposition)
{
    for (int i = MIME_DISPLAYED; i <= MIME_DELETED; i++) {
        if (strcmp(word, dispositions[i]) == 0) {
            *disposition = (enum mime_disposition)i;
            return true;
        }
    }
    return false;
}

static enum err add_mdn_text(const struct mime_mdn *m, struct buf *out)
{
    static const char *const words[] = {
        [MIME_DISPLAYED] = "has been displayed. Whether it was\nread or understood is not known.\n",
        [MIME_DISPATCHED] = "has been printed or passed on.\nWhether it was read is not known.\n",
        [MIME_PROCESSED] = "has been processed, without being\nshown to anyone.\n",
        [MIME_DELETED] = "has been deleted. Whether it was\nread before is not known.\n",
    };
    enum err e = buf_add_str(out, "Your mail to <");
    if (!e)
        e = add_words(out, m->recipient);
    return e ? e : buf_add_format(out, ">\n%s", words[m->disposition]);
}

/* A field of the original, on one line. */
static enum err copy_field(const struct mime_mdn *m, const char *from, const char *to,
                           struct buf *out)
{
    struct buf value;
    buf_init(&value, HEADER_SHOWN);
    enum err e = header_text(span_take(m->head.original, HEADER_SHOWN), from, NULL, &value);
    const char *text = e ? NULL : buf_cstr(&value);
    e = e == ERR_OS ? e : add_field(out, to, text && *text ? text : NULL);
    buf_release(&value);
    return e;
}

enum err mime_mdn_write(const struct mime_mdn *m, struct buf *out)
{
    const char *how = m->manual ? "manual-action/MDN-sent-manually"
                                : "automatic-action/MDN-sent-automatically";
    enum err e = add_head(&m->head, "Disposition", "Disposition notification",
                          "disposition-notification", false, out);
    if (!e)
        e = add_mdn_text(m, out);
    if (!e)
        e = next_part(&m->head, "message/disposition-notification", out);
    if (!e)
        e = add_field(out, "Reporting-UA", m->agent);
    if (!e)
        e = copy_field(m, "Original-Recipient", "Original-Recipient", out);
    if (!e)
        e = add_path(out, "Final-Recipient", m->recipient);
    if (!e)
        e = copy_field(m, "Message-ID", "Original-Message-ID", out);
    if (!e)
        e = buf_add_format(out, "Disposition: %s; %s%s\n", how, dispositions[m->disposition],
                           m->error ? "/error" : "");
    if (!e)
        e = add_field(out, "Error", m->error);
    return e ? e : add_original(&m->head, out);
}

/* The report type of a mail that is a report itself. */
static bool is_report(struct span header)
{
    struct span raw;
    struct buf type;
    buf_init(&type, 256);
    bool report = header_find(header, "Content-Type", &raw) &&
                  header_value(raw, &type) == ERR_NONE &&
                  span_eq(buf_span(&type), span_str("multipart/report"));
    buf_release(&type);
    return report;
}

enum err mime_mdn_asked(struct span header, char to[512])
{
    struct mime_address a, more, back;
    struct span raw, path;
    if (!header_find(header, "Disposition-Notification-To", &raw) || is_report(header) ||
        !mime_address_next(&raw, NULL, &a) || mime_address_next(&raw, NULL, &more))
        return ERR_NO;
    if (!strchr(a.addr, '@') || header_count(header, "Disposition-Notification-To") > 1)
        return ERR_NO;
    if (header_find(header, "Return-Path", &path) &&
        (!mime_address_next(&path, NULL, &back) ||
         !span_eq_nocase(span_str(back.addr), span_str(a.addr))))
        return ERR_NO;
    memcpy(to, a.addr, sizeof a.addr);
    return ERR_NONE;
}
