#include "check.h"
#include "mime/write.h"

static struct buf out;

static void one_part(void)
{
    struct mime_mail mail = {.from = "a@b", .subject = "s", .date = "Thu, 01 Jan 1970 00:00:00 +0000"};
    struct mime_write_part part = {.type = "image/tiff", .name = "f.tif",
                                   .disposition = "attachment", .encoding = MIME_WRITE_BASE64};
    struct mime_writer w;
    struct why why;
    buf_clear(&out);
    mime_writer_init(&w, &mail);
    CHECK_INT(mime_writer_part(&w, &part, &out, &why), ERR_NONE);
    CHECK_INT(mime_writer_body(&w, span_str("fo"), &out), ERR_NONE);
    CHECK_INT(mime_writer_body(&w, span_str("o"), &out), ERR_NONE);
    CHECK_INT(mime_writer_part(&w, &part, &out, &why), ERR_DATA);
    CHECK_INT(mime_writer_end(&w, &out), ERR_NONE);
    CHECK_STR(buf_cstr(&out),
              "From: a@b\nSubject: s\nDate: Thu, 01 Jan 1970 00:00:00 +0000\nMIME-Version: 1.0\n"
              "Content-Type: image/tiff; name=\"f.tif\"\nContent-Transfer-Encoding: base64\n"
              "Content-Disposition: attachment; filename=\"f.tif\"\n\nZm9v\n");
}

static void multipart_keeps_bodies_to_the_byte(void)
{
    struct mime_mail mail = {.multipart = true, .boundary = "b"};
    struct mime_write_part text = {.type = "text/plain", .encoding = MIME_WRITE_7BIT};
    struct mime_write_part qp = {.type = "text/plain", .encoding = MIME_WRITE_QP};
    struct mime_writer w;
    struct why why;
    buf_clear(&out);
    mime_writer_init(&w, &mail);
    CHECK_INT(mime_writer_part(&w, &text, &out, &why), ERR_NONE);
    CHECK_INT(mime_writer_body(&w, span_str("one\r\n"), &out), ERR_NONE);
    CHECK_INT(mime_writer_part(&w, &qp, &out, &why), ERR_NONE);
    CHECK_INT(mime_writer_body(&w, span_str("tw\xc3\xb6"), &out), ERR_NONE);
    CHECK_INT(mime_writer_end(&w, &out), ERR_NONE);
    CHECK_STR(buf_cstr(&out),
              "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"b\"\n\n--b\n"
              "Content-Type: text/plain\nContent-Transfer-Encoding: 7bit\n\none\n\n--b\n"
              "Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\n"
              "tw=C3=B6\n--b--\n");
}

static void crlf_everywhere(void)
{
    struct mime_mail mail = {.from = "a@b", .multipart = true, .boundary = "b", .crlf = true};
    struct mime_write_part text = {.type = "text/plain", .encoding = MIME_WRITE_7BIT};
    struct mime_write_part image = {.type = "image/tiff", .encoding = MIME_WRITE_BASE64};
    struct mime_writer w;
    struct why why;
    buf_clear(&out);
    mime_writer_init(&w, &mail);
    CHECK_INT(mime_writer_part(&w, &text, &out, &why), ERR_NONE);
    CHECK_INT(mime_writer_body(&w, span_str("a\nb\r\nc"), &out), ERR_NONE);
    CHECK_INT(mime_writer_part(&w, &image, &out, &why), ERR_NONE);
    CHECK_INT(mime_writer_body(&w, span_str("xyz"), &out), ERR_NONE);
    CHECK_INT(mime_writer_end(&w, &out), ERR_NONE);
    for (size_t i = 0; i < out.len; i++)
        if (out.data[i] == '\n')
            CHECK(i && out.data[i - 1] == '\r');
    CHECK(strstr(buf_cstr(&out), "a\r\nb\r\nc\r\n--b\r\n") != NULL);
}

static void a_bad_field_writes_nothing(void)
{
    struct mime_mail mail = {.from = "a@b", .subject = "x\ny"};
    struct mime_write_part part = {.type = "image/tiff", .encoding = MIME_WRITE_BASE64};
    struct mime_writer w;
    struct why why;
    buf_clear(&out);
    mime_writer_init(&w, &mail);
    CHECK_INT(mime_writer_part(&w, &part, &out, &why), ERR_DATA);
    CHECK_INT(out.len, 0);
    CHECK(strstr(why.text, "Subject") != NULL);
    struct mime_extra extra = {"Reply-To", span_str("no address")};
    mail = (struct mime_mail){.extra = &extra, .extras = 1};
    mime_writer_init(&w, &mail);
    CHECK_INT(mime_writer_part(&w, &part, &out, &why), ERR_DATA);
    CHECK_INT(out.len, 0);
}

int main(void)
{
    buf_init(&out, 1 << 16);
    RUN(one_part);
    RUN(multipart_keeps_bodies_to_the_byte);
    RUN(crlf_everywhere);
    RUN(a_bad_field_writes_nothing);
    buf_release(&out);
    return check_done();
}
