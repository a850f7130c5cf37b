#include "net/dane.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

void dane_init(struct dane *d)
{
    memset(d, 0, sizeof *d);
    buf_init(&d->octets, DANE_OCTETS);
}

void dane_release(struct dane *d)
{
    buf_release(&d->octets);
    dane_init(d);
}

/* A record that has the bytes themselves has them of a certificate or key. */
static bool parses(const struct tlsa *t)
{
    const unsigned char *at = t->data.p;
    if (t->matching != 0)
        return true;
    X509 *cert = t->selector ? NULL : d2i_X509(NULL, &at, (long)t->data.n);
    EVP_PKEY *key = t->selector ? d2i_PUBKEY(NULL, &at, (long)t->data.n) : NULL;
    bool whole = (cert || key) && at == t->data.p + t->data.n;
    X509_free(cert);
    EVP_PKEY_free(key);
    return whole;
}

/* Keeps a record. Its data is found by offset until all of them are there. */
static enum err keep(struct dane *d, struct span rdata, size_t *offset)
{
    struct tlsa t;
    d->demand = d->demand == DANE_NOTHING ? DANE_ENCRYPT : d->demand;
    if (!tlsa_read(rdata, &t) || !parses(&t) || d->count == DANE_MAX)
        return ERR_NONE;
    *offset = d->octets.len;
    enum err e = buf_add_span(&d->octets, t.data);
    if (e == ERR_DATA)
        return ERR_NONE; /* too large to be meant */
    if (!e) {
        d->list[d->count++] = t;
        d->demand = DANE_PROVE;
    }
    return e;
}

static enum err take_records(struct dane *d, struct dns_answer *a)
{
    size_t offsets[DANE_MAX + 1] = {0};
    struct dns_record record;
    enum err e = ERR_NONE;
    while (!e && dns_answer_next(a, &record))
        e = keep(d, record.data, &offsets[d->count]);
    for (size_t i = 0; i < d->count; i++)
        d->list[i].data.p = d->octets.data + offsets[i];
    return e;
}

/* Asks below one name. */
static enum err find_at(struct dane *d, struct resolver *r, const char *host, unsigned port,
                        struct why *why)
{
    char name[DNS_NAME + 20];
    struct dns_answer a;
    int n = snprintf(name, sizeof name, "_%u._tcp.%s", port, host);
    if (n < 0 || n > 253)
        return ERR_NONE;
    enum err e = resolver_ask(r, name, DNS_TLSA, &a, why);
    if (e)
        return e;
    if (!a.secure)
        return ERR_NONE;
    memcpy(d->base, host, strlen(host) + 1);
    e = take_records(d, &a);
    return e ? why_set(why, e, "out of memory") : ERR_NONE;
}

enum err dane_find(struct dane *d, struct resolver *r, const char *host, const char *expanded,
                   unsigned port, struct why *why)
{
    dane_release(d);
    enum err e = expanded ? find_at(d, r, expanded, port, why) : ERR_NONE;
    if (!e && d->demand == DANE_NOTHING)
        e = find_at(d, r, host, port, why);
    return e;
}

/* Where a context keeps its struct dane; -1: nowhere. */
static int dane_index(void)
{
    static int at = -1;
    if (at < 0)
        at = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    return at;
}

/*
 * Before the first byte of the handshake: libcurl makes the connection (SSL) itself, and this is
 * the first we see of it. Where this fails there is no record to match, and since the context
 * knows no authority (channel_open.c), no certificate that would do.
 */
static void at_start(const SSL *ssl, int where, int value)
{
    SSL *own = (SSL *)ssl;
    (void)value;
    const struct dane *d = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), dane_index());
    if (!(where & SSL_CB_HANDSHAKE_START) || !d || SSL_dane_enable(own, d->base) <= 0)
        return;
    /* Usage 3 is of the server's key itself: names and dates say nothing (RFC 7672 3.1.1). */
    SSL_dane_set_flags(own, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
    SSL_set_hostflags(own, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (*d->domain)
        SSL_add1_host(own, d->domain);
    for (size_t i = 0; i < d->count; i++)
        SSL_dane_tlsa_add(own, d->list[i].usage, d->list[i].selector, d->list[i].matching,
                          d->list[i].data.p, d->list[i].data.n);
}

bool dane_enable(const struct dane *d, void *ssl_ctx)
{
    SSL_CTX *ctx = ssl_ctx;
    if (dane_index() < 0 || SSL_CTX_dane_enable(ctx) <= 0 ||
        !SSL_CTX_set_ex_data(ctx, dane_index(), (void *)(uintptr_t)d))
        return false;
    SSL_CTX_set_info_callback(ctx, at_start);
    return true;
}
