#include "mime_trace.h"

static void single_part(void)
{
    EXPECT("From: a@b\nContent-Type: image/tiff; name=\"fax.tif\"\n"
           "Content-Transfer-Encoding: base64\n\nTU0q\nIQ==\n",
           "<1 image/tiff fax.tif\n[MM*!]>1 \n");
}

static void nul_bytes_survive(void)
{
    struct buf out;
    static const char mail[] = "Content-Transfer-Encoding: base64\nContent-Type: image/tiff\n\n"
                               "SUkqAAgA\n";
    static const char want[] = "<1 image/tiff\n[II*\0\b\0]>1 \n";
    buf_init(&out, 4096);
    trace(mail, sizeof mail - 1, 0, NULL, &out);
    CHECK(span_eq(buf_span(&out), span_of(want, sizeof want - 1)));
    buf_release(&out);
}

static void plain_text_without_mime(void)
{
    EXPECT("Subject: x\n\nhello\n-- \nme\n", "<1 text/plain\n[hello\n-- \nme\n]>1 \n");
    EXPECT("Subject: x\n\nno end", "<1 text/plain\n[no end]>1 \n");
    EXPECT("Subject: x\n", "<1 text/plain\n>1 \n");
    EXPECT("Subject: x\n\n", "<1 text/plain\n>1 \n");
    EXPECT("Subject: x", "<1 text/plain\n>1 \n");
}

static void multipart_with_preamble_and_epilogue(void)
{
    EXPECT("Content-Type: multipart/mixed; boundary=b\n\npreamble\n--b\n\none\n--b\n"
           "Content-Type: text/html\n\n\ntwo\n\n--b--\nepilogue\n--b\nmore\n",
           "< multipart/mixed\n<1 text/plain\n[one]>1 \n<2 text/html\n[\ntwo\n]>2 \n> \n");
}

static void crlf_and_mixed_line_ends(void)
{
    EXPECT("Content-Type: multipart/mixed;\r\n\tboundary=b\r\n\r\n--b\r\n\r\none\r\n--b\n\n"
           "two\r\n--b--\r\n",
           "< multipart/mixed\n<1 text/plain\n[one]>1 \n<2 text/plain\n[two]>2 \n> \n");
    EXPECT("Subject: x\r\n\r\na\rb\r\n\r\n", "<1 text/plain\n[a\rb\r\n\r\n]>1 \n");
}

static void boundary_that_begins_another(void)
{
    EXPECT("Content-Type: multipart/mixed; boundary=out\n\n--out\n"
           "Content-Type: multipart/alternative; boundary=\"out-in\"\n\n--out-in\n\n1\n"
           "--out-in--\n--out  \n\n2\n--outer\n--out--\n",
           "< multipart/mixed\n<1 multipart/alternative\n<1.1 text/plain\n[1]>1.1 \n>1 \n"
           "<2 text/plain\n[2\n--outer]>2 \n> \n");
}

static void missing_final_boundaries(void)
{
    EXPECT("Content-Type: multipart/mixed; boundary=o\n\n--o\n"
           "Content-Type: multipart/mixed; boundary=i\n\n--i\n\nx\n--o\n\ny\n",
           "< multipart/mixed\n<1 multipart/mixed\n<1.1 text/plain\n[x]>1.1 \n"
           ">1 no final boundary\n<2 text/plain\n[y\n]>2 \n> no final boundary\n");
}

static void message_inside(void)
{
    EXPECT("Content-Type: message/rfc822\n\nSubject: in\nContent-Type: image/tiff\n\nx\n",
           "<1 message/rfc822\n<1.1 image/tiff\n[x\n]>1.1 \n>1 \n");
    EXPECT("Content-Type: multipart/digest; boundary=b\n\n--b\n\nContent-Type: multipart/mixed; "
           "boundary=c\n\n--c\n\nx\n--c--\n--b--\n",
           "< multipart/digest\n<1 message/rfc822\n<1 multipart/mixed\n<1.1 text/plain\n[x]>1.1 \n"
           ">1 \n>1 \n> \n");
    struct mime_options options = {.opaque = "1"};
    static const char mail[] = "Content-Type: message/rfc822\n\nSubject: in\n\nx\n";
    expect(mail, sizeof mail - 1, &options, "<1 message/rfc822\n[Subject: in\n\nx\n]>1 \n");
}

static void mbox_line_and_blank_lines_before(void)
{
    EXPECT("From joe Sat Nov 21 10:00:00 2026\nSubject: x\n\ny\n", "<1 text/plain\n[y\n]>1 \n");
    EXPECT("\r\n\nSubject: x\n\ny\n", "<1 text/plain\n[y\n]>1 \n");
}

static void quoted_printable(void)
{
    EXPECT("Content-Transfer-Encoding: quoted-printable\n\na=3Db =\nc  \nd=\n",
           "<1 text/plain\n[a=b c\nd]>1 \n");
    EXPECT("Content-Transfer-Encoding: Quoted-Printable\n\n=zz=4\n",
           "<1 text/plain\n[=zz=4\n]>1 2 bad escapes in quoted-printable\n");
}

static void uuencode_in_text(void)
{
    EXPECT("Subject: x\n\nsee:\nbegin 644 cat.tif\n#0V%T\n`\nend\nbye\n",
           "<1 text/plain\n[see:\n]<1.1 image/tiff cat.tif\n[Cat]>1.1 \n[bye\n]>1 \n");
    EXPECT("Subject: x\n\nbegin 644 no data follows\nhere, said he\nbegin\nbegi",
           "<1 text/plain\n[begin 644 no data follows\nhere, said he\nbegin\nbegi]>1 \n");
    EXPECT("Subject: x\n\nbegin 644 a\n#0V%T\n",
           "<1 text/plain\n<1.1 application/octet-stream a\n[Cat]>1.1 damaged uuencode\n>1 \n");
    EXPECT("Content-Type: image/tiff\nContent-Transfer-Encoding: x-uuencode\n\nbegin 600 f\n"
           "#0V%T\n`\nend\n", "<1 image/tiff\n[Cat]>1 \n");
    EXPECT("Subject: x\n\nbegin-base64 644 c\nQ2F0\n====\nt\n",
           "<1 text/plain\n<1.1 application/octet-stream c\n[Cat]>1.1 \n[t\n]>1 \n");
}

static void defects_are_told(void)
{
    EXPECT("Content-Transfer-Encoding: base64\n\nTU0q!\nIQ\n",
           "<1 text/plain\n[MM*!]>1 1 stray bytes in base64, base64 without padding\n");
}

static void broken_headers(void)
{
    EXPECT("Subject: x\nno field here\nmore\n",
           "<1 text/plain\n[no field here\nmore\n]>1 header cut short\n");
    EXPECT("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: image/tiff\n--b--\n",
           "< multipart/mixed\n<1 image/tiff\n>1 \n> \n");
    EXPECT("Content-Type: tiff\n\nx\n", "<1 text/plain\n[x\n]>1 bad content type\n");
    EXPECT("Content-Transfer-Encoding: x-zip\n\nx\n",
           "<1 text/plain\n[x\n]>1 unknown transfer encoding\n");
}

/* Lines that are no field amid a header, and what follows that shows that it goes on. */
static void headers_that_go_on(void)
{
    EXPECT("Subject x\nSubject: y\n\nz", "!3 not a mail: no header field");
    EXPECT("To: a\nContent-Type image/tiff; name=x.tif\n\nz\n",
           "<1 image/tiff x.tif\n[z\n]>1 1 bad lines in the header\n");
    EXPECT("Subject: a long\none that lost its blank\nMIME-Version: 1.0\nContent-Type: image/tiff\n\nz",
           "<1 image/tiff\n[z]>1 1 bad lines in the header\n");
    EXPECT("To: a\nFrom joe Sat Nov 21 10:00:00 2026\nContent-Type: image/tiff\n\nz",
           "<1 image/tiff\n[z]>1 1 bad lines in the header\n");
    EXPECT("To: a\nFrom here on\nit is text\n", "<1 text/plain\n[From here on\nit is text\n]>1 header cut short\n");
    EXPECT("To: a\nDear Bob,\n\nsee: this\n",
           "<1 text/plain\n[Dear Bob,\n\nsee: this\n]>1 header cut short\n");
    EXPECT("To: a\nDear Bob,\nNote: this\n", "<1 text/plain\n[Dear Bob,\nNote: this\n]>1 header cut short\n");
    EXPECT("To: a\nDear Bob", "<1 text/plain\n[Dear Bob]>1 header cut short\n");
    EXPECT("To: a\nDear Bob\nX-A: b", "<1 text/plain\n>1 1 bad lines in the header\n");
    EXPECT("Content-Type: multipart/mixed; boundary=b\n\n--b\nTo: a\nbad\n--b\nbad\nTo: x\n--b--\n",
           "< multipart/mixed\n<1 text/plain\n[bad]>1 header cut short\n"
           "<2 text/plain\n[bad\nTo: x]>2 header cut short\n> \n");
    EXPECT("Content-Type: message/rfc822\nbad line\nSubject: in\n\nx\n",
           "<1 message/rfc822\n<1.1 text/plain\n[x\n]>1.1 header cut short\n"
           ">1 1 bad lines in the header\n");
    EXPECT("Content-Type: message/rfc822\nbad line\nand more\n",
           "<1 message/rfc822\n<1.1 text/plain\n[bad line\nand more\n]>1.1 header cut short\n"
           ">1 header cut short\n");
}

/* A long line behind one in doubt is not gathered. */
static void doubt_is_short(void)
{
    struct buf mail, out;
    buf_init(&mail, 8 << 20);
    buf_init(&out, 8 << 20);
    buf_add_str(&mail, "Subject: x\nno field\n");
    for (int i = 0; i < 1 << 18; i++)
        buf_add_str(&mail, "0123456789");
    for (size_t split = 0; split < 400; split += split % 30 ? 1 : 14) {
        CHECK_INT(trace((char *)mail.data, mail.len, split, NULL, &out), ERR_NONE);
        CHECK_INT(out.len, mail.len - 11 + strlen("<1 text/plain\n[]>1 header cut short\n"));
    }
    buf_release(&mail);
    buf_release(&out);
}

static void types_as_they_come(void)
{
    EXPECT("Content-Type: \"Image/TIFF\"; name=x\n\nx", "<1 image/tiff x\n[x]>1 \n");
    EXPECT("Content-Type: (fax) image / tiff (page)\n\nx", "<1 image/tiff\n[x]>1 \n");
    EXPECT("content-type:image/tiff\n\nx", "<1 image/tiff\n[x]>1 \n");
    EXPECT("Content-Type : image/tiff\nContent-Type: text/html\n\nx", "<1 image/tiff\n[x]>1 \n");
    EXPECT("Content-Type: fax; name=x.tif\n\nx",
           "<1 application/octet-stream x.tif\n[x]>1 bad content type\n");
    EXPECT("Content-Type: fax\nContent-Transfer-Encoding: \"Base64\"\n\neA==\n",
           "<1 application/octet-stream\n[x]>1 bad content type\n");
}

static void expect_bytes(const char *mail, size_t n, const char *want, size_t want_n)
{
    struct buf out;
    buf_init(&out, 1 << 16);
    for (size_t split = 0; split <= n; split++) {
        trace(mail, n, split, NULL, &out);
        CHECK(span_eq(buf_span(&out), span_of(want, want_n)));
    }
    buf_release(&out);
}

#define BYTES(mail, want) expect_bytes(mail, sizeof(mail) - 1, want, sizeof(want) - 1)

/* Whatever the header says, a TIFF's first bytes show how it is encoded. */
static void wrong_encodings(void)
{
    BYTES("Content-Type: image/tiff\n\nSUkqAAgA\nSUkqAAgASUkqAAgA\n",
          "<1 image/tiff\n[II*\0\b\0II*\0\b\0II*\0\b\0]>1 wrong transfer encoding\n");
    BYTES("Content-Type: application/octet-stream; name=x.tif\nContent-Transfer-Encoding: 8bit\n\n"
          "\r\nTU0AKgAA",
          "<1 application/octet-stream x.tif\n[MM\0*\0\0]>1 wrong transfer encoding\n");
    BYTES("Content-Type: image/tiff\nContent-Transfer-Encoding: quoted-printable\n\nSUkqAAgA",
          "<1 image/tiff\n[II*\0\b\0]>1 wrong transfer encoding\n");
    BYTES("Content-Type: image/tiff\nContent-Transfer-Encoding: base64\n\nII*\0 as it is, =3D\n",
          "<1 image/tiff\n[II*\0 as it is, =3D\n]>1 wrong transfer encoding\n");
    EXPECT("Content-Type: text/plain\n\nSUkqAAgASUkqAAgA\n", "<1 text/plain\n[SUkqAAgASUkqAAgA\n]>1 \n");
    EXPECT("Content-Type: image/tiff\n\nshort\n", "<1 image/tiff\n[short\n]>1 \n");
    EXPECT("Content-Type: image/tiff\n\n", "<1 image/tiff\n>1 \n");
    EXPECT("\xef\xbb\xbfSubject: x\n\ny\n", "<1 text/plain\n[y\n]>1 \n");
}

static void what_is_no_mail(void)
{
    EXPECT("", "!3 not a mail: no header field");
    EXPECT("\n\n", "!3 not a mail: no header field");
    EXPECT("hello world\n\nx\n", "!3 not a mail: no header field");
    EXPECT("\x89PNG\r\n\x1a\n\0", "!3 not a mail: no header field");
    EXPECT("a\0b: c\n\n", "!3 not a mail: no header field");
    EXPECT(" folded: x\n\n", "!3 not a mail: no header field");
}

static void names(void)
{
    EXPECT("Content-Type: image/tiff; name=a.tif\nContent-Disposition: attachment;\n"
           " filename*=utf-8''b%20c.tif\n\nx",
           "<1 image/tiff b c.tif\n[x]>1 \n");
    EXPECT("Content-Type: image/tiff; name=\"=?utf-8?Q?=C3=A4?=.tif\"\n\nx",
           "<1 image/tiff \xc3\xa4.tif\n[x]>1 \n");
}

/* Caps: depth, parts, header. */
static void caps(void)
{
    struct buf mail, out;
    buf_init(&mail, 1 << 22);
    buf_init(&out, 1 << 22);
    for (int i = 0; i < 101; i++)
        buf_add_format(&mail, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i);
    CHECK_INT(trace((char *)mail.data, mail.len, 0, NULL, &out), ERR_DATA);
    CHECK(strstr(buf_cstr(&out), "100 deep") != NULL);
    buf_clear(&mail);
    for (int i = 0; i < 99; i++)
        buf_add_format(&mail, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i);
    buf_add_str(&mail, "\nthe hundredth");
    CHECK_INT(trace((char *)mail.data, mail.len, 0, NULL, &out), ERR_NONE);
    CHECK(strstr(buf_cstr(&out), "[the hundredth]") != NULL);
    buf_clear(&mail);
    buf_add_str(&mail, "Content-Type: multipart/mixed; boundary=b\n\n");
    for (int i = 0; i < 9999; i++)
        buf_add_str(&mail, "--b\n\n");
    CHECK_INT(trace((char *)mail.data, mail.len, 0, NULL, &out), ERR_NONE);
    buf_add_str(&mail, "--b\n\n");
    CHECK_INT(trace((char *)mail.data, mail.len, 0, NULL, &out), ERR_DATA);
    CHECK(strstr(buf_cstr(&out), "10000 parts") != NULL);
    buf_clear(&mail);
    buf_add_str(&mail, "Subject:");
    for (int i = 1; i < 1 << 17; i++)
        buf_add_str(&mail, "xxxxxxxx");
    mail.data[mail.len - 1] = '\n';
    CHECK_INT(trace((char *)mail.data, mail.len, 0, NULL, &out), ERR_NONE);
    mail.data[mail.len - 1] = 'x';
    buf_add_str(&mail, "\n\n");
    CHECK_INT(trace((char *)mail.data, mail.len, 70000, NULL, &out), ERR_DATA);
    CHECK(strstr(buf_cstr(&out), "1 MiB") != NULL);
    buf_release(&mail);
    buf_release(&out);
}

/* A body of many dashes, and one without a line end, take linear time and no memory. */
static void long_lines_stream(void)
{
    struct mime_parser p;
    struct mime_event e;
    static char chunk[65536];
    uint64_t total = 0;
    mime_parser_init(&p, NULL);
    mime_parser_push(&p, span_str("Subject: x\n\n"));
    memset(chunk, '-', sizeof chunk);
    for (int i = 0; i < 64;) {
        CHECK_INT(mime_parser_next(&p, &e), ERR_NONE);
        if (e.kind == MIME_BODY)
            total += e.body.n;
        if (e.kind == MIME_NEED_MORE && i++ < 64)
            mime_parser_push(&p, span_of(chunk, sizeof chunk));
    }
    mime_parser_end(&p);
    while (!mime_parser_next(&p, &e) && e.kind != MIME_END)
        if (e.kind == MIME_BODY)
            total += e.body.n;
    CHECK_INT(total, 64 * sizeof chunk);
    CHECK(p.out.cap + p.line.cap + p.header.cap < 1 << 20);
    mime_parser_release(&p);
}

int main(void)
{
    RUN(single_part);
    RUN(nul_bytes_survive);
    RUN(plain_text_without_mime);
    RUN(multipart_with_preamble_and_epilogue);
    RUN(crlf_and_mixed_line_ends);
    RUN(boundary_that_begins_another);
    RUN(missing_final_boundaries);
    RUN(message_inside);
    RUN(mbox_line_and_blank_lines_before);
    RUN(quoted_printable);
    RUN(uuencode_in_text);
    RUN(defects_are_told);
    RUN(broken_headers);
    RUN(headers_that_go_on);
    RUN(wrong_encodings);
    RUN(doubt_is_short);
    RUN(types_as_they_come);
    RUN(what_is_no_mail);
    RUN(names);
    RUN(caps);
    RUN(long_lines_stream);
    return check_done();
}
