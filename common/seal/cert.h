/*
 * Certificates of people who get sealed mail, or sign theirs (RFC 5280, RFC 8550).
 */
#ifndef SEAL_CERT_H
#define SEAL_CERT_H

#include "bytes/buf.h"

#include <stdbool.h>

/* A list of certificates, in the order in which they came. */
struct cms_certs;

/*
 * Adds every certificate in text (PEM, or one in DER) to *certs, which is made where it is NULL.
 * Free with cms_certs_free (NULL is fine), also after a failure. ERR_DATA: no certificate in it,
 * or one that is broken.
 */
enum err cms_certs_add(struct cms_certs **certs, struct span text, struct why *why);
void cms_certs_free(struct cms_certs *certs);

/* Warns (tool/diag.h) of those whose time is over or that were not made for encrypted mail. */
void cms_certs_warn(const struct cms_certs *certs);

/*
 * Whether each certificate in text may stand in the encryption table for recipient: it can be
 * read, its time has come and is not over, its purpose and its key allow to encrypt for it, and it
 * is the recipient's. For an address that address must be in it (subjectAltName, or emailAddress
 * of the subject; letters whatever their case); for an @domain any address of the domain, or its
 * DNS name; for "default" nothing is asked. Where past is set, one whose time is over is only
 * warned of: it was stored once, and comes back from a copy. ERR_DATA: not a certificate; ERR_AUTH:
 * it is one, but not fit.
 */
enum err cms_certs_check(struct span text, const char *recipient, bool past, struct why *why);

/* One of them is the address's, as above. */
bool cms_certs_have(const struct cms_certs *certs, const char *address);

/* The name of the first: its address, else its subject; "" where there is none. */
void cms_certs_name(const struct cms_certs *certs, char *out, size_t size);

#endif
