/* Letters made small: the simple foldings of Unicode's CaseFolding, by ranges. */
#include "policy/user.h"

#include "bytes/utf8.h"

/* Every letter of first…last is distance before its small form; step 2: only every other one. */
struct range {
    uint16_t first, last;
    int16_t distance;
    uint8_t step;
};

static const struct range ranges[] = {
    {'A', 'Z', 32, 1},          {0xb5, 0xb5, 0x307, 1},     {0xc0, 0xd6, 32, 1},
    {0xd8, 0xde, 32, 1},        {0x100, 0x12e, 1, 2},       {0x132, 0x136, 1, 2},
    {0x139, 0x147, 1, 2},       {0x14a, 0x176, 1, 2},       {0x178, 0x178, -121, 1},
    {0x179, 0x17d, 1, 2},       {0x1cd, 0x1db, 1, 2},       {0x1de, 0x1ee, 1, 2},
    {0x1f8, 0x21e, 1, 2},       {0x222, 0x232, 1, 2},       {0x386, 0x386, 38, 1},
    {0x388, 0x38a, 37, 1},      {0x38c, 0x38c, 64, 1},      {0x38e, 0x38f, 63, 1},
    {0x391, 0x3a1, 32, 1},      {0x3a3, 0x3ab, 32, 1},      {0x3c2, 0x3c2, 1, 1},
    {0x400, 0x40f, 80, 1},      {0x410, 0x42f, 32, 1},      {0x460, 0x480, 1, 2},
    {0x48a, 0x4be, 1, 2},       {0x4c1, 0x4cd, 1, 2},       {0x4d0, 0x52e, 1, 2},
    {0x531, 0x556, 48, 1},      {0x1e00, 0x1e94, 1, 2},     {0x1ea0, 0x1efe, 1, 2},
    {0xff21, 0xff3a, 32, 1},
};

static uint32_t small(uint32_t point)
{
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        const struct range *r = &ranges[i];
        if (point >= r->first && point <= r->last && (point - r->first) % r->step == 0)
            return (uint32_t)((int32_t)point + r->distance);
    }
    return point;
}

/* None of the small forms needs more than three bytes. */
static enum err add_point(struct buf *out, uint32_t v)
{
    uint8_t b[3];
    if (v < 0x80)
        return buf_add_byte(out, (uint8_t)v);
    if (v < 0x800) {
        b[0] = (uint8_t)(0xc0 | v >> 6);
        b[1] = (uint8_t)(0x80 | (v & 0x3f));
        return buf_add(out, b, 2);
    }
    b[0] = (uint8_t)(0xe0 | v >> 12);
    b[1] = (uint8_t)(0x80 | (v >> 6 & 0x3f));
    b[2] = (uint8_t)(0x80 | (v & 0x3f));
    return buf_add(out, b, 3);
}

enum err user_fold(struct span text, struct buf *out)
{
    enum err e = ERR_NONE;
    while (text.n && !e) {
        uint32_t point;
        size_t n = utf8_char(text, &point);
        if (n == 0 || point > 0xffff)
            e = buf_add_span(out, span_take(text, n ? n : 1));
        else
            e = add_point(out, small(point));
        text = span_skip(text, n ? n : 1);
    }
    return e;
}
