/*
 * What tls.c and the keeper of its keys share of OpenSSL. No other file includes it.
 */
#ifndef NET_TLS_OPENSSL_H
#define NET_TLS_OPENSSL_H

#include "net/tls.h"

#include <openssl/ssl.h>

/* A certificate with what stands behind it, and its key: or a key that stands for it. */
struct tls_credential {
    X509 *cert;
    STACK_OF(X509) *chain;
    EVP_PKEY *key;
};

/* OpenSSL's own words for the oldest entry of its queue, which is emptied. */
enum err tls_why(struct why *why, enum err e, const char *what);

/* Reads the files of a pair. ERR_CONFIG: as tls_server_open; ERR_OS. */
enum err tls_credential_read(const struct tls_pair *pair, struct tls_credential *c,
                             struct why *why);
void tls_credential_release(struct tls_credential *c);

/* A server of count credentials, which it takes a share in. ERR_CONFIG: one that does not do.
 * ERR_OS. */
enum err tls_server_make(const struct tls_credential list[], unsigned count,
                         struct tls_server **server, struct why *why);

#endif
