#include "net/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>

struct tls_server {
    SSL_CTX *ctx;
};

struct tls {
    SSL *ssl;
    BIO *in, *out; /* owned by ssl */
    bool ended;
    enum err err;
};

/* OpenSSL's own words for the oldest entry of its queue, which is emptied. */
static enum err openssl_why(struct why *why, enum err e, const char *what)
{
    unsigned long code = ERR_get_error();
    const char *reason = !code                    ? NULL
                         : ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code))
                                                  : ERR_reason_error_string(code);
    ERR_clear_error();
    return why_set(why, e, "%s: %s", what, reason ? reason : "failed");
}

enum err tls_server_open(const char *cert, const char *key, struct tls_server **server,
                         struct why *why)
{
    struct tls_server *s = calloc(1, sizeof *s);
    enum err e = ERR_NONE;
    ERR_clear_error();
    if (!s || !(s->ctx = SSL_CTX_new(TLS_server_method()))) {
        free(s);
        return why_set(why, ERR_OS, "out of memory");
    }
    SSL_CTX_set_min_proto_version(s->ctx, TLS1_2_VERSION);
    /* A session has no life of its own; and compression and renegotiation only ever did harm. */
    SSL_CTX_set_options(s->ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                    SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_session_cache_mode(s->ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(s->ctx, SSL_MODE_RELEASE_BUFFERS);
    if (SSL_CTX_use_certificate_chain_file(s->ctx, cert) != 1)
        e = openssl_why(why, ERR_CONFIG, cert);
    else if (SSL_CTX_use_PrivateKey_file(s->ctx, key, SSL_FILETYPE_PEM) != 1 ||
             SSL_CTX_check_private_key(s->ctx) != 1)
        e = openssl_why(why, ERR_CONFIG, key);
    if (e) {
        tls_server_free(s);
        return e;
    }
    *server = s;
    return ERR_NONE;
}

void tls_server_free(struct tls_server *server)
{
    if (server)
        SSL_CTX_free(server->ctx);
    free(server);
}

enum err tls_open(const struct tls_server *server, struct tls **tls, struct why *why)
{
    struct tls *t = calloc(1, sizeof *t);
    if (t) {
        t->ssl = SSL_new(server->ctx);
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
        return tls->err = openssl_why(why, ERR_PROTOCOL, "TLS");
    }
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
            return tls->err = openssl_why(why, ERR_PROTOCOL, "TLS");
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
    }
    return ERR_NONE;
}
