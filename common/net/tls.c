#include "net/tls.h"

#include "net/tls_openssl.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

struct tls_server {
    SSL_CTX *ctx[TLS_PAIRS_MAX];
    unsigned count;
};

struct tls {
    SSL *ssl;
    BIO *in, *out; /* owned by ssl */
    bool ended, shrunk;
    enum err err;
};

enum err tls_why(struct why *why, enum err e, const char *what)
{
    unsigned long code = ERR_get_error();
    const char *reason = !code                    ? NULL
                         : ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code))
                                                  : ERR_reason_error_string(code);
    ERR_clear_error();
    return why_set(why, e, "%s: %s", what, reason ? reason : "failed");
}

/* ---- Certificates ---- */

/* Nobody is asked for a passphrase: who starts a server is not there. */
static int no_passphrase(char *buf, int size, int writing, void *arg)
{
    (void)buf;
    (void)size;
    (void)writing;
    (void)arg;
    return -1;
}

/* Certificates, as many as there are, into c. */
static bool read_chain(BIO *file, struct tls_credential *c)
{
    X509 *next;
    c->cert = PEM_read_bio_X509_AUX(file, NULL, no_passphrase, NULL);
    c->chain = sk_X509_new_null();
    while (c->cert && c->chain && (next = PEM_read_bio_X509(file, NULL, no_passphrase, NULL)))
        if (!sk_X509_push(c->chain, next)) {
            X509_free(next);
            return false;
        }
    /* The end of the file is no error. */
    bool whole = c->cert && c->chain &&
                 ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    if (whole)
        ERR_clear_error();
    return whole;
}

enum err tls_credential_read(const struct tls_pair *pair, struct tls_credential *c,
                             struct why *why)
{
    ERR_clear_error();
    *c = (struct tls_credential){NULL, NULL, NULL};
    BIO *file = BIO_new_file(pair->cert, "r");
    enum err e = file && read_chain(file, c) ? ERR_NONE : tls_why(why, ERR_CONFIG, pair->cert);
    BIO_free(file);
    file = e ? NULL : BIO_new_file(pair->key, "r");
    if (file)
        c->key = PEM_read_bio_PrivateKey(file, NULL, no_passphrase, NULL);
    if (file && !c->key)
        e = why_set(why, ERR_CONFIG, "%s: no private key (PEM) without a passphrase", pair->key);
    else if (!e && (!file || X509_check_private_key(c->cert, c->key) != 1))
        e = tls_why(why, ERR_CONFIG, pair->key);
    BIO_free(file);
    if (e)
        tls_credential_release(c);
    return e;
}

void tls_credential_release(struct tls_credential *c)
{
    X509_free(c->cert);
    sk_X509_pop_free(c->chain, X509_free);
    EVP_PKEY_free(c->key);
    *c = (struct tls_credential){NULL, NULL, NULL};
}

/* Every name of one certificate is also one of the other. */
static bool covers(X509 *one, X509 *other)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(other, NID_subject_alt_name, NULL, NULL);
    bool all = names != NULL;
    for (int i = 0; all && i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_DNS)
            continue;
        const char *text = (const char *)ASN1_STRING_get0_data(name->d.dNSName);
        size_t n = (size_t)ASN1_STRING_length(name->d.dNSName);
        /* A wildcard stands for a name that nobody has yet. */
        char instance[300];
        if (n > 1 && text[0] == '*') {
            snprintf(instance, sizeof instance, "a%.*s", (int)n - 1, text + 1);
            all = X509_check_host(one, instance, 0, 0, NULL) == 1;
        } else {
            all = X509_check_host(one, text, n, 0, NULL) == 1;
        }
    }
    GENERAL_NAMES_free(names);
    return all;
}

static bool use(SSL_CTX *ctx, const struct tls_credential *c)
{
    return SSL_CTX_use_cert_and_key(ctx, c->cert, c->key, c->chain, 0) == 1;
}

static int choose(SSL *ssl, int *alert, void *arg)
{
    const struct tls_server *s = arg;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    (void)alert;
    for (unsigned i = 0; name && i < s->count; i++)
        if (X509_check_host(SSL_CTX_get0_certificate(s->ctx[i]), name, 0, 0, NULL) == 1) {
            SSL_set_SSL_CTX(ssl, s->ctx[i]);
            return SSL_TLSEXT_ERR_OK;
        }
    return SSL_TLSEXT_ERR_NOACK;
}

/* The provider of OpenSSL's own is asked first: that of kept keys serves those alone. */
static SSL_CTX *make_ctx(void)
{
    SSL_CTX *ctx = SSL_CTX_new_ex(NULL, "?provider=default", TLS_server_method());
    if (!ctx)
        return NULL;
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    /* Compression and renegotiation only ever did harm; a ticket key is one more to lose. */
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(ctx, 0);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    /* What the key of the certificate decrypts, it decrypts for who steals it later. */
    if (SSL_CTX_set_cipher_list(ctx, "DEFAULT:!kRSA") != 1) {
        SSL_CTX_free(ctx);
        return NULL;
    }
    return ctx;
}

enum err tls_server_make(const struct tls_credential list[], unsigned count,
                         struct tls_server **server, struct why *why)
{
    struct tls_server *s = calloc(1, sizeof *s);
    enum err e = s ? ERR_NONE : why_set(why, ERR_OS, "out of memory");
    ERR_clear_error();
    for (unsigned i = 0; !e && i < count && i < TLS_PAIRS_MAX; i++) {
        SSL_CTX *ctx = s->ctx[i] = make_ctx();
        if (!ctx || !use(ctx, &list[i]))
            e = tls_why(why, ctx ? ERR_CONFIG : ERR_OS, "certificate");
        s->count += ctx != NULL;
        for (unsigned j = 0; !e && j < count; j++)
            if (j != i && EVP_PKEY_get_base_id(X509_get0_pubkey(list[i].cert)) !=
                              EVP_PKEY_get_base_id(X509_get0_pubkey(list[j].cert)) &&
                covers(list[j].cert, list[i].cert))
                use(ctx, &list[j]);
        /* The last one used is the one that is told of. */
        if (!e)
            use(ctx, &list[i]);
    }
    ERR_clear_error();
    if (e) {
        tls_server_free(s);
        return e;
    }
    SSL_CTX_set_tlsext_servername_callback(s->ctx[0], choose);
    SSL_CTX_set_tlsext_servername_arg(s->ctx[0], s);
    *server = s;
    return ERR_NONE;
}

enum err tls_server_open(const struct tls_pair pairs[], unsigned count, struct tls_server **server,
                         struct why *why)
{
    struct tls_credential list[TLS_PAIRS_MAX] = {{NULL, NULL, NULL}};
    unsigned read = 0;
    enum err e = ERR_NONE;
    while (!e && read < count && read < TLS_PAIRS_MAX)
        if (!(e = tls_credential_read(&pairs[read], &list[read], why)))
            read++;
    if (!e)
        e = tls_server_make(list, read, server, why);
    while (read)
        tls_credential_release(&list[--read]);
    return e;
}

void tls_server_free(struct tls_server *server)
{
    for (unsigned i = 0; server && i < server->count; i++)
        SSL_CTX_free(server->ctx[i]);
    free(server);
}

enum err tls_open(const struct tls_server *server, struct tls **tls, struct why *why)
{
    struct tls *t = calloc(1, sizeof *t);
    if (t) {
        t->ssl = SSL_new(server->ctx[0]);
        t->in = BIO_new(BIO_s_mem());
        t->out = BIO_new(BIO_s_mem());
    }
    if (!t || !t->ssl || !t->in || !t->out) {
        if (t) {
            SSL_free(t->ssl);
            BIO_free(t->in);
            BIO_free(t->out);
        }
        free(t);
        return why_set(why, ERR_OS, "out of memory");
    }
    SSL_set_bio(t->ssl, t->in, t->out);
    SSL_set_accept_state(t->ssl);
    *tls = t;
    return ERR_NONE;
}

void tls_free(struct tls *tls)
{
    if (tls)
        SSL_free(tls->ssl);
    free(tls);
}

enum err tls_push(struct tls *tls, struct span sealed, struct why *why)
{
    while (sealed.n) {
        int n = BIO_write(tls->in, sealed.p, sealed.n > 65536 ? 65536 : (int)sealed.n);
        if (n <= 0)
            return why_set(why, ERR_OS, "out of memory");
        sealed = span_skip(sealed, (size_t)n);
    }
    return ERR_NONE;
}

/* What a call that returned no progress meant. */
static enum err no_progress(struct tls *tls, int result, struct why *why)
{
    switch (SSL_get_error(tls->ssl, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return ERR_NONE;
    case SSL_ERROR_ZERO_RETURN:
        tls->ended = true;
        return ERR_NONE;
    default:
        return tls->err = tls_why(why, ERR_PROTOCOL, "TLS");
    }
}

/* A memory BIO keeps the room that the handshake took, which whoever is idle needs no more. */
static void shrink_input(struct tls *tls)
{
    BIO *in = BIO_ctrl_pending(tls->in) ? NULL : BIO_new(BIO_s_mem());
    if (!in)
        return;
    SSL_set0_rbio(tls->ssl, in);
    tls->in = in;
}

enum err tls_read(struct tls *tls, struct buf *plain, struct why *why)
{
    if (tls->err)
        return why_set(why, tls->err, "TLS: broken");
    ERR_clear_error();
    if (!SSL_is_init_finished(tls->ssl)) {
        int r = SSL_do_handshake(tls->ssl);
        if (r != 1)
            return no_progress(tls, r, why);
        shrink_input(tls);
    }
    while (plain->len < plain->max) {
        uint8_t *room;
        size_t want = plain->max - plain->len > 16384 ? 16384 : plain->max - plain->len;
        enum err e = buf_reserve(plain, want, &room);
        if (e)
            return why_set(why, e, "out of memory");
        int n = SSL_read(tls->ssl, room, (int)want);
        if (n <= 0)
            return no_progress(tls, n, why);
        plain->len += (size_t)n;
    }
    return ERR_NONE;
}

bool tls_ready(const struct tls *tls)
{
    return !tls->err && SSL_is_init_finished(tls->ssl);
}

bool tls_ended(const struct tls *tls)
{
    return tls->ended;
}

enum err tls_write(struct tls *tls, struct span plain, struct why *why)
{
    ERR_clear_error();
    while (plain.n) {
        if (tls->err)
            return why_set(why, tls->err, "TLS: broken");
        /* A memory BIO takes everything: there is no partial write. */
        int want = plain.n > 16384 ? 16384 : (int)plain.n;
        int n = SSL_write(tls->ssl, plain.p, want);
        if (n <= 0)
            return tls->err = tls_why(why, ERR_PROTOCOL, "TLS");
        plain = span_skip(plain, (size_t)n);
    }
    return ERR_NONE;
}

void tls_end(struct tls *tls)
{
    if (tls_ready(tls))
        SSL_shutdown(tls->ssl);
    ERR_clear_error();
}

enum err tls_output(struct tls *tls, struct buf *out)
{
    bool emptied = false;
    while (BIO_ctrl_pending(tls->out) > 0) {
        uint8_t *room;
        size_t pending = BIO_ctrl_pending(tls->out);
        size_t n = pending > 65536 ? 65536 : pending;
        enum err e = buf_reserve(out, n, &room);
        if (e)
            return e;
        int got = BIO_read(tls->out, room, (int)n);
        if (got <= 0)
            return ERR_OS;
        out->len += (size_t)got;
        emptied = true;
    }
    /* As on the other side: of several KiB of certificates nothing must stay. */
    if (emptied && !tls->shrunk && SSL_is_init_finished(tls->ssl)) {
        BIO *fresh = BIO_new(BIO_s_mem());
        tls->shrunk = fresh != NULL;
        if (fresh) {
            SSL_set0_wbio(tls->ssl, fresh);
            tls->out = fresh;
        }
    }
    return ERR_NONE;
}
