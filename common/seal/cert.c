#include "seal/cert.h"

#include "seal/cms.h"
#include "seal/cms_parts.h"
#include "tool/diag.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CERTS_MAX = 1000 };

enum err ssl_why(struct why *why, enum err e, const char *what)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    char text[128];
    snprintf(text, sizeof text, "%s", reason ? reason : "");
    text[0] = (char)ascii_lower((uint8_t)text[0]);
    ERR_clear_error();
    return why_set(why, e, "%s%s%s", what, *text ? ": " : "", text);
}

void cert_name(X509 *cert, char *out, size_t size)
{
    STACK_OF(OPENSSL_STRING) *addresses = X509_get1_email(cert);
    char subject[256];
    X509_NAME_oneline(X509_get_subject_name(cert), subject, sizeof subject);
    snprintf(out, size, "%s",
             sk_OPENSSL_STRING_num(addresses) > 0 ? sk_OPENSSL_STRING_value(addresses, 0)
                                                      : subject);
    X509_email_free(addresses);
}

/* ---- RSA-OAEP, where the certificate asks for it ---- */

/* The hash functions that RSAES-OAEP-params name (RFC 4055 §4.1); without any, SHA-256. */
static bool oaep_hashes(const X509_ALGOR *algorithm, struct cms_cert *c)
{
    const void *value;
    int type;
    X509_ALGOR_get0(NULL, &type, &value, algorithm);
    c->oaep = c->mgf = EVP_sha256();
    if (type != V_ASN1_SEQUENCE)
        return true;
    RSA_OAEP_PARAMS *p = ASN1_item_unpack(value, ASN1_ITEM_rptr(RSA_OAEP_PARAMS));
    if (!p)
        return false;
    X509_ALGOR *mgf = p->maskGenFunc && p->maskGenFunc->parameter
                          ? ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(X509_ALGOR),
                                                      p->maskGenFunc->parameter)
                          : NULL;
    c->oaep = p->hashFunc ? EVP_get_digestbyobj(p->hashFunc->algorithm) : EVP_sha1();
    c->mgf = mgf ? EVP_get_digestbyobj(mgf->algorithm) : EVP_sha1();
    X509_ALGOR_free(mgf);
    RSA_OAEP_PARAMS_free(p);
    return c->oaep && c->mgf;
}

/* A key that is an RSAES-OAEP one by its very type, which OpenSSL cannot read: an RSA key. */
static bool oaep_key(struct cms_cert *c)
{
    X509_ALGOR *algorithm;
    const unsigned char *bits;
    int n;
    X509_PUBKEY *key = X509_get_X509_PUBKEY(c->x509);
    if (!key || !X509_PUBKEY_get0_param(NULL, &bits, &n, &algorithm, key) ||
        OBJ_obj2nid(algorithm->algorithm) != NID_rsaesOaep)
        return true;
    EVP_PKEY *rsa = d2i_PublicKey(EVP_PKEY_RSA, NULL, &bits, n);
    bool ok = rsa && oaep_hashes(algorithm, c) && X509_set_pubkey(c->x509, rsa);
    EVP_PKEY_free(rsa);
    return ok;
}

/* What its owner's programs can do, best first (RFC 4262): the first word on RSA counts. */
static bool oaep_capability(struct cms_cert *c)
{
    int at = X509_get_ext_by_NID(c->x509, NID_SMIMECapabilities, -1);
    ASN1_OCTET_STRING *value = at < 0 ? NULL
                                      : X509_EXTENSION_get_data(X509_get_ext(c->x509, at));
    X509_ALGORS *list = value ? ASN1_item_unpack(value, ASN1_ITEM_rptr(X509_ALGORS)) : NULL;
    bool ok = true;
    for (int i = 0; i < sk_X509_ALGOR_num(list); i++) {
        const X509_ALGOR *algorithm = sk_X509_ALGOR_value(list, i);
        int nid = OBJ_obj2nid(algorithm->algorithm);
        if (nid == NID_rsaesOaep)
            ok = oaep_hashes(algorithm, c);
        if (nid == NID_rsaesOaep || nid == NID_rsaEncryption)
            break;
    }
    sk_X509_ALGOR_pop_free(list, X509_ALGOR_free);
    return ok;
}

/* ---- Lists ---- */

/* Takes over cert. */
static enum err certs_push(struct cms_certs *certs, X509 *cert, struct why *why)
{
    struct cms_cert c = {.x509 = cert};
    struct cms_cert *more = NULL;
    if (certs->count < CERTS_MAX)
        more = realloc(certs->list, (certs->count + 1) * sizeof *more);
    if (!more) {
        X509_free(cert);
        return why_set(why, ERR_OS, "too many certificates");
    }
    bool ok = oaep_key(&c) && (c.oaep || oaep_capability(&c));
    certs->list = more;
    certs->list[certs->count++] = c;
    return ok ? ERR_NONE : ssl_why(why, ERR_DATA, "certificate with parameters that are none");
}

/* Other things may stand in a PEM file; a certificate that is cut or broken may not. */
static enum err certs_read(struct cms_certs *certs, BIO *in, struct span text, struct why *why)
{
    size_t before = certs->count;
    enum err e = ERR_NONE;
    X509 *cert;
    ERR_clear_error();
    while (!e && (cert = PEM_read_bio_X509(in, NULL, NULL, NULL)))
        e = certs_push(certs, cert, why);
    if (e)
        return e;
    bool whole = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    const unsigned char *p = text.p;
    if (certs->count == before && whole && text.n && text.n < LONG_MAX &&
        (cert = d2i_X509(NULL, &p, (long)text.n)))
        e = certs_push(certs, cert, why);
    ERR_clear_error();
    if (!e && !whole)
        return why_set(why, ERR_DATA, "a broken or cut certificate");
    return !e && certs->count == before ? why_set(why, ERR_DATA, "not a certificate") : e;
}

enum err cms_certs_add(struct cms_certs **certs, struct span text, struct why *why)
{
    if (!*certs)
        *certs = calloc(1, sizeof **certs);
    BIO *in = *certs && text.n <= INT_MAX
                  ? BIO_new_mem_buf(text.n ? (const void *)text.p : "", (int)text.n)
                  : NULL;
    if (!in)
        return why_set(why, ERR_OS, "out of memory");
    enum err e = certs_read(*certs, in, text, why);
    BIO_free(in);
    return e;
}

void cms_certs_free(struct cms_certs *certs)
{
    for (size_t i = 0; certs && i < certs->count; i++)
        X509_free(certs->list[i].x509);
    if (certs)
        free(certs->list);
    free(certs);
}

/* ---- Fitness ---- */

static const char *time_fault(X509 *cert)
{
    if (X509_cmp_current_time(X509_get0_notBefore(cert)) >= 0)
        return "its time has not come";
    return X509_cmp_current_time(X509_get0_notAfter(cert)) <= 0 ? "its time is over" : NULL;
}

/* RFC 8550 §4.4: what is not said is allowed. */
static const char *purpose_fault(X509 *cert)
{
    EVP_PKEY *key = X509_get0_pubkey(cert);
    uint32_t usage = X509_get_key_usage(cert), extended = X509_get_extended_key_usage(cert);
    int type = key ? EVP_PKEY_get_base_id(key) : EVP_PKEY_NONE;
    if (type != EVP_PKEY_RSA && type != EVP_PKEY_EC)
        return "its key cannot encrypt";
    if (extended != UINT32_MAX && !(extended & (XKU_SMIME | XKU_ANYEKU)))
        return "it was not made for mail";
    if (!(usage & (type == EVP_PKEY_RSA ? KU_KEY_ENCIPHERMENT : KU_KEY_AGREEMENT)))
        return "it was made for signing only";
    return NULL;
}

void cms_certs_warn(const struct cms_certs *certs)
{
    char name[256];
    for (size_t i = 0; i < certs->count; i++) {
        X509 *cert = certs->list[i].x509;
        const char *fault = time_fault(cert);
        cert_name(cert, name, sizeof name);
        if (!fault)
            fault = purpose_fault(cert);
        if (fault)
            diag_warn("certificate of %s: %s", name, fault);
    }
    ERR_clear_error();
}

static bool is_of_domain(X509 *cert, const char *domain)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    bool found = false;
    for (int i = 0; i < sk_GENERAL_NAME_num(names) && !found; i++) {
        int type;
        const ASN1_STRING *s = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);
        found = type == GEN_DNS &&
                span_eq_nocase(span_of(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s)),
                               span_str(domain));
    }
    GENERAL_NAMES_free(names);
    return found;
}

/* The certificate is recipient's, an address or an @domain. */
static bool is_for(X509 *cert, const char *recipient)
{
    STACK_OF(OPENSSL_STRING) *addresses = X509_get1_email(cert);
    bool found = recipient[0] == '@' && is_of_domain(cert, recipient + 1);
    for (int i = 0; i < sk_OPENSSL_STRING_num(addresses) && !found; i++) {
        const char *address = sk_OPENSSL_STRING_value(addresses, i);
        const char *at = strrchr(address, '@');
        found = span_eq_nocase(span_str(recipient[0] == '@' && at ? at : address),
                               span_str(recipient));
    }
    X509_email_free(addresses);
    return found;
}

bool cms_certs_have(const struct cms_certs *certs, const char *address)
{
    for (size_t i = 0; i < certs->count; i++)
        if (is_for(certs->list[i].x509, address))
            return true;
    return false;
}

void cms_certs_name(const struct cms_certs *certs, char *out, size_t size)
{
    out[0] = '\0';
    if (certs->count)
        cert_name(certs->list[0].x509, out, size);
}

/* The proof that its key can be sealed for is to do it. */
static enum err try_key(const struct cms_cert *cert, struct why *why)
{
    struct cms_cert one = *cert;
    const struct cms_certs certs = {&one, 1};
    const struct cms_sealing how = {.method = CMS_METHOD_AES256_CBC, .certs = &certs};
    struct cms_sealer *sealer;
    struct why reason = {""};
    enum err e = cms_seal_open(&how, -1, &sealer, &reason);
    cms_seal_abort(sealer);
    return e == ERR_DATA ? why_set(why, ERR_AUTH, "%s", reason.text) : e;
}

static enum err check(const struct cms_cert *cert, const char *recipient, bool past,
                      struct why *why)
{
    char name[256];
    struct why reason = {""};
    const char *fault = time_fault(cert->x509);
    cert_name(cert->x509, name, sizeof name);
    if (fault && past) {
        diag_warn("certificate of %s: %s", name, fault);
        fault = NULL;
    }
    if (!fault)
        fault = purpose_fault(cert->x509);
    ERR_clear_error();
    if (fault)
        return why_set(why, ERR_AUTH, "certificate of %s: %s", name, fault);
    if (strcmp(recipient, "default") != 0 && !is_for(cert->x509, recipient))
        return why_set(why, ERR_AUTH, "certificate of %s: not for %s", name, recipient);
    enum err e = try_key(cert, &reason);
    return e ? why_set(why, e, "certificate of %s: %.200s", name, reason.text) : ERR_NONE;
}

enum err cms_certs_check(struct span text, const char *recipient, bool past, struct why *why)
{
    struct cms_certs *certs = NULL;
    enum err e = cms_certs_add(&certs, text, why);
    for (size_t i = 0; !e && i < certs->count; i++)
        e = check(&certs->list[i], recipient, past, why);
    cms_certs_free(certs);
    return e;
}
