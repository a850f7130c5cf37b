/*
 * Lists of pages as people write them: "1,3-5,8-".
 */
#ifndef PAGE_LIST_H
#define PAGE_LIST_H

#include "bytes/err.h"
#include "bytes/span.h"

enum { PAGE_RANGES = 64 };

struct page_list {
    unsigned count; /* 0: every page */
    struct {
        unsigned first, last;
    } range[PAGE_RANGES];
};

/* Reads the list. ERR_USAGE: anything else, page 0, backwards, or over PAGE_RANGES ranges. */
enum err page_list_parse(struct span text, struct page_list *list, struct why *why);

/* The page is on the list, or the list is empty. */
bool page_list_has(const struct page_list *list, unsigned page);

/* The highest page asked for; UINT_MAX for an open end or an empty list. */
unsigned page_list_last(const struct page_list *list);

#endif
