#include "check.h"
#include "mime/parse.h"

static const char *words(const struct mime_defects *d)
{
    static char out[512];
    CHECK_INT(mime_defective(d), 1);
    mime_defects_words(d, out, sizeof out);
    return out;
}

static void none(void)
{
    struct mime_defects d = {.qp = 0};
    char out[16] = "x";
    CHECK(!mime_defective(&d));
    mime_defects_words(&d, out, sizeof out);
    CHECK_STR(out, "");
}

static void each_has_words(void)
{
    struct mime_defects d = {.base64 = {.strays = 2, .trailing = 3, .no_padding = true}};
    CHECK_STR(words(&d), "2 stray bytes in base64, 3 bytes behind the end of base64, "
                         "base64 without padding");
    d = (struct mime_defects){.base64 = {.cut = true}};
    CHECK_STR(words(&d), "base64 cut short");
    d = (struct mime_defects){.qp = 1};
    CHECK_STR(words(&d), "1 bad escapes in quoted-printable");
    d = (struct mime_defects){.uu = true, .no_final_boundary = true};
    CHECK_STR(words(&d), "damaged uuencode, no final boundary");
    d = (struct mime_defects){.no_boundary = true, .bad_type = true};
    CHECK_STR(words(&d), "multipart without boundary, bad content type");
    d = (struct mime_defects){.bad_encoding = true, .bad_header = true};
    CHECK_STR(words(&d), "unknown transfer encoding, header cut short");
}

static void words_are_cut_to_fit(void)
{
    struct mime_defects d = {.no_final_boundary = true};
    char out[8];
    mime_defects_words(&d, out, sizeof out);
    CHECK_STR(out, "no fina");
}

int main(void)
{
    RUN(none);
    RUN(each_has_words);
    RUN(words_are_cut_to_fit);
    return check_done();
}
