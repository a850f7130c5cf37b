#include "tiff/ifd.h"

#include "bytes/endian.h"
#include "tool/diag.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ENTRY = 12, PAGES_MAX = 65535 };

bool tiff_is(struct span bytes)
{
    return bytes.n >= 4 &&
           (memcmp(bytes.p, "II*\0", 4) == 0 || memcmp(bytes.p, "MM\0*", 4) == 0);
}

enum err tiff_pread(const struct tiff_file *f, uint64_t offset, void *p, size_t n,
                    struct why *why)
{
    uint8_t *at = p;
    if (offset > f->size || n > f->size - offset)
        return why_set(why, ERR_DATA, "cut short");
    while (n) {
        ssize_t k = pread(f->fd, at, n, (off_t)offset);
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return why_errno(why, ERR_IO, "read");
        if (k == 0)
            return why_set(why, ERR_DATA, "cut short");
        at += k;
        offset += (uint64_t)k;
        n -= (size_t)k;
    }
    return ERR_NONE;
}

static unsigned get16(const struct tiff_file *f, const uint8_t *p)
{
    return f->big_endian ? get_be16(p) : get_le16(p);
}

static uint32_t get32(const struct tiff_file *f, const uint8_t *p)
{
    return f->big_endian ? get_be32(p) : get_le32(p);
}

enum err tiff_file_open(struct tiff_file *f, int fd, struct why *why)
{
    struct stat st;
    uint8_t head[8];
    if (fstat(fd, &st) != 0)
        return why_errno(why, ERR_IO, "stat");
    *f = (struct tiff_file){.fd = fd, .size = (uint64_t)st.st_size};
    enum err e = tiff_pread(f, 0, head, sizeof head, why);
    if (e)
        return e;
    if (!tiff_is(span_of(head, sizeof head)))
        return why_set(why, ERR_DATA, "not a TIFF");
    f->big_endian = head[0] == 'M';
    f->first = get32(f, head + 4);
    return ERR_NONE;
}

static unsigned type_size(unsigned type)
{
    static const uint8_t sizes[] = {0, 1, 1, 2, 4, 8};
    return type < sizeof sizes ? sizes[type] : 0;
}

enum err tiff_value(const struct tiff_file *f, const struct tiff_values *v, uint32_t i,
                    uint32_t *value, struct why *why)
{
    uint8_t bytes[4] = {0};
    unsigned size = type_size(v->type);
    *value = 0;
    if (i >= v->count || size == 0 || size > 4)
        return why_set(why, ERR_DATA, "a value is missing");
    enum err e = tiff_pread(f, v->at + (uint64_t)i * size, bytes, size, why);
    if (e)
        return e;
    *value = size == 1 ? bytes[0] : size == 2 ? get16(f, bytes) : get32(f, bytes);
    return ERR_NONE;
}

/* A rational; 0 for anything that is none. */
static double rational(const struct tiff_file *f, const struct tiff_values *v)
{
    uint8_t bytes[8];
    uint32_t whole;
    if (v->type != TIFF_TYPE_RATIONAL)
        return tiff_value(f, v, 0, &whole, NULL) ? 0 : whole;
    if (tiff_pread(f, v->at, bytes, sizeof bytes, NULL))
        return 0;
    uint32_t over = get32(f, bytes), under = get32(f, bytes + 4);
    return under ? (double)over / under : 0;
}

static void take_number(const struct tiff_file *f, struct tiff_ifd *d, unsigned tag,
                        const struct tiff_values *v)
{
    uint32_t n;
    if (tiff_value(f, v, 0, &n, NULL))
        return;
    switch (tag) {
    case TIFF_SUBFILE_TYPE: d->subfile_type = n; break;
    case TIFF_WIDTH: d->width = n; break;
    case TIFF_LENGTH: d->rows = n; break;
    case TIFF_BITS: d->bits = n; break;
    case TIFF_COMPRESSION: d->compression = n; break;
    case TIFF_FILL_ORDER: d->fill_order = n; break;
    case TIFF_ORIENTATION: d->orientation = n; break;
    case TIFF_SAMPLES: d->samples = n; break;
    case TIFF_T4_OPTIONS: d->t4_options = n; break;
    case TIFF_RESOLUTION_UNIT: d->resolution_unit = n; break;
    case TIFF_TILE_WIDTH: d->tile_width = n; break;
    case TIFF_BAD_LINES: d->bad_lines = n; break;
    case TIFF_PHOTOMETRIC:
        d->photometric = n;
        d->has_photometric = true;
        break;
    case TIFF_ROWS_PER_STRIP:
        d->rows_per_strip = n;
        d->has_rows_per_strip = true;
        break;
    case TIFF_PAGE_NUMBER:
        d->page_number = n;
        d->has_page_number = true;
        if (tiff_value(f, v, 1, &n, NULL) == ERR_NONE)
            d->page_total = n;
        break;
    default: break;
    }
}

static void take_entry(const struct tiff_file *f, struct tiff_ifd *d, const uint8_t *p,
                       uint64_t at)
{
    unsigned tag = get16(f, p);
    struct tiff_values v = {get16(f, p + 2), get32(f, p + 4), at + 8};
    uint64_t size = (uint64_t)type_size(v.type) * v.count;
    if (size > 4)
        v.at = get32(f, p + 8);
    else if (v.type == TIFF_TYPE_SHORT && v.count == 1 && get16(f, p + 10) != 0)
        d->dirty = true;
    /* Values that the file has no room for are not there: a count alone must make no work. */
    if (size > 4) {
        uint64_t room = v.at < f->size ? (f->size - v.at) / type_size(v.type) : 0;
        v.count = v.count < room ? v.count : (uint32_t)room;
    }
    switch (tag) {
    case TIFF_STRIP_OFFSETS:
        d->strip_offsets = v;
        break;
    case TIFF_STRIP_COUNTS:
        d->strip_counts = v;
        break;
    case TIFF_X_RESOLUTION:
        d->xdpi = rational(f, &v);
        break;
    case TIFF_Y_RESOLUTION:
        d->ydpi = rational(f, &v);
        break;
    default:
        take_number(f, d, tag, &v);
    }
}

enum err tiff_ifd_read(const struct tiff_file *f, uint32_t offset, struct tiff_ifd *d,
                       struct why *why)
{
    uint8_t two[2], entry[ENTRY], four[4];
    *d = (struct tiff_ifd){.at = offset, .bits = 1, .samples = 1, .compression = 1, .fill_order = 1,
                           .orientation = 1};
    enum err e = tiff_pread(f, offset, two, sizeof two, why);
    if (e)
        return e;
    unsigned n = get16(f, two), last = 0;
    if (n == 0)
        return why_set(why, ERR_DATA, "a directory without entries");
    uint64_t at = (uint64_t)offset + 2;
    for (unsigned i = 0; i < n; i++, at += ENTRY) {
        if ((e = tiff_pread(f, at, entry, sizeof entry, why)))
            return e;
        d->unsorted = d->unsorted || get16(f, entry) < last;
        last = get16(f, entry);
        take_entry(f, d, entry, at);
    }
    /* A writer that died, or forgot it, leaves no pointer to the next directory. */
    if (tiff_pread(f, at, four, sizeof four, NULL) == ERR_NONE)
        d->next = get32(f, four);
    if (d->resolution_unit == 3) {
        d->xdpi *= 2.54;
        d->ydpi *= 2.54;
    }
    return ERR_NONE;
}

/* The offset of the directory behind the one at offset, and how large that one is. */
static enum err next_offset(const struct tiff_file *f, uint32_t offset, uint32_t *next,
                            uint64_t *size, struct why *why)
{
    uint8_t two[2], four[4];
    enum err e = tiff_pread(f, offset, two, sizeof two, why);
    if (e)
        return e;
    *size = 2 + (uint64_t)get16(f, two) * ENTRY;
    uint64_t at = offset + *size;
    *next = 0;
    if (tiff_pread(f, at, four, sizeof four, NULL) == ERR_NONE)
        *next = get32(f, four);
    else if (at > f->size)
        return why_set(why, ERR_DATA, "cut short");
    return ERR_NONE;
}

/* Brent's way of finding a loop: constant memory, linear time. */
enum err tiff_count_pages(const struct tiff_file *f, unsigned *pages, struct why *why)
{
    uint32_t at = f->first, mark = at;
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
