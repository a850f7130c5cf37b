/* MTA-STS: a TXT record up to the first NUL, then the policy. */
#include "smtp/sts.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sts_policy p;
    char text[1024], id[STS_ID], host[300];
    struct span all = span_of(data, size);
    size_t n = span_find(all, 0);
    if (span_copy(span_take(all, n), text, sizeof text) && sts_record_id(text, id))
        for (const char *c = id; *c; c++)
            if (!ascii_alnum((uint8_t)*c))
                abort();
    if (sts_policy_read(&p, span_skip(all, n + 1), NULL))
        return 0;
    if (p.mode != STS_NONE && !p.mx_count)
        abort();
    /* A pattern allows the host it names, or one below it; never the bare parent. */
    for (size_t i = 0; i < p.mx_count; i++) {
        bool wild = p.mx[i].p[0] == '*';
        if (!span_copy(span_skip(p.mx[i], wild ? 2 : 0), host + 2, sizeof host - 2))
            abort();
        memcpy(host, "a.", 2);
        if (!sts_policy_allows(&p, wild ? host : host + 2))
            if (wild || strchr(host + 2, '.'))
                abort();
    }
    return 0;
}
