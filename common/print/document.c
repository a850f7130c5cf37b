#include "print/document.h"

#include "bytes/utf8.h"
#include "mime/kind.h"
#include "page/page.h"
#include "print/mail.h"
#include "tool/diag.h"
#include "tool/io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SNIFF = 4096 };

/* A mail begins with header fields, and among the first of them are some that mails have. */
static bool is_mail(struct span head)
{
    static const char *const usual[] = {"From", "To", "Subject", "Date", "Received", "Return-Path",
                                        "Message-ID", "MIME-Version", "Content-Type"};
    if (span_starts(head, span_str("From ")))
        head = span_skip(head, span_find(head, '\n') + 1);
    struct header_field field;
    while (header_next(&head, &field))
        for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
            if (span_eq_nocase(span_trim(field.name), span_str(usual[i])))
                return true;
    return false;
}

/* The sniffed bytes may end within a character. */
static bool is_text(struct span head)
{
    for (int cut = 0; cut < 4 && head.n; cut++, head.n--)
        if (utf8_valid(head))
            return span_find(head, '\0') == head.n;
    return false;
}

/* A byte order mark and blanks may stand before it. */
static bool is_pdf(struct span head)
{
    if (span_starts(head, span_str("\xef\xbb\xbf")))
        head = span_skip(head, 3);
    return span_starts(span_trim(head), span_str("%PDF-"));
}

/* False: none of those that are told by their first bytes. */
bool document_sniff(struct span head, enum document_kind *kind)
{
    if (mime_content_is_tiff(head))
        *kind = DOCUMENT_TIFF;
    else if (page_header_is(head) || span_starts(head, span_str("Sfff")))
        *kind = DOCUMENT_G3;
    else if (is_pdf(head))
        *kind = DOCUMENT_PDF;
    else
        return false;
    return true;
}

struct document_part *document_add(struct document *doc, enum document_kind kind,
                                   const char *name)
{
    if (doc->count % 16 == 0) {
        struct document_part *more;
        if (doc->count >= DOCUMENT_PARTS_MAX ||
            !(more = realloc(doc->parts, (doc->count + 16) * sizeof *more)))
            return NULL;
        doc->parts = more;
    }
    struct document_part *part = &doc->parts[doc->count++];
    memset(part, 0, sizeof *part);
    part->kind = kind;
    part->fd = -1;
    buf_init(&part->text, DOCUMENT_TEXT_MAX);
    snprintf(part->name, sizeof part->name, "%s", name);
    return part;
}

static enum err read_text(int fd, struct document_part *part, const struct mime_converter *conv,
                          struct why *why)
{
    struct buf raw;
    buf_init(&raw, DOCUMENT_TEXT_MAX);
    enum err e = io_read_all(fd, &raw, why);
    if (!e)
        e = conv->convert(conv->ctx, span_str("utf-8"), buf_span(&raw), &part->text);
    buf_release(&raw);
    return e;
}

static enum err take_whole(int file, enum document_kind kind, const char *name,
                           const struct mime_converter *conv, struct document *doc,
                           struct why *why)
{
    struct document_part *part = document_add(doc, kind, name);
    if (!part)
        return why_set(why, ERR_OS, "out of memory");
    doc->kind = kind;
    if (kind == DOCUMENT_TEXT)
        return read_text(file, part, conv, why);
    part->fd = dup(file);
    return part->fd >= 0 ? ERR_NONE : why_errno(why, ERR_OS, "dup");
}

/* The whole input in a file of its own, so that it may be read twice, and its first bytes. */
static enum err take_input(int fd, int *file, struct buf *head, struct why *why)
{
    uint64_t size;
    size_t got = 0;
    uint8_t *room;
    enum err e = io_temp(file, why);
    if (!e)
        e = io_copy_most(fd, *file, IO_KEEP_MAX, &size, why);
    if (!e)
        e = buf_reserve(head, SNIFF, &room);
    if (!e && lseek(*file, 0, SEEK_SET) == 0)
        e = io_read(*file, room, SNIFF, &got, why);
    head->len = got;
    if (!e && lseek(*file, 0, SEEK_SET) != 0)
        e = why_errno(why, ERR_IO, "seek");
    return e;
}

enum err document_open(int fd, const char *name, const struct mime_converter *conv,
                       struct document *doc, struct why *why)
{
    struct buf head;
    int file = -1;
    enum document_kind kind = DOCUMENT_TEXT;
    memset(doc, 0, sizeof *doc);
    buf_init(&doc->header, MAIL_HEADER_MAX);
    buf_init(&head, SNIFF);
    enum err e = take_input(fd, &file, &head, why);
    struct span start = buf_span(&head);
    if (!e && start.n == 0)
        e = why_set(why, ERR_DATA, "empty");
    else if (!e && document_sniff(start, &kind))
        e = take_whole(file, kind, name, conv, doc, why);
    else if (!e && is_mail(start))
        e = mail_open(file, conv, doc, why);
    else if (!e && is_text(start))
        e = take_whole(file, DOCUMENT_TEXT, name, conv, doc, why);
    else if (!e)
        /* The last that it can be is bare T.4, which has no mark: its reader will tell. */
        e = take_whole(file, DOCUMENT_G3, name, conv, doc, why);
    if (file > 2)
        close(file);
    buf_release(&head);
    return e;
}

void document_close(struct document *doc)
{
    for (size_t i = 0; i < doc->count; i++) {
        if (doc->parts[i].fd >= 0)
            close(doc->parts[i].fd);
        buf_release(&doc->parts[i].text);
    }
    free(doc->parts);
    buf_release(&doc->header);
    doc->parts = NULL;
    doc->count = 0;
}
