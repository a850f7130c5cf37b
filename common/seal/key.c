#include "seal/key.h"

#include "bytes/utf8.h"
#include "seal/cert.h"
#include "seal/cms_parts.h"
#include "seal/guard.h"

#include <openssl/pkcs12.h>
#include <stdlib.h>
#include <string.h>

/* ---- Reading ---- */

static const struct secret_source no_source = {NULL, -1, NULL};

struct ask {
    const struct secret_source *source;
    const char *prompt;
    struct why *why;
    struct span given; /* where not empty: the password, and source is not asked */
    enum err err;
    bool asked;
};

/* OpenSSL's way to ask for the password of a key, when it finds that it needs one. */
static int password(char *out, int size, int writing, void *arg)
{
    struct ask *ask = arg;
    struct buf secret;
    int n = -1;
    (void)writing;
    ask->asked = true;
    buf_init(&secret, SECRET_MAX);
    ask->err = ask->given.n ? buf_add_span(&secret, ask->given)
                            : secret_read(ask->source, ask->prompt, &secret, ask->why);
    if (!ask->err && secret.len <= (size_t)size) {
        n = (int)secret.len;
        if (n)
            memcpy(out, secret.data, secret.len);
    }
    buf_wipe(&secret);
    return n;
}

static enum err key_parse(struct span text, struct ask *ask, EVP_PKEY **key)
{
    BIO *in = text.n && text.n <= INT_MAX ? BIO_new_mem_buf(text.p, (int)text.n) : NULL;
    const unsigned char *p = text.p;
    *key = NULL;
    if (!in)
        return why_set(ask->why, ERR_DATA, "not a private key");
    *key = PEM_read_bio_PrivateKey(in, NULL, password, ask);
    BIO_free(in);
    if (!*key && ask->asked) {
        ERR_clear_error();
        return ask->err ? ask->err : why_set(ask->why, ERR_AUTH, "wrong password for the key");
    }
    if (!*key)
        *key = d2i_AutoPrivateKey(NULL, &p, (long)text.n);
    ERR_clear_error();
    return *key ? ERR_NONE : why_set(ask->why, ERR_DATA, "not a private key");
}

/* Takes over cert. */
static enum err chain_push(struct cms_key *k, X509 *cert, struct why *why)
{
    if (!k->chain)
        k->chain = sk_X509_new_null();
    if (k->chain && sk_X509_push(k->chain, cert) > 0)
        return ERR_NONE;
    X509_free(cert);
    return why_set(why, ERR_OS, "out of memory");
}

/* Of all certificates the key's own stay; the others are what leads from them to a CA. */
static enum err sort_certs(struct cms_key *k, struct why *why)
{
    size_t kept = 0;
    enum err e = ERR_NONE;
    for (size_t i = 0; i < k->certs->count; i++) {
        struct cms_cert c = k->certs->list[i];
        enum err pushed = ERR_NONE;
        if (X509_check_private_key(c.x509, k->key) == 1)
            k->certs->list[kept++] = c;
        else
            pushed = chain_push(k, c.x509, why);
        if (!e)
            e = pushed;
    }
    ERR_clear_error();
    k->certs->count = kept;
    return e || kept ? e : why_set(why, ERR_AUTH, "the key is not this certificate's");
}

static enum err key_with(EVP_PKEY *key, struct cms_certs *certs, struct cms_key **out,
                         struct why *why)
{
    struct cms_key *k = calloc(1, sizeof *k);
    *out = k;
    if (!k) {
        EVP_PKEY_free(key);
        cms_certs_free(certs);
        return why_set(why, ERR_OS, "out of memory");
    }
    k->key = key;
    k->certs = certs;
    enum err e = sort_certs(k, why);
    if (e) {
        cms_key_free(k);
        *out = NULL;
    }
    return e;
}

enum err cms_key_read(struct span key_text, struct span cert_text,
                      const struct secret_source *source, const char *prompt,
                      struct cms_key **out, struct why *why)
{
    struct ask ask = {.source = source, .prompt = prompt, .why = why};
    struct cms_certs *certs = NULL;
    EVP_PKEY *key = NULL;
    *out = NULL;
    guard_keys();
    enum err e = cms_certs_add(&certs, cert_text, why);
    if (!e)
        e = key_parse(key_text, &ask, &key);
    if (!e)
        return key_with(key, certs, out, why);
    cms_certs_free(certs);
    return e;
}

void cms_key_free(struct cms_key *k)
{
    if (!k)
        return;
    EVP_PKEY_free(k->key);
    cms_certs_free(k->certs);
    sk_X509_pop_free(k->chain, X509_free);
    free(k);
}

/* ---- Writing ---- */

/* What a memory BIO holds goes to out; the BIO wipes its own when it is freed. */
static enum err give(BIO *bio, bool written, struct buf *out, struct why *why)
{
    char *data;
    long n = written ? BIO_get_mem_data(bio, &data) : 0;
    enum err e = written ? buf_add(out, data, (size_t)n) : ssl_why(why, ERR_OS, "key");
    if (written && e)
        e = why_set(why, e, "key: over %zu bytes", out->max);
    BIO_free(bio);
    return e;
}

static enum err put_key(EVP_PKEY *key, struct span secret, struct buf *out, struct why *why)
{
    BIO *bio = BIO_new(BIO_s_mem());
    bool ok = bio && PEM_write_bio_PKCS8PrivateKey(
                         bio, key, secret.n ? EVP_aes_256_cbc() : NULL,
                         secret.n ? (const char *)secret.p : NULL, (int)secret.n, NULL, NULL);
    return give(bio, ok, out, why);
}

static enum err put_cert(X509 *cert, struct buf *out, struct why *why)
{
    BIO *bio = BIO_new(BIO_s_mem());
    return give(bio, bio && PEM_write_bio_X509(bio, cert), out, why);
}

/* A key that is stored here, so without a password. */
static enum err stored_key(struct span text, EVP_PKEY **key, struct why *why)
{
    struct ask ask = {.source = &no_source, .why = why};
    guard_keys();
    return key_parse(text, &ask, key);
}

enum err key_export(struct span text, struct span secret, struct buf *out, struct why *why)
{
    EVP_PKEY *key;
    enum err e = stored_key(text, &key, why);
    if (!e)
        e = put_key(key, secret, out, why);
    EVP_PKEY_free(key);
    return e;
}

enum err key_matches(struct span key_text, struct span text, struct why *why)
{
    struct cms_certs *certs = NULL;
    EVP_PKEY *key = NULL;
    enum err e = cms_certs_add(&certs, text, why);
    if (!e)
        e = stored_key(key_text, &key, why);
    if (!e && X509_check_private_key(certs->list[0].x509, key) != 1)
        e = why_set(why, ERR_AUTH, "the key is not this certificate's");
    ERR_clear_error();
    EVP_PKEY_free(key);
    cms_certs_free(certs);
    return e;
}

enum err key_first(struct span text, struct buf *pem, struct why *why)
{
    struct cms_certs *certs = NULL;
    enum err e = cms_certs_add(&certs, text, why);
    if (!e)
        e = put_cert(certs->list[0].x509, pem, why);
    cms_certs_free(certs);
    return e;
}

/* ---- Importing ---- */

/* PKCS #12 is tried without a password, then with an empty one, then it is asked for. */
static enum err open_p12(PKCS12 *p12, struct ask *ask, EVP_PKEY **key, X509 **cert,
                         STACK_OF(X509) **others)
{
    char secret[SECRET_MAX + 1] = "";
    enum err e = ERR_NONE;
    if (!PKCS12_verify_mac(p12, NULL, 0) && !PKCS12_verify_mac(p12, "", 0)) {
        int n = password(secret, SECRET_MAX, 0, ask);
        e = n < 0 ? ask->err : ERR_NONE;
        secret[n < 0 ? 0 : n] = '\0';
    }
    if (!e && !PKCS12_parse(p12, secret, key, cert, others))
        e = why_set(ask->why, ERR_AUTH, "wrong password for the key");
    ERR_clear_error();
    OPENSSL_cleanse(secret, sizeof secret);
    return e;
}

static enum err p12_certs(X509 *cert, STACK_OF(X509) *others, struct buf *pem, struct why *why)
{
    enum err e = cert ? put_cert(cert, pem, why) : ERR_NONE;
    for (int i = 0; i < sk_X509_num(others) && !e; i++)
        e = put_cert(sk_X509_value(others, i), pem, why);
    return e;
}

/* *key stays NULL where text is no PKCS #12. */
static enum err import_p12(struct span text, struct ask *ask, EVP_PKEY **key, struct buf *pem)
{
    const unsigned char *p = text.p;
    PKCS12 *p12 = text.n && text.n < LONG_MAX ? d2i_PKCS12(NULL, &p, (long)text.n) : NULL;
    X509 *cert = NULL;
    STACK_OF(X509) *others = NULL;
    ERR_clear_error();
    if (!p12)
        return ERR_NONE;
    enum err e = open_p12(p12, ask, key, &cert, &others);
    if (!e && !*key)
        e = why_set(ask->why, ERR_DATA, "no private key in it");
    if (!e)
        e = p12_certs(cert, others, pem, ask->why);
    X509_free(cert);
    sk_X509_pop_free(others, X509_free);
    PKCS12_free(p12);
    return e;
}

enum err key_import(struct span key_text, struct span cert_text, struct span given,
                    const char *prompt, struct buf *key, struct buf *certs, struct why *why)
{
    struct ask ask = {.source = &no_source, .prompt = prompt, .why = why, .given = given};
    struct span none = {NULL, 0};
    struct cms_certs *list = NULL;
    struct cms_key *k = NULL;
    EVP_PKEY *pkey = NULL;
    struct buf pem;
    guard_keys();
    buf_init(&pem, 1 << 20);
    enum err e = import_p12(key_text, &ask, &pkey, &pem);
    if (!e && !pkey)
        e = key_parse(key_text, &ask, &pkey);
    if (!e && cert_text.n)
        e = cms_certs_add(&list, cert_text, why);
    if (!e && (pem.len || !cert_text.n))
        e = cms_certs_add(&list, buf_span(&pem), why);
    if (!e) {
        e = key_with(pkey, list, &k, why);
    } else {
        EVP_PKEY_free(pkey);
        cms_certs_free(list);
    }
    if (!e)
        e = put_key(k->key, none, key, why);
    for (size_t i = 0; !e && i < k->certs->count; i++)
        e = put_cert(k->certs->list[i].x509, certs, why);
    cms_key_free(k);
    buf_release(&pem);
    return e;
}

/* ---- Making ---- */

/* A common name has at most 64 characters (RFC 5280, appendix A). */
static bool set_name(X509_NAME *name, const struct key_owner *owner)
{
    char text[64 + 1];
    utf8_copy(span_str(owner->name), text, sizeof text);
    return X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                      (const unsigned char *)text, -1, -1, 0);
}

/* By structures, not by OpenSSL's text form, in which a comma in the address would mean more. */
static GENERAL_NAMES *address_names(const char *address)
{
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();
    if (names && name && text && ASN1_STRING_set(text, address, -1)) {
        GENERAL_NAME_set0_value(name, GEN_EMAIL, text);
        if (sk_GENERAL_NAME_push(names, name) > 0)
            return names;
        text = NULL;
    }
    ASN1_IA5STRING_free(text);
    GENERAL_NAME_free(name);
    GENERAL_NAMES_free(names);
    return NULL;
}

static bool add_text_extension(STACK_OF(X509_EXTENSION) **list, X509V3_CTX *ctx, int nid,
                               const char *value)
{
    X509_EXTENSION *x = X509V3_EXT_conf_nid(NULL, ctx, nid, value);
    bool ok = x && X509v3_add_ext(list, x, -1);
    X509_EXTENSION_free(x);
    return ok;
}

/* What a certificate for signing and sealing mail says of itself (RFC 8550 §4.4). */
static STACK_OF(X509_EXTENSION) * extensions(const struct key_owner *owner, EVP_PKEY *key)
{
    bool rsa = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
    STACK_OF(X509_EXTENSION) *list = NULL;
    GENERAL_NAMES *names = address_names(owner->address);
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, NULL, NULL, NULL, NULL, 0);
    bool ok = names && X509V3_add1_i2d(&list, NID_subject_alt_name, names, 0, 0) > 0 &&
              add_text_extension(&list, &ctx, NID_basic_constraints, "critical,CA:FALSE") &&
              add_text_extension(&list, &ctx, NID_key_usage,
                                 rsa ? "critical,digitalSignature,keyEncipherment"
                                     : "critical,digitalSignature,keyAgreement") &&
              add_text_extension(&list, &ctx, NID_ext_key_usage, "emailProtection");
    GENERAL_NAMES_free(names);
    if (ok)
        return list;
    sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
    return NULL;
}

static enum err check_owner(const struct key_owner *owner, struct why *why)
{
    for (const char *c = owner->address; *c; c++)
        if ((unsigned char)*c <= 32 || (unsigned char)*c >= 127)
            return why_set(why, ERR_DATA, "%s: cannot stand in a certificate", owner->address);
    return ERR_NONE;
}

static bool set_serial(X509 *cert)
{
    BIGNUM *n = BN_new();
    bool ok = n && BN_rand(n, 127, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) &&
              BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert));
    BN_free(n);
    return ok;
}

static X509 *self_signed(EVP_PKEY *key, const struct key_owner *owner)
{
    X509 *cert = X509_new();
    STACK_OF(X509_EXTENSION) *list = extensions(owner, key);
    /* An hour back: other machines' clocks differ. */
    bool ok = cert && list && X509_set_version(cert, X509_VERSION_3) && set_serial(cert) &&
              X509_gmtime_adj(X509_getm_notBefore(cert), -3600) &&
              X509_time_adj_ex(X509_getm_notAfter(cert), (int)owner->days, 0, NULL) &&
              set_name(X509_get_subject_name(cert), owner) &&
              X509_set_issuer_name(cert, X509_get_subject_name(cert)) &&
              X509_set_pubkey(cert, key);
    for (int i = 0; ok && i < sk_X509_EXTENSION_num(list); i++)
        ok = X509_add_ext(cert, sk_X509_EXTENSION_value(list, i), -1) == 1;
    ok = ok && X509_sign(cert, key, EVP_sha256()) > 0;
    sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
    if (ok)
        return cert;
    X509_free(cert);
    return NULL;
}

enum err key_make(struct span kind, const struct key_owner *owner, struct buf *key,
                  struct buf *cert, struct why *why)
{
    struct span none = {NULL, 0};
    bool p256 = span_eq(kind, span_str("p256"));
    if (!p256 && !span_eq(kind, span_str("rsa3072")))
        return why_set(why, ERR_USAGE, "%.*s: not rsa3072 or p256", (int)(kind.n & 0xff),
                       (const char *)kind.p);
    enum err e = check_owner(owner, why);
    if (e)
        return e;
    guard_keys();
    EVP_PKEY *pkey = p256 ? EVP_EC_gen("P-256") : EVP_RSA_gen(3072);
    X509 *x = pkey ? self_signed(pkey, owner) : NULL;
    e = x ? put_key(pkey, none, key, why) : ssl_why(why, ERR_OS, "no key could be made");
    if (!e)
        e = put_cert(x, cert, why);
    X509_free(x);
    EVP_PKEY_free(pkey);
    return e;
}

enum err key_request(struct span text, const struct key_owner *owner, struct buf *request,
                     struct why *why)
{
    EVP_PKEY *key = NULL;
    enum err e = check_owner(owner, why);
    if (!e)
        e = stored_key(text, &key, why);
    if (e)
        return e;
    X509_REQ *r = X509_REQ_new();
    STACK_OF(X509_EXTENSION) *list = extensions(owner, key);
    BIO *bio = BIO_new(BIO_s_mem());
    bool ok = r && list && bio && X509_REQ_set_version(r, X509_REQ_VERSION_1) &&
              set_name(X509_REQ_get_subject_name(r), owner) && X509_REQ_set_pubkey(r, key) &&
              X509_REQ_add_extensions(r, list) && X509_REQ_sign(r, key, EVP_sha256()) > 0 &&
              PEM_write_bio_X509_REQ(bio, r);
    e = give(bio, ok, request, why);
    sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
    X509_REQ_free(r);
    EVP_PKEY_free(key);
    return e;
}

const struct key_works seal_keys = {key_make,   key_request, key_import,
                                    key_export, key_matches, key_first, cms_certs_check};
