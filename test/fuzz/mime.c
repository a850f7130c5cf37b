/* A mail parsed whole and in pieces gives the same parts and bytes, and ends. */
#include "base64/kernel.h"
#include "cpu/cpu.h"
#include "mime/parse.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct trace {
    uint64_t hash;
    size_t begun, ended;
    enum err result;
};

static void mix(struct trace *t, const void *p, size_t n)
{
    const uint8_t *b = p;
    for (size_t i = 0; i < n; i++)
        t->hash = (t->hash ^ b[i]) * 1099511628211u;
}

static void note(struct trace *t, const struct mime_event *e)
{
    switch (e->kind) {
    case MIME_PART_BEGIN:
        t->begun++;
        mix(t, e->part->number, strlen(e->part->number));
        mix(t, e->part->type, strlen(e->part->type));
        mix(t, e->part->name, strlen(e->part->name));
        mix(t, e->header.p, e->header.n);
        break;
    case MIME_BODY:
        if (e->body.n == 0)
            abort();
        mix(t, e->body.p, e->body.n);
        break;
    case MIME_PART_END:
        t->ended++;
        mix(t, e->part->number, strlen(e->part->number));
        break;
    default:
        break;
    }
}

static struct trace parse(struct span in, size_t step, const struct mime_options *options)
{
    struct trace t = {.hash = 1469598103934665603u};
    struct mime_parser p;
    struct mime_event event = {.kind = MIME_NEED_MORE};
    uint8_t *piece = NULL;
    mime_parser_init(&p, options);
    while (!(t.result = mime_parser_next(&p, &event)) && event.kind != MIME_END) {
        if (event.kind != MIME_NEED_MORE) {
            note(&t, &event);
            continue;
        }
        size_t n = step && step < in.n ? step : in.n;
        free(piece);
        piece = NULL;
        if (n) {
            piece = malloc(n);
            memcpy(piece, in.p, n);
            mime_parser_push(&p, span_of(piece, n));
        } else {
            mime_parser_end(&p);
        }
        in = span_skip(in, n);
    }
    if (!t.result && t.begun != t.ended)
        abort();
    free(piece);
    mime_parser_release(&p);
    return t;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    base64_use(cpu_detect());
    if (size < 2)
        return 0;
    struct mime_options options = {.keep_uu = data[1] & 1, .raw = data[1] & 2,
                                   .opaque_messages = data[1] & 4};
    struct span in = span_of(data + 2, size - 2);
    struct trace whole = parse(in, 0, &options), pieces = parse(in, data[0] + 1u, &options);
    if (whole.hash != pieces.hash || whole.begun != pieces.begun ||
        whole.result != pieces.result)
        abort();
    return 0;
}
