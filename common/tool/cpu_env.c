#include "tool/cpu_env.h"

#include "cpu/cpu.h"

#include <stdlib.h>

static unsigned mask;

enum err cpu_env_apply(struct why *why)
{
    const char *name = getenv("FAXPIPE_CPU");
    unsigned cap = ~0u;
    if (name && *name && !cpu_level(span_str(name), &cap))
        return why_set(why, ERR_USAGE, "%s: not one of scalar, ssse3, sse4, avx2, avx512, neon",
                       name);
    mask = cpu_detect() & cap;
    return ERR_NONE;
}

unsigned cpu_env_mask(void)
{
    return mask;
}
