/* Every reader of header fields on anything; and what is written is read back. */
#include "bytes/utf8.h"
#include "mime/address.h"
#include "mime/date.h"
#include "mime/encode.h"
#include "mime/filename.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(struct span in, struct buf *out)
{
    struct header_field f;
    struct span rest = in;
    int64_t time;
    long offset;
    char name[MIME_FILENAME_SIZE];
    struct mime_address a;
    while (header_next(&rest, &f)) {
        header_decode(f.raw, NULL, out);
        header_param(f.raw, "name", NULL, out);
    }
    buf_clear(out);
    if (header_decode(in, NULL, out) == ERR_NONE && !utf8_valid(buf_span(out)))
        abort();
    buf_clear(out);
    header_value(in, out);
    buf_clear(out);
    if (header_param(in, "name", NULL, out) == ERR_NONE && !utf8_valid(buf_span(out)))
        abort();
    mime_date_parse(in, &time, &offset);
    mime_filename(in, "x", name);
    if (!*name || *name == '.' || strchr(name, '/') || !utf8_valid(span_str(name)))
        abort();
    for (rest = in; mime_address_next(&rest, NULL, &a);)
        if (strlen(a.addr) >= sizeof a.addr)
            abort();
}

/* A subject that was written is the same when read; no line is over 998. */
static void write_back(struct span in, struct buf *out)
{
    struct span block, raw;
    buf_clear(out);
    if (header_put_text(out, "Subject", in, false) != ERR_NONE)
        return;
    block = buf_span(out);
    for (struct span s = block; s.n; s = span_skip(s, span_find(s, '\n') + 1))
        if (span_find(s, '\n') > 998)
            abort();
    if (!header_find(block, "Subject", &raw))
        abort();
    struct buf back, want;
    buf_init(&back, 1 << 22);
    buf_init(&want, 1 << 22);
    if (utf8_valid(in) && header_decode(raw, NULL, &back) == ERR_NONE) {
        bool control = false;
        struct span t = span_trim(in);
        for (size_t i = 0; i < t.n; i++)
            control |= t.p[i] < 0x20 || t.p[i] == 0x7f || t.p[i] == 0xc2;
        if (!control && !span_eq(t, buf_span(&back)))
            abort();
    }
    buf_release(&back);
    buf_release(&want);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf out;
    struct span in = span_of(data, size);
    struct header_param p = {"filename", in};
    buf_init(&out, 1 << 22);
    read_all(in, &out);
    write_back(in, &out);
    buf_clear(&out);
    header_put_addresses(&out, "To", in, true);
    buf_clear(&out);
    if (header_put_params(&out, "Content-Disposition", "attachment", &p, 1, false) == ERR_NONE &&
        utf8_valid(in)) {
        struct span raw;
        struct buf back;
        bool control = false;
        for (size_t i = 0; i < in.n; i++)
            control |= in.p[i] < 0x20 || in.p[i] == 0x7f || in.p[i] == 0xc2;
        buf_init(&back, 1 << 22);
        if (!header_find(buf_span(&out), "Content-Disposition", &raw))
            abort();
        if (header_param(raw, "filename", NULL, &back) != ERR_NONE && in.n)
            abort();
        /* What looks like an RFC 2047 word is taken for one in a parameter, as senders do it. */
        bool word = in.n > 1 && memmem(in.p, in.n, "=?", 2);
        if (!control && !word && !span_eq(span_trim(in), span_trim(buf_span(&back))))
            abort();
        buf_release(&back);
    }
    buf_release(&out);
    return 0;
}
