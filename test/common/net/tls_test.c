#include "check.h"
#include "net/tls.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <unistd.h>

static char cert[80], key[80];

/* A key and a certificate of its own making, as PEM files. */
static void make_certificate(void)
{
    EVP_PKEY *k = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    snprintf(cert, sizeof cert, "/tmp/tls_test.%d.cert", (int)getpid());
    snprintf(key, sizeof key, "/tmp/tls_test.%d.key", (int)getpid());
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -10);
    X509_gmtime_adj(X509_getm_notAfter(x), 1000);
    X509_set_pubkey(x, k);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               (const unsigned char *)"localhost", -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    X509_sign(x, k, EVP_sha256());
    FILE *f = fopen(cert, "w");
    PEM_write_X509(f, x);
    fclose(f);
    f = fopen(key, "w");
    PEM_write_PrivateKey(f, k, NULL, NULL, 0, NULL, NULL);
    fclose(f);
    X509_free(x);
    EVP_PKEY_free(k);
}

static struct tls_server *server;
static struct why why;

static void opens(void)
{
    CHECK_INT(tls_server_open(&(struct tls_pair){cert, key}, 1, &server, &why), ERR_NONE);
}

static void wrong_files(void)
{
    struct tls_server *s;
    CHECK_INT(tls_server_open(&(struct tls_pair){"/nonexistent", key}, 1, &s, &why), ERR_CONFIG);
    CHECK_INT(tls_server_open(&(struct tls_pair){cert, cert}, 1, &s, &why), ERR_CONFIG);
    CHECK_INT(tls_server_open(&(struct tls_pair){"/dev/null", key}, 1, &s, &why), ERR_CONFIG);
}

struct client {
    SSL_CTX *ctx;
    SSL *ssl;
    BIO *in, *out;
};

static struct client client_new(void)
{
    struct client c = {.ctx = SSL_CTX_new(TLS_client_method())};
    c.ssl = SSL_new(c.ctx);
    c.in = BIO_new(BIO_s_mem());
    c.out = BIO_new(BIO_s_mem());
    SSL_set_bio(c.ssl, c.in, c.out);
    SSL_set_connect_state(c.ssl);
    return c;
}

static void client_free(struct client *c)
{
    SSL_free(c->ssl);
    SSL_CTX_free(c->ctx);
}

/* What the client has to send goes to the server in pieces of step, what is opened to plain. */
static enum err carry(struct client *c, struct tls *t, size_t step, struct buf *plain)
{
    uint8_t bytes[4096];
    enum err e = ERR_NONE;
    int n;
    while (!e && (n = BIO_read(c->out, bytes, (int)(step < sizeof bytes ? step : sizeof bytes))) > 0) {
        e = tls_push(t, span_of(bytes, (size_t)n), &why);
        if (!e)
            e = tls_read(t, plain, &why);
    }
    struct buf out;
    buf_init(&out, 1 << 20);
    CHECK_INT(tls_output(t, &out), ERR_NONE);
    if (out.len)
        BIO_write(c->in, out.data, (int)out.len);
    buf_release(&out);
    return e;
}

static void talks(void)
{
    for (size_t step = 1; step <= 4096; step *= 64) {
        struct client c = client_new();
        struct tls *t;
        struct buf plain;
        char got[64];
        buf_init(&plain, 65536);
        CHECK_INT(tls_open(server, &t, &why), ERR_NONE);
        CHECK(!tls_ready(t));
        for (int i = 0; i < 10 && SSL_do_handshake(c.ssl) != 1; i++)
            CHECK_INT(carry(&c, t, step, &plain), ERR_NONE);
        CHECK_INT(SSL_write(c.ssl, "hello", 5), 5);
        CHECK_INT(carry(&c, t, step, &plain), ERR_NONE);
        CHECK(tls_ready(t));
        CHECK_STR(buf_cstr(&plain), "hello");
        CHECK_INT(tls_write(t, span_str("answer"), &why), ERR_NONE);
        CHECK_INT(carry(&c, t, step, &plain), ERR_NONE);
        CHECK_INT(SSL_read(c.ssl, got, sizeof got), 6);
        CHECK(memcmp(got, "answer", 6) == 0);
        CHECK(!tls_ended(t));
        SSL_shutdown(c.ssl);
        CHECK_INT(carry(&c, t, step, &plain), ERR_NONE);
        CHECK(tls_ended(t));
        tls_end(t);
        tls_free(t);
        buf_release(&plain);
        client_free(&c);
    }
}

static void within_the_cap(void)
{
    struct client c = client_new();
    struct tls *t;
    struct buf plain;
    char text[5000];
    size_t got = 0;
    memset(text, 'x', sizeof text);
    buf_init(&plain, 100);
    CHECK_INT(tls_open(server, &t, &why), ERR_NONE);
    for (int i = 0; i < 10 && SSL_do_handshake(c.ssl) != 1; i++)
        CHECK_INT(carry(&c, t, 4096, &plain), ERR_NONE);
    CHECK_INT(SSL_write(c.ssl, text, sizeof text), sizeof text);
    CHECK_INT(carry(&c, t, 4096, &plain), ERR_NONE);
    do {
        CHECK(plain.len <= 100);
        got += plain.len;
        buf_clear(&plain);
        CHECK_INT(tls_read(t, &plain, &why), ERR_NONE);
    } while (plain.len);
    CHECK_INT(got, sizeof text);
    tls_free(t);
    buf_release(&plain);
    client_free(&c);
}

static void what_is_no_tls(void)
{
    struct tls *t;
    struct buf plain;
    buf_init(&plain, 65536);
    CHECK_INT(tls_open(server, &t, &why), ERR_NONE);
    CHECK_INT(tls_push(t, span_str("EHLO not.tls.example\r\nMAIL FROM:<a@b>\r\n"), &why), ERR_NONE);
    CHECK_INT(tls_read(t, &plain, &why), ERR_PROTOCOL);
    CHECK_INT(tls_read(t, &plain, &why), ERR_PROTOCOL);
    CHECK_INT(tls_write(t, span_str("x"), &why), ERR_PROTOCOL);
    CHECK(!tls_ready(t));
    CHECK_INT(plain.len, 0);
    tls_free(t);
    buf_release(&plain);
}

static void no_old_protocol(void)
{
    struct client c = client_new();
    struct tls *t;
    struct buf plain;
    enum err e = ERR_NONE;
    buf_init(&plain, 65536);
    SSL_set_security_level(c.ssl, 0);
    SSL_set_min_proto_version(c.ssl, TLS1_VERSION);
    SSL_set_max_proto_version(c.ssl, TLS1_1_VERSION);
    CHECK_INT(tls_open(server, &t, &why), ERR_NONE);
    for (int i = 0; i < 4 && !e && SSL_do_handshake(c.ssl) != 1; i++)
        e = carry(&c, t, 4096, &plain);
    CHECK_INT(e, ERR_PROTOCOL);
    tls_free(t);
    buf_release(&plain);
    client_free(&c);
}

int main(void)
{
    make_certificate();
    RUN(opens);
    RUN(wrong_files);
    RUN(talks);
    RUN(within_the_cap);
    RUN(what_is_no_tls);
    RUN(no_old_protocol);
    tls_server_free(server);
    remove(cert);
    remove(key);
    return check_done();
}
