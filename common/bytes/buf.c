#include "bytes/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf){.max = max};
}

void buf_release(struct buf *b)
{
    free(b->data);
    buf_init(b, b->max);
}

void buf_wipe(struct buf *b)
{
    if (b->data)
        explicit_bzero(b->data, b->cap);
    buf_release(b);
}

void buf_clear(struct buf *b)
{
    b->len = 0;
}

/* Doubles, so that n appends cost O(n); never over max. */
static size_t next_cap(const struct buf *b, size_t need)
{
    size_t cap = b->cap < 64 ? 64 : b->cap;
    while (cap < need)
        cap = cap > SIZE_MAX / 2 ? need : cap * 2;
    return cap > b->max ? b->max : cap;
}

enum err buf_reserve(struct buf *b, size_t n, uint8_t **room)
{
    size_t need;
    if (__builtin_add_overflow(b->len, n, &need) || need > b->max)
        return ERR_DATA;
    if (need > b->cap) {
        /* Not realloc: what the old place held may be a secret, and must not stay in the heap. */
        size_t cap = next_cap(b, need);
        uint8_t *data = malloc(cap);
        if (!data)
            return ERR_OS;
        if (b->data) {
            memcpy(data, b->data, b->len);
            explicit_bzero(b->data, b->len);
            free(b->data);
        }
        b->data = data;
        b->cap = cap;
    }
    if (room)
        *room = b->data ? b->data + b->len : NULL;
    return ERR_NONE;
}

enum err buf_add(struct buf *b, const void *p, size_t n)
{
    uint8_t *room;
    enum err e = buf_reserve(b, n, &room);
    if (e || n == 0)
        return e;
    memcpy(room, p, n);
    b->len += n;
    return ERR_NONE;
}

enum err buf_add_span(struct buf *b, struct span s)
{
    return buf_add(b, s.p, s.n);
}

enum err buf_add_str(struct buf *b, const char *s)
{
    return buf_add(b, s, strlen(s));
}

enum err buf_add_byte(struct buf *b, uint8_t c)
{
    return buf_add(b, &c, 1);
}

enum err buf_add_format(struct buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0)
        return ERR_DATA;
    size_t size = (size_t)n + 1;
    uint8_t *room;
    /* vsnprintf wants a byte for its NUL; only the text counts against the cap. */
    b->max++;
    enum err e = buf_reserve(b, size, &room);
    b->max--;
    if (e)
        return e;
    va_start(args, format);
    vsnprintf((char *)room, size, format, args);
    va_end(args);
    b->len += (size_t)n;
    return ERR_NONE;
}

void buf_consume(struct buf *b, size_t n)
{
    if (n >= b->len) {
        b->len = 0;
        return;
    }
    if (n == 0)
        return;
    memmove(b->data, b->data + n, b->len - n);
    b->len -= n;
}

struct span buf_span(const struct buf *b)
{
    return span_of(b->data, b->len);
}

const char *buf_cstr(struct buf *b)
{
    uint8_t *room;
    b->max++;
    enum err e = buf_reserve(b, 1, &room);
    b->max--;
    if (e)
        return NULL;
    *room = '\0';
    return (const char *)b->data;
}
