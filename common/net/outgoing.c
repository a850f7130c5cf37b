#include "net/outgoing.h"

#include "tool/diag.h"
#include "tool/io.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 65536 };

/* What the wire will see: every line end as CR LF, and one at the end. */
struct meter {
    struct outgoing *mail;
    uint8_t last;
    bool nul;
};

static void measure(struct meter *m, struct span s)
{
    m->mail->length += s.n;
    m->mail->size += s.n;
    uint8_t any = 0;
    for (size_t i = 0; i < s.n; i++)
        any |= s.p[i];
    m->mail->eight_bit |= any > 127;
    m->nul = m->nul || memchr(s.p, 0, s.n);
    while (s.n) {
        size_t n = span_find(s, '\n');
        if (n < s.n)
            m->mail->size += (n ? s.p[n - 1] : m->last) != '\r';
        m->last = n < s.n ? '\n' : s.p[s.n - 1];
        s = span_skip(s, n + 1);
    }
}

static enum err measured(struct meter *m, struct why *why)
{
    if (m->mail->length == 0)
        return why_set(why, ERR_DATA, "the mail is empty");
    /* A picture that never went through b64mime, say: no header field nor text has one. */
    if (m->nul)
        return why_set(why, ERR_DATA, "not a mail: NUL in it");
    if (m->last != '\n')
        m->mail->size += 2;
    return ERR_NONE;
}

/* Reads from the descriptor's own place; with to >= 0 copies as well. */
static enum err read_through(int from, int to, struct meter *m, struct why *why)
{
    uint8_t *piece = malloc(PIECE);
    size_t got;
    enum err e = piece ? ERR_NONE : why_set(why, ERR_OS, "out of memory");
    while (!e && !(e = io_read(from, piece, PIECE, &got, why)) && got) {
        measure(m, span_of(piece, got));
        if (to >= 0)
            e = io_write(to, piece, got, why);
    }
    free(piece);
    return e ? e : measured(m, why);
}

enum err outgoing_take(int fd, struct outgoing *mail, int *spooled, struct why *why)
{
    struct stat st;
    off_t here = lseek(fd, 0, SEEK_CUR);
    memset(mail, 0, sizeof *mail);
    struct meter m = {mail, '\n', false};
    *spooled = -1;
    if (here >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        mail->fd = fd;
        mail->start = (uint64_t)here;
        return read_through(fd, -1, &m, why);
    }
    enum err e = io_temp(spooled, why);
    if (e)
        return e;
    mail->fd = *spooled;
    e = read_through(fd, *spooled, &m, why);
    if (e) {
        close(*spooled);
        *spooled = -1;
    }
    return e == ERR_PIPE ? ERR_IO : e;
}

/* Reads n bytes at offset at of the mail; less only at its end. */
static enum err read_at(const struct outgoing *mail, uint64_t at, void *p, size_t n, size_t *got,
                        struct why *why)
{
    *got = 0;
    if (at >= mail->length)
        return ERR_NONE;
    if (n > mail->length - at)
        n = (size_t)(mail->length - at);
    ssize_t k;
    do
        k = pread(mail->fd, p, n, (off_t)(mail->start + at));
    while (k < 0 && errno == EINTR);
    if (k < 0)
        return why_errno(why, ERR_IO, "read");
    if (k == 0)
        return why_set(why, ERR_IO, "the mail's file became shorter");
    *got = (size_t)k;
    return ERR_NONE;
}

enum err outgoing_measure(struct outgoing *mail, struct why *why)
{
    struct outgoing sum = {0};
    struct meter m = {&sum, '\n', false};
    uint8_t *piece = malloc(PIECE);
    size_t got;
    enum err e = piece ? ERR_NONE : why_set(why, ERR_OS, "out of memory");
    while (!e && !(e = read_at(mail, sum.length, piece, PIECE, &got, why)) && got)
        measure(&m, span_of(piece, got));
    free(piece);
    e = e ? e : measured(&m, why);
    mail->size = sum.size;
    mail->eight_bit = sum.eight_bit;
    return e;
}

/* The length of the header block in text with its empty line; 0: its end is not in there. */
static size_t header_end(struct span text)
{
    size_t at = 0;
    while (at < text.n) {
        size_t n = span_find(span_skip(text, at), '\n');
        if (at + n == text.n)
            return 0;
        bool empty = n == 0 || (n == 1 && text.p[at] == '\r');
        at += n + 1;
        if (empty)
            return at;
    }
    return 0;
}

enum err outgoing_header(const struct outgoing *mail, struct buf *out, struct why *why)
{
    uint8_t *room;
    size_t got, begin = out->len;
    for (uint64_t at = 0;; at += got) {
        size_t left = out->max - out->len;
        size_t want = left < PIECE ? left : PIECE;
        if (want == 0)
            return why_set(why, ERR_DATA, "the header is larger than %zu bytes", out->max);
        enum err e = buf_reserve(out, want, &room);
        e = e ? why_set(why, e, "out of memory") : read_at(mail, at, room, want, &got, why);
        if (e)
            return e;
        out->len += got;
        size_t end = header_end(span_skip(buf_span(out), begin));
        if (end || got == 0) {
            out->len = end ? begin + end : out->len;
            return ERR_NONE;
        }
    }
}

/* Writes the lines of a header block but for the fields called name. */
static enum err write_header(struct span header, const char *name, int to, struct meter *m,
                             struct why *why)
{
    bool dropping = false;
    enum err e = ERR_NONE;
    size_t length = strlen(name);
    while (header.n && !e) {
        size_t n = span_find(header, '\n');
        struct span line = span_take(header, n + 1);
        if (line.p[0] != ' ' && line.p[0] != '\t') {
            size_t colon = span_find(line, ':');
            struct span field = span_trim(span_take(line, colon));
            dropping = colon < line.n && field.n == length &&
                       span_eq_nocase(field, span_str(name));
        }
        if (!dropping) {
            measure(m, line);
            e = io_write(to, line.p, line.n, why);
        }
        header = span_skip(header, n + 1);
    }
    return e;
}

enum err outgoing_without(const struct outgoing *mail, const char *name, struct outgoing *copy,
                          int *spooled, struct why *why)
{
    struct buf header;
    size_t got;
    uint8_t *piece = malloc(PIECE);
    memset(copy, 0, sizeof *copy);
    struct meter m = {copy, '\n', false};
    buf_init(&header, 1 << 20);
    enum err e = piece ? io_temp(spooled, why) : why_set(why, ERR_OS, "out of memory");
    if (!e) {
        copy->fd = *spooled;
        e = outgoing_header(mail, &header, why);
        if (!e)
            e = write_header(buf_span(&header), name, *spooled, &m, why);
        for (uint64_t at = header.len; !e; at += got) {
            e = read_at(mail, at, piece, PIECE, &got, why);
            if (e || got == 0)
                break;
            measure(&m, span_of(piece, got));
            e = io_write(*spooled, piece, got, why);
        }
        e = e ? e : measured(&m, why);
        if (e)
            close(*spooled);
    }
    buf_release(&header);
    free(piece);
    return e;
}

enum err outgoing_copy(const struct outgoing *mail, int to, struct why *why)
{
    uint8_t *piece = malloc(PIECE);
    size_t got = 0;
    enum err e = piece ? ERR_NONE : why_set(why, ERR_OS, "out of memory");
    for (uint64_t at = 0; !e; at += got) {
        e = read_at(mail, at, piece, PIECE, &got, why);
        if (e || got == 0)
            break;
        e = io_write(to, piece, got, why);
    }
    free(piece);
    return e;
}
