/* What a report says, as text and as JSON; and a report we make about a mail is read back. */
#include "bytes/utf8.h"
#include "mime/report.h"
#include "mime/report_write.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err read_report(struct span in, size_t step, struct mime_report *r)
{
    struct mime_parser p;
    struct mime_event e;
    enum err err;
    mime_report_init(r);
    mime_parser_init(&p, NULL);
    while (!(err = mime_parser_next(&p, &e)) && e.kind != MIME_END) {
        struct span piece = step ? span_take(in, step) : in;
        if (e.kind != MIME_NEED_MORE) {
            mime_report_event(r, &e);
            continue;
        }
        if (piece.n)
            mime_parser_push(&p, piece);
        else
            mime_parser_end(&p);
        in = span_skip(in, piece.n);
    }
    mime_parser_release(&p);
    return err;
}

static void show(struct span in, size_t step, struct buf *out)
{
    struct mime_report r;
    enum err e = read_report(in, step, &r);
    buf_clear(out);
    if (!e && r.kind != MIME_REPORT_NONE &&
        (mime_report_text(&r, NULL, out) || mime_report_json(&r, NULL, out)))
        abort();
    if (!utf8_valid(buf_span(out)))
        abort();
    mime_report_release(&r);
}

/* Whatever strangers' words are in it. */
static void make(const char *words, struct span in, struct buf *out)
{
    const struct mime_dsn_recipient to[] = {
        {.original = words, .path = words, .status = words, .code = 550, .text = words, .remote = words},
        {.path = "b@c", .action = MIME_DSN_DELAYED, .text = words},
    };
    const struct mime_dsn dsn = {
        .head = {.hostname = "h", .from = "p@h", .to = words, .message_id = "i", .boundary = "b",
                 .original = in},
        .envelope_id = words, .recipients = to, .count = 2,
    };
    struct mime_report r;
    struct span rest, block, raw;
    size_t blocks = 0;
    buf_clear(out);
    if (mime_dsn_write(&dsn, out) || read_report(buf_span(out), 0, &r) || r.kind != MIME_REPORT_DSN)
        abort();
    for (rest = buf_span(&r.fields); mime_report_block(&rest, &block); blocks++)
        if (blocks && (!header_find(block, "Status", &raw) || !header_find(block, "Action", &raw)))
            abort();
    if (blocks != 3)
        abort();
    mime_report_release(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf whole, pieces;
    char words[300], to[512];
    if (size == 0)
        return 0;
    struct span in = span_of(data + 1, size - 1);
    buf_init(&whole, 64 << 20);
    buf_init(&pieces, 64 << 20);
    show(in, 0, &whole);
    show(in, data[0] % 64 + 1u, &pieces);
    if (!span_eq(buf_span(&whole), buf_span(&pieces)))
        abort();
    size_t n = size - 1 < sizeof words - 1 ? size - 1 : sizeof words - 1;
    memcpy(words, data + 1, n);
    words[n] = '\0';
    make(words, in, &whole);
    mime_mdn_asked(in, to);
    buf_release(&whole);
    buf_release(&pieces);
    return 0;
}
