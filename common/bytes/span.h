/*
 * A span of bytes in somebody else's memory: never owned, never terminated.
 */
#ifndef BYTES_SPAN_H
#define BYTES_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
    const uint8_t *p;
    size_t n;
};

/* The span of n bytes at p; p may be NULL when n is 0. */
struct span span_of(const void *p, size_t n);

/* The span of a C string without its terminator; the string must outlive it. */
struct span span_str(const char *s);

/* The same bytes. */
bool span_eq(struct span a, struct span b);

/* The same bytes, ASCII letters whatever their case. */
bool span_eq_nocase(struct span a, struct span b);

/* a begins with b; with nocase ASCII letters whatever their case. */
bool span_starts(struct span a, struct span b);
bool span_starts_nocase(struct span a, struct span b);

/* Offset of the first byte c, or s.n when there is none. */
size_t span_find(struct span s, uint8_t c);

/* s without its first n bytes (n beyond the end gives the empty span at the end). */
struct span span_skip(struct span s, size_t n);

/* The first n bytes of s, or all of it. */
struct span span_take(struct span s, size_t n);

/* s without leading and trailing space, tab, CR and LF. */
struct span span_trim(struct span s);

/*
 * Copies s into out[size] and terminates it. False, and out is "", when s does not fit or
 * contains a NUL.
 */
bool span_copy(struct span s, char *out, size_t size);

/*
 * Reads s as an unsigned decimal number, digits only, at least one. False when it is anything
 * else or over max.
 */
bool span_number(struct span s, uint64_t max, uint64_t *value);

/* ASCII only, and no locale: what <ctype.h> would answer in the C locale. */
uint8_t ascii_lower(uint8_t c);
bool ascii_alnum(uint8_t c);
bool ascii_digit(uint8_t c);

#endif
