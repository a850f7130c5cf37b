#include "net/direct.h"

#include "net/report.h"
#include "tool/diag.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

static enum err refuse(struct direct *d, enum err e, unsigned code, const char *enhanced,
                       const char *text)
{
    d->fault.err = e;
    d->fault.settled = true;
    d->fault.code = code;
    snprintf(d->fault.enhanced, sizeof d->fault.enhanced, "%s", enhanced);
    snprintf(d->fault.text, sizeof d->fault.text, "%s", text);
    return e;
}

/* Notes why a host cannot be used. Of all reasons that one stays which may pass soonest. */
static void note(struct direct *d, enum err e, const char *enhanced, const char *text)
{
    diag_trace("%s", text);
    bool hopeful = d->failures++ && report_worse(d->fault.err, e) == e && d->fault.err != e;
    if (!hopeful)
        refuse(d, e, 0, enhanced, text);
}

static enum err one_host(struct direct *d, const char *name, bool named)
{
    d->named = named;
    exchanges_add(&d->hosts, name, 0);
    return ERR_NONE;
}

static enum err ordered(struct direct *d, struct dns_answer *answer)
{
    struct dns_record record;
    uint64_t seed = 0;
    while (dns_answer_next(answer, &record))
        exchanges_add(&d->hosts, record.name, record.preference);
    if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed)
        seed = (uintptr_t)&seed;
    switch (exchanges_order(&d->hosts, d->o.own, seed)) {
    case ERR_NONE:
        return ERR_NONE;
    case ERR_NO_USER:
        return refuse(d, ERR_NO_USER, 556, "5.1.10", "the domain takes no mail (null MX)");
    case ERR_UNAVAILABLE:
        return refuse(d, ERR_UNAVAILABLE, 0, "5.4.6", "mail loops back to us: we are the best MX");
    default:
        return one_host(d, answer->name, true); /* implicit MX: the domain's own address */
    }
}

/* The MX records of d->domain. */
static enum err find_hosts(struct direct *d)
{
    struct why why = {""};
    struct dns_answer answer;
    enum err e = resolver_ask(d->o.resolver, d->domain, DNS_MX, &answer, &why);
    if (e)
        return refuse(d, e, 0, e == ERR_AGAIN ? "4.4.3" : "", why.text);
    if (answer.rcode == DNS_NO_DOMAIN)
        return refuse(d, ERR_NO_HOST, 0, "5.1.2", "no such domain");
    d->named = true;
    d->secure = answer.secure;
    e = ordered(d, &answer);
    if (!e && d->o.sts && d->o.tls != CHANNEL_TLS_NONE)
        sts_find(&d->sts, d->o.sts, d->domain);
    return e;
}

/* The name between the brackets of "[name]". */
static bool bracketed(const char *domain, char out[DNS_NAME])
{
    struct span s = span_str(domain);
    return s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']' && span_find(s, ':') == s.n &&
           span_copy(span_take(span_skip(s, 1), s.n - 2), out, DNS_NAME);
}

enum err direct_open(struct direct *d, const struct direct_options *options, const char *domain)
{
    struct why why = {""};
    char address[ADDRESS_SIZE], name[DNS_NAME];
    memset(d, 0, sizeof *d);
    d->o = *options;
    sts_init(&d->sts);
    dane_init(&d->dane);
    refuse(d, ERR_AGAIN, 0, "4.4.1", "no host could be reached");
    if (address_literal(domain, address))
        return one_host(d, address, false);
    bool host = bracketed(domain, name);
    enum err e = resolver_name(host ? name : domain, d->domain, &why);
    if (e)
        return refuse(d, e, 0, "5.1.2", why.text);
    if (!strchr(d->domain, '.'))
        return one_host(d, d->domain, false);
    return host ? one_host(d, d->domain, true) : find_hosts(d);
}

/* What DANE says of the host whose addresses have just come. False: he must not be used. */
static bool look_for_dane(struct direct *d, const char *host, struct why *why)
{
    dane_release(&d->dane);
    if (!d->o.dane || !d->addresses.secure || d->o.tls == CHANNEL_TLS_NONE)
        return true;
    if (dane_find(&d->dane, d->o.resolver, host, d->addresses.alias ? d->addresses.name : NULL,
                  d->o.port, why)) {
        note(d, ERR_AGAIN, "4.7.5", why->text);
        return false;
    }
    /* Mail's own domain is a name to go by only where nobody could have forged the way from it. */
    if (d->secure)
        memcpy(d->dane.domain, d->domain, sizeof d->domain);
    if (d->dane.demand != DANE_NOTHING)
        diag_trace("%s: TLSA records, %zu of them usable", host, d->dane.count);
    return true;
}

/* MTA-STS names the host, or does not enforce anything. */
static bool allowed(struct direct *d, const char *host)
{
    char text[2 * DNS_NAME + 100];
    if (!d->sts.found || sts_policy_allows(&d->sts.policy, host))
        return true;
    snprintf(text, sizeof text, "%s: not a host of %s by its MTA-STS policy", host, d->domain);
    if (d->sts.policy.mode == STS_ENFORCE) {
        note(d, ERR_AGAIN, "4.7.5", text);
        return false;
    }
    diag_trace("%s", text);
    return true;
}

/* Looks the next host up. False: he cannot be used. */
static bool next_host(struct direct *d)
{
    struct why why = {""};
    const char *host = d->hosts.list[d->next_host++].name;
    d->next_address = 0;
    dane_release(&d->dane);
    memset(&d->addresses, 0, sizeof d->addresses);
    if (!d->named) { /* an address already, or the host table's: one try, however it is reached */
        d->addresses.count = 1;
        return true;
    }
    if (!allowed(d, host))
        return false;
    enum err e = addresses_find(&d->addresses, d->o.resolver, host, &why);
    if (e == ERR_NO_HOST && strcmp(host, d->domain) == 0)
        note(d, e, "5.1.2", "the domain has neither MX nor address");
    else if (e == ERR_NO_HOST)
        note(d, e, "5.4.4", why.text);
    else if (e)
        note(d, e, "4.4.3", why.text);
    return !e && look_for_dane(d, host, &why);
}

static void demand(struct direct *d, struct direct_target *t)
{
    bool sts = d->sts.found && d->sts.policy.mode == STS_ENFORCE;
    t->tls = d->o.tls;
    t->dane = d->dane.demand == DANE_PROVE ? &d->dane : NULL;
    if (t->dane || sts)
        t->tls = CHANNEL_TLS_REQUIRE;
    else if (d->dane.demand == DANE_ENCRYPT && t->tls == CHANNEL_TLS_TRY)
        t->tls = CHANNEL_TLS_ENCRYPT;
    d->demanded = t->dane || sts || t->tls != d->o.tls;
}

bool direct_next(struct direct *d, struct direct_target *t)
{
    while (d->next_address >= d->addresses.count)
        if (d->next_host >= d->hosts.count || d->tried >= DIRECT_TRIES)
            return false;
        else if (!next_host(d))
            d->addresses.count = 0;
    if (d->tried++ >= DIRECT_TRIES)
        return false;
    const char *host = d->hosts.list[d->next_host - 1].name;
    bool six = strchr(host, ':') != NULL;
    t->address = d->named ? d->addresses.list[d->next_address] : NULL;
    d->next_address++;
    demand(d, t);
    if (t->dane)
        host = d->dane.base;
    snprintf(t->url, sizeof t->url, "smtp://%s%s%s:%u", six ? "[" : "", host, six ? "]" : "",
             d->o.port);
    diag_trace("%s: trying %s%s%s", d->domain[0] ? d->domain : host, host, t->address ? " at " : "",
               t->address ? t->address : "");
    return true;
}

void direct_failed(struct direct *d, enum err e, const struct why *why)
{
    /* What DANE and MTA-STS demand, and the host has not got, it may have got tomorrow. */
    if (d->demanded && (e == ERR_AUTH || e == ERR_UNAVAILABLE || e == ERR_PROTOCOL))
        note(d, ERR_AGAIN, "4.7.5", why->text);
    else
        note(d, e, "", why->text);
}

void direct_close(struct direct *d)
{
    sts_release(&d->sts);
    dane_release(&d->dane);
}
