/*
 * Each user's own S/MIME key pair: the private key sealed in his row like the passwords, beside it
 * the certificates that belong to it, the current one first. Renewed certificates stand before
 * those they replace, since mail sealed to these may still come.
 */
#ifndef STORE_KEYS_H
#define STORE_KEYS_H

#include "store/store.h"

/* What is to be made. */
struct key_order {
    const char *kind; /* "rsa3072", "p256"; NULL: the first */
    int days;         /* of validity; below 1: three years */
    bool replace;     /* though he has a key: what was sealed to that opens no more */
    bool request;     /* give out a request for a CA instead of the certificate */
};

/*
 * Makes a key and a certificate signed by itself, stores both in one transaction, and appends the
 * certificate, or the request, to out (PEM). ERR_NO: he has a key. ERR_CONFIG: no mail address.
 * ERR_NO_USER; errors of seal/key.h.
 */
enum err store_key_make(struct store *s, const struct vault *v, const struct key_works *works,
                        const char *code, const struct key_order *order, struct buf *out,
                        struct why *why);

/* What is to be taken in: key may be empty, then certs are more of the key he has. */
struct key_gift {
    struct span key, certs, password;
    bool replace;
};

/* Stores it. ERR_NO: he has a key, or none to add a certificate to. ERR_AUTH: wrong password, or
 * the certificate is another key's. ERR_NO_USER; errors of seal/key.h. */
enum err store_key_import(struct store *s, const struct vault *v, const struct key_works *works,
                          const char *code, const struct key_gift *gift, struct why *why);

/* Appends the current certificate (request: a request for another) to out. ERR_NO: none there. */
enum err store_key_export(struct store *s, const struct vault *v, const struct key_works *works,
                          const char *code, bool request, struct buf *out, struct why *why);

/* Writes the private key, under password unless that is empty, and the certificates into a file of
 * mode 0600, whole or not at all. ERR_NO, ERR_CREATE. */
enum err store_key_export_file(struct store *s, const struct vault *v,
                               const struct key_works *works, const char *code,
                               struct span password, const char *path, struct why *why);

#endif
