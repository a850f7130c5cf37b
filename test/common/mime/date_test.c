#include "check.h"
#include "mime/date.h"

static void format(int64_t time, long offset, const char *want)
{
    char out[MIME_DATE_SIZE];
    CHECK_INT(mime_date_format(time, offset, out), *want != '\0');
    CHECK_STR(out, want);
}

static void parse(const char *raw, int64_t want, long want_offset)
{
    int64_t time;
    long offset;
    bool ok = mime_date_parse(span_str(raw), &time, &offset);
    CHECK(ok);
    if (ok) {
        CHECK_INT(time, want);
        CHECK_INT(offset, want_offset);
    }
}

static void formats(void)
{
    format(0, 0, "Thu, 01 Jan 1970 00:00:00 +0000");
    format(0, -3600 * 5 - 1800, "Wed, 31 Dec 1969 18:30:00 -0530");
    format(1795301648, 9 * 3600, "Sun, 22 Nov 2026 07:54:08 +0900");
    format(-2208988800, 0, "Mon, 01 Jan 1900 00:00:00 +0000");
    format(-2208988801, 0, "");
    format(0, 90000, "");
    format(INT64_MAX, 0, "");
    format(253402300799, 0, "Fri, 31 Dec 9999 23:59:59 +0000");
}

static void parses(void)
{
    parse("Thu, 01 Jan 1970 00:00:00 +0000", 0, 0);
    parse(" Wed, 31 Dec 1969 18:30:00 -0530 (comment)", 0, -19800);
    parse("1 Jan 1970 00:00 GMT", 0, 0);
    parse("Thu, 1 Jan 70 01:00:00 (x) EST", 6 * 3600, -18000);
    parse("21 Nov 97 09:55:06 -0600", 880127706, -21600);
    parse("Sat,\r\n 1 Jan 2000 00:00:60 Z", 946684860, 0);
}

static void round_trip(void)
{
    char out[MIME_DATE_SIZE];
    int64_t back;
    for (int64_t t = -2000000000; t < 4000000000; t += 123456789) {
        long offset = (long)(t % 13) * 3600, got;
        CHECK(mime_date_format(t, offset, out));
        CHECK(mime_date_parse(span_str(out), &back, &got));
        CHECK_INT(back, t);
        CHECK_INT(got, offset);
    }
}

static void refuses(void)
{
    static const char *const bad[] = {"", "tomorrow", "32 Jan 2000 00:00:00", "1 Foo 2000 00:00",
                                      "1 Jan 2000", "1 Jan 2000 24:00", "1 Jan 2000 10:60:00",
                                      "Mon", "0 Jan 2000 00:00:00"};
    int64_t t;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(!mime_date_parse(span_str(bad[i]), &t, NULL));
}

int main(void)
{
    RUN(formats);
    RUN(parses);
    RUN(round_trip);
    RUN(refuses);
    return check_done();
}
