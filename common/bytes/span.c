#include "bytes/span.h"

#include <string.h>

struct span span_of(const void *p, size_t n)
{
    return (struct span){p, n};
}

struct span span_str(const char *s)
{
    return (struct span){(const uint8_t *)s, strlen(s)};
}

bool span_eq(struct span a, struct span b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

uint8_t ascii_lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

bool ascii_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

bool ascii_alnum(uint8_t c)
{
    uint8_t l = ascii_lower(c);
    return (l >= 'a' && l <= 'z') || ascii_digit(c);
}

bool span_eq_nocase(struct span a, struct span b)
{
    return a.n == b.n && span_starts_nocase(a, b);
}

bool span_starts(struct span a, struct span b)
{
    return a.n >= b.n && (b.n == 0 || memcmp(a.p, b.p, b.n) == 0);
}

bool span_starts_nocase(struct span a, struct span b)
{
    if (a.n < b.n)
        return false;
    for (size_t i = 0; i < b.n; i++)
        if (ascii_lower(a.p[i]) != ascii_lower(b.p[i]))
            return false;
    return true;
}

size_t span_find(struct span s, uint8_t c)
{
    const uint8_t *at = s.n ? memchr(s.p, c, s.n) : NULL;
    return at ? (size_t)(at - s.p) : s.n;
}

struct span span_skip(struct span s, size_t n)
{
    if (n > s.n)
        n = s.n;
    return s.p ? (struct span){s.p + n, s.n - n} : s;
}

struct span span_take(struct span s, size_t n)
{
    return (struct span){s.p, n < s.n ? n : s.n};
}

static bool blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct span span_trim(struct span s)
{
    while (s.n && blank(s.p[0]))
        s = span_skip(s, 1);
    while (s.n && blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

bool span_copy(struct span s, char *out, size_t size)
{
    if (size == 0)
        return false;
    out[0] = '\0';
    if (s.n >= size || span_find(s, 0) != s.n)
        return false;
    if (s.n)
        memcpy(out, s.p, s.n);
    out[s.n] = '\0';
    return true;
}

bool span_number(struct span s, uint64_t max, uint64_t *value)
{
    uint64_t v = 0;
    if (s.n == 0)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (!ascii_digit(s.p[i]))
            return false;
        uint64_t d = (uint64_t)(s.p[i] - '0');
        if (v > (UINT64_MAX - d) / 10)
            return false;
        v = v * 10 + d;
    }
    if (v > max)
        return false;
    *value = v;
    return true;
}
