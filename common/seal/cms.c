#include "seal/cms.h"

#include "seal/cms_parts.h"
#include "tool/io.h"

#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

enum { REST_MAX = 4 << 20, CHUNK = 65536 };

static const char *const names[CMS_METHODS] = {"none", "smime-aes256-gcm", "smime-aes256-cbc"};

struct cms_sealer {
    CMS_ContentInfo *cms;
    BIO *memory; /* what OpenSSL has written and the writer has not yet taken */
    BIO *base64;
    BIO *content; /* the top of the chain: bytes written here are sealed */
    struct writer out;
};

bool cms_method_named(struct span name, enum cms_method *method)
{
    for (int m = 0; m < CMS_METHODS; m++) {
        if (span_eq(name, span_str(names[m]))) {
            *method = (enum cms_method)m;
            return true;
        }
    }
    return false;
}

/* ---- Sealing ---- */

/* How the content's key goes to this recipient. */
static bool set_transport(CMS_RecipientInfo *ri, const struct cms_cert *cert, bool oaep)
{
    EVP_PKEY_CTX *ctx = CMS_RecipientInfo_get0_pkey_ctx(ri);
    const EVP_MD *hash = cert->oaep ? cert->oaep : EVP_sha256();
    const EVP_MD *mgf = cert->mgf ? cert->mgf : EVP_sha256();
    switch (CMS_RecipientInfo_type(ri)) {
    case CMS_RECIPINFO_TRANS:
        return (!cert->oaep && !oaep) ||
               (EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) > 0 &&
                EVP_PKEY_CTX_set_rsa_oaep_md(ctx, hash) > 0 &&
                EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, mgf) > 0);
    case CMS_RECIPINFO_AGREE:
        /* Without a word OpenSSL takes SHA-1. */
        return EVP_PKEY_CTX_set_ecdh_kdf_md(ctx, EVP_sha256()) > 0;
    default:
        return false;
    }
}

static enum err add_recipients(struct cms_sealer *s, const struct cms_sealing *how,
                               struct why *why)
{
    for (size_t i = 0; i < how->certs->count; i++) {
        const struct cms_cert *cert = &how->certs->list[i];
        EVP_PKEY *key = X509_get0_pubkey(cert->x509);
        CMS_RecipientInfo *ri = NULL;
        /* An RSA-PSS key would be taken for an RSA one. */
        if (key && !EVP_PKEY_is_a(key, "RSA-PSS"))
            ri = CMS_add1_recipient_cert(s->cms, cert->x509, CMS_KEY_PARAM);
        if (!ri || !set_transport(ri, cert, how->oaep))
            return ssl_why(why, ERR_DATA, "certificate cannot be sealed for");
    }
    return ERR_NONE;
}

static enum err build_chain(struct cms_sealer *s, struct why *why)
{
    s->memory = BIO_new(BIO_s_mem());
    s->base64 = BIO_new(BIO_f_base64());
    if (!s->memory || !s->base64)
        return ssl_why(why, ERR_OS, "seal");
    BIO_push(s->base64, s->memory);
    s->content = BIO_new_CMS(s->base64, s->cms);
    return s->content ? ERR_NONE : ssl_why(why, ERR_DATA, "certificate cannot be sealed for");
}

enum err cms_seal_open(const struct cms_sealing *how, int fd, struct cms_sealer **sealer,
                       struct why *why)
{
    const EVP_CIPHER *cipher =
        how->method == CMS_METHOD_AES256_GCM ? EVP_aes_256_gcm() : EVP_aes_256_cbc();
    struct cms_sealer *s = calloc(1, sizeof *s);
    *sealer = NULL;
    if (!s)
        return why_set(why, ERR_OS, "out of memory");
    writer_init(&s->out, fd);
    /* Partial: the recipients follow; stream: the content comes later and is never held. */
    s->cms = CMS_encrypt(NULL, NULL, cipher, CMS_BINARY | CMS_PARTIAL | CMS_STREAM);
    enum err e = s->cms ? add_recipients(s, how, why) : ssl_why(why, ERR_OS, "seal");
    if (!e)
        e = build_chain(s, why);
    if (e) {
        cms_seal_abort(s);
        return e;
    }
    *sealer = s;
    return ERR_NONE;
}

static enum err drain(struct cms_sealer *s, struct why *why)
{
    char *data;
    long n = BIO_get_mem_data(s->memory, &data);
    if (n > 0)
        writer_add(&s->out, data, (size_t)n);
    (void)BIO_reset(s->memory);
    return s->out.err ? why_set(why, s->out.err, "%s", s->out.why.text) : ERR_NONE;
}

enum err cms_seal_write(struct cms_sealer *s, const void *p, size_t n, struct why *why)
{
    const uint8_t *at = p;
    while (n) {
        int k = n < 65536 ? (int)n : 65536;
        if (BIO_write(s->content, at, k) != k)
            return ssl_why(why, ERR_OS, "seal");
        enum err e = drain(s, why);
        if (e)
            return e;
        at += k;
        n -= (size_t)k;
    }
    return ERR_NONE;
}

enum err cms_seal_close(struct cms_sealer *s, struct why *why)
{
    enum err e = BIO_flush(s->content) > 0 ? ERR_NONE : ssl_why(why, ERR_OS, "seal");
    if (!e && BIO_flush(s->base64) <= 0)
        e = ssl_why(why, ERR_OS, "seal");
    if (!e)
        e = drain(s, why);
    if (!e)
        e = writer_flush(&s->out, why);
    cms_seal_abort(s);
    return e;
}

void cms_seal_abort(struct cms_sealer *s)
{
    if (!s)
        return;
    /* BIO_new_CMS put filters of its own on top of base64. */
    BIO *bio = s->content ? s->content : s->base64;
    while (bio && bio != s->memory) {
        BIO *below = BIO_pop(bio);
        BIO_free(bio);
        bio = below;
    }
    BIO_free(s->memory);
    CMS_ContentInfo_free(s->cms);
    free(s);
}

/* ---- Opening ---- */

struct cms_content {
    const struct cms_key *key;
    struct shelter *sealed; /* the encrypted bytes */
    struct buf rest;        /* the message without them */
    CMS_ContentInfo *cms;
    BIO *below, *plain; /* the shelter, and the chain that decrypts it */
    bool ended;
    uint8_t first[32]; /* what the first pass began with */
    size_t first_n;
    bool second, compared; /* the pass at hand is the second, and begins so */
};

/* Finds our recipient and takes the content's key out of it. */
static enum err unlock(CMS_ContentInfo *cms, const struct cms_key *k, struct why *why)
{
    int type = OBJ_obj2nid(CMS_get0_type(cms));
    if (type != NID_pkcs7_enveloped && type != NID_id_smime_ct_authEnvelopedData)
        return why_set(why, ERR_DATA, "not a sealed message: %s", OBJ_nid2sn(type));
    /* With a certificate it fails only where no recipient is this one; a content key that does
     * not come out right shows at the end, like tampering, so that nobody can probe for it. */
    for (size_t i = 0; i < k->certs->count; i++)
        if (CMS_decrypt_set1_pkey(cms, k->key, k->certs->list[i].x509) > 0)
            return ERR_NONE;
    ERR_clear_error();
    return why_set(why, ERR_AUTH, "not sealed for this certificate");
}

static void end_pass(struct cms_content *c)
{
    while (c->plain && c->plain != c->below) {
        BIO *next = BIO_pop(c->plain);
        BIO_free(c->plain);
        c->plain = next;
    }
    BIO_free(c->below);
    CMS_ContentInfo_free(c->cms);
    c->plain = c->below = NULL;
    c->cms = NULL;
}

/* From the start: OpenSSL's object serves one pass, so it is read again for each. */
static enum err begin_pass(struct cms_content *c, struct why *why)
{
    const unsigned char *p = c->rest.data;
    end_pass(c);
    enum err e = shelter_rewind(c->sealed, why);
    if (e)
        return e;
    c->cms = d2i_CMS_ContentInfo(NULL, &p, (long)c->rest.len);
    if (!c->cms) {
        ERR_clear_error();
        return why_set(why, ERR_DATA, "not a sealed message");
    }
    e = unlock(c->cms, c->key, why);
    if (e)
        return e;
    c->below = shelter_bio(c->sealed);
    c->plain = c->below ? CMS_dataInit(c->cms, c->below) : NULL;
    return c->plain ? ERR_NONE : ssl_why(why, ERR_DATA, "cannot be opened");
}

/*
 * Where the content's key does not come out right, OpenSSL takes a random one, another for each
 * pass, and CBC's padding lets one of 256 through: what the second pass begins with must be what
 * the first did, before any of it is given.
 */
static bool same_as_first(struct cms_content *c, const void *p, size_t n)
{
    size_t some = n < sizeof c->first ? n : sizeof c->first;
    if (!c->second && c->first_n == 0) {
        memcpy(c->first, p, some);
        c->first_n = some;
    }
    if (!c->second || c->compared)
        return true;
    c->compared = true;
    some = some < c->first_n ? some : c->first_n;
    return (n == 0) == (c->first_n == 0) && CRYPTO_memcmp(c->first, p, some) == 0;
}

/* At the end the cipher's verdict counts: for GCM that of the tag, for CBC only of the padding. */
enum err cms_content_read(struct cms_content *c, void *p, size_t n, size_t *got, struct why *why)
{
    *got = 0;
    if (c->ended)
        return ERR_NONE;
    int k = BIO_read(c->plain, p, n < CHUNK ? (int)n : CHUNK);
    bool same = same_as_first(c, p, k > 0 ? (size_t)k : 0);
    if (k > 0 && same) {
        *got = (size_t)k;
        return ERR_NONE;
    }
    c->ended = true;
    if (k == 0 && same && BIO_get_cipher_status(c->plain) > 0)
        return ERR_NONE;
    ERR_clear_error();
    return why_set(why, ERR_DATA, "damaged or tampered with: nothing of it is shown");
}

/* Everything through the cipher, and nothing of it kept. */
static enum err authenticate(struct cms_content *c, struct why *why)
{
    char *chunk = malloc(CHUNK);
    size_t got = 1;
    enum err e = chunk ? begin_pass(c, why) : why_set(why, ERR_OS, "out of memory");
    while (!e && got)
        e = cms_content_read(c, chunk, CHUNK, &got, why);
    if (chunk)
        OPENSSL_cleanse(chunk, CHUNK);
    free(chunk);
    if (!e)
        e = begin_pass(c, why);
    c->ended = false;
    c->second = true;
    return e;
}

static enum err keep_sealed(void *ctx, const void *p, size_t n, struct why *why)
{
    return shelter_write(ctx, p, n, why);
}

enum err cms_open(const struct cms_key *key, const struct cms_source *source,
                  struct cms_content **content, struct why *why)
{
    struct cms_content *c = calloc(1, sizeof *c);
    *content = NULL;
    if (!c)
        return why_set(why, ERR_OS, "out of memory");
    c->key = key;
    buf_init(&c->rest, REST_MAX);
    enum err e = shelter_open(&c->sealed, why);
    const struct cms_sink sink = {keep_sealed, c->sealed};
    if (!e)
        e = cms_split(source, &sink, &c->rest, why);
    if (!e)
        e = authenticate(c, why);
    if (e) {
        cms_content_close(c);
        return e;
    }
    *content = c;
    return ERR_NONE;
}

void cms_content_close(struct cms_content *c)
{
    if (!c)
        return;
    end_pass(c);
    shelter_close(c->sealed);
    buf_release(&c->rest);
    OPENSSL_cleanse(c->first, sizeof c->first);
    free(c);
}
