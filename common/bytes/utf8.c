#include "bytes/utf8.h"

#include <string.h>

size_t utf8_char(struct span s, uint32_t *point)
{
    if (s.n == 0)
        return 0;
    uint8_t c = s.p[0];
    size_t n = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
    if (n == 0 || s.n < n)
        return 0;
    uint32_t v = n == 1 ? c : c & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((s.p[i] & 0xc0) != 0x80)
            return 0;
        v = v << 6 | (s.p[i] & 0x3fu);
    }
    if ((n == 3 && (v < 0x800 || (v >= 0xd800 && v < 0xe000))) ||
        (n == 4 && (v < 0x10000 || v > 0x10ffff)))
        return 0;
    if (point)
        *point = v;
    return n;
}

size_t utf8_put(uint32_t point, uint8_t out[4])
{
    static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t n = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, point >>= 6)
        out[i] = (uint8_t)(0x80 | (point & 0x3f));
    out[0] = (uint8_t)(lead[n] | point);
    return n;
}

bool utf8_valid(struct span s)
{
    while (s.n) {
        size_t n = utf8_char(s, NULL);
        if (n == 0)
            return false;
        s = span_skip(s, n);
    }
    return true;
}

void utf8_copy(struct span s, char *out, size_t size)
{
    size_t n = 0;
    while (n < s.n) {
        size_t k = utf8_char(span_skip(s, n), NULL);
        if (k == 0)
            k = 1;
        if (n + k >= size)
            break;
        n += k;
    }
    if (n)
        memcpy(out, s.p, n);
    out[n] = '\0';
}
