#include "mime/kind.h"

#include "mime/filename.h"

#include <string.h>

static bool is(struct span s, const char *word)
{
    return span_eq_nocase(s, span_str(word));
}

static bool listed(struct span s, const char *const *list)
{
    for (; *list; list++)
        if (is(s, *list))
            return true;
    return false;
}

/* A text part that carries a document under a false type, as some devices send them. */
static bool names_document(struct span name)
{
    const char *type = mime_type_of_name(name);
    return type && (strncmp(type, "image/", 6) == 0 || strcmp(type, "application/pdf") == 0);
}

void mime_kind_add(struct mime_kind_parts *parts, struct span type, struct span subtype,
                   struct span name)
{
    static const char *const no_document[] = {
        "pkcs7-signature", "x-pkcs7-signature", "pgp-signature", "pgp-encrypted",
        "pgp-keys", "pkix-cert", "pkcs10", "applefile", NULL};
    static const char *const reports[] = {
        "delivery-status", "global-delivery-status", "disposition-notification",
        "global-disposition-notification", "feedback-report", NULL};
    if (is(type, "text")) {
        if (names_document(name))
            parts->document = true;
        else
            parts->text = true;
    } else if (is(type, "image")) {
        parts->document = true;
    } else if (is(type, "application")) {
        if (!listed(subtype, no_document))
            parts->document = true;
    } else if (is(type, "message") && listed(subtype, reports)) {
        parts->text = true;
    }
}

void mime_kind_add_type(struct mime_kind_parts *parts, const char *type, struct span name)
{
    struct span s = span_str(type);
    size_t slash = span_find(s, '/');
    mime_kind_add(parts, span_take(s, slash), span_skip(s, slash + 1), name);
}

enum mime_kind mime_kind_of(const struct mime_kind_parts *parts)
{
    if (!parts->document)
        return MIME_KIND_TEXT;
    return parts->text ? MIME_KIND_MIXED : MIME_KIND_FAX;
}

static const char *const names[] = {"text", "fax", "mixed"};

const char *mime_kind_name(enum mime_kind kind)
{
    return names[kind];
}

bool mime_kind_parse(struct span word, enum mime_kind *kind)
{
    for (int i = MIME_KIND_TEXT; i <= MIME_KIND_MIXED; i++) {
        if (span_eq(word, span_str(names[i]))) {
            *kind = (enum mime_kind)i;
            return true;
        }
    }
    return false;
}

bool mime_type_is_fax(const char *type)
{
    static const char *const fax[] = {"image/tiff", "image/tif", "image/x-tiff", "image/tiff-fx",
                                      "image/g3fax", NULL};
    return listed(span_str(type), fax);
}

bool mime_content_is_tiff(struct span first)
{
    return span_starts(first, span_of("II*\0", 4)) || span_starts(first, span_of("MM\0*", 4));
}

bool mime_octets_are_fax(const char *type, struct span name, struct span first)
{
    const char *named = mime_type_of_name(name);
    if (!is(span_str(type), "application/octet-stream"))
        return false;
    return (named && mime_type_is_fax(named)) || mime_content_is_tiff(first);
}
