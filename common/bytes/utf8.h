/*
 * UTF-8 (RFC 3629), strictly: no overlong forms, no surrogates, nothing over U+10FFFF.
 */
#ifndef BYTES_UTF8_H
#define BYTES_UTF8_H

#include "bytes/span.h"

/*
 * Length in bytes, 1 to 4, of the well-formed character at the start of s, its code point in
 * *point (may be NULL); 0 when s is empty or starts with anything else.
 */
size_t utf8_char(struct span s, uint32_t *point);

/* Writes the character point, which is one (no surrogate), to out; its length, 1 to 4. */
size_t utf8_put(uint32_t point, uint8_t out[4]);

/* The whole of s is well-formed. */
bool utf8_valid(struct span s);

/*
 * Copies as much of s as fits into out[size] (size at least 1), cut between characters, and
 * terminates it. A byte that is not UTF-8 counts as a character of its own and is copied.
 */
void utf8_copy(struct span s, char *out, size_t size);

#endif
