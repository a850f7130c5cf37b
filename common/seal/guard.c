#include "seal/guard.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

/* Some keys of 4096 bits with their certificates' and blinding's numbers. */
enum { ARENA = 1 << 17, PIECE_MIN = 32 };

static void *guarded_malloc(size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    return malloc(n);
}

static void guarded_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    if (p)
        OPENSSL_cleanse(p, malloc_usable_size(p));
    free(p);
}

/* Never in place by the C library, which would leave the old bytes where they were. */
static void *guarded_realloc(void *p, size_t n, const char *file, int line)
{
    size_t old = p ? malloc_usable_size(p) : 0;
    if (p && n && n <= old)
        return p;
    void *fresh = n ? malloc(n) : NULL;
    if (n && !fresh)
        return NULL;
    if (p && fresh)
        memcpy(fresh, p, old < n ? old : n);
    guarded_free(p, file, line);
    return fresh;
}

void guard_keys(void)
{
    if (CRYPTO_secure_malloc_initialized())
        return;
    (void)CRYPTO_set_mem_functions(guarded_malloc, guarded_realloc, guarded_free);
    (void)CRYPTO_secure_malloc_init(ARENA, PIECE_MIN);
}
