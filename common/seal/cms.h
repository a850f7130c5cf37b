/*
 * Sealing and opening a MIME entity as CMS (RFC 5652, RFC 5083), by OpenSSL.
 *
 * What is sealed or opened is bytes; the mail around them is seal/wrapper.h's. Both ways take
 * the same memory whatever the size: sealing streams, opening goes through unlinked temporary
 * files, since nothing may be let out before all of it has been found genuine.
 */
#ifndef SEAL_CMS_H
#define SEAL_CMS_H

#include "bytes/buf.h"
#include "tool/secret.h"

/* The methods of the encryption table, and their names there. */
enum cms_method {
    CMS_METHOD_NONE,       /* "none": in clear */
    CMS_METHOD_AES256_GCM, /* "smime-aes256-gcm": AuthEnvelopedData, authenticated */
    CMS_METHOD_AES256_CBC, /* "smime-aes256-cbc": EnvelopedData; RSA keys by PKCS #1 v1.5 */
    CMS_METHODS,
};

/* False: no method has this name. */
bool cms_method_named(struct span name, enum cms_method *method);
/* The table's name of a method. */
const char *cms_method_name(enum cms_method method);

/* The certificates to seal for: an opaque list, freed by cms_certs_free (NULL is empty). */
struct cms_certs;

/*
 * Adds every certificate in text (PEM, or one in DER) to *certs, which is made where it is NULL.
 * A certificate whose time is over or whose purpose is not mail gives a warning and is taken:
 * whom to trust was decided when it was registered. ERR_DATA: no certificate in it.
 */
enum err cms_certs_add(struct cms_certs **certs, struct span text, struct why *why);
void cms_certs_free(struct cms_certs *certs);

/* A message being sealed. */
struct cms_sealer;

/*
 * Starts sealing for certs (at least one; they must outlive the sealer); method is not NONE.
 * The sealed message goes to fd as base64 in lines of 64 characters. ERR_DATA: a certificate's
 * key cannot receive (it can only sign). cms_seal_close or cms_seal_abort ends it.
 */
enum err cms_seal_open(enum cms_method method, const struct cms_certs *certs, int fd,
                       struct cms_sealer **sealer, struct why *why);
/* Seals n more bytes. ERR_IO, ERR_PIPE: fd. */
enum err cms_seal_write(struct cms_sealer *sealer, const void *p, size_t n, struct why *why);
/* Writes the end and frees. What was written without it can never be opened. */
enum err cms_seal_close(struct cms_sealer *sealer, struct why *why);
/* Frees without an end. */
void cms_seal_abort(struct cms_sealer *sealer);

/* A private key and its certificate, freed by cms_key_free (NULL is fine). */
struct cms_key;

/*
 * Reads a private key (PEM, or DER PKCS #8) and the certificate that belongs to it. The password
 * of an encrypted key comes from password, else is asked with prompt. ERR_DATA: no key or no
 * certificate in them; ERR_AUTH: wrong password, or the key is another certificate's.
 */
enum err cms_key_read(struct span key_text, struct span cert_text,
                      const struct secret_source *password, const char *prompt,
                      struct cms_key **key, struct why *why);
void cms_key_free(struct cms_key *key);

/*
 * Opens the DER or BER message in the file fd (read from its start) and leaves the content, whole and
 * authenticated as far as its method can, in *content: an unlinked temporary file at offset 0
 * that the caller closes. ERR_DATA: not such a message, cut short, or tampered with; ERR_AUTH:
 * not sealed for this certificate. On any failure there is no *content.
 */
enum err cms_open(const struct cms_key *key, int fd, int *content, struct why *why);

#endif
