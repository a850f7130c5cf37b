/* A mail's header, changed before it goes out. */
#include "mime/header.h"
#include "net/outgoing.h"
#include "tool/diag.h"
#include "tool/io.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 65536, HEADER_MAX = 1 << 20, FROM_MAX = 1024 };

static bool blank(struct span line)
{
    return line.p[0] == ' ' || line.p[0] == '\t';
}

size_t outgoing_fields(struct span text, bool *ended)
{
    struct header_field field;
    struct span rest = text, next = text;
    /* By header_next itself: a Bcc that names a recipient is one that is dropped. */
    while (header_next(&next, &field))
        rest = next;
    size_t n = span_find(rest, '\n');
    *ended = n < rest.n && (n == 0 || (n == 1 && rest.p[0] == '\r'));
    return text.n - rest.n;
}

static bool among(struct span name, const char *const names[])
{
    for (; *names; names++)
        if (span_eq_nocase(name, span_str(*names)))
            return true;
    return false;
}

/* Writes text, its lines ended by LF, with the mail's own line ends. */
static void put(struct writer *w, struct span text, bool crlf)
{
    while (text.n) {
        size_t n = span_find(text, '\n');
        writer_add(w, text.p, n < text.n ? n : text.n);
        if (n < text.n)
            writer_add(w, crlf ? "\r\n" : "\n", crlf ? 2 : 1);
        text = span_skip(text, n + 1);
    }
}

static void put_header(struct writer *w, struct span fields, const struct outgoing_edit *edit,
                       bool crlf)
{
    bool dropping = false;
    while (fields.n) {
        size_t n = span_find(fields, '\n');
        struct span line = span_take(fields, n + 1);
        if (!blank(line))
            dropping = among(span_trim(span_take(line, span_find(line, ':'))), edit->drop);
        if (!dropping)
            writer_add(w, line.p, line.n);
        if (!dropping && n == fields.n) /* the mail ends in its header */
            put(w, span_str("\n"), crlf);
        fields = span_skip(fields, n + 1);
    }
    put(w, edit->add, crlf);
}

static enum err put_rest(struct writer *w, const struct outgoing *mail, uint64_t at,
                         struct why *why)
{
    uint8_t piece[PIECE];
    while (at < mail->length && !w->err) {
        size_t want = mail->length - at < PIECE ? (size_t)(mail->length - at) : PIECE;
        ssize_t k = pread(mail->fd, piece, want, (off_t)(mail->start + at));
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return k ? why_errno(why, ERR_IO, "read")
                     : why_set(why, ERR_IO, "the mail's file became shorter");
        writer_add(w, piece, (size_t)k);
        at += (uint64_t)k;
    }
    return ERR_NONE;
}

enum err outgoing_edit(const struct outgoing *mail, const struct outgoing_edit *edit,
                       struct outgoing *copy, int *spooled, struct why *why)
{
    struct buf header;
    struct writer w;
    bool ended;
    memset(copy, 0, sizeof *copy);
    *spooled = -1;
    buf_init(&header, HEADER_MAX);
    enum err e = outgoing_header(mail, &header, why);
    if (!e)
        e = io_temp(spooled, why);
    if (!e) {
        size_t fields = outgoing_fields(buf_span(&header), &ended);
        writer_init(&w, *spooled);
        put_header(&w, span_take(buf_span(&header), fields), edit, mail->crlf);
        if (!ended)
            put(&w, span_str("\n"), mail->crlf);
        e = put_rest(&w, mail, fields, why);
        enum err flushed = writer_flush(&w, why);
        e = e ? e : flushed;
        off_t end = lseek(*spooled, 0, SEEK_END);
        copy->fd = *spooled;
        copy->length = end > 0 ? (uint64_t)end : 0;
        if (!e)
            e = outgoing_measure(copy, why);
    }
    if (e && *spooled >= 0) {
        close(*spooled);
        *spooled = -1;
    }
    buf_release(&header);
    return e;
}

enum err outgoing_skip_from(struct outgoing *mail, struct why *why)
{
    char line[FROM_MAX];
    uint64_t begin = mail->start;
    for (;;) {
        size_t want = mail->length < sizeof line ? (size_t)mail->length : sizeof line;
        ssize_t k = pread(mail->fd, line, want, (off_t)mail->start);
        struct span text = span_of(line, k > 0 ? (size_t)k : 0);
        size_t n = span_find(text, '\n');
        bool from = span_starts(text, span_str("From ")) || span_starts(text, span_str(">From "));
        if (!from || n == text.n || header_is_field(span_take(text, n)))
            break;
        mail->start += n + 1;
        mail->length -= n + 1;
    }
    return mail->start == begin ? ERR_NONE : outgoing_measure(mail, why);
}
