/* Paths: whatever passes holds no byte that could end a command, and says the same again. */
#include "smtp/path.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct path p, again;
    struct fax_address fax;
    char local[PATH_LOCAL_MAX + 1];
    size_t used;
    if (!size)
        return 0;
    unsigned flags = data[0] & 7;
    struct span text = span_of(data + 1, size - 1);
    path_check_domain(text, flags);
    if (path_parse(text, flags, &p, &used) != PATH_OK)
        return 0;
    if (used > text.n || used > PATH_MAX_OCTETS || p.local.n > PATH_LOCAL_MAX)
        abort();
    for (size_t i = 0; i < p.text.n; i++)
        if (p.text.p[i] < ' ' || p.text.p[i] == 0x7f)
            abort();
    if (path_parse_bare(p.text, flags, &again) != PATH_OK || !span_eq(p.local, again.local) ||
        !span_eq(p.domain, again.domain) || !span_eq(p.route, again.route))
        abort();
    if (!path_local_text(&p, local, sizeof local) && p.local.n)
        abort();
    path_fax(&p, &fax);
    for (struct span host; path_route_next(&p.route, &host);)
        if (!host.n)
            abort();
    return 0;
}
