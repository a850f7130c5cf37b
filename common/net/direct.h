/*
 * Direct delivery: the hosts that take mail for a domain, one after the other, address after
 * address (RFC 5321 5.1), each with what is demanded of its TLS (DANE, MTA-STS).
 *
 *     direct_open(&d, &options, "there.example")
 *     while (direct_next(&d, &target))
 *         if (connecting to target fails) direct_failed(&d, e, &why);
 *         else …
 *     d.fault: why nobody could be reached, the most hopeful of all reasons
 */
#ifndef NET_DIRECT_H
#define NET_DIRECT_H

#include "net/addresses.h"
#include "net/channel.h"
#include "net/sts.h"
#include "smtp/exchanges.h"
#include "smtp/sender.h"

/* So many addresses of a domain are tried. */
enum { DIRECT_TRIES = 12 };

struct direct_options {
    struct resolver *resolver;
    const char *const *own;        /* our names, ended by NULL: MX that lead back are cut off */
    unsigned port;                 /* 25 */
    enum channel_tls tls;          /* what is wanted at least. NONE: nothing is asked about it */
    bool dane;                     /* TLSA records are asked for */
    const struct sts_options *sts; /* NULL: no MTA-STS */
};

/* Where to go now; valid until the next direct_next. */
struct direct_target {
    char url[DNS_NAME + 32];
    const char *address;      /* for channel_options; NULL: the host table's */
    enum channel_tls tls;
    const struct dane *dane;
};

struct direct {
    struct direct_options o;
    char domain[DNS_NAME];
    struct exchanges hosts;
    size_t next_host, next_address;
    bool named;               /* the hosts are names, to be looked up in the DNS */
    bool secure;              /* their names have been validated */
    struct sts sts;
    struct addresses addresses;
    struct dane dane;
    unsigned tried;
    bool demanded;            /* the last target's TLS is demanded by DANE or MTA-STS */
    unsigned failures;
    struct sender_result fault;
};

/*
 * Finds the hosts. domain is a name, whose MX records count, or without any its own address
 * (implicit MX); [name], a host that is not looked up for MX; a literal (address_literal); or a
 * name without a dot, which is the host table's. U-labels become A-labels.
 *
 * Anything but ERR_NONE is in d->fault too, with the codes of RFC 3463 and 7505: ERR_NO_USER
 * 556 5.1.10, the domain takes no mail; ERR_NO_HOST 5.1.2, there is no such domain; ERR_UNAVAILABLE
 * 5.4.6, its best host is ourselves; ERR_DATA 5.1.2, no domain at all; ERR_AGAIN, the DNS has no
 * answer now. direct_close frees in any case.
 */
enum err direct_open(struct direct *d, const struct direct_options *options, const char *domain);

/* The next place to try. False: there is no further one. Hosts that are not there, that cannot be
 * looked up, or that MTA-STS does not name, are passed over, and noted in d->fault. */
bool direct_next(struct direct *d, struct direct_target *target);

/* The last target cannot be used: e and why as of channel_open or transfer_open. */
void direct_failed(struct direct *d, enum err e, const struct why *why);

/* Frees. */
void direct_close(struct direct *d);

#endif
