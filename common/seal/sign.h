/*
 * Signatures over bytes that stand elsewhere (detached SignedData, RFC 5652 §5), by OpenSSL.
 */
#ifndef SEAL_SIGN_H
#define SEAL_SIGN_H

#include "seal/cert.h"
#include "seal/key.h"
#include "seal/shelter.h"

/* A signature being made. */
struct cms_signer;

/*
 * Starts one by key and its first certificate, with SHA-256: RSA keys sign by PKCS #1 v1.5, or,
 * where pss is set or the key is an RSASSA-PSS one, by RSASSA-PSS; elliptic ones by ECDSA. key
 * must outlive it. ERR_DATA: the key cannot sign so.
 */
enum err cms_sign_open(const struct cms_key *key, bool pss, struct cms_signer **signer,
                       struct why *why);
/* Adds n of the bytes that are signed. */
enum err cms_sign_write(struct cms_signer *signer, const void *p, size_t n, struct why *why);
/* Appends the signature, with the certificates beside the key's, in DER, and frees. */
enum err cms_sign_close(struct cms_signer *signer, struct buf *der, struct why *why);
/* Frees without a signature. NULL is fine. */
void cms_sign_abort(struct cms_signer *signer);

/*
 * Verifies every signature of a SignedData without content (DER or BER) over what content (which
 * is rewound) holds. The signers' certificates must lead to one of ca, be valid now, and
 * allow to sign mail; they are given in *signers (cms_certs_free), the rest of what they say is
 * the caller's to look at. ERR_DATA: no such structure, another content, broken signature;
 * ERR_AUTH: its signer is not trusted, or it is by a hash that is worth nothing any more (MD5,
 * SHA-1).
 */
enum err cms_verify(const struct cms_certs *ca, struct span signature, struct shelter *content,
                    struct cms_certs **signers, struct why *why);

#endif
