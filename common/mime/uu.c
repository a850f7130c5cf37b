#include "mime/uu.h"

#include "base64/base64.h"

#include <string.h>

bool uu_is_begin(struct span line, bool *base64, struct span *name)
{
    struct span s = line;
    *base64 = span_starts(s, span_str("begin-base64 "));
    if (!*base64 && !span_starts(s, span_str("begin ")))
        return false;
    s = span_skip(s, *base64 ? 13 : 6);
    size_t n = 0;
    while (n < s.n && s.p[n] >= '0' && s.p[n] <= '7')
        n++;
    if (n < 3 || n > 4 || n >= s.n || s.p[n] != ' ')
        return false;
    *name = span_trim(span_skip(s, n + 1));
    return name->n > 0;
}

bool uu_is_end(struct span line, bool base64)
{
    return span_eq(span_trim(line), span_str(base64 ? "====" : "end"));
}

/* Six bits of the character at i; what is beyond the line are blanks that a gateway cut off. */
static uint32_t sextet(struct span s, size_t i)
{
    return i < s.n ? (uint32_t)(s.p[i] - 0x20) & 63 : 0;
}

bool uu_decode_line(struct span line, uint8_t out[UU_LINE_MAX], size_t *n)
{
    *n = 0;
    if (line.n == 0)
        return false;
    for (size_t i = 0; i < line.n; i++)
        if (line.p[i] < 0x20 || line.p[i] > 0x60)
            return false;
    size_t bytes = sextet(line, 0), groups = (bytes + 2) / 3;
    struct span s = span_skip(line, 1);
    /* A check character, and the padding of the last group to four, may follow. */
    if (s.n > groups * 4 + 2)
        return false;
    for (size_t g = 0; g < groups; g++) {
        uint32_t v = sextet(s, 4 * g) << 18 | sextet(s, 4 * g + 1) << 12 |
                     sextet(s, 4 * g + 2) << 6 | sextet(s, 4 * g + 3);
        for (size_t k = 0; k < 3 && 3 * g + k < bytes; k++)
            out[(*n)++] = (uint8_t)(v >> (16 - 8 * k));
    }
    return true;
}
