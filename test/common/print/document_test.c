#include "print/document.h"
#include "check.h"
#include "tool/io.h"

#include <unistd.h>

/* ISO-8859-1 to UTF-8, anything else as it stands. */
static enum err convert(void *ctx, struct span charset, struct span bytes, struct buf *out)
{
    (void)ctx;
    if (!span_eq_nocase(charset, span_str("iso-8859-1")))
        return buf_add_span(out, bytes);
    for (size_t i = 0; i < bytes.n; i++) {
        uint8_t c = bytes.p[i];
        enum err e = c < 0x80 ? buf_add_byte(out, c)
                              : buf_add_format(out, "%c%c", 0xc0 | c >> 6, 0x80 | (c & 0x3f));
        if (e)
            return e;
    }
    return ERR_NONE;
}

static const struct mime_converter conv = {convert, NULL};

static enum err open_bytes(const void *bytes, size_t n, struct document *doc, struct why *why)
{
    int fd;
    CHECK_INT(io_temp(&fd, why), ERR_NONE);
    CHECK_INT(io_write(fd, bytes, n, why), ERR_NONE);
    CHECK(lseek(fd, 0, SEEK_SET) == 0);
    enum err e = document_open(fd, "it", &conv, doc, why);
    close(fd);
    return e;
}

static enum err open_str(const char *text, struct document *doc)
{
    struct why why = {""};
    return open_bytes(text, strlen(text), doc, &why);
}

static void kinds_by_content(void)
{
    static const struct { const char *text; enum document_kind kind; } cases[] = {
        {"Dear: Sir\nhello\n", DOCUMENT_TEXT},
        {"just text\n", DOCUMENT_TEXT},
        {"Subject: x\n\nbody\n", DOCUMENT_MAIL},
        {"From a@b Thu Jan  1 00:00:00 1970\nTo: x\n\nbody\n", DOCUMENT_MAIL},
        {"Return-Path: <a@b>\r\nX: y\r\n\r\nbody\r\n", DOCUMENT_MAIL},
        {"%PDF-1.5\n%%EOF\n", DOCUMENT_PDF},
        {"MM\0*\0\0\0\10", DOCUMENT_TIFF},
        {"II*\0\10\0\0\0", DOCUMENT_TIFF},
        {"\0PC Research, Inc", DOCUMENT_G3},
        {"Sfff\1", DOCUMENT_G3},
        {"\xff\xfe\x00\x80", DOCUMENT_G3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct document doc;
        struct why why = {""};
        size_t n = cases[i].kind == DOCUMENT_TIFF ? 8 : cases[i].kind == DOCUMENT_G3 && i == 8 ? 17
                   : i == 10 ? 4 : strlen(cases[i].text);
        CHECK_INT(open_bytes(cases[i].text, n, &doc, &why), ERR_NONE);
        CHECK_INT(doc.kind, cases[i].kind);
        document_close(&doc);
    }
    struct document doc;
    CHECK_INT(open_str("", &doc), ERR_DATA);
    document_close(&doc);
}

static void text_in_its_charset_under_its_header(void)
{
    struct document doc;
    CHECK_INT(open_str("From: a@b\nSubject: s\n"
                       "Content-Type: text/plain; charset=iso-8859-1\n\ngr\xfc\xdf\n", &doc), ERR_NONE);
    CHECK_INT(doc.count, 1);
    CHECK_INT(doc.parts[0].kind, DOCUMENT_TEXT);
    CHECK_STR(buf_cstr(&doc.parts[0].text), "From: a@b\nSubject: s\n\ngr\xc3\xbc\xc3\x9f\n");
    document_close(&doc);
}

static void parts_in_their_order(void)
{
    struct document doc;
    CHECK_INT(open_str("From: a@b\nContent-Type: multipart/mixed; boundary=x\n\n"
                       "--x\n\ncover\n"
                       "--x\nContent-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\n"
                       "SUkqAAgAAAA=\n"
                       "--x\nContent-Type: audio/basic\n\nnoise\n"
                       "--x\nContent-Type: message/rfc822\n\n"
                       "Subject: inner\nContent-Type: application/pdf\n\n%PDF-1.4\n"
                       "--x--\n", &doc), ERR_NONE);
    CHECK_INT(doc.count, 3);
    CHECK_INT(doc.passed_over, 1);
    if (doc.count == 3) {
        CHECK_INT(doc.parts[0].kind, DOCUMENT_TEXT);
        CHECK_INT(doc.parts[1].kind, DOCUMENT_TIFF);
        CHECK_INT(doc.parts[2].kind, DOCUMENT_PDF);
        uint8_t bytes[16];
        size_t got = 0;
        CHECK_INT(io_read(doc.parts[1].fd, bytes, sizeof bytes, &got, NULL), ERR_NONE);
        CHECK(got == 8 && memcmp(bytes, "II*\0\10\0\0\0", 8) == 0);
    }
    document_close(&doc);
}

static void uuencoded_fax_in_text(void)
{
    struct document doc;
    CHECK_INT(open_str("From: a@b\n\nsee below\nbegin 644 fax.tif\n(24DJ  @    \n`\nend\nthat was it\n", &doc),
              ERR_NONE);
    size_t tiffs = 0, texts = 0;
    for (size_t i = 0; i < doc.count; i++) {
        tiffs += doc.parts[i].kind == DOCUMENT_TIFF;
        texts += doc.parts[i].kind == DOCUMENT_TEXT;
    }
    CHECK(tiffs == 1 && texts == 1);
    document_close(&doc);
}

static void html_only_where_there_is_nothing_else(void)
{
    struct document doc;
    CHECK_INT(open_str("Subject: s\nContent-Type: multipart/alternative; boundary=x\n\n"
                       "--x\n\nplain\n--x\nContent-Type: text/html\n\n<p>html</p>\n--x--\n", &doc),
              ERR_NONE);
    CHECK_INT(doc.count, 1);
    CHECK(strstr(buf_cstr(&doc.parts[0].text), "plain") != NULL);
    CHECK(strstr(buf_cstr(&doc.parts[0].text), "html") == NULL);
    document_close(&doc);
    CHECK_INT(open_str("Subject: s\nContent-Type: text/html\n\n"
                       "<style>p{}</style><p>a &lt;b&gt; &amp;c<br>d</p><!-- x --><script>no", &doc), ERR_NONE);
    CHECK_STR(buf_cstr(&doc.parts[0].text), "Subject: s\n\na <b> &c\nd\n");
    document_close(&doc);
}

static void refuses_what_has_nothing_to_print(void)
{
    struct document doc;
    CHECK_INT(open_str("From: a@b\nContent-Type: audio/basic\n\nxx\n", &doc), ERR_DATA);
    CHECK(doc.header.len > 0);
    document_close(&doc);
    CHECK_INT(open_str("From: a@b\nContent-Type: image/tiff\n\nxx\n", &doc), ERR_DATA);
    CHECK(doc.header.len > 0);
    document_close(&doc);
    CHECK_INT(open_str("From: a@b\nContent-Type: application/pkcs7-mime\n\nxx\n", &doc), ERR_DATA);
    document_close(&doc);
    /* A mail without a word is a mail: its header is printed. */
    CHECK_INT(open_str("From: a@b\nSubject: ring me\n\n", &doc), ERR_NONE);
    CHECK_STR(buf_cstr(&doc.parts[0].text), "From: a@b\nSubject: ring me\n\n");
    document_close(&doc);
}

int main(void)
{
    RUN(kinds_by_content);
    RUN(text_in_its_charset_under_its_header);
    RUN(parts_in_their_order);
    RUN(uuencoded_fax_in_text);
    RUN(html_only_where_there_is_nothing_else);
    RUN(refuses_what_has_nothing_to_print);
    return check_done();
}
