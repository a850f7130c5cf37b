/*
 * MTA-STS (RFC 8461) as a sender carries it out: policies fetched by HTTPS, and remembered.
 */
#ifndef NET_STS_H
#define NET_STS_H

#include "bytes/buf.h"
#include "net/resolver.h"
#include "smtp/sts.h"

struct sts_options {
    struct resolver *resolver;
    const char *directory; /* where policies are kept, a file each domain; NULL: nowhere */
    const char *ca;        /* PEM file of trusted certificates; NULL: the system's */
    unsigned port;         /* of the policy's host: 443 */
};

/* A domain's policy. */
struct sts {
    struct sts_policy policy;
    struct buf text; /* what policy points into */
    bool found;      /* there is one, and its mode is not `none` */
};

/* No policy. sts_release frees. */
void sts_init(struct sts *s);
/* Frees, and there is no policy. */
void sts_release(struct sts *s);

/*
 * Finds the policy of a domain (of resolver_name's form) as it holds now. A remembered one holds
 * for its max_age, whatever the DNS or its host say meanwhile; it is fetched anew when the DNS
 * tells of another one, and once a day. What cannot be fetched is not asked for again for five
 * minutes (3.3). Failures are traced, and leave what is remembered, or no policy.
 */
void sts_find(struct sts *s, const struct sts_options *o, const char *domain);

#endif
