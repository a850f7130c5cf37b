/*
 * DANE for SMTP (RFC 7672): what a server's TLSA records demand, and a handshake that keeps to it.
 */
#ifndef NET_DANE_H
#define NET_DANE_H

#include "bytes/buf.h"
#include "net/resolver.h"
#include "smtp/tlsa.h"

/* More records than this are no server's; the rest is not looked at. */
enum { DANE_MAX = 24, DANE_OCTETS = 65536 };

enum dane_demand {
    DANE_NOTHING, /* no records, or nobody has validated them */
    DANE_ENCRYPT, /* records, and not one of them usable: TLS, unproven (RFC 7672 2.2) */
    DANE_PROVE,   /* TLS, and a certificate that a record matches */
};

struct dane {
    enum dane_demand demand;
    char base[DNS_NAME];    /* where the records are: also the name that is asked for by SNI */
    char domain[DNS_NAME];  /* the next hop's, which a certificate may name as well; or "" */
    struct tlsa list[DANE_MAX];
    size_t count;
    struct buf octets;      /* the records' data */
};

/* Demands nothing. dane_release frees. */
void dane_init(struct dane *d);
/* Frees, and demands nothing. */
void dane_release(struct dane *d);

/*
 * Asks for the records of _port._tcp.host. Where host is an alias, expanded is the name behind
 * it, which is asked first (RFC 7672 2.2.3); NULL: it is none. To be called only when the host's
 * address has been validated; else there is no DANE. ERR_AGAIN: there may be records, and they
 * cannot be had: the host must not be used.
 */
enum err dane_find(struct dane *d, struct resolver *r, const char *host, const char *expanded,
                   unsigned port, struct why *why);

/*
 * Makes handshakes of an OpenSSL context (SSL_CTX *) accept the certificates that d allows and no
 * others; d must outlive it. The verifying itself has to be switched on. False: no memory.
 */
bool dane_enable(const struct dane *d, void *ssl_ctx);

#endif
