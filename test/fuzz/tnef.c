/* TNEF whole and in pieces gives the same files; as a part of a mail too. */
#include "mime/tnef.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t mix(uint64_t hash, const void *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ ((const uint8_t *)p)[i]) * 1099511628211u;
    return hash;
}

static uint64_t read_files(struct span in, size_t step)
{
    uint64_t hash = 1469598103934665603u;
    struct tnef t;
    struct tnef_event e;
    uint8_t *piece = NULL;
    bool open = false;
    tnef_init(&t, NULL);
    while (tnef_next(&t, &e) == ERR_NONE && e.kind != TNEF_DONE) {
        if (e.kind == TNEF_NEED_MORE) {
            size_t n = step && step < in.n ? step : in.n;
            free(piece);
            piece = malloc(n + 1);
            memcpy(piece, in.p, n);
            if (n)
                tnef_push(&t, span_of(piece, n));
            else
                tnef_end(&t);
            in = span_skip(in, n);
            continue;
        }
        if ((e.kind == TNEF_BEGIN) == open || (e.kind == TNEF_BODY && e.body.n == 0))
            abort();
        open = e.kind != TNEF_END;
        hash = e.kind == TNEF_BODY ? mix(hash, e.body.p, e.body.n)
                                   : mix(mix(hash, e.name, strlen(e.name)), e.type, strlen(e.type));
    }
    if (open)
        abort();
    hash = mix(hash, &t.damaged, 1);
    free(piece);
    tnef_release(&t);
    return hash;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct span in = span_of(data + 1, size - 1);
    if (read_files(in, 0) != read_files(in, data[0] % 64 + 1u))
        abort();
    return 0;
}
