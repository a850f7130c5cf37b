/* What every target that looks at bytes on their way out holds them to. */
#ifndef FUZZ_CLEAN_WIRE_H
#define FUZZ_CLEAN_WIRE_H

#include "bytes/span.h"

#include <stdlib.h>

/* No CR or LF outside CR LF in anything that leaves. */
static void check_clean(struct span out)
{
    for (size_t i = 0; i < out.n; i++) {
        bool cr = out.p[i] == '\r' && (i + 1 == out.n || out.p[i + 1] != '\n');
        bool lf = out.p[i] == '\n' && (i == 0 || out.p[i - 1] != '\r');
        if (cr || lf)
            abort();
    }
}

#endif
