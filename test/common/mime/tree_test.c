/*
 * Random trees of parts, made by mime/write.h and read by mime/parse.h, whole and in random
 * pieces: the same parts with the same bytes. FAXPIPE_TREES raises their number (300).
 */
#include "check.h"
#include "mime/parse.h"
#include "mime/write.h"

enum { LEAVES_MAX = 200, BODY_MAX = 3000 };

static uint64_t seed;

static unsigned below(unsigned n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % n;
}

/* What must come out: "number type name length\n" and the bytes, of every leaf. */
static struct buf want;
static bool crlf;

static void add_name(char *out)
{
    static const char *const pieces[] = {"a", "Fax", " ", "\"", "\\", "\xc3\xa4", "\xe6\x97\xa5\xe6\x9c\xac",
                                         "\xf0\x9f\x93\xa0", ";", "=", "'", "%41", "(", ")", "/", ".", "*0*", "longer words "};
    unsigned n = 1 + below(12);
    strcpy(out, "x");
    for (unsigned i = 0; i < n; i++)
        strcat(out, pieces[below(sizeof pieces / sizeof *pieces)]);
    strcat(out, ".tif");
}

/* Text of lines that look like boundaries and are none, or any bytes. */
static struct span make_body(bool text, bool ends_in_line, uint8_t body[BODY_MAX])
{
    static const char *const lines[] = {"hello\n", "\n", "--\n", "--=_\n", "-\n", "---------------\n", "From me\n", ".\n",
                                        "blank at the end \n", "tab\t\n", "=3D\n", "--=_0000x--\n", "no end"};
    size_t n = 0;
    if (!text) {
        for (n = below(4) ? below(BODY_MAX) : 0; n && below(50) == 0; n--)
            ;
        for (size_t i = 0; i < n; i++)
            body[i] = (uint8_t)below(256);
        return span_of(body, n);
    }
    for (unsigned k = below(8); k > 0; k--) {
        const char *line = lines[below(sizeof lines / sizeof *lines - (k > 1 || ends_in_line))];
        memcpy(body + n, line, strlen(line));
        n += strlen(line);
    }
    return span_of(body, n);
}

static void expect_leaf(const char *number, const char *type, const char *name, struct span body, bool text)
{
    struct buf bytes;
    buf_init(&bytes, 1 << 20);
    for (size_t i = 0; i < body.n; i++) {
        if (text && crlf && body.p[i] == '\n')
            buf_add_byte(&bytes, '\r');
        buf_add_byte(&bytes, body.p[i]);
    }
    buf_add_format(&want, "%s %s %s %zu\n", number, type, name, bytes.len);
    buf_add_span(&want, buf_span(&bytes));
    buf_release(&bytes);
}

/* An entity's content: what stands behind its header. Writes a whole mail where header is set. */
static void make(const char *number, unsigned depth, bool header, bool whole, struct buf *out);

static void make_part(struct mime_writer *w, const char *number, unsigned depth, bool alone, struct buf *out)
{
    static const char *const leaf_types[] = {"image/tiff", "application/octet-stream", "text/plain", "text/html"};
    struct why why;
    unsigned kind = depth ? below(6) : 5;
    if (kind == 0) { /* a mail */
        struct buf inner;
        const struct mime_write_part part = {.type = "message/rfc822", .encoding = MIME_WRITE_8BIT};
        buf_init(&inner, 8 << 20);
        CHECK_INT(mime_writer_part(w, &part, out, &why), ERR_NONE);
        make(number, depth - 1, true, false, &inner);
        CHECK_INT(mime_writer_body(w, buf_span(&inner), out), ERR_NONE);
        buf_release(&inner);
    } else if (kind == 1 && !alone) { /* a multipart; its boundary stands in what make wrote */
        struct buf inner;
        char boundary[80];
        const struct header_param param = {"boundary", {(const uint8_t *)boundary, 0}};
        struct header_param params[1] = {param};
        buf_init(&inner, 8 << 20);
        make(number, depth - 1, false, false, &inner);
        size_t at = 2, n = span_find(span_skip(buf_span(&inner), at), crlf ? '\r' : '\n');
        memcpy(boundary, inner.data + at, n);
        params[0].value = span_of(boundary, n);
        const struct mime_write_part part = {.type = "multipart/alternative", .params = params,
                                             .param_count = 1, .encoding = MIME_WRITE_8BIT};
        CHECK_INT(mime_writer_part(w, &part, out, &why), ERR_NONE);
        CHECK_INT(mime_writer_body(w, buf_span(&inner), out), ERR_NONE);
        buf_release(&inner);
    } else {
        uint8_t body[BODY_MAX];
        char name[300];
        struct mime_write_part part = {.type = leaf_types[below(4)]};
        bool text = strncmp(part.type, "text/", 5) == 0;
        add_name(name);
        part.name = below(3) ? name : NULL;
        part.disposition = part.name ? "attachment" : NULL;
        static const enum mime_write_encoding encodings[] = {MIME_WRITE_QP, MIME_WRITE_7BIT, MIME_WRITE_8BIT};
        part.encoding = text ? encodings[below(3)] : MIME_WRITE_BASE64;
        struct span bytes = make_body(text, alone, body);
        CHECK_INT(mime_writer_part(w, &part, out, &why), ERR_NONE);
        /* In pieces, as a program reads them. */
        for (struct span s = bytes; s.n;) {
            struct span piece = span_take(s, 1 + below(1000));
            CHECK_INT(mime_writer_body(w, piece, out), ERR_NONE);
            s = span_skip(s, piece.n);
        }
        expect_leaf(number, part.type, part.name ? part.name : "", bytes, text);
    }
}

static void make(const char *number, unsigned depth, bool header, bool whole, struct buf *out)
{
    static unsigned count;
    char boundary[40], child[200];
    struct mime_writer w;
    size_t start = out->len;
    snprintf(boundary, sizeof boundary, "=_%u.%x", count++, below(65536));
    struct mime_mail mail = {.from = "A <a@b.example>", .subject = "Gr\xc3\xbc\xc3\x9f" "e", .boundary = boundary,
                             .multipart = !header || below(2), .crlf = crlf};
    mime_writer_init(&w, &mail);
    unsigned parts = mail.multipart ? 1 + below(4) : 1;
    for (unsigned i = 1; i <= parts; i++) {
        snprintf(child, sizeof child, "%s%s%u", number, *number ? "." : "", i);
        make_part(&w, child, depth, !mail.multipart, out);
    }
    CHECK_INT(mime_writer_end(&w, out), ERR_NONE);
    if (header || whole)
        return;
    /* Without its header: from the first boundary on. */
    struct span made = span_skip(buf_span(out), start);
    const char *end = crlf ? "\r\n\r\n" : "\n\n";
    size_t skip = (size_t)((const uint8_t *)memmem(made.p, made.n, end, strlen(end)) - made.p) + strlen(end);
    memmove(out->data + start, out->data + start + skip, made.n - skip);
    out->len -= skip;
}

/* Reads the mail in pieces of up to most bytes, and writes down as in want what comes. */
static void read_mail(struct span in, unsigned most, struct buf *got)
{
    struct mime_parser p;
    struct mime_event e;
    struct buf body;
    enum err err;
    buf_init(&body, 8 << 20);
    mime_parser_init(&p, NULL);
    while (!(err = mime_parser_next(&p, &e)) && e.kind != MIME_END) {
        if (e.kind == MIME_NEED_MORE) {
            struct span piece = span_take(in, most ? 1 + below(most) : in.n);
            if (piece.n)
                mime_parser_push(&p, piece);
            else
                mime_parser_end(&p);
            in = span_skip(in, piece.n);
        } else if (e.kind == MIME_PART_BEGIN) {
            buf_clear(&body);
        } else if (e.kind == MIME_BODY) {
            buf_add_span(&body, e.body);
        } else {
            CHECK(!mime_defective(&e.part->defects));
            if (e.part->container)
                continue;
            buf_add_format(got, "%s %s %s %zu\n", e.part->number, e.part->type, e.part->name, body.len);
            buf_add_span(got, buf_span(&body));
        }
    }
    CHECK_INT(err, ERR_NONE);
    mime_parser_release(&p);
    buf_release(&body);
}

static void random_trees(void)
{
    const char *raised = getenv("FAXPIPE_TREES");
    unsigned trees = raised ? (unsigned)strtoul(raised, NULL, 10) : 300;
    struct buf mail, got;
    buf_init(&mail, 64 << 20);
    buf_init(&got, 64 << 20);
    buf_init(&want, 64 << 20);
    for (unsigned i = 0; i < trees && !check_bad; i++) {
        static const unsigned most[] = {0, 1, 3, 80, 5000};
        seed = i;
        crlf = below(2);
        buf_clear(&mail);
        buf_clear(&want);
        make("", 4, true, true, &mail);
        for (size_t k = 0; k < sizeof most / sizeof *most; k++) {
            buf_clear(&got);
            read_mail(buf_span(&mail), most[k], &got);
            if (span_eq(buf_span(&got), buf_span(&want)))
                continue;
            check_bad++;
            printf("# tree %u in pieces of up to %u\n", i, most[k]);
        }
    }
    buf_release(&mail);
    buf_release(&got);
    buf_release(&want);
}

int main(void)
{
    RUN(random_trees);
    return check_done();
}
