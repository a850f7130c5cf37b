#include "tool/when.h"

#include "check.h"

#include <time.h>

static long long parsed(const char *text)
{
    int64_t when = -1;
    return when_parse(text, &when, NULL) ? -1 : (long long)when;
}

static void times_are_read(void)
{
    CHECK_INT(parsed("2026-11-21"), 1795219200);
    CHECK_INT(parsed("2026-11-21T22:53"), 1795301580);
    CHECK_INT(parsed("2026-11-21 22:53:55"), 1795301635);
    CHECK_INT(parsed("@7"), 7);
    static const char *const bad[] = {"", "@", "@-1", "yesterday", "2026-11-21x", "2026-13-01"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_INT(parsed(bad[i]), -1);
}

static void times_are_written_as_they_are_read(void)
{
    char text[32];
    when_text(1795301635, text);
    CHECK_STR(text, "2026-11-21 22:53:55");
    CHECK_INT(parsed(text), 1795301635);
}

int main(void)
{
    setenv("TZ", "UTC", 1);
    tzset();
    RUN(times_are_read);
    RUN(times_are_written_as_they_are_read);
    return check_done();
}
