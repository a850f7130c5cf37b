#include "tiff/ifd.h"

#include "bytes/endian.h"
#include "tool/diag.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool tiff_is(struct span bytes)
{
    static const char magic[4][5] = {"II*\0", "MM\0*", "II+\0", "MM\0+"};
    for (unsigned i = 0; bytes.n >= 4 && i < 4; i++)
        if (memcmp(bytes.p, magic[i], 4) == 0)
            return true;
    return false;
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

static uint64_t get64(const struct tiff_file *f, const uint8_t *p)
{
    uint64_t first = get32(f, p), second = get32(f, p + 4);
    return f->big_endian ? first << 32 | second : second << 32 | first;
}

/* An offset, or a count of BigTIFF: as many bytes as the file's kind has for it. */
static uint64_t get_offset(const struct tiff_file *f, const uint8_t *p)
{
    return f->big ? get64(f, p) : get32(f, p);
}

static unsigned offset_size(const struct tiff_file *f)
{
    return f->big ? 8 : 4;
}

static unsigned entry_size(const struct tiff_file *f)
{
    return f->big ? 20 : 12;
}

enum err tiff_file_open(struct tiff_file *f, int fd, struct why *why)
{
    struct stat st;
    uint8_t head[16];
    if (fstat(fd, &st) != 0)
        return why_errno(why, ERR_IO, "stat");
    *f = (struct tiff_file){.fd = fd, .size = (uint64_t)st.st_size};
    enum err e = tiff_pread(f, 0, head, 8, why);
    if (e)
        return e;
    if (!tiff_is(span_of(head, 4)))
        return why_set(why, ERR_DATA, "not a TIFF");
    f->big_endian = head[0] == 'M';
    f->big = get16(f, head + 2) == 43;
    if (!f->big) {
        f->first = get32(f, head + 4);
        return ERR_NONE;
    }
    /* BigTIFF says how long its offsets are: 8 bytes, and a 0. */
    if ((e = tiff_pread(f, 8, head + 8, 8, why)))
        return e;
    if (get16(f, head + 4) != 8 || get16(f, head + 6) != 0)
        return why_set(why, ERR_DATA, "BigTIFF with offsets of %u bytes", get16(f, head + 4));
    f->first = get64(f, head + 8);
    return ERR_NONE;
}

static unsigned type_size(unsigned type)
{
    static const uint8_t sizes[] = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8};
    return type < sizeof sizes ? sizes[type] : 0;
}

static bool is_fraction(unsigned type)
{
    return type == TIFF_TYPE_RATIONAL || type == 10 || type == TIFF_TYPE_FLOAT ||
           type == TIFF_TYPE_DOUBLE;
}

enum err tiff_value(const struct tiff_file *f, const struct tiff_values *v, uint32_t i,
                    uint64_t *value, struct why *why)
{
    uint8_t bytes[8] = {0};
    unsigned size = type_size(v->type);
    *value = 0;
    if (i >= v->count || size == 0 || is_fraction(v->type))
        return why_set(why, ERR_DATA, "a value is missing");
    enum err e = tiff_pread(f, v->at + (uint64_t)i * size, bytes, size, why);
    if (e)
        return e;
    *value = size == 1   ? bytes[0]
             : size == 2 ? get16(f, bytes)
             : size == 4 ? get32(f, bytes)
                         : get64(f, bytes);
    return ERR_NONE;
}

/* A fraction of any type; 0 for anything that is none. */
static double fraction(const struct tiff_file *f, const struct tiff_values *v)
{
    uint8_t bytes[8];
    uint64_t whole;
    float single;
    double twice;
    if (!is_fraction(v->type))
        return tiff_value(f, v, 0, &whole, NULL) ? 0 : (double)whole;
    if (v->count == 0 || tiff_pread(f, v->at, bytes, type_size(v->type), NULL))
        return 0;
    uint32_t over = get32(f, bytes);
    if (v->type == TIFF_TYPE_FLOAT) {
        memcpy(&single, &over, sizeof single);
        return (double)single;
    }
    if (v->type == TIFF_TYPE_DOUBLE) {
        uint64_t bits = get64(f, bytes);
        memcpy(&twice, &bits, sizeof twice);
        return twice;
    }
    uint32_t under = get32(f, bytes + 4);
    return under ? (double)over / under : 0;
}

static void take_number(const struct tiff_file *f, struct tiff_ifd *d, unsigned tag,
                        const struct tiff_values *v)
{
    uint64_t value;
    if (tiff_value(f, v, 0, &value, NULL))
        return;
    uint32_t n = value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
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
    case TIFF_T6_OPTIONS: d->t6_options = n; break;
    case TIFF_RESOLUTION_UNIT: d->resolution_unit = n; break;
    case TIFF_TILE_WIDTH: d->tile_width = n; break;
    case TIFF_TILE_LENGTH: d->tile_length = n; break;
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
        if (tiff_value(f, v, 1, &value, NULL) == ERR_NONE)
            d->page_total = (unsigned)value;
        break;
    default: break;
    }
}

/* Where seen has a tag: those of tags.h lie between 254 and 328. */
static unsigned place_of(unsigned tag)
{
    static const uint16_t known[TIFF_TAGS_KNOWN - 1] = {
        TIFF_SUBFILE_TYPE, TIFF_WIDTH, TIFF_LENGTH, TIFF_BITS, TIFF_COMPRESSION,
        TIFF_PHOTOMETRIC, TIFF_FILL_ORDER, TIFF_DESCRIPTION, TIFF_STRIP_OFFSETS,
        TIFF_ORIENTATION, TIFF_SAMPLES, TIFF_ROWS_PER_STRIP, TIFF_STRIP_COUNTS,
        TIFF_X_RESOLUTION, TIFF_Y_RESOLUTION, TIFF_T4_OPTIONS, TIFF_T6_OPTIONS,
        TIFF_RESOLUTION_UNIT, TIFF_PAGE_NUMBER, TIFF_SOFTWARE, TIFF_DATETIME, TIFF_TILE_WIDTH,
        TIFF_TILE_LENGTH, TIFF_TILE_OFFSETS, TIFF_TILE_COUNTS, TIFF_BAD_LINES, TIFF_CLEAN_DATA,
        TIFF_BAD_RUN,
    };
    unsigned i = 0;
    while (i < TIFF_TAGS_KNOWN - 1 && known[i] != tag)
        i++;
    return i; /* the last place is nobody's */
}

const struct tiff_values *tiff_seen(const struct tiff_ifd *d, enum tiff_tag tag)
{
    return &d->seen[place_of(tag)];
}

static void take_entry(const struct tiff_file *f, struct tiff_ifd *d, const uint8_t *p,
                       uint64_t at)
{
    unsigned tag = get16(f, p), room = offset_size(f), place = place_of(tag);
    if (place == TIFF_TAGS_KNOWN - 1)
        return;
    struct tiff_values v = {.type = get16(f, p + 2), .at = at + 4 + room};
    uint64_t count = get_offset(f, p + 4);
    unsigned size = type_size(v.type);
    if (size && count > room / size) {
        /* Values that the file has no room for are not there: a count alone must make no work. */
        v.at = get_offset(f, p + 4 + room);
        uint64_t fit = v.at < f->size ? (f->size - v.at) / size : 0;
        count = count < fit ? count : fit;
    } else if (v.type == TIFF_TYPE_SHORT && count == 1 && get16(f, p + 4 + room + 2) != 0) {
        d->dirty = true;
    }
    v.count = count < UINT32_MAX ? (uint32_t)count : UINT32_MAX;
    d->seen[place] = v;
    if (tag == TIFF_X_RESOLUTION)
        d->xdpi = fraction(f, &v);
    else if (tag == TIFF_Y_RESOLUTION)
        d->ydpi = fraction(f, &v);
    else
        take_number(f, d, tag, &v);
}

enum err tiff_ifd_extent(const struct tiff_file *f, uint64_t offset, uint64_t *entries,
                         uint64_t *end, struct why *why)
{
    uint8_t bytes[8];
    unsigned size = f->big ? 8 : 2;
    enum err e = tiff_pread(f, offset, bytes, size, why);
    if (e)
        return e;
    *entries = f->big ? get64(f, bytes) : get16(f, bytes);
    if (*entries > f->size / entry_size(f))
        return why_set(why, ERR_DATA, "cut short");
    *end = offset + size + *entries * entry_size(f);
    return ERR_NONE;
}

uint64_t tiff_ifd_next(const struct tiff_file *f, uint64_t at)
{
    uint8_t bytes[8];
    return tiff_pread(f, at, bytes, offset_size(f), NULL) ? 0 : get_offset(f, bytes);
}

enum err tiff_ifd_read(const struct tiff_file *f, uint64_t offset, struct tiff_ifd *d,
                       struct why *why)
{
    uint8_t entry[20];
    uint64_t n, end;
    unsigned last = 0;
    *d = (struct tiff_ifd){.at = offset, .bits = 1, .samples = 1, .compression = 1, .fill_order = 1,
                           .orientation = 1};
    enum err e = tiff_ifd_extent(f, offset, &n, &end, why);
    if (e)
        return e;
    if (n == 0)
        return why_set(why, ERR_DATA, "a directory without entries");
    for (uint64_t at = end - n * entry_size(f); at < end; at += entry_size(f)) {
        if ((e = tiff_pread(f, at, entry, entry_size(f), why)))
            return e;
        d->unsorted = d->unsorted || get16(f, entry) <= last;
        last = get16(f, entry);
        take_entry(f, d, entry, at);
    }
    d->next = tiff_ifd_next(f, end);
    d->end = end + offset_size(f);
    bool tiled = tiff_seen(d, TIFF_TILE_OFFSETS)->count > 0;
    d->strip_offsets = *tiff_seen(d, tiled ? TIFF_TILE_OFFSETS : TIFF_STRIP_OFFSETS);
    d->strip_counts = *tiff_seen(d, tiled ? TIFF_TILE_COUNTS : TIFF_STRIP_COUNTS);
    if (d->resolution_unit == 3) {
        d->xdpi *= 2.54;
        d->ydpi *= 2.54;
    }
    return ERR_NONE;
}
