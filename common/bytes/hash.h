/*
 * FNV-1a of 64 bits: quick, the same everywhere and for ever, so that it may name files; and no
 * guard against whoever chooses his bytes to meet another's.
 */
#ifndef BYTES_HASH_H
#define BYTES_HASH_H

#include <stddef.h>
#include <stdint.h>

/* Of no bytes. */
#define HASH_START UINT64_C(0xcbf29ce484222325)

/* Of the bytes that hash is of, and n more. */
static inline uint64_t hash_bytes(uint64_t hash, const void *p, size_t n)
{
    for (const uint8_t *b = p; n; n--)
        hash = (hash ^ *b++) * UINT64_C(0x100000001b3);
    return hash;
}

#endif
