#include "check.h"
#include "mime/encode.h"
#include "mime/header.h"

static struct buf out;

static const char *text(const char *value)
{
    buf_clear(&out);
    return header_put_text(&out, "Subject", span_str(value), false) ? "refused" : buf_cstr(&out);
}

static const char *addresses(const char *list)
{
    buf_clear(&out);
    return header_put_addresses(&out, "To", span_str(list), false) ? "refused" : buf_cstr(&out);
}

static const char *param(const char *value)
{
    struct header_param p = {"name", span_str(value)};
    buf_clear(&out);
    return header_put_params(&out, "Content-Type", "image/tiff", &p, 1, false) ? "refused"
                                                                                : buf_cstr(&out);
}

/* Every line of out is at most 78 long. */
static void lines_fit(void)
{
    for (struct span s = buf_span(&out); s.n; s = span_skip(s, span_find(s, '\n') + 1))
        CHECK(span_find(s, '\n') <= 78);
}

static void plain_text(void)
{
    CHECK_STR(text("hello"), "Subject: hello\n");
    CHECK_STR(text(""), "Subject: \n");
    CHECK_STR(text("=?utf-8?q?x?="), "Subject: =?utf-8?B?PT91dGYtOD9xP3g/PQ==?=\n");
    text("one two three four five six seven eight nine ten eleven twelve thirteen fourteen");
    lines_fit();
    CHECK(strstr(buf_cstr(&out), "\n ") != NULL);
}

static void text_outside_ascii_comes_back(void)
{
    static const char *const texts[] = {
        "\xc3\xbc", "Gr\xc3\xbc\xc3\x9f" "e aus der langen Stra\xc3\x9f" "e, die gefaltet werden mu\xc3\x9f"
                    " weil sie sonst nicht pa\xc3\x9ft",
        "\xe3\x83\x95\xe3\x82\xa1\xe3\x82\xaf\xe3\x82\xb9\xe3\x81\xae\xe3\x83\x86\xe3\x82\xb9\xe3"
        "\x83\x88\xe3\x83\x95\xe3\x82\xa1\xe3\x82\xaf\xe3\x82\xb9\xe3\x81\xae\xe3\x83\x86\xe3\x82"
        "\xb9\xe3\x83\x88", "a  b \xf0\x9f\x93\xa0 c"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct buf back;
        struct span raw;
        buf_init(&back, 4096);
        text(texts[i]);
        lines_fit();
        for (size_t k = 0; k < out.len; k++)
            CHECK(out.data[k] < 0x80);
        CHECK(header_find(buf_span(&out), "Subject", &raw));
        CHECK_INT(header_decode(raw, NULL, &back), ERR_NONE);
        CHECK_STR(buf_cstr(&back), texts[i]);
        buf_release(&back);
    }
}

static void bytes_that_are_not_utf8(void)
{
    CHECK_STR(text("\xff"), "Subject: =?utf-8?B?77+9?=\n");
}

static void a_word_without_blanks_is_broken_all_the_same(void)
{
    char word[3000];
    memset(word, 'x', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    text(word);
    lines_fit();
}

static void injection_is_refused(void)
{
    CHECK_STR(text("a\nBcc: b"), "refused");
    CHECK_STR(text("a\rb"), "refused");
    CHECK_STR(addresses("a@b\n\tc@d"), "refused");
    CHECK_STR(param("a\nb"), "refused");
    CHECK_INT(out.len, 0);
    CHECK_INT(header_put_text(&out, "Sub ject", span_str("x"), false), ERR_DATA);
    CHECK_INT(header_put_text(&out, "", span_str("x"), false), ERR_DATA);
    CHECK_INT(header_put_text(&out, "X", span_of("a\0b", 3), false), ERR_DATA);
    CHECK_INT(out.len, 0);
}

static void address_lists(void)
{
    CHECK_STR(addresses("a@b"), "To: a@b\n");
    CHECK_STR(addresses("Q. R <q@r>, a@b (Bob)"), "To: \"Q. R\" <q@r>, Bob <a@b>\n");
    CHECK_STR(addresses("J\xc3\xbcrgen <j@m>"), "To: =?utf-8?Q?J=C3=BCrgen?= <j@m>\n");
    CHECK_STR(addresses("\"a\\\"b\" <a@b>"), "To: \"a\\\"b\" <a@b>\n");
    CHECK_STR(addresses("FAX=+81751234567@host"), "To: FAX=+81751234567@host\n");
    CHECK_STR(addresses("u@[127.0.0.1]"), "To: u@[127.0.0.1]\n");
    CHECK_STR(addresses("a@b, c@d, eeeeeeeeeeeeeeeeeeee@ffffffffffffffffffffffffffffffff, "
                        "gggggggggggggggg@hhhhhhhhhhhh"),
              "To: a@b, c@d, eeeeeeeeeeeeeeeeeeee@ffffffffffffffffffffffffffffffff, \n"
              " gggggggggggggggg@hhhhhhhhhhhh\n");
}

static void bad_addresses(void)
{
    static const char *const bad[] = {"", "a", "a b@c", "@b", "a@", "a@b c@d", "a..b@c", "a@b..c",
                                      "a@b@c", "a@b>", "<>", ",", "a@b, c", "a;b@c"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_STR(addresses(bad[i]), "refused");
}

static void parameters(void)
{
    CHECK_STR(param("fax.tif"), "Content-Type: image/tiff; name=\"fax.tif\"\n");
    CHECK_STR(param("a\"b\\"), "Content-Type: image/tiff; name=\"a\\\"b\\\\\"\n");
    CHECK_STR(param("\xc3\xbc.tif"), "Content-Type: image/tiff; name*=utf-8''%C3%BC.tif\n");
}

static void long_parameters_come_back(void)
{
    char name[241] = "";
    struct buf back;
    struct span raw;
    for (int i = 0; i < 60; i++)
        strcat(name, i % 2 ? "\xc3\xbc_" : "ab_");
    buf_init(&back, 4096);
    CHECK(strcmp(param(name), "refused") != 0);
    lines_fit();
    CHECK(header_find(buf_span(&out), "Content-Type", &raw));
    CHECK_INT(header_param(raw, "name", NULL, &back), ERR_NONE);
    CHECK_STR(buf_cstr(&back), name);
    buf_release(&back);
}

int main(void)
{
    buf_init(&out, 1 << 16);
    RUN(plain_text);
    RUN(text_outside_ascii_comes_back);
    RUN(bytes_that_are_not_utf8);
    RUN(a_word_without_blanks_is_broken_all_the_same);
    RUN(injection_is_refused);
    RUN(address_lists);
    RUN(bad_addresses);
    RUN(parameters);
    RUN(long_parameters_come_back);
    buf_release(&out);
    return check_done();
}
