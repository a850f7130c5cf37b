#include "smtp/delivery.h"

bool delivery_wants_dsn(const struct delivery *d)
{
    return d->notify || d->ret || (d->envid && *d->envid) || d->orcpts;
}

bool delivery_notify(const char *text, unsigned *notify)
{
    struct span rest = span_str(text);
    *notify = 0;
    for (bool more = true; more;) {
        size_t n = span_find(rest, ',');
        unsigned bit = notify_bit(span_take(rest, n));
        if (!bit)
            return false;
        *notify |= bit;
        more = n < rest.n;
        rest = span_skip(rest, n + 1);
    }
    return !(*notify & NOTIFY_NEVER) || *notify == NOTIFY_NEVER;
}

void delivery_notify_text(unsigned notify, char out[DELIVERY_NOTIFY_SIZE])
{
    size_t n = 0;
    out[0] = '\0';
    for (unsigned bit = NOTIFY_NEVER; bit <= NOTIFY_DELAY; bit <<= 1)
        if (notify & bit) {
            out[n] = ',';
            n += n > 0;
            for (const char *c = notify_word((enum notify)bit); *c; c++)
                out[n++] = (char)ascii_lower((uint8_t)*c);
            out[n] = '\0';
        }
}

bool delivery_ret(const char *text, enum mail_ret *ret)
{
    bool full = span_eq_nocase(span_str(text), span_str("full"));
    *ret = full ? RET_FULL : RET_HDRS;
    return full || span_eq_nocase(span_str(text), span_str("hdrs"));
}

bool delivery_by(const char *text, struct delivery *d)
{
    struct span s = span_str(text);
    uint64_t seconds;
    bool negative = span_starts(s, span_str("-"));
    s = span_skip(s, negative);
    d->by_trace = s.n > 1 && ascii_lower(s.p[s.n - 1]) == 't' && !ascii_digit(s.p[s.n - 2]);
    s = span_take(s, s.n - d->by_trace);
    uint8_t last = s.n ? ascii_lower(s.p[s.n - 1]) : 0;
    bool mode = last == 'n' || last == 'r';
    if (!span_number(span_take(s, s.n - mode), BY_MAX, &seconds))
        return false;
    d->by = true;
    d->by_mode = last == 'r' ? 'R' : 'N';
    d->by_seconds = negative ? -(int64_t)seconds : (int64_t)seconds;
    /* RFC 2852 §4: to be returned, it must have some time. */
    return d->by_mode == 'N' || d->by_seconds > 0;
}

static bool xtext_plain(uint8_t c)
{
    return c > 0x20 && c < 0x7f && c != '+' && c != '=';
}

static enum err add_xtext(struct span s, struct buf *out)
{
    enum err e = ERR_NONE;
    for (size_t i = 0; i < s.n && !e; i++)
        e = xtext_plain(s.p[i]) ? buf_add_byte(out, s.p[i])
                                : buf_add_format(out, "+%02X", s.p[i]);
    return e;
}

/* Printable ASCII that is short enough as xtext. */
static bool sayable(struct span s, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < 0x20 || s.p[i] > 0x7e)
            return false;
        n += xtext_plain(s.p[i]) ? 1 : 3;
    }
    return n <= max;
}

static bool orcpt_good(struct span s)
{
    size_t n = span_find(s, ';');
    for (size_t i = 0; i < n; i++)
        if (!ascii_alnum(s.p[i]) && s.p[i] != '-')
            return false;
    return n > 0 && n + 1 < s.n && sayable(s, ORCPT_MAX);
}

enum err delivery_check(const struct delivery *d, size_t count, struct why *why)
{
    if (d->transid && *d->transid && !transid_valid(span_str(d->transid)))
        return why_set(why, ERR_DATA, "a TRANSID is not <id@domain>");
    if (*d->mtrk && !(d->envid && *d->envid))
        return why_set(why, ERR_DATA, "tracking (MTRK) needs an envelope ID");
    if (d->envid && !sayable(span_str(d->envid), ENVID_MAX))
        return why_set(why, ERR_DATA, "the envelope ID is too long or not printable ASCII");
    for (size_t i = 0; d->orcpts && i < count; i++)
        if (d->orcpts[i] && !orcpt_good(span_str(d->orcpts[i])))
            return why_set(why, ERR_DATA, "an original recipient is not TYPE;ADDRESS");
    return ERR_NONE;
}

enum err delivery_add_mail(const struct delivery *d, struct buf *out)
{
    enum err e = ERR_NONE;
    if (d->ret)
        e = buf_add_str(out, d->ret == RET_FULL ? " RET=FULL" : " RET=HDRS");
    if (!e && d->envid && *d->envid) {
        e = buf_add_str(out, " ENVID=");
        e = e ? e : add_xtext(span_str(d->envid), out);
    }
    return e;
}

enum err delivery_add_rcpt(const struct delivery *d, size_t n, const char *path, struct buf *out)
{
    enum err e = d->notify ? buf_add_str(out, " NOTIFY=") : ERR_NONE;
    bool more = false;
    for (unsigned bit = NOTIFY_NEVER; bit <= NOTIFY_DELAY && !e; bit <<= 1)
        if (d->notify & bit) {
            e = buf_add_format(out, "%s%s", more ? "," : "", notify_word((enum notify)bit));
            more = true;
        }
    struct span given = span_str(d->orcpts && d->orcpts[n] ? d->orcpts[n] : "");
    size_t type = span_find(given, ';');
    if (e || (!given.n && !sayable(span_str(path), ORCPT_MAX - 7)))
        return e;
    e = buf_add_str(out, " ORCPT=");
    if (!e)
        e = buf_add_span(out, given.n ? span_take(given, type + 1) : span_str("rfc822;"));
    return e ? e : add_xtext(given.n ? span_skip(given, type + 1) : span_str(path), out);
}
