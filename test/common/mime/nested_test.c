#include "mime_trace.h"

#define B64 "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n"

/* "Subject: in\n\nhello\n", and a multipart of it and another. */
#define LETTER "U3ViamVjdDogaW4KCmhlbGxvCg==\n"

static void a_message_in_base64(void)
{
    EXPECT(B64 LETTER, "<1 message/rfc822\n<1.1 text/plain\n[hello\n]>1.1 \n>1 \n");
    EXPECT("Content-Type: multipart/mixed; boundary=b\n\n--b\n" B64 LETTER "--b\n\nx\n--b--\n",
           "< multipart/mixed\n<1 message/rfc822\n<1.1 text/plain\n[hello\n]>1.1 \n>1 \n"
           "<2 text/plain\n[x]>2 \n> \n");
}

static void a_message_in_quoted_printable(void)
{
    EXPECT("Content-Type: message/global\nContent-Transfer-Encoding: quoted-printable\n\n"
           "Content-Type: multipart/mixed; boundary=3D\"c\"\n\n--c\n\na=3Db\n--c\n"
           "Content-Type: image/tiff\nContent-Transfer-Encoding: base64\n\nTU0qIQ=3D=3D\n--c--\n",
           "<1 message/global\n<1 multipart/mixed\n<1.1 text/plain\n[a=b]>1.1 \n"
           "<1.2 image/tiff\n[MM*!]>1.2 \n>1 \n>1 \n");
}

/* RFC 2046 does not allow the encoding, so that it is often a lie. */
static void a_message_that_is_not_encoded(void)
{
    EXPECT(B64 "Subject: in\n\nhello\n",
           "<1 message/rfc822\n<1.1 text/plain\n[hello\n]>1.1 \n>1 wrong transfer encoding\n");
    EXPECT(B64 "X: y\n\nhi", "<1 message/rfc822\n<1.1 text/plain\n[hi]>1.1 \n>1 wrong transfer encoding\n");
    EXPECT(B64, "<1 message/rfc822\n>1 \n");
}

static void one_that_is_asked_for_whole(void)
{
    struct mime_options one = {.opaque = "1"}, all = {.opaque_messages = true},
                        raw = {.raw = true};
    expect(B64 LETTER, sizeof B64 LETTER - 1, &one,
           "<1 message/rfc822\n[Subject: in\n\nhello\n]>1 \n");
    expect(B64 LETTER, sizeof B64 LETTER - 1, &all,
           "<1 message/rfc822\n[Subject: in\n\nhello\n]>1 \n");
    expect(B64 LETTER, sizeof B64 LETTER - 1, &raw, "<1 message/rfc822\n[" LETTER "]>1 \n");
}

/* Encoded over and over: the innermost levels stay as they are. */
static void levels_are_bounded(void)
{
    struct buf mail, next, out;
    buf_init(&mail, 1 << 20);
    buf_init(&next, 1 << 20);
    buf_init(&out, 1 << 20);
    buf_add_str(&mail, "Subject: in\n\nhello\n");
    for (int i = 0; i < MIME_NESTED_MAX + 1; i++) {
        struct base64_encoder e;
        uint8_t *room;
        base64_encoder_init(&e, BASE64_MIME_WRAP, 0);
        buf_clear(&next);
        buf_add_str(&next, B64);
        buf_reserve(&next, base64_encode_bound(&e, mail.len) + 128, &room);
        next.len += base64_encode(&e, buf_span(&mail), room);
        next.len += base64_encode_end(&e, next.data + next.len);
        struct buf swap = mail;
        mail = next;
        next = swap;
    }
    for (size_t split = 0; split < mail.len; split += 13) {
        trace((char *)mail.data, mail.len, split, NULL, &out);
        CHECK_STR(buf_cstr(&out),
                  "<1 message/rfc822\n<1.1 message/rfc822\n<1.1.1 message/rfc822\n"
                  "<1.1.1.1 message/rfc822\n<1.1.1.1.1 message/rfc822\n"
                  "[Subject: in\n\nhello\n]>1.1.1.1.1 \n>1.1.1.1 \n>1.1.1 \n>1.1 \n>1 \n");
    }
    buf_release(&mail);
    buf_release(&next);
    buf_release(&out);
}

/* The caps count what is nested as well. */
static void caps(void)
{
    struct buf mail, out;
    buf_init(&mail, 8 << 20);
    buf_init(&out, 8 << 20);
    buf_add_str(&mail, "Content-Type: message/rfc822\nContent-Transfer-Encoding: "
                       "quoted-printable\n\n");
    for (int i = 0; i < MIME_DEPTH_MAX; i++)
        buf_add_str(&mail, "Content-Type: message/rfc822\n\n");
    CHECK_INT(trace((char *)mail.data, mail.len, 0, NULL, &out), ERR_DATA);
    CHECK(strstr(buf_cstr(&out), "nested more than 100 deep"));
    buf_clear(&mail);
    buf_add_str(&mail, "Content-Type: multipart/mixed; boundary=b\n\n");
    for (int i = 0; i < MIME_PARTS_MAX / 2; i++)
        buf_add_str(&mail, "--b\n" B64 LETTER);
    CHECK_INT(trace((char *)mail.data, mail.len, 0, NULL, &out), ERR_DATA);
    CHECK(strstr(buf_cstr(&out), "more than 10000 parts"));
    buf_release(&mail);
    buf_release(&out);
}

int main(void)
{
    RUN(a_message_in_base64);
    RUN(a_message_in_quoted_printable);
    RUN(a_message_that_is_not_encoded);
    RUN(one_that_is_asked_for_whole);
    RUN(levels_are_bounded);
    RUN(caps);
    return check_done();
}
