#include "g3/g3.h"

#include <string.h>

static const char *const names[] = {[G3_MH] = "mh", [G3_MR] = "mr", [G3_MMR] = "mmr"};

const char *g3_coding_name(enum g3_coding coding)
{
    return names[coding];
}

bool g3_coding_parse(struct span name, enum g3_coding *coding)
{
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        if (span_eq(name, span_str(names[i]))) {
            *coding = (enum g3_coding)i;
            return true;
        }
    }
    return false;
}

static inline uint64_t reverse8(uint64_t w)
{
    w = (w >> 1 & UINT64_C(0x5555555555555555)) | (w & UINT64_C(0x5555555555555555)) << 1;
    w = (w >> 2 & UINT64_C(0x3333333333333333)) | (w & UINT64_C(0x3333333333333333)) << 2;
    return (w >> 4 & UINT64_C(0x0f0f0f0f0f0f0f0f)) | (w & UINT64_C(0x0f0f0f0f0f0f0f0f)) << 4;
}

void g3_reverse_bits(uint8_t *p, size_t n)
{
    uint64_t w;
    for (; n >= sizeof w; p += sizeof w, n -= sizeof w) {
        memcpy(&w, p, sizeof w);
        w = reverse8(w);
        memcpy(p, &w, sizeof w);
    }
    for (; n; p++, n--)
        *p = (uint8_t)reverse8(*p);
}
