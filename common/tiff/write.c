#include "tiff/write.h"

#include "bytes/endian.h"
#include "tiff/tags.h"
#include "tool/io.h"
#include "tool/spill.h"

#include <stdlib.h>
#include <string.h>

enum { IFD_MAX = 1024, ENTRY = 12 };

struct tiff_writer {
    int fd;
    struct tiff_writer_options options;
    uint64_t offset; /* of the next byte to be written: where the page's IFD will be */
    unsigned pages;
    bool waiting; /* a page is complete and not yet written */
    struct page page;
    struct tiff_page_facts facts;
    struct spill strip;
};

enum err tiff_writer_open(int fd, const struct tiff_writer_options *options,
                          struct tiff_writer **w, struct why *why)
{
    *w = calloc(1, sizeof **w);
    if (!*w)
        return why_set(why, ERR_OS, "out of memory");
    (*w)->fd = fd;
    if (options)
        (*w)->options = *options;
    spill_init(&(*w)->strip);
    return ERR_NONE;
}

void tiff_writer_free(struct tiff_writer *w)
{
    if (!w)
        return;
    spill_release(&w->strip);
    free(w);
}

/* An IFD under construction: entries, and behind them the values that do not fit into them. */
struct ifd {
    uint8_t entries[IFD_MAX];
    size_t used;
    uint8_t *values;
    size_t values_used, values_cap;
    uint32_t values_at; /* file offset of values */
    uint8_t *strip_at;  /* where the strip's offset is to be put */
};

static uint8_t *entry(struct ifd *d, unsigned tag, unsigned type, uint32_t count)
{
    uint8_t *p = d->entries + d->used;
    d->used += ENTRY;
    put_le16(p, (uint16_t)tag);
    put_le16(p + 2, (uint16_t)type);
    put_le32(p + 4, count);
    put_le32(p + 8, 0);
    return p + 8;
}

static void add_short(struct ifd *d, unsigned tag, unsigned value)
{
    put_le16(entry(d, tag, TIFF_TYPE_SHORT, 1), (uint16_t)value);
}

static void add_long(struct ifd *d, unsigned tag, uint32_t value)
{
    put_le32(entry(d, tag, TIFF_TYPE_LONG, 1), value);
}

/* Values start on even offsets, as TIFF 6.0 asks. */
static uint8_t *value_room(struct ifd *d, uint8_t *where, size_t n)
{
    uint8_t *p = d->values + d->values_used;
    put_le32(where, d->values_at + (uint32_t)d->values_used);
    d->values_used += (n + 1) & ~(size_t)1;
    return p;
}

static void add_rational(struct ifd *d, unsigned tag, unsigned value)
{
    uint8_t *p = value_room(d, entry(d, tag, TIFF_TYPE_RATIONAL, 1), 8);
    put_le32(p, value);
    put_le32(p + 4, 1);
}

static void add_string(struct ifd *d, unsigned tag, const char *s)
{
    if (!s)
        return;
    size_t n = strlen(s) + 1;
    uint8_t *where = entry(d, tag, TIFF_TYPE_ASCII, (uint32_t)n);
    memcpy(n <= 4 ? where : value_room(d, where, n), s, n);
}

static size_t string_size(const char *s)
{
    return s ? strlen(s) + 2 : 0;
}

static void add_coding(struct ifd *d, const struct tiff_writer *w)
{
    bool mmr = w->page.coding == G3_MMR;
    add_short(d, TIFF_COMPRESSION, mmr ? TIFF_T6 : TIFF_T4);
    add_short(d, TIFF_PHOTOMETRIC, 0);
    add_short(d, TIFF_FILL_ORDER, 2);
    add_string(d, TIFF_DESCRIPTION, w->options.description);
    d->strip_at = entry(d, TIFF_STRIP_OFFSETS, TIFF_TYPE_LONG, 1);
    add_short(d, TIFF_SAMPLES, 1);
    add_long(d, TIFF_ROWS_PER_STRIP, (uint32_t)w->facts.rows);
    add_long(d, TIFF_STRIP_COUNTS, (uint32_t)w->strip.size);
    add_rational(d, TIFF_X_RESOLUTION, w->page.xdpi);
    add_rational(d, TIFF_Y_RESOLUTION, w->page.ydpi);
    if (mmr)
        add_long(d, TIFF_T6_OPTIONS, 0);
    else
        add_long(d, TIFF_T4_OPTIONS, (w->page.coding == G3_MR ? TIFF_T4_2D : 0u) |
                                         (w->facts.eols_aligned ? TIFF_T4_ALIGNED : 0u));
    add_short(d, TIFF_RESOLUTION_UNIT, 2);
}

static void add_tags(struct ifd *d, const struct tiff_writer *w)
{
    add_long(d, TIFF_SUBFILE_TYPE, 2);
    add_long(d, TIFF_WIDTH, w->page.width);
    add_long(d, TIFF_LENGTH, (uint32_t)w->facts.rows);
    add_short(d, TIFF_BITS, 1);
    add_coding(d, w);
    uint8_t *number = entry(d, TIFF_PAGE_NUMBER, TIFF_TYPE_SHORT, 2);
    put_le16(number, (uint16_t)(w->pages - 1));
    put_le16(number + 2, (uint16_t)w->page.total);
    add_string(d, TIFF_SOFTWARE, w->options.software);
    add_string(d, TIFF_DATETIME, w->options.datetime);
    if (w->facts.bad_rows && !w->options.profile_s) {
        add_long(d, TIFF_BAD_LINES, (uint32_t)w->facts.bad_rows);
        /* 1: bad lines were there and have been regenerated. */
        add_short(d, TIFF_CLEAN_DATA, 1);
        add_long(d, TIFF_BAD_RUN, (uint32_t)w->facts.bad_in_a_row);
    }
}

static enum err put_page(struct tiff_writer *w, struct ifd *d, bool last, struct why *why)
{
    uint8_t head[10] = {'I', 'I', 42, 0, 8, 0, 0, 0}, tail[4];
    unsigned entries = (unsigned)(d->used / ENTRY);
    uint64_t strip = (uint64_t)d->values_at + d->values_used, next = strip + w->strip.size;
    next += next & 1;
    if (next > UINT32_MAX)
        return why_set(why, ERR_DATA, "TIFF would be larger than 4 GiB");
    put_le32(d->strip_at, (uint32_t)strip);
    put_le16(head + 8, (uint16_t)entries);
    put_le32(tail, last ? 0 : (uint32_t)next);
    size_t skip = w->pages == 1 ? 0 : 8;
    enum err e = io_write(w->fd, head + skip, sizeof head - skip, why);
    if (!e)
        e = io_write(w->fd, d->entries, d->used, why);
    if (!e)
        e = io_write(w->fd, tail, sizeof tail, why);
    if (!e)
        e = io_write(w->fd, d->values, d->values_used, why);
    if (!e)
        e = spill_write(&w->strip, w->fd, why);
    if (!e && (w->strip.size & 1) && !last)
        e = io_write(w->fd, "", 1, why);
    w->offset = next;
    w->waiting = false;
    return e ? e : spill_clear(&w->strip, why);
}

/* Writes the page that waits. */
static enum err write_page(struct tiff_writer *w, bool last, struct why *why)
{
    struct ifd d = {.used = 0};
    size_t cap = 16 + string_size(w->options.software) + string_size(w->options.datetime) +
                 string_size(w->options.description);
    if (!w->offset)
        w->offset = 8;
    /* The number of entries decides where the values are: once for counting, once for good. */
    for (int pass = 0; pass < 2; pass++) {
        free(d.values);
        size_t entries = d.used;
        d = (struct ifd){.values = calloc(1, cap)};
        if (!d.values)
            return why_set(why, ERR_OS, "out of memory");
        uint64_t at = w->offset + 2 + entries + 4;
        if (at + cap > UINT32_MAX) {
            free(d.values);
            return why_set(why, ERR_DATA, "TIFF would be larger than 4 GiB");
        }
        d.values_at = (uint32_t)at;
        add_tags(&d, w);
    }
    enum err e = put_page(w, &d, last, why);
    free(d.values);
    return e;
}

enum err tiff_page_begin(struct tiff_writer *w, const struct page *p, struct why *why)
{
    if (!page_is_profile_f(p))
        return why_set(why, ERR_DATA, "%u pels at %u x %u dpi are not a page of TIFF-F", p->width,
                       p->xdpi, p->ydpi);
    if (w->pages == PAGE_NUMBER_MAX)
        return why_set(why, ERR_DATA, "more than %d pages", PAGE_NUMBER_MAX);
    enum err e = w->waiting ? write_page(w, false, why) : ERR_NONE;
    w->pages++;
    w->page = *p;
    page_nominal_xdpi(&w->page.xdpi);
    page_nominal_ydpi(&w->page.ydpi);
    return e;
}

enum err tiff_page_add(struct tiff_writer *w, struct span bytes, struct why *why)
{
    if (w->strip.size + bytes.n > UINT32_MAX)
        return why_set(why, ERR_DATA, "page larger than 4 GiB");
    /* FillOrder 2, which profile S asks for: least significant bit first. */
    uint8_t turned[4096];
    while (bytes.n) {
        struct span some = span_take(bytes, sizeof turned);
        memcpy(turned, some.p, some.n);
        g3_reverse_bits(turned, some.n);
        enum err e = spill_add(&w->strip, turned, some.n, why);
        if (e)
            return e;
        bytes = span_skip(bytes, some.n);
    }
    return ERR_NONE;
}

enum err tiff_page_end(struct tiff_writer *w, const struct tiff_page_facts *facts,
                       struct why *why)
{
    if (facts->rows == 0 || facts->rows > UINT32_MAX)
        return why_set(why, ERR_DATA, "a page without rows");
    w->facts = *facts;
    w->waiting = true;
    return ERR_NONE;
}

enum err tiff_writer_finish(struct tiff_writer *w, struct why *why)
{
    if (!w->waiting)
        return why_set(why, ERR_DATA, "no pages");
    return write_page(w, true, why);
}
