/* What servers say before we speak: lines of any kind, for each protocol; and the masking of
 * traces, which must fit and be one line. */
#include "net/handshake.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct handshake h;
    struct span rest = span_of(data, size);
    char shown[300];
    if (size == 0)
        return 0;
    handshake_init(&h, (enum url_scheme)(data[0] % URL_SCHEMES));
    for (rest = span_skip(rest, 1); rest.n;) {
        size_t n = span_find(rest, '\n');
        struct span line = span_take(rest, n + 1);
        handshake_line(&h, line);
        handshake_mask(line, n & 1, shown, sizeof shown);
        if (strlen(shown) >= sizeof shown || h.capabilities.len > HANDSHAKE_MAX ||
            handshake_code(&h) > 999)
            abort();
        rest = span_skip(rest, n + 1);
    }
    handshake_release(&h);
    return 0;
}
