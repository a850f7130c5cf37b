/*
 * Private keys and the certificates that belong to them: read, made, and asked certificates for.
 *
 * Whatever holds a key here is wiped when it goes; guard_keys (seal/guard.h) does the same for
 * what OpenSSL holds, and is called by the functions below.
 */
#ifndef SEAL_KEY_H
#define SEAL_KEY_H

#include "bytes/buf.h"
#include "tool/secret.h"
#include "tool/vault.h"

/* A private key and its certificates, freed by cms_key_free (NULL is fine). */
struct cms_key;

/*
 * Reads a private key (PEM, or DER PKCS #8) and the certificates beside it, of which at least one
 * must be the key's; a key may have several (a renewed one, then those before it), and all of
 * them are tried when something is opened. The password of an encrypted key comes from password,
 * else is asked with prompt. ERR_DATA: no key or no certificate in them; ERR_AUTH: wrong
 * password, or the key is another certificate's.
 */
enum err cms_key_read(struct span key_text, struct span cert_text,
                      const struct secret_source *password, const char *prompt,
                      struct cms_key **key, struct why *why);
void cms_key_free(struct cms_key *key);

/* What a program hands to store/keys.h. */
extern const struct key_works seal_keys;

/*
 * Makes a pair: the private key (PKCS #8) and a certificate signed by itself, for signing and
 * sealing mail, appended as PEM. kind is "rsa3072" or "p256", ERR_USAGE if not. ERR_DATA: the
 * address cannot stand in a certificate.
 */
enum err key_make(struct span kind, const struct key_owner *owner, struct buf *key,
                  struct buf *cert, struct why *why);

/* Appends a request (PKCS #10, PEM) for a certificate of key; days is not looked at. */
enum err key_request(struct span key, const struct key_owner *owner, struct buf *request,
                     struct why *why);

/*
 * Reads what a user brings: a key (PEM, DER, or PKCS #12 with its certificates) and certificates,
 * which may be empty for PKCS #12. password opens an encrypted key; where it is empty it is asked
 * with prompt. Appends the key as PKCS #8 without a password, and the certificates that are its
 * own, as PEM. Errors as in cms_key_read.
 */
enum err key_import(struct span key_text, struct span cert_text, struct span password,
                    const char *prompt, struct buf *key, struct buf *certs, struct why *why);

/* Appends key as PKCS #8 under password (AES-256, PBKDF2), or as it is where password is empty. */
enum err key_export(struct span key, struct span password, struct buf *out, struct why *why);

/* The first certificate of text is the key's. ERR_AUTH: it is not. ERR_DATA: no key, or none. */
enum err key_matches(struct span key, struct span text, struct why *why);

/* Appends the first certificate of text, as PEM. ERR_DATA: there is none. */
enum err key_first(struct span text, struct buf *pem, struct why *why);

#endif
