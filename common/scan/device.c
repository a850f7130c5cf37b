#include "scan/device.h"

#include "bytes/buf.h"
#include "scan/device_option.h"
#include "tool/diag.h"

#include <execinfo.h>
#include <sane/saneopts.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 65536, LINE_MAX_BYTES = SCAN_WIDTH_MAX * 6 };

struct device {
    SANE_Handle handle;
    struct scan_device_options options;
    SANE_Parameters format;
    double xdpi, ydpi;
    bool feeder, started, in_image;
    unsigned given; /* images */
    size_t have;    /* bytes of block not used, from at */
    size_t at;
    struct buf raw, row;
    uint8_t block[BLOCK];
};

static void close_device(void *self)
{
    struct device *d = self;
    if (d->handle) {
        if (d->started)
            sane_cancel(d->handle);
        sane_close(d->handle);
    }
    sane_exit();
    buf_release(&d->raw);
    buf_release(&d->row);
    free(d);
}

static bool scannable(const SANE_Parameters *p)
{
    bool colour = p->format == SANE_FRAME_RGB;
    long samples = (long)p->pixels_per_line * (colour ? 3 : 1);
    long need = p->depth == 1 ? (samples + 7) / 8 : samples * (p->depth / 8);
    return (p->format == SANE_FRAME_GRAY || colour) && p->last_frame && p->pixels_per_line > 0 &&
           p->pixels_per_line <= SCAN_WIDTH_MAX && (p->depth == 8 || p->depth == 16 ||
           (p->depth == 1 && !colour)) && p->bytes_per_line >= need &&
           p->bytes_per_line <= LINE_MAX_BYTES;
}

/* Whether another page is to be tried at all. */
static bool wants_more(const struct device *d)
{
    if (d->options.pages)
        return d->given < d->options.pages;
    return d->given == 0 || d->feeder;
}

static enum err begin_frame(struct device *d, struct why *why)
{
    SANE_Status s = sane_start(d->handle);
    if (d->given && (s == SANE_STATUS_NO_DOCS || s == SANE_STATUS_EOF))
        return ERR_NO;
    if (s == SANE_STATUS_GOOD) {
        d->started = true;
        s = sane_get_parameters(d->handle, &d->format);
    }
    if (s != SANE_STATUS_GOOD)
        return device_why(s, why);
    if (!scannable(&d->format))
        return why_set(why, ERR_UNAVAILABLE, "the scanner's image format is not supported");
    if (buf_reserve(&d->raw, (size_t)d->format.bytes_per_line, NULL) ||
        buf_reserve(&d->row, (size_t)d->format.pixels_per_line, NULL))
        return why_set(why, ERR_OS, "out of memory");
    return ERR_NONE;
}

/* Fills raw with one line; ERR_NO at the end of the page. */
static enum err read_line(struct device *d, struct why *why)
{
    size_t need = (size_t)d->format.bytes_per_line;
    d->raw.len = 0;
    while (d->raw.len < need) {
        if (!d->have) {
            SANE_Int n = 0;
            SANE_Status s = sane_read(d->handle, d->block, BLOCK, &n);
            if (s == SANE_STATUS_EOF)
                return ERR_NO;
            if (s != SANE_STATUS_GOOD)
                return device_why(s, why);
            d->have = n > 0 ? (size_t)n : 0;
            d->at = 0;
            continue;
        }
        size_t part = need - d->raw.len < d->have ? need - d->raw.len : d->have;
        memcpy(d->raw.data + d->raw.len, d->block + d->at, part);
        d->raw.len += part;
        d->at += part;
        d->have -= part;
    }
    return ERR_NONE;
}

/* Samples of 16 bits are in the machine's own order. */
static unsigned sample(const struct device *d, size_t i)
{
    if (d->format.depth == 8)
        return d->raw.data[i];
    uint16_t v;
    memcpy(&v, d->raw.data + 2 * i, 2);
    return v >> 8;
}

static void convert_line(struct device *d)
{
    size_t width = (size_t)d->format.pixels_per_line;
    uint8_t *out = d->row.data;
    if (d->format.depth == 1) {
        memcpy(out, d->raw.data, (width + 7) / 8);
        if (width % 8)
            out[width / 8] &= (uint8_t)(0xff00 >> width % 8);
        return;
    }
    for (size_t x = 0; x < width; x++)
        out[x] = d->format.format == SANE_FRAME_GRAY
                     ? (uint8_t)sample(d, x)
                     : (uint8_t)((77 * sample(d, 3 * x) + 150 * sample(d, 3 * x + 1) +
                                  29 * sample(d, 3 * x + 2)) >> 8);
}

static enum err row(void *self, const uint8_t **bits, struct why *why)
{
    struct device *d = self;
    if (!d->in_image)
        return ERR_NO;
    enum err e = read_line(d, why);
    if (e) {
        d->in_image = false;
        return e;
    }
    convert_line(d);
    *bits = d->row.data;
    return ERR_NONE;
}

static enum err next(void *self, struct scan_image *image, struct why *why)
{
    struct device *d = self;
    enum err e = ERR_NONE;
    while (d->in_image && !e)
        e = row(d, &(const uint8_t *){NULL}, why);
    if (e && e != ERR_NO)
        return e;
    if (!wants_more(d))
        return ERR_NO;
    e = begin_frame(d, why);
    if (e)
        return e;
    const SANE_Parameters *p = &d->format;
    *image = (struct scan_image){(unsigned)p->pixels_per_line,
                                 p->lines > 0 ? (unsigned)p->lines : 0, p->depth == 1, d->xdpi,
                                 d->ydpi};
    diag_trace("page %u: %d x %d pels of %d bits", d->given + 1, p->pixels_per_line, p->lines,
               p->depth);
    d->given++;
    d->have = 0;
    d->in_image = true;
    return ERR_NONE;
}

/* Our own choice for an option, unless the user made one. */
static bool ours(const struct device *d, const char *name)
{
    return !device_setting_given(d->options.settings, name);
}

static enum err choose_source(struct device *d, struct why *why)
{
    if (d->options.source && ours(d, SANE_NAME_SCAN_SOURCE)) {
        bool adf = strcmp(d->options.source, "adf") == 0;
        static const char *const feeders[] = {"adf", "feeder", NULL};
        static const char *const glass[] = {"flatbed", "platen", "fb", NULL};
        enum err e = device_choose(d->handle, SANE_NAME_SCAN_SOURCE, adf ? feeders : glass, why);
        /* A device without a choice has a glass and nothing else. */
        if (e == ERR_NO && adf)
            return why_set(why, ERR_UNAVAILABLE, "the scanner has no document feeder");
        if (e && e != ERR_NO)
            return e;
    }
    return ERR_NONE;
}

static enum err choose_mode(struct device *d, struct why *why)
{
    static const char *const line[] = {"lineart", "binary", "black & white", NULL};
    static const char *const gray[] = {"gray", "grey", "true gray", NULL};
    enum err e = ERR_NO;
    if (ours(d, SANE_NAME_SCAN_MODE)) {
        if (!d->options.gray)
            e = device_choose(d->handle, SANE_NAME_SCAN_MODE, line, why);
        if (e == ERR_NO)
            e = device_choose(d->handle, SANE_NAME_SCAN_MODE, gray, why);
    }
    if (!e || e == ERR_NO)
        if (ours(d, SANE_NAME_BIT_DEPTH))
            e = device_number(d->handle, SANE_NAME_BIT_DEPTH, d->options.gray ? 8 : 1, NULL, why);
    return e == ERR_NO ? ERR_NONE : e;
}

/* One resolution for both axes serves the finer of the two; the page is scaled from it. */
static enum err choose_resolution(struct device *d, struct why *why)
{
    const struct scan_resolution *r = &d->options.resolution;
    double x = r->xdpi, y = r->ydpi;
    enum err ex = device_number(d->handle, SANE_NAME_SCAN_X_RESOLUTION, x, &d->xdpi, why);
    enum err ey = device_number(d->handle, SANE_NAME_SCAN_Y_RESOLUTION, y, &d->ydpi, why);
    if (!ex && !ey)
        return ERR_NONE;
    if (ours(d, SANE_NAME_SCAN_RESOLUTION))
        ex = device_number(d->handle, SANE_NAME_SCAN_RESOLUTION, x > y ? x : y, &d->xdpi, why);
    else
        ex = device_get_number(d->handle, SANE_NAME_SCAN_RESOLUTION, &d->xdpi);
    if (ex)
        d->xdpi = 0; /* not known */
    d->ydpi = d->xdpi;
    return ex == ERR_NO ? ERR_NONE : ex;
}

static enum err choose_area(struct device *d, struct why *why)
{
    if (d->options.paper == SCAN_PAPER_AUTO)
        return ERR_NONE;
    const struct scan_resolution *r = &d->options.resolution;
    enum page_paper paper = (enum page_paper)d->options.paper;
    double mm[4] = {0, 0, page_width(paper, r->xdpi) * 25.4 / r->xdpi,
                    page_nominal_rows(paper, r->ydpi) * 25.4 / r->ydpi};
    double dpi[4] = {d->xdpi, d->ydpi, d->xdpi, d->ydpi};
    static const char *const names[4] = {SANE_NAME_SCAN_TL_X, SANE_NAME_SCAN_TL_Y,
                                         SANE_NAME_SCAN_BR_X, SANE_NAME_SCAN_BR_Y};
    for (int i = 0; i < 4; i++) {
        enum err e = ERR_NO;
        if (ours(d, names[i]))
            e = device_length(d->handle, names[i], mm[i], dpi[i], why);
        if (e && e != ERR_NO)
            return e;
    }
    return ERR_NONE;
}

static enum err set_up(struct device *d, struct why *why)
{
    enum err e = choose_source(d, why);
    if (!e)
        e = choose_mode(d, why);
    const char *const *s = d->options.settings;
    for (; s && *s && !e; s++)
        e = device_set(d->handle, *s, why);
    if (!e)
        e = choose_resolution(d, why);
    if (!e)
        e = choose_area(d, why);
    char now[128];
    d->feeder = device_get_string(d->handle, SANE_NAME_SCAN_SOURCE, now, sizeof now) &&
                (strcasestr(now, "adf") || strcasestr(now, "feeder"));
    return e;
}

static enum err open_handle(struct device *d, struct why *why)
{
    const char *name = d->options.name ? d->options.name : getenv("SANE_DEFAULT_DEVICE");
    if (!name) {
        const SANE_Device **list;
        SANE_Status s = sane_get_devices(&list, SANE_FALSE);
        if (s != SANE_STATUS_GOOD)
            return device_why(s, why);
        if (!list[0])
            return why_set(why, ERR_UNAVAILABLE, "no scanner found");
        name = list[0]->name;
    }
    SANE_Status s = sane_open(name, &d->handle);
    if (s == SANE_STATUS_GOOD)
        return ERR_NONE;
    d->handle = NULL;
    if (s == SANE_STATUS_INVAL)
        return why_set(why, ERR_UNAVAILABLE, "no such scanner");
    return device_why(s, why);
}

/*
 * Backends cancel their reader threads at any instruction. Where a thread is just ending then,
 * and the C library loads its unwinder for that, the thread dies with the loader's lock and this
 * program would hang when it ends. So the unwinder is loaded before there are threads.
 */
static void load_unwinder(void)
{
    void *frame;
    backtrace(&frame, 1);
}

enum err scan_device_open(struct scan_source *source, const struct scan_device_options *options,
                          struct why *why)
{
    struct device *d = calloc(1, sizeof *d);
    if (!d)
        return why_set(why, ERR_OS, "out of memory");
    d->options = *options;
    buf_init(&d->raw, LINE_MAX_BYTES);
    buf_init(&d->row, SCAN_WIDTH_MAX);
    load_unwinder();
    SANE_Status s = sane_init(NULL, NULL);
    enum err e = s == SANE_STATUS_GOOD ? open_handle(d, why) : device_why(s, why);
    if (!e)
        e = set_up(d, why);
    if (e) {
        close_device(d);
        return e;
    }
    *source = (struct scan_source){next, row, close_device, d};
    return ERR_NONE;
}

enum err scan_device_list(void (*each)(void *context, const char *name, const char *vendor,
                                       const char *model, const char *type),
                          void *context, struct why *why)
{
    const SANE_Device **list = NULL;
    SANE_Status s = sane_init(NULL, NULL);
    if (s == SANE_STATUS_GOOD)
        s = sane_get_devices(&list, SANE_FALSE);
    enum err e = s == SANE_STATUS_GOOD ? ERR_NONE : device_why(s, why);
    if (!e && !list[0])
        e = why_set(why, ERR_NO, "no scanner found");
    for (; !e && *list; list++)
        each(context, (*list)->name, (*list)->vendor, (*list)->model, (*list)->type);
    sane_exit();
    return e;
}
