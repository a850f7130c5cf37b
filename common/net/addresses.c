#include "net/addresses.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static void take(struct addresses *a, struct dns_answer *answer)
{
    struct dns_record record;
    int family = answer->type == DNS_AAAA ? AF_INET6 : AF_INET;
    memcpy(a->name, answer->name, sizeof a->name);
    a->alias |= answer->aliases > 0;
    while (a->count < ADDRESSES_OF_HOST && dns_answer_next(answer, &record))
        if (inet_ntop(family, record.data.p, a->list[a->count], ADDRESS_SIZE))
            a->count++;
}

enum err addresses_find(struct addresses *a, struct resolver *r, const char *host, struct why *why)
{
    static const enum dns_type types[] = {DNS_AAAA, DNS_A};
    struct dns_answer answer;
    enum err failed = ERR_NONE;
    memset(a, 0, sizeof *a);
    a->secure = true;
    for (unsigned i = 0; i < 2 && !a->no_domain; i++) {
        size_t before = a->count;
        enum err e = resolver_ask(r, host, types[i], &answer, why);
        if (e) {
            failed = e;
            continue;
        }
        take(a, &answer);
        a->no_domain = answer.rcode == DNS_NO_DOMAIN;
        a->secure &= answer.secure || a->count == before;
    }
    if (a->count)
        return ERR_NONE;
    return failed ? failed : why_set(why, ERR_NO_HOST, "%s: host not found", host);
}

static bool literal_of(int family, struct span text, char out[ADDRESS_SIZE])
{
    struct in6_addr address;
    char copy[ADDRESS_SIZE];
    return span_copy(text, copy, sizeof copy) && inet_pton(family, copy, &address) == 1 &&
           inet_ntop(family, &address, out, ADDRESS_SIZE);
}

bool address_literal(const char *domain, char out[ADDRESS_SIZE])
{
    struct span s = span_str(domain), tag = span_str("ipv6:");
    uint64_t number;
    if (s.n && s.p[0] == '#') {
        if (!span_number(span_skip(s, 1), UINT32_MAX, &number))
            return false;
        struct in_addr four = {htonl((uint32_t)number)};
        return inet_ntop(AF_INET, &four, out, ADDRESS_SIZE);
    }
    if (s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']')
        s = span_take(span_skip(s, 1), s.n - 2);
    if (span_starts_nocase(s, tag))
        return literal_of(AF_INET6, span_skip(s, tag.n), out);
    return literal_of(AF_INET, s, out) || literal_of(AF_INET6, s, out);
}
