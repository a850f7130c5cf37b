/*
 * The Netpbm reader: whatever the bytes, and however they are cut, the same rows come out.
 */
#include "scan/pnm.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sum {
    uint64_t hash;
    unsigned events;
};

static void mix(struct sum *s, uint64_t v)
{
    s->hash = (s->hash ^ v) * 0x100000001b3u;
}

/* Reads it all in pieces of the given size. */
static struct sum read_all(struct span in, size_t piece)
{
    struct sum s = {0xcbf29ce484222325u, 0};
    struct pnm p;
    bool ended = false;
    pnm_init(&p);
    for (;;) {
        enum pnm_event e = pnm_next(&p);
        if (e == PNM_MORE && ended)
            break;
        if (e == PNM_MORE && !in.n) {
            ended = true;
            pnm_end_input(&p);
            continue;
        }
        if (e == PNM_MORE) {
            struct span part = span_take(in, piece);
            in = span_skip(in, part.n);
            pnm_push(&p, part);
            continue;
        }
        s.events++;
        mix(&s, (uint64_t)e);
        if (e == PNM_ERROR)
            break;
        if (e == PNM_IMAGE)
            mix(&s, (uint64_t)p.image.width << 32 | p.image.height);
        for (size_t i = 0; e == PNM_ROW && i < scan_row_size(&p.image); i++)
            mix(&s, p.row[i]);
    }
    mix(&s, (uint64_t)pnm_finish(&p, NULL));
    pnm_release(&p);
    return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sum whole = read_all(span_of(data, size), size ? size : 1);
    struct sum cut = read_all(span_of(data, size), 1 + (size ? data[0] % 7 : 0));
    if (whole.hash != cut.hash || whole.events != cut.events)
        abort();
    return 0;
}
