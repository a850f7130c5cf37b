/*
 * RFC 2047 words and RFC 2231 parameters, with every charset that iconv knows: what comes out is
 * UTF-8 without control bytes, and what we write comes back. The first byte chooses the name.
 */
#include "bytes/utf8.h"
#include "mime/address.h"
#include "mime/encode.h"
#include "text/convert.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct mime_converter all_charsets = {text_convert_mime, NULL};

static void harmless(struct buf *out)
{
    struct span s = buf_span(out);
    if (!utf8_valid(s))
        abort();
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < 0x20 || s.p[i] == 0x7f || (s.p[i] == 0xc2 && s.p[i + 1] < 0xa0))
            abort();
    buf_clear(out);
}

/* A charset and bytes of it, as a word and as a parameter. */
static void wrap(struct span in, struct buf *raw, struct buf *out)
{
    struct span charset = span_take(in, span_find(span_take(in, 40), ' ')), text = span_skip(in, charset.n);
    buf_clear(raw);
    buf_add_str(raw, "x; name*0*=");
    buf_add_span(raw, charset);
    buf_add_str(raw, "''");
    for (size_t i = 0; i < text.n && i < 4096; i++)
        buf_add_format(raw, i == text.n / 2 ? "; name*1*=%%%02X" : "%%%02X", text.p[i]);
    if (header_param(buf_span(raw), "name", &all_charsets, out) == ERR_NONE)
        harmless(out);
    buf_clear(raw);
    buf_add_str(raw, "=?");
    buf_add_span(raw, charset);
    buf_add_str(raw, "?q?");
    for (size_t i = 0; i < text.n && i < 4096; i++)
        buf_add_format(raw, "=%02X", text.p[i]);
    buf_add_str(raw, "?=");
    if (header_decode(buf_span(raw), &all_charsets, out) == ERR_NONE)
        harmless(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"name", "filename", "boundary", "charset"};
    struct buf out, raw;
    struct mime_address a;
    if (size == 0)
        return 0;
    struct span in = span_of(data + 1, size - 1), rest = in;
    buf_init(&out, 1 << 24);
    buf_init(&raw, 1 << 20);
    if (header_decode(in, &all_charsets, &out) == ERR_NONE)
        harmless(&out);
    if (header_param(in, names[data[0] % 4], &all_charsets, &out) == ERR_NONE)
        harmless(&out);
    while (mime_address_next(&rest, &all_charsets, &a))
        if (!utf8_valid(span_str(a.name)))
            abort();
    wrap(in, &raw, &out);
    buf_release(&raw);
    buf_release(&out);
    return 0;
}
