#include "mailbox/bodystructure.h"

#include "mailbox/imap_response.h"

static bool body(struct span *rest, struct mime_kind_parts *parts, unsigned depth);

/* A list of pairs such as ("NAME" "fax.tif"), or one that holds such a list: the file's name. */
static struct span name_in(struct span list)
{
    for (;;) {
        struct imap_token key = imap_token(&list);
        if (key.kind == IMAP_END || key.kind == IMAP_BAD)
            return span_of(NULL, 0);
        if (key.kind != IMAP_STRING || !(span_starts_nocase(key.text, span_str("name")) ||
                                         span_starts_nocase(key.text, span_str("filename"))))
            continue;
        struct imap_token value = imap_token(&list);
        if (value.kind == IMAP_STRING)
            return value.text;
    }
}

/* Steps over what a part has behind its type, up to its closing parenthesis, and finds its name. */
static bool fields(struct span *rest, struct span *name)
{
    for (;;) {
        struct span at = *rest;
        struct imap_token t = imap_token(rest);
        if (t.kind == IMAP_CLOSE)
            return true;
        if (t.kind == IMAP_BAD || t.kind == IMAP_END)
            return false;
        if (t.kind != IMAP_OPEN)
            continue;
        *rest = at;
        if (!imap_skip(rest))
            return false;
        if (name->n == 0)
            *name = name_in(span_take(at, at.n - rest->n));
    }
}

/* message/rfc822: parameters, id, description, encoding, size, envelope, and then a body. */
static bool nested_mail(struct span *rest, struct mime_kind_parts *parts, unsigned depth)
{
    struct span none = {NULL, 0};
    for (int i = 0; i < 6; i++)
        if (!imap_skip(rest))
            return false;
    return body(rest, parts, depth + 1) && fields(rest, &none);
}

static bool single(struct span *rest, const struct imap_token *type, struct mime_kind_parts *parts,
                   unsigned depth)
{
    struct span name = {NULL, 0};
    struct imap_token subtype = imap_token(rest);
    if (subtype.kind != IMAP_STRING && !imap_is(&subtype, "NIL"))
        return false;
    if (span_eq_nocase(type->text, span_str("message")) &&
        (span_eq_nocase(subtype.text, span_str("rfc822")) ||
         span_eq_nocase(subtype.text, span_str("global"))))
        return nested_mail(rest, parts, depth);
    if (!fields(rest, &name))
        return false;
    mime_kind_add(parts, type->text, subtype.text, name);
    return true;
}

static bool several(struct span *rest, struct mime_kind_parts *parts, unsigned depth)
{
    struct span name = {NULL, 0};
    for (;;) {
        struct span at = *rest;
        struct imap_token t = imap_token(&at);
        if (t.kind != IMAP_OPEN)
            return t.kind == IMAP_STRING && fields(rest, &name); /* the subtype, and more */
        if (!body(rest, parts, depth + 1))
            return false;
    }
}

static bool body(struct span *rest, struct mime_kind_parts *parts, unsigned depth)
{
    struct imap_token open = imap_token(rest);
    if (open.kind != IMAP_OPEN || depth == BODYSTRUCTURE_DEPTH_MAX)
        return false;
    struct span at = *rest;
    struct imap_token first = imap_token(&at);
    if (first.kind == IMAP_OPEN)
        return several(rest, parts, depth);
    if (first.kind != IMAP_STRING)
        return false;
    *rest = at;
    return single(rest, &first, parts, depth);
}

bool bodystructure_read(struct span *rest, struct mime_kind_parts *parts)
{
    return body(rest, parts, 0);
}
