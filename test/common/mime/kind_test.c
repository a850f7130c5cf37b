#include "check.h"
#include "mime/kind.h"

/* The kind of a mail with these parts: types with blanks between. */
static const char *kind(const char *types, const char *name)
{
    struct mime_kind_parts parts = {false, false};
    struct span s = span_str(types);
    while (s.n) {
        char type[64];
        size_t n = span_find(s, ' ');
        CHECK(span_copy(span_take(s, n), type, sizeof type));
        mime_kind_add_type(&parts, type, span_str(name));
        s = span_skip(s, n + 1);
    }
    return mime_kind_name(mime_kind_of(&parts));
}

static void kinds(void)
{
    CHECK_STR(kind("", ""), "text");
    CHECK_STR(kind("text/plain", ""), "text");
    CHECK_STR(kind("text/plain text/html", ""), "text");
    CHECK_STR(kind("multipart/alternative text/plain TEXT/html", ""), "text");
    CHECK_STR(kind("image/tiff", ""), "fax");
    CHECK_STR(kind("application/pdf image/png", ""), "fax");
    CHECK_STR(kind("multipart/mixed text/plain image/tiff", ""), "mixed");
    CHECK_STR(kind("application/octet-stream", "x"), "fax");
    CHECK_STR(kind("application/pkcs7-mime", ""), "fax");
}

static void what_counts_for_nothing(void)
{
    CHECK_STR(kind("text/plain application/pkcs7-signature", ""), "text");
    CHECK_STR(kind("image/tiff application/pgp-signature", ""), "fax");
    CHECK_STR(kind("audio/wav video/mp4", ""), "text");
    CHECK_STR(kind("text/plain message/delivery-status message/rfc822", ""), "text");
}

static void text_that_is_none(void)
{
    CHECK_STR(kind("text/plain", "fax.tif"), "fax");
    CHECK_STR(kind("text/plain", "notes.txt"), "text");
}

static void words(void)
{
    enum mime_kind k;
    CHECK(mime_kind_parse(span_str("mixed"), &k) && k == MIME_KIND_MIXED);
    CHECK(!mime_kind_parse(span_str("mix"), &k) && !mime_kind_parse(span_str(""), &k));
}

static void faxes(void)
{
    struct span none = span_of(NULL, 0);
    CHECK(mime_type_is_fax("image/tiff") && mime_type_is_fax("IMAGE/TIF") &&
          mime_type_is_fax("image/x-tiff") && mime_type_is_fax("image/tiff-fx") &&
          mime_type_is_fax("image/g3fax") && !mime_type_is_fax("image/png"));
    CHECK(mime_octets_are_fax("application/octet-stream", span_str("a.TIF"), none));
    CHECK(mime_octets_are_fax("application/octet-stream", none, span_of("MM\0*", 4)));
    CHECK(!mime_octets_are_fax("application/octet-stream", span_str("a.pdf"), none));
    CHECK(!mime_octets_are_fax("application/pdf", span_str("a.tif"), span_of("MM\0*", 4)));
}

int main(void)
{
    RUN(kinds);
    RUN(what_counts_for_nothing);
    RUN(text_that_is_none);
    RUN(words);
    RUN(faxes);
    return check_done();
}
