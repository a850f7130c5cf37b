#include "scan/input.h"

#include "bytes/utf8.h"
#include "page/page.h"
#include "tool/io.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEAD = 65536 };

static bool starts(struct span s, const char *bytes, size_t n)
{
    return span_starts(s, span_of(bytes, n));
}

static bool is_pnm(struct span s)
{
    if (s.n < 3 || s.p[0] != 'P' || s.p[1] < '1' || s.p[1] > '7')
        return false;
    uint8_t c = s.p[2];
    return c == ' ' || c == '#' || (c >= '\t' && c <= '\r');
}

/* Readers of PDF look for its mark within the first 1024 bytes. */
static bool is_pdf(struct span s)
{
    s = span_take(s, 1024);
    for (; s.n >= 5; s = span_skip(s, 1))
        if (memcmp(s.p, "%PDF-", 5) == 0)
            return true;
    return false;
}

static bool is_postscript(struct span s)
{
    if (starts(s, "\x04", 1))
        s = span_skip(s, 1);
    return starts(s, "%!", 2) || starts(s, "\xc5\xd0\xd3\xc6", 4);
}

static bool is_text(struct span s, bool whole)
{
    while (s.n) {
        size_t n = utf8_char(s, NULL);
        uint8_t c = s.p[0];
        if (!n) /* a character that was cut by the end of what we read is none to complain of */
            return !whole && s.n < 4 && c >= 0xc2 && c <= 0xf4;
        if (n == 1 && ((c < 0x20 && (c < '\b' || c > '\r') && c != 0x1b) || c == 0x7f))
            return false;
        s = span_skip(s, n);
    }
    return true;
}

static bool is_mail_field(struct span name)
{
    static const char *const names[] = {
        "from", "to", "subject", "date", "received", "return-path", "message-id", "mime-version",
        "delivered-to", "reply-to", "sender", "cc", "content-type", "dkim-signature",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (span_eq_nocase(name, span_str(names[i])))
            return true;
    return false;
}

/* Two known fields among the first lines, and nothing but fields before the empty line. */
static bool is_mail(struct span s)
{
    unsigned known = 0, lines = 0;
    if (starts(s, "From ", 5))
        s = span_skip(s, span_find(s, '\n') + 1);
    while (s.n && lines++ < 200) {
        struct span line = span_take(s, span_find(s, '\n'));
        s = span_skip(s, line.n + 1);
        if (!span_trim(line).n)
            break;
        if (line.p[0] == ' ' || line.p[0] == '\t') {
            if (lines == 1)
                return false;
            continue;
        }
        size_t colon = span_find(line, ':');
        if (colon == line.n || colon == 0 || span_find(span_take(line, colon), ' ') != colon)
            return false;
        known += is_mail_field(span_take(line, colon));
    }
    return known >= 2;
}

enum scan_kind scan_sniff(struct span head, bool whole)
{
    if (!head.n)
        return SCAN_EMPTY;
    if (is_pnm(head))
        return SCAN_PNM;
    if (starts(head, "\x89PNG\r\n\x1a\n", 8))
        return SCAN_PNG;
    if (starts(head, "\xff\xd8\xff", 3))
        return SCAN_JPEG;
    if (starts(head, "II*\0", 4) || starts(head, "MM\0*", 4) || starts(head, "II+\0", 4) ||
        starts(head, "MM\0+", 4))
        return SCAN_TIFF;
    if (page_header_is(head) || starts(head, "Sfff", 4))
        return SCAN_FAX;
    if (is_pdf(head))
        return SCAN_PDF;
    if (is_postscript(head))
        return SCAN_POSTSCRIPT;
    if (is_mail(head))
        return SCAN_MAIL;
    return is_text(head, whole) ? SCAN_TEXT : SCAN_UNKNOWN;
}

const char *scan_kind_name(enum scan_kind kind)
{
    static const char *const names[] = {
        "empty", "Netpbm image", "PNG image", "JPEG image", "TIFF", "fax", "PDF", "PostScript",
        "mail", "text", "unknown",
    };
    return names[kind];
}

enum err scan_input_open(struct scan_input *in, const char *path, struct why *why)
{
    memset(in, 0, sizeof *in);
    in->path = path && strcmp(path, "-") != 0 ? path : "stdin";
    buf_init(&in->head, HEAD);
    in->fd = -1;
    enum err e = io_open(path, &in->fd, why);
    uint8_t *room;
    if (!e && buf_reserve(&in->head, HEAD, &room))
        e = why_set(why, ERR_OS, "out of memory");
    while (!e && !in->ended && in->head.len < HEAD) {
        size_t got;
        e = io_read(in->fd, room + in->head.len, HEAD - in->head.len, &got, why);
        if (!e) {
            in->head.len += got;
            in->ended = got == 0;
        }
    }
    if (e)
        scan_input_close(in);
    else
        in->kind = scan_sniff(buf_span(&in->head), in->ended);
    return e;
}

void scan_input_close(struct scan_input *in)
{
    io_close(in->fd, NULL);
    in->fd = -1;
    buf_release(&in->head);
}

enum err scan_input_read(struct scan_input *in, void *p, size_t n, size_t *got, struct why *why)
{
    if (!in->head.len)
        return io_read(in->fd, p, n, got, why);
    *got = n < in->head.len ? n : in->head.len;
    memcpy(p, in->head.data, *got);
    buf_consume(&in->head, *got);
    return ERR_NONE;
}

enum err scan_input_all(struct scan_input *in, struct buf *all, struct why *why)
{
    if (buf_add_span(all, buf_span(&in->head)))
        return why_set(why, ERR_DATA, "too large");
    buf_clear(&in->head);
    return in->ended ? ERR_NONE : io_read_all(in->fd, all, why);
}

static enum err copy_to_temp(struct scan_input *in, int *fd, struct why *why)
{
    enum err e = io_temp(fd, why);
    if (e)
        return e;
    e = io_write(*fd, in->head.data, in->head.len, why);
    if (!e)
        e = io_copy_most(in->fd, *fd, IO_KEEP_MAX, NULL, why);
    if (!e && lseek(*fd, 0, SEEK_SET) < 0)
        e = why_set(why, ERR_IO, "temporary file");
    if (e) {
        close(*fd);
        *fd = -1;
    }
    return e;
}

enum err scan_input_seekable(struct scan_input *in, int *fd, struct why *why)
{
    struct stat st;
    /* stdin may stand in the middle of a file that others read too. */
    if (in->fd == 0 || fstat(in->fd, &st) != 0 || !S_ISREG(st.st_mode) ||
        lseek(in->fd, 0, SEEK_SET) != 0)
        return copy_to_temp(in, fd, why);
    *fd = fcntl(in->fd, F_DUPFD_CLOEXEC, 3);
    return *fd < 0 ? why_set(why, ERR_OS, "no descriptor left") : ERR_NONE;
}
