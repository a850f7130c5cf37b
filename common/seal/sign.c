#include "seal/sign.h"

#include "seal/cms_parts.h"

#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

struct cms_signer {
    CMS_ContentInfo *cms;
    BIO *sink, *hash; /* what is written to hash is hashed, and goes nowhere */
};

/* ---- Signing ---- */

static bool set_scheme(CMS_SignerInfo *si, const struct cms_key *key, bool pss)
{
    EVP_PKEY_CTX *ctx = CMS_SignerInfo_get0_pkey_ctx(si);
    if (!pss || EVP_PKEY_get_base_id(key->key) != EVP_PKEY_RSA)
        return true;
    return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) > 0 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) > 0;
}

enum err cms_sign_open(const struct cms_key *key, bool pss, struct cms_signer **signer,
                       struct why *why)
{
    const unsigned flags = CMS_DETACHED | CMS_BINARY | CMS_STREAM | CMS_PARTIAL;
    struct cms_signer *s = calloc(1, sizeof *s);
    int type = EVP_PKEY_get_base_id(key->key);
    *signer = NULL;
    if (!s)
        return why_set(why, ERR_OS, "out of memory");
    if (pss && type != EVP_PKEY_RSA && type != EVP_PKEY_RSA_PSS) {
        free(s);
        return why_set(why, ERR_DATA, "only RSA keys sign by PSS");
    }
    s->cms = CMS_sign(NULL, NULL, key->chain, NULL, flags);
    CMS_SignerInfo *si = s->cms ? CMS_add1_signer(s->cms, key->certs->list[0].x509, key->key,
                                                  EVP_sha256(), flags | CMS_KEY_PARAM)
                                : NULL;
    bool ok = si && set_scheme(si, key, pss);
    s->sink = ok ? BIO_new(BIO_s_null()) : NULL;
    s->hash = s->sink ? CMS_dataInit(s->cms, s->sink) : NULL;
    if (!s->hash) {
        cms_sign_abort(s);
        return ssl_why(why, ERR_DATA, "the key cannot sign");
    }
    *signer = s;
    return ERR_NONE;
}

enum err cms_sign_write(struct cms_signer *s, const void *p, size_t n, struct why *why)
{
    const uint8_t *at = p;
    while (n) {
        int k = n < 65536 ? (int)n : 65536;
        if (BIO_write(s->hash, at, k) != k)
            return ssl_why(why, ERR_OS, "sign");
        at += k;
        n -= (size_t)k;
    }
    return ERR_NONE;
}

enum err cms_sign_close(struct cms_signer *s, struct buf *der, struct why *why)
{
    unsigned char *p = NULL;
    int n = -1;
    if (BIO_flush(s->hash) > 0 && CMS_dataFinal(s->cms, s->hash) > 0)
        n = i2d_CMS_ContentInfo(s->cms, &p);
    enum err e = n < 0 ? ssl_why(why, ERR_DATA, "the key cannot sign") : buf_add(der, p, (size_t)n);
    if (n >= 0 && e)
        e = why_set(why, e, "signature over %zu bytes", der->max);
    OPENSSL_free(p);
    cms_sign_abort(s);
    return e;
}

void cms_sign_abort(struct cms_signer *s)
{
    if (!s)
        return;
    while (s->hash && s->hash != s->sink) {
        BIO *below = BIO_pop(s->hash);
        BIO_free(s->hash);
        s->hash = below;
    }
    BIO_free(s->sink);
    CMS_ContentInfo_free(s->cms);
    free(s);
}

/* ---- Verifying ---- */

/* Security level 1 keeps MD5, and RSA under 1024 bits, out of the chain. */
static enum err make_store(const struct cms_certs *ca, X509_STORE **store, struct why *why)
{
    *store = X509_STORE_new();
    bool ok = *store != NULL;
    for (size_t i = 0; ok && i < ca->count; i++)
        ok = X509_STORE_add_cert(*store, ca->list[i].x509);
    if (ok)
        X509_VERIFY_PARAM_set_auth_level(X509_STORE_get0_param(*store), 1);
    return ok ? ERR_NONE : ssl_why(why, ERR_OS, "CA");
}

static enum err check_hashes(CMS_ContentInfo *cms, struct why *why)
{
    STACK_OF(CMS_SignerInfo) *list = CMS_get0_SignerInfos(cms);
    if (sk_CMS_SignerInfo_num(list) < 1)
        return why_set(why, ERR_DATA, "nobody has signed it");
    for (int i = 0; i < sk_CMS_SignerInfo_num(list); i++) {
        X509_ALGOR *digest;
        CMS_SignerInfo_get0_algs(sk_CMS_SignerInfo_value(list, i), NULL, NULL, &digest, NULL);
        const EVP_MD *md = EVP_get_digestbyobj(digest->algorithm);
        if (!md || EVP_MD_get_size(md) < 28)
            return why_set(why, ERR_AUTH, "signed by a hash that proves nothing: %s",
                           md ? EVP_MD_get0_name(md) : "unknown");
    }
    return ERR_NONE;
}

/* What of OpenSSL's queue is the reason: a certificate (with X509's word), or the bytes. */
static enum err verify_why(struct why *why)
{
    enum err e = ERR_DATA;
    const char *data, *word = NULL;
    char text[160] = "";
    int flags;
    unsigned long code;
    while ((code = ERR_get_error_all(NULL, NULL, NULL, &data, &flags))) {
        int reason = ERR_GET_LIB(code) == ERR_LIB_CMS ? ERR_GET_REASON(code) : 0;
        if (reason == CMS_R_CERTIFICATE_VERIFY_ERROR) {
            word = "signer not trusted";
            if ((flags & ERR_TXT_STRING) && data)
                snprintf(text, sizeof text, "%s", data);
        }
        if (reason == CMS_R_SIGNER_CERTIFICATE_NOT_FOUND)
            word = "the signer's certificate is not in it";
    }
    if (word)
        e = ERR_AUTH;
    const char *said = strncmp(text, "Verify error: ", 14) == 0 ? text + 14 : text;
    return why_set(why, e, "%s%s%s",
                   word ? word : "damaged or tampered with: nothing of it is shown",
                   *said ? ": " : "", said);
}

static enum err verify(CMS_ContentInfo *cms, X509_STORE *store, struct shelter *content,
                       struct why *why)
{
    enum err e = shelter_rewind(content, why);
    BIO *bio = e ? NULL : shelter_bio(content);
    if (!e && !bio)
        e = ssl_why(why, ERR_OS, "verify");
    ERR_clear_error();
    if (!e && CMS_verify(cms, NULL, store, bio, NULL, CMS_BINARY) <= 0)
        e = verify_why(why);
    BIO_free(bio);
    return e;
}

static enum err give_signers(CMS_ContentInfo *cms, struct cms_certs **signers, struct why *why)
{
    STACK_OF(X509) *list = CMS_get0_signers(cms);
    enum err e = list ? ERR_NONE : ssl_why(why, ERR_OS, "signers");
    for (int i = 0; i < sk_X509_num(list) && !e; i++) {
        unsigned char *der = NULL;
        int n = i2d_X509(sk_X509_value(list, i), &der);
        e = n < 0 ? ssl_why(why, ERR_OS, "signers")
                  : cms_certs_add(signers, span_of(der, (size_t)n), why);
        OPENSSL_free(der);
    }
    sk_X509_free(list);
    return e;
}

enum err cms_verify(const struct cms_certs *ca, struct span signature, struct shelter *content,
                    struct cms_certs **signers, struct why *why)
{
    const unsigned char *p = signature.p;
    X509_STORE *store;
    *signers = NULL;
    enum err e = make_store(ca, &store, why);
    CMS_ContentInfo *cms = !e && signature.n && signature.n < LONG_MAX
                               ? d2i_CMS_ContentInfo(NULL, &p, (long)signature.n)
                               : NULL;
    if (!e && (!cms || OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed))
        e = why_set(why, ERR_DATA, "not a signature");
    if (!e)
        e = check_hashes(cms, why);
    if (!e)
        e = verify(cms, store, content, why);
    if (!e)
        e = give_signers(cms, signers, why);
    ERR_clear_error();
    if (e) {
        cms_certs_free(*signers);
        *signers = NULL;
    }
    CMS_ContentInfo_free(cms);
    X509_STORE_free(store);
    return e;
}
