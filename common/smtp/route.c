#include "smtp/route.h"

#include <string.h>

bool route_is_ours(const char *const *ours, struct span domain)
{
    for (const char *const *d = ours; *d; d++)
        if (span_eq_nocase(domain, span_str(*d)))
            return true;
    return false;
}

enum err route_onward(const struct path *path, const char *const *ours, struct buf *line)
{
    struct span left = path->route, after = left, host;
    while (path_route_next(&after, &host) && route_is_ours(ours, host))
        left = after;
    enum err e = buf_add_byte(line, left.n == path->route.n ? ROUTE_DIRECT : ROUTE_SOURCE);
    if (!e && left.n)
        e = buf_add_span(line, left);
    if (!e && left.n)
        e = buf_add_byte(line, ':');
    if (!e)
        e = buf_add_span(line, path->route.n ? span_skip(path->text, path->route.n + 1)
                                             : path->text);
    return e;
}

bool route_list_has(const char *list, struct span domain)
{
    while (*list) {
        size_t n = strcspn(list, " ,");
        if (span_eq_nocase(span_of(list, n), domain))
            return true;
        list += n + (list[n] != '\0');
    }
    return false;
}
