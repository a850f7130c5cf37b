#include "net/outgoing.h"

#include "bytes/utf8.h"
#include "mime/downgrade.h"
#include "mime/header.h"
#include "mime/parse.h"
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

static bool beyond_ascii(struct span s)
{
    uint8_t any = 0;
    for (size_t i = 0; i < s.n; i++)
        any |= s.p[i];
    return any > 127;
}

/* What one look at some bytes finds. */
struct found {
    uint8_t any;  /* their bits together */
    uint8_t nul;  /* not 0: one of them is NUL */
    size_t bare;  /* LFs without a CR before */
};

enum { BLOCK = 128 };

/* n bytes of at most BLOCK; the one before them is there as well. Called with BLOCK itself it is
 * a loop without branches, of which compilers make vectors: mails are read whole before the first
 * byte leaves, and nothing else should be felt of that than the reading. */
static inline void look_at(const uint8_t *p, size_t n, struct found *f)
{
    uint8_t any = 0, nul = 0, bare = 0;
    for (size_t i = 0; i < n; i++) {
        any |= p[i];
        nul |= (uint8_t)(p[i] == 0);
        bare = (uint8_t)(bare + ((p[i] == '\n') & (p[i - 1] != '\r')));
    }
    f->any |= any;
    f->nul |= nul;
    f->bare += bare;
}

static void measure(struct meter *m, struct span s)
{
    struct found f = {0, 0, 0};
    if (s.n == 0)
        return;
    const uint8_t first[2] = {m->last, s.p[0]};
    look_at(first + 1, 1, &f);
    size_t at = 1;
    for (; s.n - at >= BLOCK; at += BLOCK)
        look_at(s.p + at, BLOCK, &f);
    if (at < s.n)
        look_at(s.p + at, s.n - at, &f);
    m->mail->length += s.n;
    m->mail->size += s.n + f.bare;
    m->mail->eight_bit |= f.any > 127;
    m->nul = m->nul || f.nul;
    m->last = s.p[s.n - 1];
}

/* What the header says of the content. One that is too large says nothing. */
static enum err look_at_header(struct outgoing *mail, struct why *why)
{
    struct buf header, value;
    struct span raw;
    buf_init(&header, MIME_HEADER_MAX);
    buf_init(&value, 64);
    enum err e = outgoing_header(mail, &header, why);
    struct span text = buf_span(&header);
    size_t n = span_find(text, '\n');
    mail->crlf = n > 0 && n < text.n && text.p[n - 1] == '\r';
    mail->binary = header_find(text, "Content-Transfer-Encoding", &raw) &&
                   !header_value(raw, &value) &&
                   span_eq(buf_span(&value), span_str("binary"));
    mail->utf8_header = beyond_ascii(text) && utf8_valid(text);
    buf_release(&value);
    buf_release(&header);
    return e == ERR_DATA ? ERR_NONE : e;
}

static enum err measured(struct meter *m, struct why *why)
{
    if (m->mail->length == 0)
        return why_set(why, ERR_DATA, "the mail is empty");
    if (m->last != '\n')
        m->mail->size += 2;
    enum err e = look_at_header(m->mail, why);
    /* A picture that never went through b64mime, say: no header field nor text has one. */
    if (!e && m->nul && !m->mail->binary)
        return why_set(why, ERR_DATA, "not a mail: NUL in it");
    return e;
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
    struct outgoing sum = {.fd = mail->fd, .start = mail->start};
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
    mail->binary = sum.binary;
    mail->crlf = sum.crlf;
    mail->utf8_header = sum.utf8_header;
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
    size_t piece = 4096; /* most headers are in there */
    for (uint64_t at = 0;; at += got, piece = PIECE) {
        size_t left = out->max - out->len;
        size_t want = left < piece ? left : piece;
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

/* Pushes the mail through the converter; what comes out goes to a descriptor. */
static enum err convert(const struct outgoing *mail, struct mime_downgrade *d, int to,
                        struct why *why)
{
    struct buf out;
    size_t got = 0;
    uint8_t *piece = malloc(PIECE);
    buf_init(&out, 7 * PIECE + MIME_HEADER_MAX + 4096);
    enum err e = piece ? ERR_NONE : why_set(why, ERR_OS, "out of memory");
    for (uint64_t at = 0; !e; at += got) {
        e = read_at(mail, at, piece, PIECE, &got, why);
        if (!e)
            e = got ? mime_downgrade_push(d, span_of(piece, got), &out, why)
                    : mime_downgrade_end(d, &out, why);
        if (!e && out.len)
            e = io_write(to, out.data, out.len, why);
        buf_clear(&out);
        if (got == 0)
            break;
    }
    buf_release(&out);
    free(piece);
    return e;
}

enum err outgoing_downgrade(const struct outgoing *mail, bool keep_8bit, struct outgoing *copy,
                            int *spooled, struct why *why)
{
    struct mime_downgrade d;
    mime_downgrade_init(&d, keep_8bit);
    memset(copy, 0, sizeof *copy);
    enum err e = io_temp(spooled, why);
    if (!e) {
        copy->fd = *spooled;
        e = convert(mail, &d, *spooled, why);
        if (!e)
            e = convert(mail, &d, *spooled, why);
        off_t end = lseek(*spooled, 0, SEEK_END);
        copy->length = end > 0 ? (uint64_t)end : 0;
        if (!e)
            e = outgoing_measure(copy, why);
        if (e)
            close(*spooled);
    }
    mime_downgrade_release(&d);
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
