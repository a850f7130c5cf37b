#include "mime/tiff_scan.h"

#include <string.h>

enum { TAG_COMPRESSION = 259 };

void tiff_scan_init(struct tiff_scan *t)
{
    *t = (struct tiff_scan){.state = TIFF_SCAN_HEAD};
}

static uint32_t get16(const struct tiff_scan *t, const uint8_t *p)
{
    return t->big_endian ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
}

static uint32_t get32(const struct tiff_scan *t, const uint8_t *p)
{
    return t->big_endian ? get16(t, p) << 16 | get16(t, p + 2)
                         : get16(t, p + 2) << 16 | get16(t, p);
}

static void fail(struct tiff_scan *t)
{
    t->bad = true;
    t->state = TIFF_SCAN_END;
}

/* Goes on at offset; 0 ends the chain. */
static void follow(struct tiff_scan *t, uint32_t offset)
{
    if (offset == 0) {
        t->state = TIFF_SCAN_END;
    } else if (offset < t->at) {
        fail(t);
    } else {
        t->next = offset;
        t->state = TIFF_SCAN_COUNT;
    }
}

static void head(struct tiff_scan *t)
{
    t->big_endian = t->held[0] == 'M';
    if (memcmp(t->held, "II*\0", 4) != 0 && memcmp(t->held, "MM\0*", 4) != 0)
        fail(t);
    else
        follow(t, get32(t, t->held + 4));
}

static void count(struct tiff_scan *t)
{
    t->entries = (uint16_t)get16(t, t->held);
    t->pages++;
    t->state = t->entries ? TIFF_SCAN_ENTRY : TIFF_SCAN_LINK;
}

static void entry(struct tiff_scan *t)
{
    uint32_t value = get16(t, t->held + 8);
    if (!t->first_done && get16(t, t->held) == TAG_COMPRESSION && value >= 2 && value <= 4)
        t->bilevel_coding = true;
    if (--t->entries == 0) {
        t->first_done = true;
        t->state = TIFF_SCAN_LINK;
    }
}

static void advance(struct tiff_scan *t)
{
    t->held_n = 0;
    t->next = t->at;
    switch (t->state) {
    case TIFF_SCAN_HEAD:
        head(t);
        break;
    case TIFF_SCAN_COUNT:
        count(t);
        break;
    case TIFF_SCAN_ENTRY:
        entry(t);
        break;
    case TIFF_SCAN_LINK:
        follow(t, get32(t, t->held));
        break;
    case TIFF_SCAN_END:
        break;
    }
}

void tiff_scan_add(struct tiff_scan *t, struct span s)
{
    static const uint8_t wanted[] = {8, 2, 12, 4, 0};
    while (s.n && t->state != TIFF_SCAN_END) {
        uint64_t skip = t->held_n ? 0 : t->next - t->at;
        if (skip >= s.n) {
            t->at += s.n;
            return;
        }
        t->at += skip;
        s = span_skip(s, (size_t)skip);
        size_t n = wanted[t->state] - t->held_n;
        n = n < s.n ? n : s.n;
        memcpy(t->held + t->held_n, s.p, n);
        t->held_n += (unsigned)n;
        t->at += n;
        s = span_skip(s, n);
        if (t->held_n == wanted[t->state])
            advance(t);
    }
}

uint32_t tiff_scan_pages(const struct tiff_scan *t)
{
    return t->bad || t->state != TIFF_SCAN_END ? 0 : t->pages;
}

bool tiff_scan_is_fax(const struct tiff_scan *t)
{
    return t->first_done && t->bilevel_coding;
}
