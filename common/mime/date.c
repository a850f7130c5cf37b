#include "mime/date.h"

#include "mime/lex.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

bool mime_date_format(int64_t time, long offset, char out[MIME_DATE_SIZE])
{
    struct tm tm;
    long minutes = offset / 60;
    out[0] = '\0';
    if (minutes <= -24 * 60 || minutes >= 24 * 60 || time < -4000000000 || time > 260000000000)
        return false;
    time_t local = (time_t)(time + minutes * 60);
    if (!gmtime_r(&local, &tm) || tm.tm_year < 0 || tm.tm_year > 9999 - 1900)
        return false;
    long abs = minutes < 0 ? -minutes : minutes;
    int n = snprintf(out, MIME_DATE_SIZE, "%s, %02d %s %04d %02d:%02d:%02d %c%02ld%02ld",
                     days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900,
                     tm.tm_hour, tm.tm_min, tm.tm_sec, minutes < 0 ? '-' : '+', abs / 60,
                     abs % 60);
    return n > 0 && n < MIME_DATE_SIZE;
}

/* Takes a run of letters, or of digits, or one other character; blanks and comments go. */
static struct span take(struct span *rest)
{
    struct span s = lex_skip(*rest);
    size_t n = s.n ? 1 : 0;
    if (n && ascii_alnum(s.p[0])) {
        bool digit = ascii_digit(s.p[0]);
        while (n < s.n && ascii_alnum(s.p[n]) && ascii_digit(s.p[n]) == digit)
            n++;
    }
    *rest = span_skip(s, n);
    return span_take(s, n);
}

static bool take_number(struct span *rest, uint64_t max, int *value)
{
    uint64_t v;
    struct span t = take(rest);
    if (t.n > 4 || !span_number(t, max, &v))
        return false;
    *value = (int)v;
    return true;
}

static bool take_month(struct span *rest, int *month)
{
    struct span t = take(rest);
    for (int i = 0; i < 12; i++) {
        if (t.n >= 3 && span_starts_nocase(t, span_str(months[i]))) {
            *month = i;
            return true;
        }
    }
    return false;
}

/* RFC 5322 §4.3; a zone that says nothing is UTC. */
static long take_zone(struct span *rest)
{
    static const struct {
        char name[4];
        int hours;
    } zones[] = {{"EST", -5}, {"EDT", -4}, {"CST", -6}, {"CDT", -5},
                 {"MST", -7}, {"MDT", -6}, {"PST", -8}, {"PDT", -7}};
    struct span t = take(rest);
    uint64_t v;
    if (t.n == 1 && (t.p[0] == '+' || t.p[0] == '-')) {
        bool minus = t.p[0] == '-';
        if (!span_number(take(rest), 2359, &v))
            return 0;
        long seconds = (long)(v / 100 * 3600 + v % 100 * 60);
        return minus ? -seconds : seconds;
    }
    for (size_t i = 0; i < sizeof zones / sizeof *zones; i++)
        if (span_eq_nocase(t, span_str(zones[i].name)))
            return zones[i].hours * 3600L;
    return 0;
}

static int full_year(int year, size_t digits)
{
    if (digits == 2)
        return year < 50 ? year + 2000 : year + 1900;
    return digits == 3 ? year + 1900 : year;
}

bool mime_date_parse(struct span raw, int64_t *time, long *offset)
{
    struct tm tm = {0};
    struct span ahead = raw, first = take(&ahead);
    if (first.n && !ascii_digit(first.p[0])) {
        raw = ahead;
        first = take(&ahead);
        if (first.n == 1 && first.p[0] == ',')
            raw = ahead;
    }
    if (!take_number(&raw, 31, &tm.tm_mday) || !take_month(&raw, &tm.tm_mon))
        return false;
    ahead = raw;
    size_t digits = take(&ahead).n;
    if (!take_number(&raw, 9999, &tm.tm_year) || !take_number(&raw, 23, &tm.tm_hour))
        return false;
    tm.tm_year = full_year(tm.tm_year, digits) - 1900;
    struct span colon = take(&raw);
    if (colon.n != 1 || colon.p[0] != ':' || !take_number(&raw, 59, &tm.tm_min))
        return false;
    ahead = raw;
    colon = take(&ahead);
    if (colon.n == 1 && colon.p[0] == ':') {
        raw = ahead;
        if (!take_number(&raw, 60, &tm.tm_sec))
            return false;
    }
    long zone = take_zone(&raw);
    if (tm.tm_mday < 1 || tm.tm_year < 0)
        return false;
    *time = (int64_t)timegm(&tm) - zone;
    if (offset)
        *offset = zone;
    return true;
}
