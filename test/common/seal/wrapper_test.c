#include "check.h"
#include "seal/wrapper.h"

static const char head[] = "From: a\r\nSubject: b\r\n\tc\r\nContent-Type: text/plain;\r\n x=y\r\n"
                           "Content-Transfer-Encoding: BINARY\r\nTo: d\r\n\r\n";

static void finds_the_end_of_the_header(void)
{
    CHECK_INT(wrapper_head(span_str("A: b\n\nbody")), 6);
    CHECK_INT(wrapper_head(span_str("A: b\r\n\r\nbody")), 8);
    CHECK_INT(wrapper_head(span_str("\nbody")), 1);
    CHECK_INT(wrapper_head(span_str("A: b\n \n\nx")), 8);
    CHECK_INT(wrapper_head(span_str("A: b\n")), 0);
    CHECK_INT(wrapper_head(span_str("A: b\n\r")), 0);
    CHECK_INT(wrapper_head(span_str("")), 0);
}

static void divides(void)
{
    struct buf outer, inner;
    bool binary;
    buf_init(&outer, 1000);
    buf_init(&inner, 1000);
    CHECK(!wrapper_divide(span_str(head), &outer, &inner, &binary, NULL));
    CHECK_STR(buf_cstr(&outer), "From: a\nSubject: b\n\tc\nTo: d\nMIME-Version: 1.0\n");
    CHECK_STR(buf_cstr(&inner), "Content-Type: text/plain;\r\n x=y\r\n"
                                "Content-Transfer-Encoding: BINARY\r\n\r\n");
    CHECK(binary);
    buf_release(&outer);
    buf_release(&inner);
}

static void refuses_what_is_no_header(void)
{
    static const char *const bad[] = {"\n", "hello\n\n", " A: b\n\n", ": b\n\n", "A b: c\n\n",
                                      "A: b\n\x80: c\n\n", "From me\n\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct buf outer, inner;
        bool binary;
        buf_init(&outer, 1000);
        buf_init(&inner, 1000);
        CHECK_INT(wrapper_divide(span_str(bad[i]), &outer, &inner, &binary, NULL), ERR_DATA);
        buf_release(&outer);
        buf_release(&inner);
    }
}

static enum err sealed(const char *text, enum wrapper_coding *coding)
{
    return wrapper_sealed(span_str(text), coding, NULL);
}

static void knows_sealed_mail(void)
{
    enum wrapper_coding c;
    CHECK(!sealed("Content-Type: application/pkcs7-mime\n\n", &c) && c == WRAPPER_BINARY);
    CHECK(!sealed("content-type: Application/X-PKCS7-mime;\n smime-type=\"enveloped-data\"\n"
                  "content-transfer-encoding: Base64\n\n", &c) && c == WRAPPER_BASE64);
    CHECK(!sealed("Content-Type: application/octet-stream; name=\"a.P7M\"\n\n", &c));
    CHECK_INT(sealed("Content-Type: application/octet-stream; name=a.bin\n\n", &c), ERR_DATA);
    CHECK_INT(sealed("Content-Type: application/pkcs7-mime; smime-type=signed-data\n\n", &c),
              ERR_DATA);
    CHECK_INT(sealed("Content-Type: text/plain\n\n", &c), ERR_DATA);
    CHECK_INT(sealed("Subject: x\n\n", &c), ERR_DATA);
}

static void joins_and_inner_fields_win(void)
{
    struct buf out;
    bool binary;
    buf_init(&out, 1000);
    CHECK(!wrapper_join(span_str("From: a\r\nSubject: ...\r\nContent-Type: application/pkcs7-mime\r\n"
                                 "MIME-Version: 1.0\r\n\r\n"),
                        span_str("Subject: real\r\nContent-Type: text/plain\r\n\r\n"), &out, &binary,
                        NULL));
    CHECK_STR(buf_cstr(&out), "From: a\nMIME-Version: 1.0\nSubject: real\n"
                              "Content-Type: text/plain\n\n");
    CHECK(!binary);
    buf_release(&out);
}

static void refuses_a_header_of_thousands_of_fields(void)
{
    struct buf many, out;
    bool binary;
    buf_init(&many, 1 << 20);
    buf_init(&out, 1 << 20);
    for (int i = 0; i < 5000; i++)
        CHECK(!buf_add_str(&many, "A: b\n"));
    CHECK_INT(wrapper_join(buf_span(&many), span_str("\n"), &out, &binary, NULL), ERR_DATA);
    CHECK_INT(wrapper_join(span_str("X: y\n\n"), buf_span(&many), &out, &binary, NULL), ERR_DATA);
    buf_release(&many);
    buf_release(&out);
}

/* Both directions, the input cut at every byte. */
static void changes_line_ends_wherever_it_is_cut(void)
{
    static const char lf[] = "a\nb\r\n\rc\r\r\nd\n", crlf[] = "a\r\nb\r\n\rc\r\r\nd\r\n",
                      back[] = "a\nb\n\rc\r\nd\n";
    for (size_t cut = 0; cut < sizeof lf; cut++) {
        uint8_t out[64];
        int state = 0;
        size_t n = wrapper_to_crlf((const uint8_t *)lf, cut, out, &state);
        n += wrapper_to_crlf((const uint8_t *)lf + cut, sizeof lf - 1 - cut, out + n, &state);
        CHECK(n == sizeof crlf - 1 && memcmp(out, crlf, n) == 0);
    }
    for (size_t cut = 0; cut < sizeof crlf; cut++) {
        uint8_t out[64];
        int state = 0;
        size_t n = cut ? wrapper_to_lf((const uint8_t *)crlf, cut, out, &state) : 0;
        if (cut < sizeof crlf - 1)
            n += wrapper_to_lf((const uint8_t *)crlf + cut, sizeof crlf - 1 - cut, out + n, &state);
        n += wrapper_to_lf(NULL, 0, out + n, &state);
        CHECK(n == sizeof back - 1 && memcmp(out, back, n) == 0);
    }
}

int main(void)
{
    RUN(finds_the_end_of_the_header);
    RUN(divides);
    RUN(refuses_what_is_no_header);
    RUN(knows_sealed_mail);
    RUN(joins_and_inner_fields_win);
    RUN(refuses_a_header_of_thousands_of_fields);
    RUN(changes_line_ends_wherever_it_is_cut);
    return check_done();
}
