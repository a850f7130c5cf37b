#include "tool/when.h"

#include "bytes/span.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum err when_parse(const char *text, int64_t *when, struct why *why)
{
    static const char *const forms[] = {"%Y-%m-%d",          "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M",
                                        "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"};
    uint64_t seconds;
    if (*text == '@' && span_number(span_str(text + 1), INT64_MAX, &seconds)) {
        *when = (int64_t)seconds;
        return ERR_NONE;
    }
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct tm tm;
        memset(&tm, 0, sizeof tm);
        const char *end = strptime(text, forms[i], &tm);
        if (!end || *end)
            continue;
        tm.tm_isdst = -1;
        *when = mktime(&tm);
        return ERR_NONE;
    }
    return why_set(why, ERR_USAGE, "%s: not a time such as 2026-11-21 or 2026-11-21T22:00", text);
}

void when_text(int64_t when, char out[32])
{
    time_t t = (time_t)when;
    struct tm tm;
    if (!localtime_r(&t, &tm) || strftime(out, 32, "%Y-%m-%d %H:%M:%S", &tm) == 0)
        snprintf(out, 32, "@%lld", (long long)when);
}

int64_t when_steady_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
