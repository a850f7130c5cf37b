#include "net/networks.h"

#include "bytes/span.h"

#include <arpa/inet.h>
#include <string.h>

/* Either family into 16 octets; *bits is how many of them an IPv4 prefix is longer by. */
static bool address_of(struct span text, uint8_t out[16], unsigned *bits)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    char plain[INET6_ADDRSTRLEN + 1];
    if (text.n >= 2 && text.p[0] == '[' && text.p[text.n - 1] == ']')
        text = span_of(text.p + 1, text.n - 2);
    if (span_starts_nocase(text, span_str("IPv6:")))
        text = span_skip(text, 5);
    if (!span_copy(text, plain, sizeof plain))
        return false;
    memcpy(out, mapped, sizeof mapped);
    *bits = 96;
    if (inet_pton(AF_INET, plain, out + 12) == 1)
        return true;
    *bits = 0;
    return inet_pton(AF_INET6, plain, out) == 1;
}

/* The first bits of both are the same. */
static bool same_prefix(const uint8_t a[16], const uint8_t b[16], unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    return memcmp(a, b, whole) == 0 &&
           (!rest || ((a[whole] ^ b[whole]) & (0xff00 >> rest) & 0xff) == 0);
}

static bool host_bits(const struct network *net)
{
    for (unsigned bit = net->bits; bit < 128; bit++)
        if (net->address[bit / 8] & (0x80 >> bit % 8))
            return true;
    return false;
}

static enum err add_one(struct networks *n, struct span text, struct why *why)
{
    struct network net;
    unsigned more;
    uint64_t bits;
    size_t slash = span_find(text, '/');
    bool good = address_of(span_take(text, slash), net.address, &more);
    net.bits = 128;
    if (good && slash < text.n) {
        good = span_number(span_skip(text, slash + 1), 128 - more, &bits);
        net.bits = good ? (unsigned)bits + more : 128;
    }
    if (!good || host_bits(&net))
        return why_set(why, ERR_USAGE, "%.*s: not a network", (int)text.n, (const char *)text.p);
    if (n->count == NETWORKS_MAX)
        return why_set(why, ERR_USAGE, "more than %d networks", NETWORKS_MAX);
    n->list[n->count++] = net;
    return ERR_NONE;
}

enum err networks_add(struct networks *n, const char *text, struct why *why)
{
    struct span left = span_str(text);
    enum err e;
    do {
        struct span one = span_take(left, span_find(left, ','));
        e = add_one(n, one, why);
        left = span_skip(left, one.n + 1);
    } while (!e && left.n);
    return e;
}

bool networks_have(const struct networks *n, const char *client)
{
    uint8_t address[16];
    unsigned more;
    if (!client || !address_of(span_str(client), address, &more))
        return false;
    for (unsigned i = 0; i < n->count; i++)
        if (same_prefix(address, n->list[i].address, n->list[i].bits))
            return true;
    return false;
}
