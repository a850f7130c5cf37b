#include "mime/readable.h"
#include "check.h"

static const char *read_mail(const char *mail, size_t piece)
{
    static char out[4096];
    struct mime_readable r;
    struct buf text;
    struct why why = {""};
    buf_init(&text, sizeof out - 1);
    mime_readable_init(&r, NULL, &text);
    struct span in = span_str(mail);
    enum err e = ERR_NONE;
    while (in.n && !e) {
        e = mime_readable_push(&r, span_take(in, piece), &why);
        in = span_skip(in, piece);
    }
    if (!e)
        e = mime_readable_end(&r, &why);
    snprintf(out, sizeof out, "%s", e ? why.text : buf_cstr(&text));
    CHECK(!e || *why.text);
    mime_readable_release(&r);
    buf_release(&text);
    return out;
}

static void check_mail(const char *mail, const char *want)
{
    for (size_t piece = 1; piece <= strlen(mail); piece++)
        CHECK_STR(read_mail(mail, piece), want);
}

static void plain(void)
{
    check_mail("Received: x\r\nFrom: A <a@b>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nHi\r\nyou",
               "From: A <a@b>\nSubject: Grüße\n\nHi\nyou\n");
}

static void charset_and_encoding(void)
{
    check_mail("From: a@b\nContent-Type: text/plain; charset=iso-8859-1\n"
               "Content-Transfer-Encoding: quoted-printable\n\nGr=FC=DFe\n",
               "From: a@b\n\nGrüße\n");
}

static void several_parts(void)
{
    check_mail("From: a@b\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n"
               "--x\n\none\n--x\nContent-Type: image/tiff; name=fax.tif\n"
               "Content-Transfer-Encoding: base64\n\nSUkqAA==\n--x--\n",
               "From: a@b\n\none\n[image/tiff: fax.tif]\n");
}

/* HTML is read where no plain text stands before it. */
static void html(void)
{
    check_mail("From: a@b\nContent-Type: text/html; charset=iso-8859-1\n\n<p>Gr\374&szlig;e<p>x\n",
               "From: a@b\n\nGrüße\n\nx\n");
    check_mail("From: a@b\nContent-Type: multipart/alternative; boundary=x\n\n--x\n\none\n--x\n"
               "Content-Type: text/html\n\n<p>two\n--x--\n",
               "From: a@b\n\none\n[text/html]\n");
}

static void what_is_no_mail(void)
{
    struct mime_readable r;
    struct buf text;
    struct why why = {""};
    buf_init(&text, 100);
    mime_readable_init(&r, NULL, &text);
    CHECK(mime_readable_end(&r, &why) == ERR_DATA);
    CHECK(*why.text);
    mime_readable_release(&r);
    buf_release(&text);
}

int main(void)
{
    RUN(plain);
    RUN(charset_and_encoding);
    RUN(several_parts);
    RUN(html);
    RUN(what_is_no_mail);
    return check_done();
}
