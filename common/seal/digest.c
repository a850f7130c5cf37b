#include "seal/digest.h"

#include <openssl/evp.h>

enum err digest_init(struct digest *d)
{
    d->ctx = EVP_MD_CTX_new();
    if (d->ctx && EVP_DigestInit_ex(d->ctx, EVP_sha256(), NULL) == 1)
        return ERR_NONE;
    digest_release(d);
    return ERR_OS;
}

void digest_add(struct digest *d, struct span bytes)
{
    if (bytes.n)
        EVP_DigestUpdate(d->ctx, bytes.p, bytes.n);
}

void digest_final(struct digest *d, char hex[DIGEST_HEX_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char md[EVP_MAX_MD_SIZE] = {0};
    EVP_DigestFinal_ex(d->ctx, md, NULL);
    for (unsigned i = 0; i < DIGEST_SIZE; i++) {
        hex[2 * i] = digits[md[i] >> 4];
        hex[2 * i + 1] = digits[md[i] & 15];
    }
    hex[2 * DIGEST_SIZE] = '\0';
    digest_release(d);
}

void digest_release(struct digest *d)
{
    EVP_MD_CTX_free(d->ctx);
    d->ctx = NULL;
}
