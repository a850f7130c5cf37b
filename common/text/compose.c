#include "text/compose.h"

#include "mime/date.h"
#include "mime/filename.h"
#include "mime/header.h"
#include "mime/kind.h"
#include "mime/tiff_scan.h"
#include "mime/write.h"
#include "text/convert.h"
#include "tool/diag.h"
#include "tool/io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum { HEAD = 16384, LIST_MAX = 1 << 20, OUT_MAX = 8 << 20 };

/* A file that will be a part, with its beginning already read. */
struct source {
    const char *path;
    int fd;
    bool whole; /* head is all of it */
    struct buf head;
};

/* Everything one run needs; released in one place. */
struct job {
    const struct compose *c;
    struct mime_mail mail;
    struct mime_extra *extra;
    struct source *sources;
    size_t count;
    struct buf to, cc, out;
    char date[MIME_DATE_SIZE], id[400], boundary[64];
    struct mime_writer writer;
    struct outfile file;
    struct writer gathered;
    struct why why;
};

/* ---- what goes in ---- */

static enum err fail(struct job *j, enum err e, const char *what)
{
    diag_fail(e, &j->why, "%s", what);
    return e;
}

static const char *shown(const char *path)
{
    return strcmp(path, "-") == 0 ? "stdin" : path;
}

static enum err read_head(struct source *s, struct why *why)
{
    while (s->head.len < HEAD) {
        uint8_t *room;
        size_t got;
        if (buf_reserve(&s->head, HEAD - s->head.len, &room))
            return why_set(why, ERR_OS, "out of memory");
        enum err e = io_read(s->fd, room, HEAD - s->head.len, &got, why);
        if (e)
            return e;
        s->head.len += got;
        s->whole = got == 0;
        if (s->whole)
            return s->head.len ? ERR_NONE : why_set(why, ERR_DATA, "empty input");
    }
    return ERR_NONE;
}

static enum err open_source(struct job *j, const char *path)
{
    struct source *s = &j->sources[j->count];
    *s = (struct source){.path = path};
    buf_init(&s->head, HEAD);
    enum err e = io_open(path, &s->fd, &j->why);
    if (!e) {
        j->count++;
        e = read_head(s, &j->why);
    }
    return e ? fail(j, e, shown(path)) : ERR_NONE;
}

static enum err open_sources(struct job *j)
{
    size_t n = j->c->text != NULL;
    while (j->c->files[n - (j->c->text != NULL)])
        n++;
    j->sources = calloc(n, sizeof *j->sources);
    if (!j->sources)
        return fail(j, ERR_OS, "out of memory");
    enum err e = j->c->text ? open_source(j, j->c->text) : ERR_NONE;
    for (const char **f = j->c->files; *f && !e; f++)
        e = open_source(j, *f);
    j->mail.multipart = n > 1;
    return e;
}

/* ---- the header ---- */

static enum err join(char **list, struct buf *out)
{
    enum err e = ERR_NONE;
    for (; list && *list && !e; list++) {
        /* An empty one would vanish between the commas. */
        if (!**list)
            return ERR_DATA;
        if (out->len)
            e = buf_add_str(out, ", ");
        if (!e)
            e = buf_add_str(out, *list);
    }
    return e;
}

bool compose_random(char hex[33])
{
    uint8_t raw[16];
    if (getrandom(raw, sizeof raw, 0) != (ssize_t)sizeof raw)
        return false;
    for (size_t i = 0; i < sizeof raw; i++)
        snprintf(hex + 2 * i, 3, "%02x", raw[i]);
    return true;
}

static enum err set_date(struct job *j)
{
    const char *given = j->c->date;
    int64_t at = (int64_t)time(NULL);
    long offset = 0;
    uint64_t seconds;
    struct tm tm;
    if (given && *given != '@') {
        struct span s = span_str(given);
        if (!header_safe(s) || !mime_date_parse(s, &at, &offset)) {
            why_set(&j->why, ERR_DATA, "%s: no date", given);
            return fail(j, ERR_DATA, "--date");
        }
        j->mail.date = given;
        return ERR_NONE;
    }
    if (given) {
        if (!span_number(span_str(given + 1), 253402300799, &seconds)) {
            why_set(&j->why, ERR_DATA, "%s: no date", given);
            return fail(j, ERR_DATA, "--date");
        }
        at = (int64_t)seconds;
    }
    time_t t = (time_t)at;
    if (localtime_r(&t, &tm))
        offset = tm.tm_gmtoff;
    if (!mime_date_format(at, offset, j->date))
        return fail(j, ERR_DATA, "--date");
    j->mail.date = j->date;
    return ERR_NONE;
}

static enum err set_id(struct job *j)
{
    const char *given = j->c->message_id;
    if (given) {
        struct span s = span_str(given);
        bool angles = s.n > 2 && s.p[0] == '<' && s.p[s.n - 1] == '>';
        struct span inner = angles ? span_take(span_skip(s, 1), s.n - 2) : s;
        size_t at = span_find(inner, '@');
        bool ok = at > 0 && at + 1 < inner.n && inner.n < sizeof j->id - 3;
        for (size_t i = 0; i < inner.n && ok; i++)
            ok = inner.p[i] > 0x20 && inner.p[i] < 0x7f && !strchr("<>", inner.p[i]);
        if (!ok) {
            why_set(&j->why, ERR_DATA, "%s: no message identifier", given);
            return fail(j, ERR_DATA, "--message-id");
        }
        snprintf(j->id, sizeof j->id, "<%.*s>", (int)inner.n, (const char *)inner.p);
    } else {
        char hex[33], host[256] = "";
        if (!compose_random(hex))
            return fail(j, ERR_OS, "no random numbers");
        if (gethostname(host, sizeof host - 1) != 0 || !*host)
            snprintf(host, sizeof host, "localhost");
        for (char *c = host; *c; c++)
            if (!ascii_alnum((uint8_t)*c) && *c != '-' && *c != '.')
                *c = '-';
        snprintf(j->id, sizeof j->id, "<%s@%s>", hex, host);
    }
    j->mail.message_id = j->id;
    return ERR_NONE;
}

/* "Name: value" of --header. The fields that we write ourselves would stand there twice. */
static enum err set_extra(struct job *j)
{
    static const char *const ours[] = {"From", "To", "Cc", "Subject", "Date", "Message-ID",
                                       "MIME-Version", "Content-Type",
                                       "Content-Transfer-Encoding", "Content-Disposition"};
    size_t n = 0;
    while (j->c->headers && j->c->headers[n])
        n++;
    j->extra = calloc(n + 1, sizeof *j->extra);
    if (!j->extra)
        return fail(j, ERR_OS, "out of memory");
    for (size_t i = 0; i < n; i++) {
        char *colon = strchr(j->c->headers[i], ':');
        struct span whole = span_str(j->c->headers[i]);
        struct span name = span_take(whole, colon ? (size_t)(colon - j->c->headers[i]) : 0);
        why_set(&j->why, ERR_DATA, "no header field: %s", j->c->headers[i]);
        if (!header_name_ok(name) || !header_safe(whole))
            return fail(j, ERR_DATA, "--header");
        for (size_t k = 0; k < sizeof ours / sizeof *ours; k++) {
            if (span_eq_nocase(name, span_str(ours[k]))) {
                why_set(&j->why, ERR_DATA, "%s is written already", ours[k]);
                return fail(j, ERR_DATA, "--header");
            }
        }
        *colon = '\0';
        j->extra[i] = (struct mime_extra){j->c->headers[i], span_trim(span_str(colon + 1))};
    }
    j->mail.extra = j->extra;
    j->mail.extras = n;
    return ERR_NONE;
}

/* --type: type/subtype, and parameters as they are. */
static enum err check_type(struct job *j)
{
    struct span s = span_str(j->c->type ? j->c->type : "x/y"), ends;
    struct buf value;
    buf_init(&value, 256);
    enum err e = header_value(s, &value);
    size_t slash = span_find(buf_span(&value), '/');
    bool ok = !e && slash > 0 && slash + 1 < value.len && span_starts_nocase(s, buf_span(&value));
    ends = span_skip(s, value.len);
    ok = ok && (ends.n == 0 || ends.p[0] == ';' || ends.p[0] == ' ');
    for (size_t i = 0; i < s.n; i++)
        ok = ok && s.p[i] >= 0x20 && s.p[i] < 0x7f;
    buf_release(&value);
    if (ok)
        return ERR_NONE;
    why_set(&j->why, ERR_DATA, "%s: no content type", j->c->type);
    return fail(j, ERR_DATA, "--type");
}

static enum err set_mail(struct job *j)
{
    const struct compose *c = j->c;
    char hex[33];
    enum err e = join(c->to, &j->to);
    if (!e)
        e = join(c->cc, &j->cc);
    if (e) {
        why_set(&j->why, e, "bad address list");
        return fail(j, e, "--to");
    }
    if (!compose_random(hex))
        return fail(j, ERR_OS, "no random numbers");
    snprintf(j->boundary, sizeof j->boundary, "faxpipe-%.24s", hex);
    j->mail.from = c->from;
    j->mail.to = buf_cstr(&j->to);
    j->mail.cc = buf_cstr(&j->cc);
    j->mail.subject = c->subject;
    j->mail.notify = c->notify ? c->from : NULL;
    j->mail.crlf = c->crlf;
    j->mail.boundary = j->boundary;
    e = check_type(j);
    if (!e)
        e = set_date(j);
    if (!e)
        e = set_id(j);
    return e ? e : set_extra(j);
}

/* ---- the parts ---- */

/* What a file is by its first bytes; NULL where they do not say. */
static const char *sniff(struct span s)
{
    static const struct {
        const char *magic;
        size_t n;
        const char *type;
    } magics[] = {
        {"II*\0", 4, "image/tiff"},         {"MM\0*", 4, "image/tiff"},
        {"%PDF-", 5, "application/pdf"},    {"%!PS", 4, "application/postscript"},
        {"\x89PNG\r\n\x1a\n", 8, "image/png"}, {"\xff\xd8\xff", 3, "image/jpeg"},
        {"GIF8", 4, "image/gif"},
    };
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
        if (span_starts(s, span_of(magics[i].magic, magics[i].n)))
            return magics[i].type;
    return NULL;
}

static enum err drain(struct job *j)
{
    writer_add(&j->gathered, j->out.data, j->out.len);
    buf_clear(&j->out);
    return j->gathered.err;
}

static enum err body(struct job *j, struct text_stream *text, struct span s, struct buf *utf8)
{
    enum err e = ERR_NONE;
    if (text) {
        buf_clear(utf8);
        e = text_stream_add(text, s, utf8);
        s = buf_span(utf8);
    }
    if (!e)
        e = mime_writer_body(&j->writer, s, &j->out);
    return e ? e : drain(j);
}

/* The source's head and what follows it; with text as UTF-8, whatever it was. */
static enum err copy_source(struct job *j, struct source *s, struct text_stream *text)
{
    static uint8_t chunk[65536];
    struct buf utf8;
    size_t got = 1;
    buf_init(&utf8, OUT_MAX);
    enum err e = body(j, text, buf_span(&s->head), &utf8);
    uint64_t total = s->head.len;
    while (!e && !s->whole && !(e = io_read(s->fd, chunk, sizeof chunk, &got, &j->why)) && got) {
        e = body(j, text, span_of(chunk, got), &utf8);
        total += got;
        diag_progress("%s: %llu MiB", shown(s->path), (unsigned long long)(total >> 20));
    }
    diag_trace("%s: %llu octets", shown(s->path), (unsigned long long)total);
    if (!e && text) {
        buf_clear(&utf8);
        e = text_stream_end(text, &utf8);
        if (!e)
            e = mime_writer_body(&j->writer, buf_span(&utf8), &j->out);
    }
    buf_release(&utf8);
    return e ? e : drain(j);
}

/* Short ASCII text with lines of a decent length goes as it is; other text is encoded. */
static bool fits_7bit(const struct source *s)
{
    size_t column = 0;
    for (size_t i = 0; i < s->head.len; i++) {
        uint8_t c = s->head.data[i];
        column = c == '\n' ? 0 : column + 1;
        if (column > 900 || c >= 0x7f || (c < 0x20 && !strchr("\t\r\n\f", c)) || c == 0)
            return false;
        if (column == 5 && memcmp(s->head.data + i - 4, "From ", 5) == 0)
            return false;
    }
    return s->whole;
}

static enum err put_text(struct job *j, struct source *s, const char *type, const char *name)
{
    struct header_param charset = {"charset", span_str("utf-8")};
    bool has_params = strchr(type, ';') != NULL;
    struct mime_write_part part = {
        .type = type, .params = &charset, .param_count = !has_params, .name = name,
        .disposition = name ? "attachment" : NULL,
        .encoding = fits_7bit(s) ? MIME_WRITE_7BIT : MIME_WRITE_QP,
    };
    struct text_stream *stream = NULL;
    enum err e = mime_writer_part(&j->writer, &part, &j->out, &j->why);
    /* A charset that the caller names is the file's, and stays. */
    if (!e && !has_params)
        e = text_stream_open(span_of(NULL, 0), &stream);
    if (!e)
        e = copy_source(j, s, stream);
    text_stream_close(stream);
    return e;
}

static enum err put_file(struct job *j, struct source *s)
{
    struct header_param faxbw = {"application", span_str("faxbw")};
    struct tiff_scan scan;
    char name[MIME_FILENAME_SIZE], fallback[32];
    const char *type = j->c->type ? j->c->type : sniff(buf_span(&s->head));
    bool from_stdin = strcmp(s->path, "-") == 0;
    if (!type && !from_stdin)
        type = mime_type_of_name(span_str(s->path));
    if (!type)
        type = "application/octet-stream";
    bool fax = mime_type_is_fax(type);
    snprintf(fallback, sizeof fallback, "%s.%s", fax ? "fax" : "document", mime_extension(type));
    if (from_stdin)
        snprintf(name, sizeof name, "%s", fallback);
    else
        mime_filename(span_str(s->path), fallback, name);
    const char *shown_name = j->c->name ? j->c->name : name;
    if (span_starts_nocase(span_str(type), span_str("text/")))
        return put_text(j, s, type, j->c->name || !from_stdin ? shown_name : NULL);
    tiff_scan_init(&scan);
    tiff_scan_add(&scan, buf_span(&s->head));
    struct mime_write_part part = {
        .type = type, .params = &faxbw, .name = shown_name, .disposition = "attachment",
        .param_count = strcmp(type, "image/tiff") == 0 && tiff_scan_is_fax(&scan),
        .encoding = MIME_WRITE_BASE64,
    };
    enum err e = mime_writer_part(&j->writer, &part, &j->out, &j->why);
    return e ? e : copy_source(j, s, NULL);
}

static enum err put_parts(struct job *j)
{
    enum err e = ERR_NONE;
    mime_writer_init(&j->writer, &j->mail);
    for (size_t i = 0; i < j->count && !e; i++) {
        bool text = i == 0 && j->c->text;
        e = text ? put_text(j, &j->sources[i], "text/plain", NULL) : put_file(j, &j->sources[i]);
    }
    if (!e)
        e = mime_writer_end(&j->writer, &j->out);
    if (!e)
        e = drain(j);
    if (!e)
        e = writer_flush(&j->gathered, &j->why);
    else if (e == j->gathered.err)
        j->why = j->gathered.why;
    return e;
}

static void release(struct job *j)
{
    for (size_t i = 0; i < j->count; i++) {
        io_close(j->sources[i].fd, NULL);
        buf_release(&j->sources[i].head);
    }
    free(j->sources);
    free(j->extra);
    buf_release(&j->to);
    buf_release(&j->cc);
    buf_release(&j->out);
    free(j);
}

enum err compose_mail(const struct compose *c)
{
    struct job *j = calloc(1, sizeof *j);
    if (!j)
        return diag_fail(ERR_OS, NULL, "mail");
    j->c = c;
    buf_init(&j->to, LIST_MAX);
    buf_init(&j->cc, LIST_MAX);
    buf_init(&j->out, OUT_MAX);
    enum err e = set_mail(j);
    if (!e)
        e = open_sources(j);
    if (!e && (e = outfile_open(&j->file, c->output, &j->why)))
        fail(j, e, c->output);
    else if (!e) {
        writer_init(&j->gathered, j->file.fd);
        e = put_parts(j);
        if (!e)
            e = outfile_commit(&j->file, &j->why);
        else
            outfile_abort(&j->file);
        if (e)
            fail(j, e, c->output ? c->output : "mail");
    }
    release(j);
    return e;
}
