/*
 * What strangers' mail puts on a terminal: read as a reader would, then made harmless. Whatever
 * comes in, what goes out is UTF-8, has no control character but our line ends, no line without
 * our mark, and no more lines and octets than may be.
 */
#include "bytes/utf8.h"
#include "mime/readable.h"
#include "smtp/screen.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct span shown, size_t lines_max)
{
    size_t lines = 0;
    if (!utf8_valid(shown))
        abort();
    while (shown.n) {
        size_t n = span_find(shown, '\n');
        if (n == shown.n || n < 3 || memcmp(shown.p, "| ", 2) != 0 || shown.p[n - 1] != '\r' ||
            ++lines > lines_max)
            abort();
        for (size_t i = 0; i + 1 < n; i++)
            if (shown.p[i] < 0x20 || shown.p[i] == 0x7f ||
                (shown.p[i] == 0xc2 && shown.p[i + 1] < 0xa0))
                abort();
        shown = span_skip(shown, n + 1);
    }
}

static void show(struct span text)
{
    struct buf out;
    bool whole;
    buf_init(&out, SCREEN_OCTETS_MAX);
    if (screen_add(&out, text, &whole))
        abort();
    check(buf_span(&out), SCREEN_LINES_MAX);
    buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mime_readable *r = malloc(sizeof *r);
    struct buf text;
    struct why why = {""};
    if (!r)
        abort();
    show(span_of(data, size));
    buf_init(&text, 1 << 20);
    mime_readable_init(r, NULL, &text);
    if (!mime_readable_push(r, span_of(data, size), &why) && !mime_readable_end(r, &why))
        show(buf_span(&text));
    mime_readable_release(r);
    free(r);
    buf_release(&text);
    return 0;
}
