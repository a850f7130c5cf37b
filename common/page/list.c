#include "page/list.h"

#include <limits.h>

static bool parse_range(struct span s, unsigned *first, unsigned *last)
{
    uint64_t n;
    size_t dash = span_find(s, '-');
    if (!span_number(span_take(s, dash), UINT_MAX - 1, &n) || n == 0)
        return false;
    *first = (unsigned)n;
    *last = (unsigned)n;
    if (dash == s.n)
        return true;
    s = span_skip(s, dash + 1);
    *last = UINT_MAX;
    if (s.n == 0)
        return true;
    if (!span_number(s, UINT_MAX - 1, &n) || n < *first)
        return false;
    *last = (unsigned)n;
    return true;
}

enum err page_list_parse(struct span text, struct page_list *list, struct why *why)
{
    list->count = 0;
    for (;;) {
        size_t comma = span_find(text, ',');
        if (list->count == PAGE_RANGES)
            return why_set(why, ERR_USAGE, "more than %d ranges of pages", PAGE_RANGES);
        if (!parse_range(span_take(text, comma), &list->range[list->count].first,
                         &list->range[list->count].last))
            return why_set(why, ERR_USAGE, "not a list of pages");
        list->count++;
        if (comma == text.n)
            return ERR_NONE;
        text = span_skip(text, comma + 1);
    }
}

bool page_list_has(const struct page_list *list, unsigned page)
{
    for (unsigned i = 0; i < list->count; i++)
        if (page >= list->range[i].first && page <= list->range[i].last)
            return true;
    return list->count == 0;
}

unsigned page_list_last(const struct page_list *list)
{
    unsigned last = list->count ? 0 : UINT_MAX;
    for (unsigned i = 0; i < list->count; i++)
        if (list->range[i].last > last)
            last = list->range[i].last;
    return last;
}
