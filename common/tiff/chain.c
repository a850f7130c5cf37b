#include "tiff/ifd.h"

enum { PAGES_MAX = 65535 };

/* The offset of the directory behind the one at offset, and how large that one is. */
static enum err next_offset(const struct tiff_file *f, uint64_t offset, uint64_t *next,
                            uint64_t *size, struct why *why)
{
    uint64_t n, end;
    enum err e = tiff_ifd_extent(f, offset, &n, &end, why);
    if (e)
        return e;
    *size = end - offset;
    *next = tiff_ifd_next(f, end);
    return end > f->size ? why_set(why, ERR_DATA, "cut short") : ERR_NONE;
}

/* Brent's way of finding a loop: constant memory, linear time. */
enum err tiff_count_pages(const struct tiff_file *f, unsigned *pages, struct why *why)
{
    uint64_t at = f->first, mark = at;
    unsigned steps = 0, power = 1;
    uint64_t size, sizes = 0;
    for (*pages = 0; at; ++*pages) {
        if (*pages == PAGES_MAX)
            return why_set(why, ERR_DATA, "more than %d pages", PAGES_MAX);
        enum err e = next_offset(f, at, &at, &size, why);
        if (e)
            return e;
        /* Thousands that share thousands of entries would be a long read in a small file. */
        if ((sizes += size) > f->size && at)
            return why_set(why, ERR_DATA, "its directories overlap or go round in a loop");
        if (at && at == mark)
            return why_set(why, ERR_DATA, "its directories go round in a loop");
        if (++steps == power) {
            power *= 2;
            steps = 0;
            mark = at;
        }
    }
    return *pages ? ERR_NONE : why_set(why, ERR_DATA, "no pages");
}
