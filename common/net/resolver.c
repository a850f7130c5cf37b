#include "net/resolver.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <idn2.h>
#include <netdb.h>
#include <resolv.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_MAX = 65536 };

struct resolver {
    struct __res_state state;
    uint8_t answer[ANSWER_MAX];
};

/* Takes "host:port" apart; the host without its brackets. */
static bool split_server(const char *server, char host[INET6_ADDRSTRLEN], in_port_t *port)
{
    const char *colon = strrchr(server, ':');
    struct span name;
    uint64_t n;
    if (!colon || !span_number(span_str(colon + 1), 65535, &n) || n == 0)
        return false;
    name = span_of(server, (size_t)(colon - server));
    if (name.n > 1 && name.p[0] == '[' && name.p[name.n - 1] == ']')
        name = span_take(span_skip(name, 1), name.n - 2);
    *port = htons((in_port_t)n);
    return span_copy(name, host, INET6_ADDRSTRLEN);
}

/* The one server to ask. glibc keeps IPv6 addresses apart, and frees them itself. */
static enum err set_server(struct resolver *r, const char *server, struct why *why)
{
    struct sockaddr_in6 *six;
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct in6_addr address;
    char host[INET6_ADDRSTRLEN];
    in_port_t port;
    res_nclose(&r->state);
    if (!split_server(server, host, &port))
        return why_set(why, ERR_CONFIG, "%s: not ADDRESS:PORT", server);
    r->state.nscount = 1;
    r->state._u._ext.nscount = 0;
    four.sin_port = port;
    if (inet_pton(AF_INET, host, &four.sin_addr) == 1) {
        r->state.nsaddr_list[0] = four;
        return ERR_NONE;
    }
    if (inet_pton(AF_INET6, host, &address) != 1)
        return why_set(why, ERR_CONFIG, "%s: not ADDRESS:PORT", server);
    six = calloc(1, sizeof *six);
    if (!six)
        return why_set(why, ERR_OS, "out of memory");
    six->sin6_family = AF_INET6;
    six->sin6_port = port;
    six->sin6_addr = address;
    free(r->state._u._ext.nsaddrs[0]);
    r->state._u._ext.nsaddrs[0] = six;
    memset(&r->state.nsaddr_list[0], 0, sizeof r->state.nsaddr_list[0]);
    return ERR_NONE;
}

static bool on_loopback(const struct resolver *r)
{
    for (int i = 0; i < r->state.nscount; i++) {
        const struct sockaddr_in *four = &r->state.nsaddr_list[i];
        const struct sockaddr_in6 *six = r->state._u._ext.nsaddrs[i];
        if (four->sin_family == AF_INET ? ntohl(four->sin_addr.s_addr) >> 24 != 127
                                        : !six || !IN6_IS_ADDR_LOOPBACK(&six->sin6_addr))
            return false;
    }
    return r->state.nscount > 0;
}

enum err resolver_open(const struct resolver_options *options, struct resolver **out,
                       struct why *why)
{
    struct resolver *r = calloc(1, sizeof *r);
    *out = NULL;
    if (!r || res_ninit(&r->state) != 0) {
        free(r);
        return why_set(why, ERR_OS, "the resolver cannot be set up");
    }
    bool trusted = options->trusted || (r->state.options & RES_TRUSTAD);
    enum err e = ERR_NONE;
    if (options->server) {
        /* What resolv.conf says of its servers says nothing of this one. */
        trusted = options->trusted;
        e = set_server(r, options->server, why);
    }
    r->state.options |= RES_USE_EDNS0 | RES_USE_DNSSEC;
    r->state.options &= ~(unsigned long)RES_TRUSTAD;
    if (!e && (trusted || on_loopback(r)))
        r->state.options |= RES_TRUSTAD;
    if (e)
        resolver_close(r);
    else
        *out = r;
    return e;
}

void resolver_close(struct resolver *r)
{
    if (!r)
        return;
    res_nclose(&r->state);
    free(r);
}

/* An answer without records that nobody had to send. */
static void none(struct dns_answer *a, const char *name, enum dns_type type, unsigned rcode)
{
    memset(a, 0, sizeof *a);
    a->type = type;
    a->rcode = rcode;
    memccpy(a->name, name, '\0', sizeof a->name - 1);
}

static bool ends_in_invalid(const char *name)
{
    size_t n = strlen(name);
    n -= n && name[n - 1] == '.';
    struct span s = span_of(name, n);
    struct span tail = n > 8 ? span_skip(s, n - 8) : s;
    return span_eq_nocase(tail, span_str(n > 8 ? ".invalid" : "invalid"));
}

enum err resolver_ask(struct resolver *r, const char *name, enum dns_type type,
                      struct dns_answer *answer, struct why *why)
{
    if (!*name || strlen(name) >= DNS_NAME)
        return why_set(why, ERR_DATA, "%.300s: not a name", name);
    if (ends_in_invalid(name)) {
        none(answer, name, type, DNS_NO_DOMAIN);
        return ERR_NONE;
    }
    int n = res_nquery(&r->state, name, ns_c_in, (int)type, r->answer, (int)sizeof r->answer);
    if (n >= 0) {
        struct span message = span_of(r->answer, (size_t)n < ANSWER_MAX ? (size_t)n : ANSWER_MAX);
        if (dns_answer_read(answer, message, name, type, why))
            return ERR_AGAIN;
        return ERR_NONE;
    }
    if (r->state.res_h_errno != HOST_NOT_FOUND && r->state.res_h_errno != NO_DATA)
        return why_set(why, ERR_AGAIN, "%s: no name server has an answer now", name);
    none(answer, name, type, r->state.res_h_errno == NO_DATA ? DNS_OK : DNS_NO_DOMAIN);
    return ERR_NONE;
}

/* In ASCII what a host's name may have; *beyond: there is more than ASCII. libidn2 would drop
 * blanks, and so make another name of it. */
static bool possible(const char *domain, bool *beyond)
{
    *beyond = false;
    for (const char *s = domain; *s; s++) {
        uint8_t c = (uint8_t)*s;
        *beyond |= c > 0x7f;
        if (c < 0x80 && !ascii_alnum(c) && c != '-' && c != '_' && c != '.')
            return false;
    }
    return true;
}

/* Labels of 1 to 63 octets; then in small letters. */
static bool settle_labels(char *name)
{
    size_t label = 0;
    for (char *c = name; *c; c++) {
        label = *c == '.' ? 0 : label + 1;
        if (label > 63 || (*c == '.' && (c == name || c[-1] == '.')))
            return false;
        *c = (char)ascii_lower((uint8_t)*c);
    }
    return true;
}

enum err resolver_name(const char *domain, char out[DNS_NAME], struct why *why)
{
    char *ascii = NULL;
    bool beyond, fits = possible(domain, &beyond);
    struct span name = span_str(domain);
    if (fits && beyond) {
        int r = idn2_to_ascii_8z(domain, &ascii,
                                 IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL | IDN2_USE_STD3_ASCII_RULES);
        if (r != IDN2_OK)
            return why_set(why, r == IDN2_MALLOC ? ERR_OS : ERR_DATA, "%.300s: %s", domain,
                           idn2_strerror(r));
        name = span_str(ascii);
    }
    if (name.n && name.p[name.n - 1] == '.')
        name.n--;
    fits = fits && name.n > 0 && name.n <= 253 && span_copy(name, out, DNS_NAME) &&
           settle_labels(out);
    idn2_free(ascii);
    return fits ? ERR_NONE : why_set(why, ERR_DATA, "%.300s: not a name", domain);
}
