#include "scan/sink.h"

#include "page/page.h"
#include "tool/io.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { IN_MEMORY = 4 << 20 };

struct scan_sink {
    struct scan_sink_options options;
    struct scan_page page;
    bool open;       /* a page was begun */
    unsigned number;
    uint64_t white;  /* rows seen that are not coded yet, all of them white */
    uint64_t coded;  /* rows that are */
    struct g3_encoder encoder;
    uint8_t *code;   /* a row coded */
    uint8_t *blank;  /* a white row */
    struct buf data; /* the page so far */
    int temp;        /* what came before data, or -1 */
    uint64_t in_temp;
    struct writer writer;
};

static enum err to_temp(struct scan_sink *s, struct why *why)
{
    enum err e = s->temp < 0 ? io_temp(&s->temp, why) : ERR_NONE;
    if (!e)
        e = io_write(s->temp, s->data.data, s->data.len, why);
    s->in_temp += s->data.len;
    buf_clear(&s->data);
    return e;
}

static enum err add(struct scan_sink *s, size_t n, struct why *why)
{
    enum err e = ERR_NONE;
    if (s->data.len + n > IN_MEMORY)
        e = to_temp(s, why);
    if (!e && buf_add(&s->data, s->code, n))
        e = why_set(why, ERR_OS, "out of memory");
    return e;
}

static enum err code_row(struct scan_sink *s, const uint8_t *row, struct why *why)
{
    s->coded++;
    return add(s, g3_encode_row(&s->encoder, row, s->code), why);
}

/* The white rows that waited for what comes behind them are rows after all. */
static enum err code_white(struct scan_sink *s, struct why *why)
{
    enum err e = ERR_NONE;
    for (; s->white && !e; s->white--)
        e = code_row(s, s->blank, why);
    return e;
}

static enum err write_header(struct scan_sink *s, struct why *why)
{
    uint64_t length = s->in_temp + s->data.len;
    if (s->number > PAGE_NUMBER_MAX || length > UINT32_MAX)
        return why_set(why, ERR_DATA, "too many pages, or too long a page");
    struct page page = {
        .number = s->number, .total = s->page.total, .width = s->page.width,
        .xdpi = s->page.xdpi, .ydpi = s->page.ydpi, .coding = s->options.coding,
        .k = s->options.coding == G3_MR ? s->encoder.k : 0, .length = (uint32_t)length,
    };
    uint8_t header[PAGE_HEADER_SIZE];
    page_header_build(&page, header);
    writer_add(&s->writer, header, sizeof header);
    return ERR_NONE;
}

static enum err copy_temp(struct scan_sink *s, struct why *why)
{
    uint8_t block[16384];
    uint64_t left = s->in_temp;
    if (!left)
        return ERR_NONE;
    if (lseek(s->temp, 0, SEEK_SET) != 0)
        return why_set(why, ERR_IO, "temporary file");
    while (left) {
        size_t got, want = left < sizeof block ? (size_t)left : sizeof block;
        enum err e = io_read(s->temp, block, want, &got, why);
        if (e || !got)
            return e ? e : why_set(why, ERR_IO, "temporary file: cut short");
        writer_add(&s->writer, block, got);
        left -= got;
    }
    if (ftruncate(s->temp, 0) != 0 || lseek(s->temp, 0, SEEK_SET) != 0)
        return why_set(why, ERR_IO, "temporary file");
    s->in_temp = 0;
    return ERR_NONE;
}

static enum err finish_page(struct scan_sink *s, bool last, struct why *why)
{
    if (last && s->options.trim)
        s->white = s->coded ? 0 : 1; /* a page of no row is none */
    enum err e = code_white(s, why);
    if (!e)
        e = add(s, g3_encode_end(&s->encoder, s->code), why);
    if (!e && !s->options.raw)
        e = write_header(s, why);
    if (!e)
        e = copy_temp(s, why);
    if (e)
        return e;
    writer_add(&s->writer, s->data.data, s->data.len);
    buf_clear(&s->data);
    s->open = false;
    /* What reads the pipe should have the page now, and not when the next is done. */
    return writer_flush(&s->writer, why);
}

static enum err begin(void *self, const struct scan_page *page, struct why *why)
{
    struct scan_sink *s = self;
    enum err e = s->open ? finish_page(s, false, why) : ERR_NONE;
    if (e)
        return e;
    free(s->code);
    free(s->blank);
    s->code = malloc(g3_row_bound(page->width));
    s->blank = calloc(1, (page->width + 7) / 8);
    if (!s->code || !s->blank)
        return why_set(why, ERR_OS, "out of memory");
    s->page = *page;
    s->number++;
    s->white = s->coded = 0;
    s->open = true;
    unsigned k = s->options.k ? s->options.k : page_nominal_k(page->ydpi);
    g3_encoder_init(&s->encoder, s->options.coding, page->width, k, 0);
    return ERR_NONE;
}

static enum err row(void *self, const uint8_t *bits, struct why *why)
{
    struct scan_sink *s = self;
    if (memcmp(bits, s->blank, (s->page.width + 7) / 8) == 0) {
        s->white++;
        return ERR_NONE;
    }
    enum err e = code_white(s, why);
    return e ? e : code_row(s, bits, why);
}

static enum err end(void *self, struct why *why)
{
    struct scan_sink *s = self;
    enum err e = s->open ? finish_page(s, true, why) : ERR_NONE;
    if (e)
        return e;
    if (!s->options.raw) {
        uint8_t header[PAGE_HEADER_SIZE];
        page_header_close(header);
        writer_add(&s->writer, header, sizeof header);
    }
    return writer_flush(&s->writer, why);
}

enum err scan_sink_open(struct scan_sink **sink, int fd, const struct scan_sink_options *options,
                        struct scan_target *target, struct why *why)
{
    struct scan_sink *s = *sink = calloc(1, sizeof *s);
    if (!s)
        return why_set(why, ERR_OS, "out of memory");
    s->options = *options;
    s->temp = -1;
    buf_init(&s->data, IN_MEMORY + g3_row_bound(SCAN_WIDTH_MAX));
    writer_init(&s->writer, fd);
    *target = (struct scan_target){begin, row, end, s};
    return ERR_NONE;
}

void scan_sink_free(struct scan_sink *s)
{
    if (!s)
        return;
    if (s->temp >= 0)
        close(s->temp);
    buf_release(&s->data);
    free(s->code);
    free(s->blank);
    free(s);
}
