/*
 * The addresses of a host, by the DNS.
 */
#ifndef NET_ADDRESSES_H
#define NET_ADDRESSES_H

#include "net/resolver.h"

/* An address as text: 192.0.2.1, 2001:db8::1. */
enum { ADDRESS_SIZE = 46, ADDRESSES_OF_HOST = 16 };

struct addresses {
    char list[ADDRESSES_OF_HOST][ADDRESS_SIZE]; /* IPv6 first */
    size_t count;
    bool secure;             /* every answer was validated: TLSA records may be asked for */
    char name[DNS_NAME];     /* the host behind its aliases */
    bool alias;              /* he has some */
    bool no_domain;          /* with ERR_NO_HOST: there is no such name at all */
};

/*
 * Asks for AAAA and A of a name (of resolver_name's form). ERR_NO_HOST: it has none, or is not
 * there. ERR_AGAIN: there may be some, and they cannot be had. With one sort at hand, trouble with
 * the other is none.
 */
enum err addresses_find(struct addresses *a, struct resolver *r, const char *host,
                        struct why *why);

/*
 * An address that stands in the place of a domain: [192.0.2.1], [IPv6:2001:db8::1] (RFC 5321
 * 4.1.3), #3221225985 (RFC 821 4.1.2), or bare. False: the domain is a name, or a literal of
 * another sort.
 */
bool address_literal(const char *domain, char out[ADDRESS_SIZE]);

#endif
