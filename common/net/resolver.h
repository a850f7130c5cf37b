/*
 * Questions to the domain name system, by glibc's stub resolver (libresolv): it asks again, goes
 * on to the next server and to TCP, and drops what does not answer its question.
 *
 * A name server's word that it has validated an answer (AD) is believed where nobody can be
 * between: when every one of the servers is on loopback; or where somebody says that it may be.
 */
#ifndef NET_RESOLVER_H
#define NET_RESOLVER_H

#include "smtp/dns.h"

struct resolver;

struct resolver_options {
    const char *server; /* "127.0.0.1:5353", "[::1]:53"; NULL: those of resolv.conf(5) */
    bool trusted;       /* AD is believed from anywhere; resolv.conf's trust-ad does the same */
};

/* Asks nothing yet. ERR_CONFIG: the server is no address. ERR_OS. */
enum err resolver_open(const struct resolver_options *options, struct resolver **r,
                       struct why *why);

/* Frees. NULL is fine. */
void resolver_close(struct resolver *r);

/*
 * Asks for name, which is absolute. No record, and no such name (DNS_NO_DOMAIN), are answers too;
 * so is every name in "invalid", which is not asked for (RFC 6761 6.4). answer->secure says more
 * than the bit: the servers are trusted as well. The answer is valid until the next question.
 * ERR_AGAIN: no server gave one that can be used. ERR_DATA: that is no name.
 */
enum err resolver_ask(struct resolver *r, const char *name, enum dns_type type,
                      struct dns_answer *answer, struct why *why);

/*
 * A domain as the DNS has it: small letters, U-labels as A-labels (IDNA 2008, RFC 5891), no dot at
 * its end. ERR_DATA: that cannot be.
 */
enum err resolver_name(const char *domain, char out[DNS_NAME], struct why *why);

#endif
