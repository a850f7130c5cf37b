#include "check.h"
#include "mailbox/bodystructure.h"

static const char *kind(const char *text)
{
    struct mime_kind_parts parts = {false, false};
    struct span s = span_str(text);
    return bodystructure_read(&s, &parts) ? mime_kind_name(mime_kind_of(&parts)) : "bad";
}

static const char text_part[] =
    "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"utf-8\") NIL NIL \"7BIT\" 5 1 NIL NIL NIL NIL)";
static const char tiff_part[] =
    "(\"image\" \"tiff\" (\"name\" \"fax.tif\") NIL NIL \"base64\" 5000 NIL "
    "(\"attachment\" (\"filename\" \"fax.tif\")) NIL NIL)";
static const char envelope[] =
    "(NIL \"s\" ((\"A\" NIL \"a\" \"b.c\")) NIL NIL NIL NIL NIL NIL \"<1>\")";

static void single_parts(void)
{
    CHECK_STR(kind(text_part), "text");
    CHECK_STR(kind(tiff_part), "fax");
    CHECK_STR(kind("({4}\r\ntext \"html\" NIL NIL NIL \"7bit\" 1 1)"), "text");
    CHECK_STR(kind("(\"application\" \"pdf\" NIL NIL NIL \"base64\" 1)"), "fax");
}

static void multiparts(void)
{
    char s[4096];
    snprintf(s, sizeof s, "(%s%s \"MIXED\" (\"BOUNDARY\" \"=_x\") NIL NIL NIL)", text_part,
             tiff_part);
    CHECK_STR(kind(s), "mixed");
    snprintf(s, sizeof s, "(%s %s \"ALTERNATIVE\")", text_part, text_part);
    CHECK_STR(kind(s), "text");
    snprintf(s, sizeof s, "((%s%s \"MIXED\")%s \"MIXED\")", tiff_part, tiff_part, tiff_part);
    CHECK_STR(kind(s), "fax");
}

static void mails_within_mails(void)
{
    static const char head[] = "\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 900";
    char s[4096];
    snprintf(s, sizeof s, "(%s %s %s 20 NIL NIL NIL NIL)", head, envelope, tiff_part);
    CHECK_STR(kind(s), "fax");
    snprintf(s, sizeof s, "((%s %s %s 20)%s \"digest\")", head, envelope, text_part, text_part);
    CHECK_STR(kind(s), "text");
}

static void names_tell_what_types_hide(void)
{
    CHECK_STR(kind("(\"text\" \"plain\" (\"name\" \"scan.pdf\") NIL NIL \"base64\" 9 1)"), "fax");
    CHECK_STR(kind("(\"text\" \"plain\" NIL NIL NIL \"base64\" 9 1 NIL (\"attachment\" (\"filename\" "
                   "\"scan.tif\")) NIL NIL)"),
              "fax");
}

/* No prefix of a body is one, and none is read past its end: the copies end on the heap's edge. */
static void cut_anywhere_is_bad(void)
{
    char s[4096];
    int n = snprintf(s, sizeof s, "(%s%s \"MIXED\" (\"BOUNDARY\" \"x\") NIL NIL NIL)", text_part,
                     tiff_part);
    for (int cut = 1; cut < n; cut++) {
        struct mime_kind_parts parts = {false, false};
        char *copy = malloc((size_t)cut);
        memcpy(copy, s, (size_t)cut);
        struct span span = span_of(copy, (size_t)cut);
        CHECK(!bodystructure_read(&span, &parts));
        free(copy);
    }
}

static void too_deep_is_bad(void)
{
    static char s[100000];
    memset(s, '(', sizeof s - 1);
    CHECK_STR(kind(s), "bad");
    CHECK_STR(kind("()"), "bad");
    CHECK_STR(kind("NIL"), "bad");
    CHECK_STR(kind(""), "bad");
}

int main(void)
{
    RUN(single_parts);
    RUN(multiparts);
    RUN(mails_within_mails);
    RUN(names_tell_what_types_hide);
    RUN(cut_anywhere_is_bad);
    RUN(too_deep_is_bad);
    return check_done();
}
