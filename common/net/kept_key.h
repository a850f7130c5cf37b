/*
 * Keys that another process keeps, as OpenSSL sees them: RSA, EC and Ed25519 keys with a public
 * part, which sign by asking. Used by keeper.c alone.
 */
#ifndef NET_KEPT_KEY_H
#define NET_KEPT_KEY_H

#include "bytes/err.h"
#include "bytes/span.h"

#include <openssl/evp.h>
#include <stdbool.h>

enum { KEPT_TBS_MAX = 4096, KEPT_SIGNATURE_MAX = 2048 };

/* What is asked: a signature by the key of this number. */
struct kept_question {
    uint32_t key;
    uint8_t pss;     /* not 0: RSA's padding is PSS, its salt as long as the digest */
    char digest[16]; /* "" for Ed25519 */
    uint32_t n;
    uint8_t tbs[KEPT_TBS_MAX]; /* what is to be signed; cut off behind n */
};

/* Asks, and gives up to KEPT_SIGNATURE_MAX bytes; 0: in vain. */
typedef size_t kept_ask_fn(const struct kept_question *q, uint8_t *signature);

/* From here on all kept keys ask by this. */
void kept_key_ask_by(kept_ask_fn *ask);

/* A key of that number with this public part. NULL: of a kind we do not keep, or no memory. */
EVP_PKEY *kept_key_new(EVP_PKEY *public, unsigned number);

/* tbs is what TLS 1.3's CertificateVerify or TLS 1.2's ServerKeyExchange (ECDHE) of a server
 * signs, and nothing else. */
bool kept_key_is_handshake(struct span tbs);

#endif
