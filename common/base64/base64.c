#include "base64/base64.h"

#include "base64/kernel.h"

#include <string.h>

void base64_encoder_init(struct base64_encoder *e, size_t wrap, unsigned flags)
{
    *e = (struct base64_encoder){.wrap = wrap, .flags = flags};
}

size_t base64_encode_bound(const struct base64_encoder *e, size_t n)
{
    size_t characters = (n / 3 + 2) * 4;
    /* Two bytes a line end; the line begun and the last one beside the full ones. */
    size_t lines = e->wrap ? characters / e->wrap + 2 : 0;
    return characters + 2 * lines;
}

static size_t line_end(const struct base64_encoder *e, uint8_t *out)
{
    if (e->flags & BASE64_CRLF) {
        out[0] = '\r';
        out[1] = '\n';
        return 2;
    }
    out[0] = '\n';
    return 1;
}

/* Puts a group of four out, breaking the line within it where wrap is no multiple of four. */
static size_t put_group(struct base64_encoder *e, const uint8_t group[4], uint8_t *out)
{
    size_t n = 0;
    for (unsigned i = 0; i < 4; i++) {
        if (e->wrap && e->column == e->wrap) {
            n += line_end(e, out + n);
            e->column = 0;
        }
        out[n++] = group[i];
        e->column++;
    }
    return n;
}

/*
 * Mail's lines, where one begins: as many as there are whole ones. The last one's line end waits
 * as any other does, for what follows it.
 */
static size_t put_lines(struct base64_encoder *e, const uint8_t *in, size_t lines, uint8_t *out)
{
    unsigned eol = e->flags & BASE64_CRLF ? 2 : 1;
    size_t n = 0;
    if (e->column)
        n += line_end(e, out);
    base64_kernel_used()->encode_lines(in, lines, eol, out + n);
    e->column = e->wrap;
    return n + lines * (BASE64_LINE + eol) - eol;
}

/* Whole groups: as many at once as the line takes. */
static size_t put_groups(struct base64_encoder *e, const uint8_t *in, size_t groups, uint8_t *out)
{
    const struct base64_kernel *k = base64_kernel_used();
    size_t n = 0;
    while (groups) {
        size_t lines = groups / (BASE64_LINE / 4);
        if (e->wrap == BASE64_LINE && lines && (e->column == 0 || e->column == e->wrap)) {
            n += put_lines(e, in, lines, out + n);
            in += BASE64_LINE_BYTES * lines;
            groups -= BASE64_LINE / 4 * lines;
            continue;
        }
        size_t fit = e->wrap ? (e->wrap - e->column) / 4 : groups;
        if (fit > groups)
            fit = groups;
        if (fit == 0) {
            uint8_t group[4];
            if (e->column == e->wrap) {
                n += line_end(e, out + n);
                e->column = 0;
                if (e->wrap >= 4)
                    continue;
            }
            k->encode(in, 1, group);
            n += put_group(e, group, out + n);
            fit = 1;
        } else {
            k->encode(in, fit, out + n);
            n += 4 * fit;
            e->column += 4 * fit;
        }
        in += 3 * fit;
        groups -= fit;
    }
    return n;
}

size_t base64_encode(struct base64_encoder *e, struct span in, uint8_t *out)
{
    size_t n = 0;
    while (e->held && e->held < 3 && in.n) {
        e->carry[e->held++] = in.p[0];
        in = span_skip(in, 1);
    }
    if (e->held == 3) {
        n = put_groups(e, e->carry, 1, out);
        e->held = 0;
    }
    size_t groups = in.n / 3;
    n += put_groups(e, in.p, groups, out + n);
    in = span_skip(in, 3 * groups);
    /* Less than a group is left, and only where the carry is empty. */
    if (in.n) {
        memcpy(e->carry, in.p, in.n);
        e->held = (unsigned)in.n;
    }
    return n;
}

size_t base64_encode_end(struct base64_encoder *e, uint8_t *out)
{
    size_t n = 0;
    if (e->held) {
        uint8_t group[4];
        memset(e->carry + e->held, 0, 3 - e->held);
        base64_kernel_used()->encode(e->carry, 1, group);
        memset(group + e->held + 1, '=', 3 - e->held);
        n = put_group(e, group, out);
        e->held = 0;
    }
    if (e->wrap && e->column)
        n += line_end(e, out + n);
    e->column = 0;
    return n;
}

void base64_decoder_init(struct base64_decoder *d, unsigned flags)
{
    *d = (struct base64_decoder){.flags = flags};
}

size_t base64_decode_bound(size_t n)
{
    return n / 4 * 3 + 6;
}

static bool blank(uint8_t c)
{
    return c == '\n' || c == '\r' || c == ' ' || c == '\t' || c == '\f' || c == '\v';
}

/* The whole bytes of a group that has fewer than four characters. */
static size_t put_rest(struct base64_decoder *d, uint8_t *out)
{
    size_t n = d->held > 1 ? d->held - 1 : 0;
    uint32_t bits = d->held ? d->bits << (24 - 6 * d->held) : 0;
    if (n > 0)
        out[0] = (uint8_t)(bits >> 16);
    if (n > 1)
        out[1] = (uint8_t)(bits >> 8);
    d->held = 0;
    d->pads = 0;
    d->bits = 0;
    return n;
}

static size_t take_pad(struct base64_decoder *d, uint8_t *out)
{
    if (d->held < 2) {
        /* Nothing to pad: a stray; behind a full group it still says that the data is over. */
        if (!d->ended || d->held)
            d->defects.strays++;
        return 0;
    }
    if (++d->pads + d->held < 4)
        return 0;
    d->ended = true;
    return put_rest(d, out);
}

static size_t take_character(struct base64_decoder *d, uint8_t value, uint8_t *out)
{
    if (d->ended && !(d->flags & BASE64_JOINED)) {
        d->defects.trailing++;
        return 0;
    }
    d->ended = false;
    if (d->pads) {
        /* "YQ=Yg": the padding was short and the data goes on. */
        d->defects.no_padding = true;
        size_t n = put_rest(d, out);
        return n + take_character(d, value, out + n);
    }
    d->characters++;
    d->bits = d->bits << 6 | value;
    if (++d->held < 4)
        return 0;
    out[0] = (uint8_t)(d->bits >> 16);
    out[1] = (uint8_t)(d->bits >> 8);
    out[2] = (uint8_t)d->bits;
    d->held = 0;
    d->bits = 0;
    return 3;
}

/* Mail's lines, as long as they are whole and have nothing strange: the number of bytes taken. */
static size_t take_lines(struct base64_decoder *d, struct span in, uint8_t *out, size_t *n)
{
    if (in.n < BASE64_LINE + 2)
        return 0;
    unsigned eol = in.p[BASE64_LINE] == '\n' ? 1 : 2;
    size_t lines = base64_kernel_used()->decode_lines(in.p, in.n / (BASE64_LINE + eol), eol, out);
    *n += BASE64_LINE_BYTES * lines;
    d->characters += BASE64_LINE * lines;
    return (BASE64_LINE + eol) * lines;
}

/* The same of whole groups. */
static size_t take_groups(struct base64_decoder *d, struct span in, uint8_t *out, size_t *n)
{
    size_t groups = base64_kernel_used()->decode(in.p, in.n / 4, out);
    *n += 3 * groups;
    d->characters += 4 * groups;
    return 4 * groups;
}

size_t base64_decode(struct base64_decoder *d, struct span in, uint8_t *out)
{
    size_t n = 0;
    if (!in.n) /* then p may be NULL, to which nothing may be added */
        return 0;
    const uint8_t *p = in.p, *end = in.p + in.n;
    while (p < end) {
        if (d->held == 0 && !d->ended && end - p >= 4) {
            p += take_lines(d, span_of(p, (size_t)(end - p)), out + n, &n);
            p += take_groups(d, span_of(p, (size_t)(end - p)), out + n, &n);
            if (p == end)
                break;
        }
        uint8_t c = *p++, value = base64_values[c];
        if (value != 0xff)
            n += take_character(d, value, out + n);
        else if (c == '=')
            n += take_pad(d, out + n);
        else if (!blank(c))
            d->defects.strays++;
    }
    return n;
}

size_t base64_decode_end(struct base64_decoder *d, uint8_t *out)
{
    if (d->held == 1)
        d->defects.cut = true;
    else if (d->held)
        d->defects.no_padding = true;
    return put_rest(d, out);
}

bool base64_repaired(const struct base64_decoder *d)
{
    const struct base64_defects *f = &d->defects;
    return f->strays || f->trailing || f->no_padding || f->cut;
}
