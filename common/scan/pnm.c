#include "scan/pnm.h"

#include <string.h>

void pnm_init(struct pnm *p)
{
    memset(p, 0, sizeof *p);
    buf_init(&p->raw, (size_t)SCAN_WIDTH_MAX * 8);
    buf_init(&p->out, SCAN_WIDTH_MAX);
}

void pnm_release(struct pnm *p)
{
    buf_release(&p->raw);
    buf_release(&p->out);
}

void pnm_push(struct pnm *p, struct span bytes)
{
    p->in = bytes;
}

static enum pnm_event fail(struct pnm *p, const char *what)
{
    why_set(&p->why, ERR_DATA, "%s", what);
    p->state = PNM_S_BAD;
    return PNM_ERROR;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static uint8_t take(struct pnm *p)
{
    uint8_t c = p->in.p[0];
    p->in = span_skip(p->in, 1);
    return c;
}

/* The header is whole: checks it and makes room for the rows. */
static enum pnm_event begin_image(struct pnm *p)
{
    struct scan_image *i = &p->image;
    if (i->width == 0 || i->height == 0)
        return fail(p, "an image without pels");
    if (i->width > SCAN_WIDTH_MAX || i->height > SCAN_HEIGHT_MAX)
        return fail(p, "an image of absurd size");
    if (p->depth == 0 || p->depth > 4 || p->maxval > 65535 || (!i->bilevel && p->maxval == 0))
        return fail(p, "bad image header");
    bool plain = p->format <= 3;
    size_t bits = (i->width + 7) / 8;
    size_t samples = (size_t)i->width * p->depth;
    p->raw_size = i->bilevel && p->format != 7 ? bits : samples * (p->maxval > 255 ? 2 : 1);
    p->rows_left = i->height;
    p->sample = 0;
    p->digits = p->comment = false;
    p->number = 0;
    buf_clear(&p->raw);
    if (buf_reserve(&p->raw, plain ? samples * 2 : p->raw_size, NULL) ||
        buf_reserve(&p->out, scan_row_size(i), NULL))
        return fail(p, "out of memory");
    p->state = plain ? PNM_S_PLAIN : PNM_S_RAW;
    return PNM_IMAGE;
}

static enum pnm_event read_magic(struct pnm *p)
{
    while (p->in.n) {
        uint8_t c = take(p);
        if (!p->seen_p && is_blank(c))
            continue;
        if (!p->seen_p && c == 'P') {
            p->seen_p = true;
            continue;
        }
        if (!p->seen_p || c < '1' || c > '7')
            return fail(p, "not an image where one should begin");
        memset(&p->image, 0, sizeof p->image);
        p->format = (unsigned)(c - '0');
        p->image.bilevel = p->format == 1 || p->format == 4;
        p->depth = p->format == 7 ? 0 : p->format % 3 == 0 ? 3 : 1;
        p->maxval = 0;
        p->alpha = p->seen_p = p->digits = p->comment = false;
        p->fields = p->number = 0;
        p->line_len = 0;
        p->state = p->format == 7 ? PNM_S_PAM : PNM_S_HEADER;
        return PNM_END; /* go on; never leaves pnm_next */
    }
    return PNM_MORE;
}

/* Adds a digit; false when the number grows beyond all use. */
static bool add_digit(struct pnm *p, uint8_t c)
{
    if (p->number > (UINT32_MAX - 9) / 10)
        return false;
    p->number = p->number * 10 + (uint32_t)(c - '0');
    p->digits = true;
    return true;
}

static bool store_field(struct pnm *p)
{
    switch (p->fields++) {
    case 0: p->image.width = p->number; break;
    case 1: p->image.height = p->number; break;
    default: p->maxval = p->number;
    }
    p->number = 0;
    p->digits = false;
    return p->fields == (p->image.bilevel ? 2u : 3u);
}

static enum pnm_event read_header(struct pnm *p)
{
    while (p->in.n) {
        uint8_t c = take(p);
        if (p->comment && c != '\n')
            continue;
        p->comment = false;
        if (ascii_digit(c)) {
            if (!add_digit(p, c))
                return fail(p, "an image of absurd size");
        } else if (c == '#') {
            /* Directly behind a number, or between; the comment's line end also ends a number. */
            p->comment = true;
        } else if (!is_blank(c)) {
            return fail(p, "bad image header");
        } else if (p->digits && store_field(p)) {
            return begin_image(p);
        }
    }
    return PNM_MORE;
}

static bool pam_number(struct span word, unsigned *value)
{
    uint64_t n;
    if (!span_number(word, UINT32_MAX, &n))
        return false;
    *value = (unsigned)n;
    return true;
}

/* One line of a PAM header; false when it is none. */
static bool pam_line(struct pnm *p, struct span line)
{
    line = span_trim(line);
    if (!line.n || line.p[0] == '#')
        return true;
    size_t n = 0;
    while (n < line.n && !is_blank(line.p[n]))
        n++;
    struct span key = span_take(line, n), value = span_trim(span_skip(line, n));
    if (span_eq(key, span_str("WIDTH")))
        return pam_number(value, &p->image.width);
    if (span_eq(key, span_str("HEIGHT")))
        return pam_number(value, &p->image.height);
    if (span_eq(key, span_str("DEPTH")))
        return pam_number(value, &p->depth);
    if (span_eq(key, span_str("MAXVAL")))
        return pam_number(value, &p->maxval);
    /* The depth says all that the name of the tuples could. */
    return span_eq(key, span_str("TUPLTYPE"));
}

static enum pnm_event pam_begin(struct pnm *p)
{
    if (p->maxval == 0)
        return fail(p, "bad image header");
    p->alpha = p->depth == 2 || p->depth == 4;
    p->image.bilevel = p->maxval == 1 && p->depth == 1;
    return begin_image(p);
}

static enum pnm_event read_pam(struct pnm *p)
{
    while (p->in.n) {
        uint8_t c = take(p);
        if (c != '\n') {
            /* What is longer is a comment or nonsense: its beginning tells. */
            if (p->line_len < sizeof p->line)
                p->line[p->line_len++] = (char)c;
            continue;
        }
        struct span line = span_of(p->line, p->line_len);
        p->line_len = 0;
        if (span_eq(span_trim(line), span_str("ENDHDR")))
            return pam_begin(p);
        if (!pam_line(p, line))
            return fail(p, "bad image header");
    }
    return PNM_MORE;
}

static unsigned sample_of(const struct pnm *p, const uint8_t *raw, size_t i)
{
    unsigned v = p->maxval > 255 ? (unsigned)(raw[2 * i] << 8 | raw[2 * i + 1]) : raw[i];
    if (v > p->maxval)
        v = p->maxval;
    return p->maxval == 255 ? v : (v * 255 + p->maxval / 2) / p->maxval;
}

/* Luminance of each pel, as on white paper where it is transparent. */
static void to_gray(const struct pnm *p, const uint8_t *raw, uint8_t *out)
{
    for (size_t x = 0; x < p->image.width; x++) {
        size_t at = x * p->depth;
        unsigned v = sample_of(p, raw, at);
        if (p->depth >= 3)
            v = (77 * v + 150 * sample_of(p, raw, at + 1) + 29 * sample_of(p, raw, at + 2)) >> 8;
        if (p->alpha) {
            unsigned a = sample_of(p, raw, at + p->depth - 1);
            v = (v * a + 255 * (255 - a) + 127) / 255;
        }
        out[x] = (uint8_t)v;
    }
}

/* PAM keeps a byte a pel, 1 = white. */
static void to_bits(const struct pnm *p, const uint8_t *raw, uint8_t *out)
{
    memset(out, 0, (p->image.width + 7) / 8);
    for (size_t x = 0; x < p->image.width; x++)
        if (!raw[x])
            out[x / 8] |= (uint8_t)(0x80 >> x % 8);
}

static void clear_padding(const struct pnm *p, uint8_t *row)
{
    unsigned rest = p->image.width % 8;
    if (rest)
        row[p->image.width / 8] &= (uint8_t)(0xff00 >> rest);
}

static enum pnm_event give_row(struct pnm *p, const uint8_t *raw)
{
    uint8_t *out = p->out.data;
    if (!p->image.bilevel) {
        to_gray(p, raw, out);
    } else if (p->format == 7) {
        to_bits(p, raw, out);
    } else {
        memcpy(out, raw, p->raw_size);
        clear_padding(p, out);
    }
    p->row = out;
    p->rows_left--;
    p->raw.len = 0;
    return PNM_ROW;
}

static enum pnm_event end_image(struct pnm *p)
{
    p->state = PNM_S_MAGIC;
    return PNM_END;
}

static enum pnm_event read_raw(struct pnm *p)
{
    if (!p->rows_left)
        return end_image(p);
    if (!p->raw.len && p->in.n >= p->raw_size) {
        const uint8_t *raw = p->in.p;
        p->in = span_skip(p->in, p->raw_size);
        return give_row(p, raw);
    }
    struct span part = span_take(p->in, p->raw_size - p->raw.len);
    if (part.n)
        memcpy(p->raw.data + p->raw.len, part.p, part.n);
    p->raw.len += part.n;
    p->in = span_skip(p->in, part.n);
    return p->raw.len == p->raw_size ? give_row(p, p->raw.data) : PNM_MORE;
}

/* Puts one plain sample where the raw form would have it. */
static bool put_sample(struct pnm *p)
{
    if (p->image.bilevel) {
        if (p->sample % 8 == 0)
            p->raw.data[p->sample / 8] = 0;
        p->raw.data[p->sample / 8] |= (uint8_t)(p->number << (7 - p->sample % 8));
    } else if (p->number > p->maxval) {
        return false;
    } else if (p->maxval > 255) {
        p->raw.data[2 * p->sample] = (uint8_t)(p->number >> 8);
        p->raw.data[2 * p->sample + 1] = (uint8_t)p->number;
    } else {
        p->raw.data[p->sample] = (uint8_t)p->number;
    }
    p->number = 0;
    p->digits = false;
    p->sample++;
    return true;
}

static enum pnm_event plain_row(struct pnm *p)
{
    if (p->sample < p->image.width * p->depth)
        return PNM_MORE;
    p->sample = 0;
    return give_row(p, p->raw.data);
}

static enum pnm_event read_plain(struct pnm *p)
{
    if (!p->rows_left)
        return end_image(p);
    while (p->in.n) {
        uint8_t c = take(p);
        if (p->comment && c != '\n')
            continue;
        p->comment = false;
        if (ascii_digit(c)) {
            if (!add_digit(p, c) || (p->image.bilevel && p->number > 1))
                return fail(p, "a sample over the maximum");
            if (!p->image.bilevel)
                continue;
        } else if (c == '#') {
            p->comment = true;
        } else if (!is_blank(c)) {
            return fail(p, "bytes that are no samples");
        }
        if (!p->digits)
            continue;
        if (!put_sample(p))
            return fail(p, "a sample over the maximum");
        if (plain_row(p) == PNM_ROW)
            return PNM_ROW;
    }
    return PNM_MORE;
}

enum pnm_event pnm_next(struct pnm *p)
{
    for (;;) {
        switch (p->state) {
        case PNM_S_MAGIC:
            if (read_magic(p) == PNM_MORE)
                return PNM_MORE;
            continue;
        case PNM_S_HEADER: return read_header(p);
        case PNM_S_PAM: return read_pam(p);
        case PNM_S_RAW: return read_raw(p);
        case PNM_S_PLAIN: return read_plain(p);
        default: return PNM_ERROR;
        }
    }
}

void pnm_end_input(struct pnm *p)
{
    /* A raw row must not be completed by a byte that never came. */
    if (p->state == PNM_S_PLAIN)
        pnm_push(p, span_str("\n"));
}

enum err pnm_finish(const struct pnm *p, struct why *why)
{
    if (p->state == PNM_S_BAD)
        return why_set(why, ERR_DATA, "%s", p->why.text);
    if (p->state == PNM_S_MAGIC && !p->seen_p)
        return ERR_NONE;
    return why_set(why, ERR_DATA, "the image is cut short");
}
