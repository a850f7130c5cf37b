#include "smtp/trace.h"

#include <time.h>

static enum err add_clean(struct buf *out, const char *before, const char *text, const char *after)
{
    enum err e = buf_add_str(out, before);
    for (; !e && *text; text++) {
        uint8_t c = (uint8_t)*text;
        e = buf_add_byte(out, c < ' ' || c == 0x7f ? '?' : c);
    }
    return e ? e : buf_add_str(out, after);
}

/* RFC 5322's date-time, in UTC. No strftime: the names must not follow a locale. */
static enum err add_date(struct buf *out, int64_t now)
{
    static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm tm;
    time_t seconds = (time_t)now;
    if (!gmtime_r(&seconds, &tm))
        return buf_add_str(out, "Thu, 1 Jan 1970 00:00:00 +0000\n");
    return buf_add_format(out, "%s, %d %s %d %02d:%02d:%02d +0000\n", days[tm.tm_wday], tm.tm_mday,
                          months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

enum err trace_add(struct buf *out, const struct trace *t)
{
    enum err e = add_clean(out, "Return-Path: <", t->sender, ">\nReceived: from ");
    if (!e)
        e = add_clean(out, "", t->helo, "");
    if (!e && t->client)
        e = add_clean(out, " (", t->client, ")");
    if (!e)
        e = add_clean(out, "\n\tby ", t->hostname, t->client ? " via TCP" : "");
    if (!e)
        e = add_clean(out, " with ", t->protocol, "");
    if (!e && t->id && *t->id)
        e = add_clean(out, " id ", t->id, "");
    if (!e && t->recipient && *t->recipient)
        e = add_clean(out, "\n\tfor <", t->recipient, ">");
    return e ? e : buf_add_str(out, ";\n\t") ? ERR_OS : add_date(out, t->now);
}
