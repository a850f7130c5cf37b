#include "smtp/sts.h"

#include <string.h>

/* Takes text up to the next separator, which goes too. */
static struct span next_part(struct span *text, uint8_t separator)
{
    size_t n = span_find(*text, separator);
    struct span part = span_trim(span_take(*text, n));
    *text = span_skip(*text, n + 1);
    return part;
}

static bool split(struct span part, uint8_t at, struct span *key, struct span *value)
{
    size_t n = span_find(part, at);
    *key = span_trim(span_take(part, n));
    *value = span_trim(span_skip(part, n + 1));
    return n < part.n;
}

static bool good_id(struct span id)
{
    for (size_t i = 0; i < id.n; i++)
        if (!ascii_alnum(id.p[i]))
            return false;
    return id.n > 0 && id.n < STS_ID;
}

bool sts_record_id(const char *text, char id[STS_ID])
{
    struct span rest = span_str(text), key, value;
    bool first = true, found = false;
    for (; rest.n; first = false) {
        struct span part = next_part(&rest, ';');
        if (part.n == 0 && rest.n == 0)
            break;
        if (!split(part, '=', &key, &value))
            return false;
        if (first && (!span_eq(key, span_str("v")) || !span_eq(value, span_str("STSv1"))))
            return false;
        /* Of a key given twice the first counts. */
        if (!first && !found && span_eq(key, span_str("id")))
            found = good_id(value) && span_copy(value, id, STS_ID);
    }
    return found;
}

static bool good_pattern(struct span s)
{
    if (span_starts(s, span_str("*.")))
        s = span_skip(s, 2);
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_alnum(s.p[i]) && s.p[i] != '-' && s.p[i] != '.' && s.p[i] != '_')
            return false;
    return s.n > 0 && s.n < 254 && s.p[0] != '.' && s.p[s.n - 1] != '.';
}

static bool read_mode(struct span value, enum sts_mode *mode)
{
    static const char *const modes[] = {"none", "testing", "enforce"};
    for (unsigned i = 0; i < 3; i++)
        if (span_eq(value, span_str(modes[i]))) {
            *mode = (enum sts_mode)i;
            return true;
        }
    return false;
}

/* What the lines have told so far. */
struct seen {
    bool version, mode, age;
};

static enum err take(struct sts_policy *p, struct seen *seen, struct span key, struct span value,
                     struct why *why)
{
    uint64_t seconds;
    if (span_eq(key, span_str("version")) && !seen->version) {
        seen->version = span_eq(value, span_str("STSv1"));
        return seen->version ? ERR_NONE : why_set(why, ERR_DATA, "another version's policy");
    }
    if (span_eq(key, span_str("mode")) && !seen->mode) {
        seen->mode = read_mode(value, &p->mode);
        return seen->mode ? ERR_NONE : why_set(why, ERR_DATA, "no such mode");
    }
    if (span_eq(key, span_str("max_age")) && !seen->age) {
        seen->age = span_number(value, UINT32_MAX, &seconds);
        p->max_age = !seen->age ? 0 : seconds > STS_AGE_MAX ? STS_AGE_MAX : (uint32_t)seconds;
        return seen->age ? ERR_NONE : why_set(why, ERR_DATA, "max_age is no number");
    }
    if (span_eq(key, span_str("mx"))) {
        if (!good_pattern(value))
            return why_set(why, ERR_DATA, "an mx that is no name");
        if (p->mx_count == STS_MX_MAX)
            return why_set(why, ERR_DATA, "more than %d mx", STS_MX_MAX);
        p->mx[p->mx_count++] = value;
    }
    return ERR_NONE; /* a key of tomorrow's */
}

enum err sts_policy_read(struct sts_policy *p, struct span text, struct why *why)
{
    struct seen seen = {false, false, false};
    struct span key, value;
    enum err e = ERR_NONE;
    memset(p, 0, sizeof *p);
    if (text.n > STS_TEXT)
        return why_set(why, ERR_DATA, "larger than %d octets", STS_TEXT);
    while (text.n && !e) {
        struct span line = next_part(&text, '\n');
        if (line.n == 0)
            continue;
        if (!split(line, ':', &key, &value))
            return why_set(why, ERR_DATA, "a line that is not `key: value`");
        e = take(p, &seen, key, value, why);
    }
    if (!e && (!seen.version || !seen.mode || !seen.age))
        e = why_set(why, ERR_DATA, "version, mode or max_age is missing");
    if (!e && p->mode != STS_NONE && p->mx_count == 0)
        e = why_set(why, ERR_DATA, "no mx");
    return e;
}

bool sts_policy_allows(const struct sts_policy *p, const char *name)
{
    struct span host = span_str(name);
    if (host.n && host.p[host.n - 1] == '.')
        host.n--;
    struct span parent = span_skip(host, span_find(host, '.'));
    for (size_t i = 0; i < p->mx_count; i++) {
        struct span mx = p->mx[i];
        bool wild = mx.p[0] == '*';
        if (span_eq_nocase(wild ? span_skip(mx, 1) : mx, wild ? parent : host) &&
            parent.n < host.n)
            return true;
    }
    return false;
}
