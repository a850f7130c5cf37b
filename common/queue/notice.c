#include "queue/notice.h"

#include "mime/date.h"

#include <stdio.h>
#include <string.h>

enum { HEADER_LINE = 900 };

/* A stranger's words within one line. */
static enum err add_words(struct buf *out, const char *text)
{
    enum err e = ERR_NONE;
    for (const char *c = text; *c && !e; c++)
        e = buf_add_byte(out, *c >= 0x20 && *c < 0x7f ? (uint8_t)*c : '?');
    return e;
}

static enum err add_field(struct buf *out, const char *name, const char *text)
{
    enum err e = buf_add_format(out, "%s: ", name);
    if (!e)
        e = add_words(out, text);
    return e ? e : buf_add_byte(out, '\n');
}

/* Looks like nothing that the parts hold: they are our own lines and a header. */
static void boundary_of(const struct notice *n, char out[QUEUE_ID_SIZE + 40])
{
    snprintf(out, QUEUE_ID_SIZE + 40, "=_%s_%llx", n->entry->id, (long long)n->now);
}

static enum err add_header(const struct notice *n, const char *boundary, struct buf *out)
{
    char date[MIME_DATE_SIZE];
    mime_date_format(n->now, 0, date);
    enum err e = buf_add_str(out, "From: Mail Delivery System <");
    if (!e)
        e = add_words(out, n->from);
    if (!e)
        e = buf_add_str(out, ">\nTo: <");
    if (!e)
        e = add_words(out, n->entry->from);
    if (!e)
        e = buf_add_format(out,
                           ">\nSubject: Undelivered mail\nDate: %s\n"
                           "Message-ID: <%s.%u.%llx@%s>\nAuto-Submitted: auto-replied\n"
                           "MIME-Version: 1.0\n"
                           "Content-Type: multipart/report; report-type=delivery-status;\n"
                           "\tboundary=\"%s\"\n\n",
                           date, n->entry->id, n->entry->tries, (long long)n->now, n->hostname,
                           boundary);
    return e;
}

static enum err add_reply(const struct queue_recipient *r, struct buf *out)
{
    enum err e = ERR_NONE;
    if (r->code)
        e = buf_add_format(out, "%u ", r->code);
    if (!e && *r->enhanced)
        e = buf_add_format(out, "%s ", r->enhanced);
    return e ? e : add_words(out, r->text);
}

static enum err add_text(const struct notice *n, struct buf *out)
{
    char date[MIME_DATE_SIZE];
    mime_date_format(n->entry->created, 0, date);
    enum err e = buf_add_format(out,
                                "Content-Type: text/plain; charset=us-ascii\n\n"
                                "This is the mail system at %s.\n\n"
                                "Your mail of %s\ncould not be delivered to these recipients:\n",
                                n->hostname, date);
    for (size_t i = 0; i < n->count && !e; i++) {
        e = buf_add_str(out, "\n<");
        if (!e)
            e = add_words(out, n->failed[i].path);
        if (!e)
            e = buf_add_str(out, n->expired[i] ? ">: given up after the last try ended with\n    "
                                               : ">: refused with\n    ");
        if (!e)
            e = add_reply(&n->failed[i], out);
        if (!e)
            e = buf_add_byte(out, '\n');
    }
    return e;
}

static enum err add_status(const struct queue_recipient *r, bool expired, const char *date,
                           struct buf *out)
{
    char status[16] = "5.0.0";
    if (expired)
        snprintf(status, sizeof status, "4.4.7");
    else if (r->enhanced[0] == '5')
        snprintf(status, sizeof status, "%s", r->enhanced);
    enum err e = buf_add_str(out, "\nFinal-Recipient: rfc822; ");
    if (!e)
        e = add_words(out, r->path);
    if (!e)
        e = buf_add_format(out, "\nAction: failed\nStatus: %s\nLast-Attempt-Date: %s\n", status,
                           date);
    /* RFC 3464 §2.3.6: only what a mail system said. */
    if (!e && r->code) {
        e = buf_add_str(out, "Diagnostic-Code: smtp; ");
        if (!e)
            e = add_reply(r, out);
        if (!e)
            e = buf_add_byte(out, '\n');
    }
    return e;
}

static enum err add_fields(const struct notice *n, struct buf *out)
{
    char date[MIME_DATE_SIZE];
    mime_date_format(n->entry->created, 0, date);
    enum err e = buf_add_str(out, "Content-Type: message/delivery-status\n\n");
    if (!e)
        e = buf_add_format(out, "Reporting-MTA: dns; %s\n", n->hostname);
    if (!e)
        e = add_field(out, "Arrival-Date", date);
    mime_date_format(n->now, 0, date);
    for (size_t i = 0; i < n->count && !e; i++)
        e = add_status(&n->failed[i], n->expired[i], date, out);
    return e;
}

/* The mail's own header, without its end, a line at a time. */
static enum err add_original(struct span header, struct buf *out)
{
    enum err e = buf_add_str(out, "Content-Type: text/rfc822-headers\n\n");
    while (header.n && !e) {
        size_t n = span_find(header, '\n');
        struct span line = span_take(header, n);
        header = span_skip(header, n + 1);
        if (line.n && line.p[line.n - 1] == '\r')
            line.n--;
        if (line.n == 0)
            break;
        line = span_take(line, HEADER_LINE);
        for (size_t i = 0; i < line.n && !e; i++) {
            uint8_t c = line.p[i];
            e = buf_add_byte(out, (c >= 0x20 && c < 0x7f) || c == '\t' ? c : '?');
        }
        if (!e)
            e = buf_add_byte(out, '\n');
    }
    return e;
}

enum err notice_write(const struct notice *n, struct buf *out)
{
    char boundary[QUEUE_ID_SIZE + 40];
    boundary_of(n, boundary);
    enum err e = add_header(n, boundary, out);
    if (!e)
        e = buf_add_format(out, "--%s\n", boundary);
    if (!e)
        e = add_text(n, out);
    if (!e)
        e = buf_add_format(out, "\n--%s\n", boundary);
    if (!e)
        e = add_fields(n, out);
    if (!e)
        e = buf_add_format(out, "\n--%s\n", boundary);
    if (!e)
        e = add_original(n->header, out);
    return e ? e : buf_add_format(out, "\n--%s--\n", boundary);
}
