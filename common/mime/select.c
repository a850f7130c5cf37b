#include "mime/select.h"

#include "mime/filename.h"
#include "mime/kind.h"

#include <string.h>

bool mime_type_matches(const char *pattern, const char *type)
{
    struct span p = span_str(pattern), t = span_str(type);
    size_t slash = span_find(t, '/');
    if (span_find(p, '/') == p.n)
        return span_eq_nocase(p, span_take(t, slash));
    if (p.n > 1 && p.p[p.n - 1] == '*')
        return span_starts_nocase(t, span_take(p, p.n - 1));
    return span_eq_nocase(p, t);
}

enum mime_choice mime_choose(const struct mime_wanted *wanted, const struct mime_part *part)
{
    if (part->container)
        return MIME_CHOICE_NO;
    if (wanted->number && strcmp(wanted->number, part->number) != 0)
        return MIME_CHOICE_NO;
    if (wanted->type && !mime_type_matches(wanted->type, part->type))
        return MIME_CHOICE_NO;
    if (wanted->number || wanted->type || mime_type_is_fax(part->type) ||
        mime_octets_are_fax(part->type, span_str(part->name), span_of(NULL, 0)))
        return MIME_CHOICE_YES;
    /* Of a text the name must say so: files may be uuencoded in it. */
    const char *named = mime_type_of_name(span_str(part->name));
    bool text = strncmp(part->type, "text/", 5) == 0;
    return !text || (named && mime_type_is_fax(named)) ? MIME_CHOICE_CONTENT : MIME_CHOICE_NO;
}
