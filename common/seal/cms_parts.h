/*
 * What the files of seal/ that speak CMS share among themselves.
 */
#ifndef SEAL_CMS_PARTS_H
#define SEAL_CMS_PARTS_H

#include "bytes/buf.h"
#include "seal/shelter.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

/* A certificate; oaep and mgf are set where it asks for RSA-OAEP. */
struct cms_cert {
    X509 *x509;
    const EVP_MD *oaep, *mgf;
};

struct cms_certs {
    struct cms_cert *list;
    size_t count;
};

/* certs: of the key itself, the first of them the current one; chain: those beside them. */
struct cms_key {
    EVP_PKEY *key;
    struct cms_certs *certs;
    STACK_OF(X509) * chain;
};

/* The reason that OpenSSL gives, in our way of writing; its error queue is empty afterwards. */
enum err ssl_why(struct why *why, enum err e, const char *what);

/* The name to call a certificate by: its address, else its subject. */
void cert_name(X509 *cert, char *out, size_t size);

/* A reading BIO over a shelter that has been rewound; NULL: no memory. BIO_free leaves it open. */
BIO *shelter_bio(struct shelter *s);

#endif
