/*
 * The hosts that take mail for a domain, in the order they are to be tried (RFC 5321 5.1).
 */
#ifndef SMTP_EXCHANGES_H
#define SMTP_EXCHANGES_H

#include "smtp/dns.h"

/* So many hosts are kept; a domain with more loses the last of those that came. */
enum { EXCHANGES_MAX = 50 };

struct exchange {
    char name[DNS_NAME];
    unsigned preference;
};

struct exchanges {
    struct exchange list[EXCHANGES_MAX];
    size_t count;
    bool null; /* a record names the root: no mail is taken (RFC 7505) */
};

/* Adds an MX record's host. */
void exchanges_add(struct exchanges *x, const char *name, unsigned preference);

/*
 * Puts the hosts into order, those of one preference shuffled by seed. Where one of them is one
 * of own (names ended by NULL, letters of any case), he and all that are not preferred to him go:
 * else mail would run in a circle. A null record counts only when it stands alone.
 *
 * ERR_NONE: there are hosts. ERR_NO: there is no record at all. ERR_NO_USER: the domain takes no
 * mail. ERR_UNAVAILABLE: we are the best host ourselves.
 */
enum err exchanges_order(struct exchanges *x, const char *const *own, uint64_t seed);

/* The names are the same, whatever their letters' case and a dot at the end. */
bool exchange_same_name(const char *a, const char *b);

#endif
