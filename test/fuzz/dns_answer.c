/* DNS answers: the first byte picks the type, then the asked name, a NUL, and the message. */
#include "smtp/dns.h"
#include "smtp/exchanges.h"
#include "smtp/tlsa.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(const char *name)
{
    if (strlen(name) >= DNS_NAME - 2)
        abort();
    for (; *name; name++)
        if (!ascii_alnum((uint8_t)*name) && !strchr("-_.", *name))
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum dns_type types[] = {DNS_A, DNS_CNAME, DNS_MX, DNS_TXT, DNS_AAAA, DNS_TLSA};
    static struct exchanges x;
    struct dns_answer a;
    struct dns_record r;
    struct tlsa t;
    char asked[DNS_NAME], text[600];
    if (size < 2)
        return 0;
    struct span rest = span_of(data + 1, size - 1);
    size_t n = span_find(rest, 0);
    if (n == rest.n || !span_copy(span_take(rest, n), asked, sizeof asked) ||
        dns_answer_read(&a, span_skip(rest, n + 1), asked, types[data[0] % 6], NULL))
        return 0;
    x.count = 0;
    x.null = false;
    while (dns_answer_next(&a, &r)) {
        check_name(r.name);
        if (r.data.p < data || r.data.p + r.data.n > data + size)
            abort();
        dns_text(r.data, text, sizeof text);
        tlsa_read(r.data, &t);
        if (*r.name)
            exchanges_add(&x, r.name, r.preference);
    }
    size_t count = x.count;
    if (exchanges_order(&x, NULL, data[0]) == ERR_NONE && x.count != count)
        abort();
    for (size_t i = 1; i < x.count; i++)
        if (x.list[i - 1].preference > x.list[i].preference)
            abort();
    return 0;
}
