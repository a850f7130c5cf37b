#include "seal/cms.h"

#include "seal/cms_split.h"
#include "tool/diag.h"
#include "tool/io.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REST_MAX = 4 << 20, CERTS_MAX = 1000 };

static const char *const names[CMS_METHODS] = {"none", "smime-aes256-gcm", "smime-aes256-cbc"};

struct cms_certs {
    STACK_OF(X509) * list;
};

struct cms_sealer {
    CMS_ContentInfo *cms;
    BIO *memory; /* what OpenSSL has written and the writer has not yet taken */
    BIO *base64;
    BIO *content; /* the top of the chain: bytes written here are sealed */
    struct writer out;
};

struct cms_key {
    EVP_PKEY *key;
    X509 *cert;
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

const char *cms_method_name(enum cms_method method)
{
    return names[method];
}

/* The reason that OpenSSL gives, in our way of writing; its error queue is empty afterwards. */
static enum err ssl_why(struct why *why, enum err e, const char *what)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    char text[128];
    snprintf(text, sizeof text, "%s", reason ? reason : "");
    text[0] = (char)ascii_lower((uint8_t)text[0]);
    ERR_clear_error();
    return why_set(why, e, "%s%s%s", what, *text ? ": " : "", text);
}

static void warn_about(X509 *cert)
{
    char name[256];
    X509_NAME_oneline(X509_get_subject_name(cert), name, sizeof name);
    if (X509_cmp_current_time(X509_get0_notAfter(cert)) <= 0)
        diag_warn("certificate of %s: its time is over", name);
    else if (X509_check_purpose(cert, X509_PURPOSE_SMIME_ENCRYPT, 0) != 1)
        diag_warn("certificate of %s: not made for encrypted mail", name);
    ERR_clear_error();
}

static enum err certs_push(struct cms_certs *certs, X509 *cert, struct why *why)
{
    if (sk_X509_num(certs->list) < CERTS_MAX && sk_X509_push(certs->list, cert) > 0)
        return ERR_NONE;
    X509_free(cert);
    return why_set(why, ERR_OS, "too many certificates");
}

static enum err certs_read(struct cms_certs *certs, BIO *in, struct span text, struct why *why)
{
    int before = sk_X509_num(certs->list);
    enum err e = ERR_NONE;
    X509 *cert;
    while (!e && (cert = PEM_read_bio_X509(in, NULL, NULL, NULL)))
        e = certs_push(certs, cert, why);
    const unsigned char *p = text.p;
    if (!e && sk_X509_num(certs->list) == before && text.n < LONG_MAX &&
        (cert = d2i_X509(NULL, &p, (long)text.n)))
        e = certs_push(certs, cert, why);
    ERR_clear_error();
    if (!e && sk_X509_num(certs->list) == before)
        return why_set(why, ERR_DATA, "not a certificate");
    for (int i = before; !e && i < sk_X509_num(certs->list); i++)
        warn_about(sk_X509_value(certs->list, i));
    return e;
}

enum err cms_certs_add(struct cms_certs **certs, struct span text, struct why *why)
{
    if (!*certs) {
        *certs = calloc(1, sizeof **certs);
        if (*certs)
            (*certs)->list = sk_X509_new_null();
        if (!*certs || !(*certs)->list)
            return why_set(why, ERR_OS, "out of memory");
    }
    BIO *in = text.n <= INT_MAX ? BIO_new_mem_buf(text.n ? (const void *)text.p : "", (int)text.n) : NULL;
    if (!in)
        return why_set(why, ERR_OS, "out of memory");
    enum err e = certs_read(*certs, in, text, why);
    BIO_free(in);
    return e;
}

void cms_certs_free(struct cms_certs *certs)
{
    if (!certs)
        return;
    sk_X509_pop_free(certs->list, X509_free);
    free(certs);
}

static enum err add_recipients(struct cms_sealer *s, const struct cms_certs *certs,
                               struct why *why)
{
    for (int i = 0; i < sk_X509_num(certs->list); i++)
        if (!CMS_add1_recipient_cert(s->cms, sk_X509_value(certs->list, i), 0))
            return ssl_why(why, ERR_DATA, "certificate cannot be sealed for");
    return ERR_NONE;
}

enum err cms_seal_open(enum cms_method method, const struct cms_certs *certs, int fd,
                       struct cms_sealer **sealer, struct why *why)
{
    const EVP_CIPHER *cipher =
        method == CMS_METHOD_AES256_GCM ? EVP_aes_256_gcm() : EVP_aes_256_cbc();
    struct cms_sealer *s = calloc(1, sizeof *s);
    *sealer = NULL;
    if (!s)
        return why_set(why, ERR_OS, "out of memory");
    writer_init(&s->out, fd);
    /* Partial: the recipients follow; stream: the content comes later and is never held. */
    s->cms = CMS_encrypt(NULL, NULL, cipher, CMS_BINARY | CMS_PARTIAL | CMS_STREAM);
    enum err e = s->cms ? add_recipients(s, certs, why) : ssl_why(why, ERR_OS, "seal");
    if (!e) {
        s->memory = BIO_new(BIO_s_mem());
        s->base64 = BIO_new(BIO_f_base64());
        if (!s->memory || !s->base64)
            e = ssl_why(why, ERR_OS, "seal");
    }
    if (!e) {
        BIO_push(s->base64, s->memory);
        s->content = BIO_new_CMS(s->base64, s->cms);
        if (!s->content)
            e = ssl_why(why, ERR_DATA, "seal");
    }
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

struct ask {
    const struct secret_source *source;
    const char *prompt;
    struct why *why;
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
    ask->err = secret_read(ask->source, ask->prompt, &secret, ask->why);
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
    if (!in)
        return why_set(ask->why, ERR_DATA, "not a private key");
    *key = PEM_read_bio_PrivateKey(in, NULL, password, ask);
    BIO_free(in);
    if (!*key && ask->asked)
        return ask->err ? ask->err : why_set(ask->why, ERR_AUTH, "wrong password for the key");
    if (!*key)
        *key = d2i_AutoPrivateKey(NULL, &p, (long)text.n);
    ERR_clear_error();
    return *key ? ERR_NONE : why_set(ask->why, ERR_DATA, "not a private key");
}

enum err cms_key_read(struct span key_text, struct span cert_text,
                      const struct secret_source *source, const char *prompt,
                      struct cms_key **out, struct why *why)
{
    struct ask ask = {source, prompt, why, ERR_NONE, false};
    struct cms_certs *certs = NULL;
    struct cms_key *k = calloc(1, sizeof *k);
    *out = NULL;
    if (!k)
        return why_set(why, ERR_OS, "out of memory");
    enum err e = cms_certs_add(&certs, cert_text, why);
    if (!e)
        k->cert = sk_X509_shift(certs->list);
    cms_certs_free(certs);
    if (!e)
        e = key_parse(key_text, &ask, &k->key);
    if (!e && !X509_check_private_key(k->cert, k->key)) {
        ERR_clear_error();
        e = why_set(why, ERR_AUTH, "the key is not this certificate's");
    }
    if (e) {
        cms_key_free(k);
        return e;
    }
    *out = k;
    return ERR_NONE;
}

void cms_key_free(struct cms_key *k)
{
    if (!k)
        return;
    EVP_PKEY_free(k->key);
    X509_free(k->cert);
    free(k);
}

/* Finds our recipient and takes the content's key out of it. */
static enum err unlock(CMS_ContentInfo *cms, const struct cms_key *k, struct why *why)
{
    int type = OBJ_obj2nid(CMS_get0_type(cms));
    if (type != NID_pkcs7_enveloped && type != NID_id_smime_ct_authEnvelopedData)
        return why_set(why, ERR_DATA, "not a sealed message: %s", OBJ_nid2sn(type));
    /* With a certificate it fails only where no recipient is this one; a content key that does
     * not come out right shows at the end, like tampering, so that nobody can probe for it. */
    if (CMS_decrypt_set1_pkey(cms, k->key, k->cert) > 0)
        return ERR_NONE;
    ERR_clear_error();
    return why_set(why, ERR_AUTH, "not sealed for this certificate");
}

/* Everything through the cipher into fd, and the cipher's verdict: for GCM that of the tag, for
 * CBC only of the padding. */
static enum err decrypt_through(BIO *plain, int fd, struct why *why)
{
    struct writer *out = malloc(sizeof *out);
    char *chunk = malloc(65536);
    enum err e = out && chunk ? ERR_NONE : why_set(why, ERR_OS, "out of memory");
    int n;
    if (!e) {
        writer_init(out, fd);
        while ((n = BIO_read(plain, chunk, 65536)) > 0)
            writer_add(out, chunk, (size_t)n);
        if (BIO_get_cipher_status(plain) <= 0 || n < 0) {
            ERR_clear_error();
            e = why_set(why, ERR_DATA, "damaged or tampered with: nothing of it is shown");
        } else {
            e = writer_flush(out, why);
        }
    }
    if (chunk)
        OPENSSL_cleanse(chunk, 65536);
    if (out)
        OPENSSL_cleanse(out, sizeof *out);
    free(chunk);
    free(out);
    return e;
}

static enum err decrypt(CMS_ContentInfo *cms, const struct cms_key *k, int sealed_fd, int fd,
                        struct why *why)
{
    enum err e = unlock(cms, k, why);
    if (e)
        return e;
    BIO *sealed = BIO_new_fd(sealed_fd, BIO_NOCLOSE);
    BIO *plain = sealed ? CMS_dataInit(cms, sealed) : NULL;
    if (!plain)
        e = ssl_why(why, ERR_DATA, "cannot be opened");
    else
        e = decrypt_through(plain, fd, why);
    while (plain && plain != sealed) {
        BIO *below = BIO_pop(plain);
        BIO_free(plain);
        plain = below;
    }
    BIO_free(sealed);
    return e;
}

static enum err rewind_fd(int fd, struct why *why)
{
    return lseek(fd, 0, SEEK_SET) == 0 ? ERR_NONE : why_errno(why, ERR_IO, "temporary file");
}

static enum err open_split(const struct cms_key *k, struct span rest, int sealed, int *content,
                           struct why *why)
{
    const unsigned char *p = rest.p;
    CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &p, (long)rest.n);
    if (!cms) {
        ERR_clear_error();
        return why_set(why, ERR_DATA, "not a sealed message");
    }
    enum err e = rewind_fd(sealed, why);
    if (!e)
        e = io_temp(content, why);
    if (!e) {
        e = decrypt(cms, k, sealed, *content, why);
        if (!e)
            e = rewind_fd(*content, why);
        if (e) {
            close(*content);
            *content = -1;
        }
    }
    CMS_ContentInfo_free(cms);
    return e;
}

enum err cms_open(const struct cms_key *key, int fd, int *content, struct why *why)
{
    struct buf rest;
    int sealed;
    *content = -1;
    enum err e = rewind_fd(fd, why);
    if (!e)
        e = io_temp(&sealed, why);
    if (e)
        return e;
    buf_init(&rest, REST_MAX);
    e = cms_split(fd, sealed, &rest, why);
    if (!e)
        e = open_split(key, buf_span(&rest), sealed, content, why);
    buf_release(&rest);
    close(sealed);
    return e;
}
