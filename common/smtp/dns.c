#include "smtp/dns.h"

#include "bytes/endian.h"

#include <stdio.h>
#include <string.h>

enum { HEADER = 12, RECORDS_MAX = 2000, JUMPS_MAX = 64, NAME_OCTETS = 253 };

/* The fixed part of a record behind its name: type, class, TTL, length (RFC 1035 3.2.1). */
enum { FIXED = 10, CLASS_IN = 1 };

static bool host_octet(uint8_t c)
{
    return ascii_alnum(c) || c == '-' || c == '_';
}

/* Appends a label and the dot before it; false where the name gets too long. */
static bool add_label(char out[DNS_NAME], size_t *n, struct span label, bool *odd)
{
    if (*n + (*n != 0) + label.n > NAME_OCTETS)
        return false;
    if (*n)
        out[(*n)++] = '.';
    for (size_t i = 0; i < label.n; i++) {
        *odd |= !host_octet(label.p[i]);
        out[(*n)++] = (char)ascii_lower(label.p[i]);
    }
    out[*n] = '\0';
    return true;
}

/*
 * The name at *at, which moves behind it; "" for one that no host can have. A pointer leads back
 * before the place where the name, or the part it stands in, began: so there is no circle (4.1.4).
 */
static bool read_name(struct span m, size_t *at, char out[DNS_NAME])
{
    size_t here = *at, before = *at, n = 0;
    unsigned jumps = 0;
    bool odd = false;
    out[0] = '\0';
    for (;;) {
        if (here >= m.n)
            return false;
        size_t length = m.p[here];
        if (length >= 0xc0) {
            if (here + 2 > m.n)
                return false;
            size_t target = get_be16(m.p + here) & 0x3fff;
            *at = jumps ? *at : here + 2;
            if (target >= before || ++jumps > JUMPS_MAX)
                return false;
            here = before = target;
            continue;
        }
        if (length > 63 || length > m.n - here - 1)
            return false;
        if (length == 0)
            break;
        if (!add_label(out, &n, span_of(m.p + here + 1, length), &odd))
            return false;
        here += 1 + length;
    }
    *at = jumps ? *at : here + 1;
    if (odd)
        out[0] = '\0';
    else if (n == 0)
        memcpy(out, ".", 2);
    return true;
}

struct raw {
    char owner[DNS_NAME];
    unsigned type, class;
    size_t rdata, length; /* in the message */
};

static bool read_record(struct span m, size_t *at, struct raw *r)
{
    if (!read_name(m, at, r->owner) || m.n - *at < FIXED)
        return false;
    r->type = get_be16(m.p + *at);
    r->class = get_be16(m.p + *at + 2);
    r->length = get_be16(m.p + *at + 8);
    r->rdata = *at + FIXED;
    if (r->length > m.n - r->rdata)
        return false;
    *at = r->rdata + r->length;
    return true;
}

/* A name within RDATA, which ends with it. */
static bool rdata_name(struct span m, const struct raw *r, size_t skip, char out[DNS_NAME])
{
    size_t at = r->rdata + skip;
    return r->length > skip && read_name(m, &at, out) && at == r->rdata + r->length && *out;
}

/* The name behind a->name where the answer has an alias for it. */
static bool alias(const struct dns_answer *a, char out[DNS_NAME])
{
    struct raw r;
    size_t at = a->first;
    for (unsigned i = 0; i < a->count && read_record(a->message, &at, &r); i++)
        if (r.type == DNS_CNAME && r.class == CLASS_IN && strcmp(r.owner, a->name) == 0)
            return rdata_name(a->message, &r, 0, out);
    return false;
}

static bool whole(const struct dns_answer *a)
{
    struct raw r;
    size_t at = a->first;
    for (unsigned i = 0; i < a->count; i++)
        if (!read_record(a->message, &at, &r))
            return false;
    return true;
}

static void plain_name(const char *name, char out[DNS_NAME])
{
    size_t n = strlen(name);
    n -= n > 1 && name[n - 1] == '.';
    n = n < DNS_NAME ? n : DNS_NAME - 1;
    for (size_t i = 0; i < n; i++)
        out[i] = (char)ascii_lower((uint8_t)name[i]);
    out[n] = '\0';
}

enum err dns_answer_read(struct dns_answer *a, struct span m, const char *name,
                         enum dns_type type, struct why *why)
{
    char asked[DNS_NAME], next[DNS_NAME];
    size_t at = HEADER;
    memset(a, 0, sizeof *a);
    a->message = m;
    a->type = type;
    plain_name(name, a->name);
    if (m.n < HEADER || !(m.p[2] & 0x80) || get_be16(m.p + 4) != 1)
        return why_set(why, ERR_PROTOCOL, "what came is no DNS answer");
    a->rcode = m.p[3] & 0x0f;
    a->secure = m.p[3] & 0x20;
    if (!read_name(m, &at, asked) || m.n - at < 4 || strcmp(asked, a->name) != 0 ||
        get_be16(m.p + at) != (unsigned)type || get_be16(m.p + at + 2) != CLASS_IN)
        return why_set(why, ERR_PROTOCOL, "the DNS answered another question");
    a->first = a->at = at + 4;
    a->count = a->left = get_be16(m.p + 6);
    if (m.p[2] & 0x02 || a->count > RECORDS_MAX || !whole(a))
        return why_set(why, ERR_PROTOCOL, "the DNS answer is cut or damaged");
    while (type != DNS_CNAME && alias(a, next)) {
        if (++a->aliases > DNS_ALIASES)
            return why_set(why, ERR_PROTOCOL, "%s: too many aliases", asked);
        memcpy(a->name, next, sizeof next);
    }
    return ERR_NONE;
}

static bool fits(const struct dns_answer *a, const struct raw *r, struct dns_record *record)
{
    record->data = span_of(a->message.p + r->rdata, r->length);
    record->name[0] = '\0';
    record->preference = 0;
    switch (a->type) {
    case DNS_A:
        return r->length == 4;
    case DNS_AAAA:
        return r->length == 16;
    case DNS_MX:
        if (!rdata_name(a->message, r, 2, record->name))
            return false;
        record->preference = get_be16(record->data.p);
        return true;
    case DNS_CNAME:
        return rdata_name(a->message, r, 0, record->name);
    case DNS_TLSA:
        return r->length > 3;
    case DNS_TXT:
        return r->length > 0;
    }
    return false;
}

bool dns_answer_next(struct dns_answer *a, struct dns_record *record)
{
    struct raw r;
    while (a->left) {
        a->left--;
        if (!read_record(a->message, &a->at, &r))
            return false;
        if (r.type == (unsigned)a->type && r.class == CLASS_IN && strcmp(r.owner, a->name) == 0 &&
            fits(a, &r, record))
            return true;
    }
    return false;
}

bool dns_text(struct span rdata, char *out, size_t size)
{
    size_t n = 0;
    while (rdata.n) {
        struct span part = span_take(span_skip(rdata, 1), rdata.p[0]);
        if (part.n < rdata.p[0] || part.n >= size - n || span_find(part, 0) < part.n)
            return false;
        memcpy(out + n, part.p, part.n);
        n += part.n;
        rdata = span_skip(rdata, 1 + part.n);
    }
    out[n] = '\0';
    return true;
}
