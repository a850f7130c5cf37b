#include "mime/qp.h"

#include <string.h>

enum { LINE_MAX_QP = 76 };

void qp_decoder_init(struct qp_decoder *d)
{
    memset(d, 0, sizeof *d);
}

size_t qp_decode_bound(size_t n)
{
    return n + sizeof(((struct qp_decoder *)0)->blank) + 4;
}

static int hex(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static size_t put_blanks(struct qp_decoder *d, uint8_t *out)
{
    size_t n = d->blanks;
    memcpy(out, d->blank, n);
    d->blanks = 0;
    return n;
}

static size_t plain(struct qp_decoder *d, uint8_t c, uint8_t *out)
{
    size_t n = 0;
    if (c == ' ' || c == '\t') {
        /* More of them than a line may have are the text's own. */
        if (d->blanks == sizeof d->blank)
            n = put_blanks(d, out);
        d->blank[d->blanks++] = c;
        return n;
    }
    if (c == '\n' || c == '\r')
        d->blanks = 0;
    else
        n = put_blanks(d, out);
    out[n++] = c;
    return n;
}

/* The bytes in the carry meant nothing: they are text. */
static size_t give_up(struct qp_decoder *d, uint8_t *out)
{
    size_t n = put_blanks(d, out);
    d->defects++;
    memcpy(out + n, d->carry, d->held);
    n += d->held;
    d->held = 0;
    return n;
}

/* One byte behind a "=". */
static size_t escaped(struct qp_decoder *d, uint8_t c, uint8_t *out)
{
    if (d->held == 1) {
        if (c == '\n') {
            d->held = 0; /* a soft line break; blanks before the "=" are text */
            return put_blanks(d, out);
        }
        /* CR of a soft break, a hex digit, or blanks that a gateway put behind the "=". */
        if (c == '\r' || c == ' ' || c == '\t' || hex(c) >= 0) {
            d->carry[d->held++] = c;
            return 0;
        }
    } else if (hex(d->carry[1]) >= 0 && hex(c) >= 0) {
        size_t n = put_blanks(d, out);
        out[n++] = (uint8_t)(hex(d->carry[1]) << 4 | hex(c));
        d->held = 0;
        return n;
    } else if (hex(d->carry[1]) < 0 && c == '\n') {
        d->held = 0;
        return put_blanks(d, out);
    } else if (hex(d->carry[1]) < 0 && (c == '\r' || c == ' ' || c == '\t')) {
        return 0;
    }
    size_t n = give_up(d, out);
    if (c == '=') {
        d->carry[d->held++] = c;
        return n;
    }
    return n + plain(d, c, out + n);
}

size_t qp_decode(struct qp_decoder *d, struct span in, uint8_t *out)
{
    size_t n = 0;
    for (size_t i = 0; i < in.n; i++) {
        uint8_t c = in.p[i];
        if (d->held)
            n += escaped(d, c, out + n);
        else if (c == '=')
            d->carry[d->held++] = c;
        else
            n += plain(d, c, out + n);
    }
    return n;
}

size_t qp_decode_end(struct qp_decoder *d, uint8_t *out)
{
    if (d->held == 1) {
        d->held = 0; /* a soft break at the very end */
        return put_blanks(d, out);
    }
    if (d->held)
        return give_up(d, out);
    d->blanks = 0;
    return 0;
}

void qp_encoder_init(struct qp_encoder *e, bool crlf)
{
    *e = (struct qp_encoder){.crlf = crlf};
}

size_t qp_encode_bound(size_t n)
{
    /* Three for a byte, and a soft break of three for every 73 of them. */
    return 3 * (n + 2) + 3 * (3 * (n + 2) / 73 + 2);
}

static size_t end_line(struct qp_encoder *e, uint8_t *out)
{
    size_t n = 0;
    if (e->crlf)
        out[n++] = '\r';
    out[n++] = '\n';
    e->column = 0;
    return n;
}

static size_t put(struct qp_encoder *e, uint8_t c, bool coded, uint8_t *out)
{
    static const char digits[] = "0123456789ABCDEF";
    unsigned width = coded ? 3 : 1;
    size_t n = 0;
    if (e->column + width > LINE_MAX_QP - 1) {
        out[n++] = '=';
        n += end_line(e, out + n);
    }
    /* A mail program may take a line "." for the end, or "From " for a beginning. */
    if (e->column == 0 && (c == '.' || c == 'F')) {
        coded = true;
        width = 3;
    }
    if (coded) {
        out[n++] = '=';
        out[n++] = (uint8_t)digits[c >> 4];
        out[n++] = (uint8_t)digits[c & 15];
    } else {
        out[n++] = c;
    }
    e->column += width;
    return n;
}

static size_t put_held_blank(struct qp_encoder *e, bool at_end, uint8_t *out)
{
    uint8_t c = e->blank;
    e->blank = 0;
    return c ? put(e, c, at_end, out) : 0;
}

static size_t encode_byte(struct qp_encoder *e, uint8_t c, uint8_t *out)
{
    size_t n = 0;
    if (e->cr && c != '\n') {
        n += put_held_blank(e, false, out + n);
        n += put(e, '\r', true, out + n);
    }
    e->cr = c == '\r';
    if (e->cr)
        return n;
    if (c == '\n') {
        n += put_held_blank(e, true, out + n);
        return n + end_line(e, out + n);
    }
    n += put_held_blank(e, false, out + n);
    if (c == ' ' || c == '\t') {
        e->blank = c;
        return n;
    }
    return n + put(e, c, c < 0x20 || c > 0x7e || c == '=', out + n);
}

size_t qp_encode(struct qp_encoder *e, struct span in, uint8_t *out)
{
    size_t n = 0;
    for (size_t i = 0; i < in.n; i++)
        n += encode_byte(e, in.p[i], out + n);
    return n;
}

size_t qp_encode_end(struct qp_encoder *e, uint8_t *out)
{
    size_t n = put_held_blank(e, !e->cr, out);
    if (e->cr)
        n += put(e, '\r', true, out + n);
    e->cr = false;
    return n;
}
