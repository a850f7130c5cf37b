/* The search for uuencoded files in a text: the input is the text. */
#include "mime/parse.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sum {
    uint64_t text, files;
    size_t parts;
};

static struct sum parse(const uint8_t *mail, size_t n, size_t step)
{
    struct sum s = {0};
    struct mime_parser p;
    struct mime_event e;
    size_t at = 0;
    mime_parser_init(&p, NULL);
    while (mime_parser_next(&p, &e) == ERR_NONE && e.kind != MIME_END) {
        if (e.kind == MIME_NEED_MORE) {
            size_t k = step && step < n - at ? step : n - at;
            if (k)
                mime_parser_push(&p, span_of(mail + at, k));
            else
                mime_parser_end(&p);
            at += k;
        } else if (e.kind == MIME_PART_BEGIN) {
            s.parts++;
        } else if (e.kind == MIME_BODY) {
            uint64_t *sum = e.part->in_text ? &s.files : &s.text;
            for (size_t i = 0; i < e.body.n; i++)
                *sum = (*sum ^ e.body.p[i]) * 1099511628211u + 1;
        }
    }
    mime_parser_release(&p);
    return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char plain[] = "Subject: x\n\n";
    static const char whole[] = "Content-Transfer-Encoding: x-uuencode\n\n";
    if (size < 1)
        return 0;
    const char *head = data[0] & 1 ? whole : plain;
    size_t n = strlen(head);
    uint8_t *mail = malloc(n + size);
    memcpy(mail, head, n);
    memcpy(mail + n, data + 1, size - 1);
    struct sum a = parse(mail, n + size - 1, 0), b = parse(mail, n + size - 1, 1 + data[0] / 2);
    if (a.text != b.text || a.files != b.files || a.parts != b.parts)
        abort();
    free(mail);
    return 0;
}
