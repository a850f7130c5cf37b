/*
 * SHA-256 of a stream (FIPS 180-4), by OpenSSL.
 */
#ifndef SEAL_DIGEST_H
#define SEAL_DIGEST_H

#include "bytes/err.h"
#include "bytes/span.h"

enum { DIGEST_SIZE = 32, DIGEST_HEX_SIZE = 65 };

/* A digest that is being computed. Holds memory from init until final. */
struct digest {
    void *ctx;
};

/* Starts. ERR_OS: no memory, or no SHA-256. */
enum err digest_init(struct digest *d);

/* Adds bytes. */
void digest_add(struct digest *d, struct span bytes);

/* The digest, in lower-case hexadecimal and terminated; d is released. */
void digest_final(struct digest *d, char hex[DIGEST_HEX_SIZE]);

/* Releases a digest that nobody wants any more; harmless after digest_final. */
void digest_release(struct digest *d);

#endif
