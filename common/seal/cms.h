/*
 * Sealing and opening a MIME entity as CMS (RFC 5652, RFC 5083), by OpenSSL.
 *
 * What is sealed or opened is bytes; the mail around them is seal/mail.h's. Both ways take the
 * same memory whatever the size: sealing streams; of what is to be opened the encrypted bytes wait
 * in a temporary file, since nothing may be let out before all of it has been found genuine. They
 * are decrypted twice, so that what they say is never on a disk.
 */
#ifndef SEAL_CMS_H
#define SEAL_CMS_H

#include "seal/cert.h"
#include "seal/cms_split.h"
#include "seal/key.h"

/* The methods of the encryption table, and their names there. */
enum cms_method {
    CMS_METHOD_NONE,       /* "none": in clear */
    CMS_METHOD_AES256_GCM, /* "smime-aes256-gcm": AuthEnvelopedData, authenticated */
    CMS_METHOD_AES256_CBC, /* "smime-aes256-cbc": EnvelopedData */
    CMS_METHODS,
};

/* False: no method has this name. */
bool cms_method_named(struct span name, enum cms_method *method);

/*
 * How to seal: for all of certs (at least one; they must outlive the sealer), by a method that is
 * not NONE. The content's key goes to RSA keys by PKCS #1 v1.5, or by RSA-OAEP with SHA-256 where
 * oaep is set or by what the certificate asks for (an RSAES-OAEP key, or the S/MIME capability);
 * to elliptic ones by ECDH with SHA-256.
 */
struct cms_sealing {
    enum cms_method method;
    const struct cms_certs *certs;
    bool oaep;
};

/* A message being sealed. */
struct cms_sealer;

/*
 * Starts sealing. The sealed message goes to fd as base64 in lines of 64 characters. ERR_DATA: a
 * certificate's key cannot receive (it can only sign); then *sealer is NULL. cms_seal_close or
 * cms_seal_abort ends it.
 */
enum err cms_seal_open(const struct cms_sealing *how, int fd, struct cms_sealer **sealer,
                       struct why *why);
/* Seals n more bytes. ERR_IO, ERR_PIPE: fd. */
enum err cms_seal_write(struct cms_sealer *sealer, const void *p, size_t n, struct why *why);
/* Writes the end and frees. What was written without it can never be opened. */
enum err cms_seal_close(struct cms_sealer *sealer, struct why *why);
/* Frees without an end. NULL is fine. */
void cms_seal_abort(struct cms_sealer *sealer);

/* What has been opened. */
struct cms_content;

/*
 * Opens the DER or BER message that source gives: when this returns ERR_NONE, the content is whole
 * and authenticated as far as its method can (GCM: every bit; CBC: structure and padding), and
 * *content gives it. ERR_DATA: not such a message, cut short, or tampered with; ERR_AUTH: not
 * sealed for a certificate of the key. On any failure nothing of it can be had. key must outlive
 * *content.
 */
enum err cms_open(const struct cms_key *key, const struct cms_source *source,
                  struct cms_content **content, struct why *why);

/* Reads at most n bytes; *got is 0 only at the end. ERR_IO: the temporary file. */
enum err cms_content_read(struct cms_content *content, void *p, size_t n, size_t *got,
                          struct why *why);
/* Frees. NULL is fine. */
void cms_content_close(struct cms_content *content);

#endif
