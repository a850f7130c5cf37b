#include "tool/conf.h"

#include <stdlib.h>
#include <string.h>

enum { LINES_MAX = 1000, TEXT_MAX = 1 << 20 };

static const char *const known[] = {
    "hostname",     "domain",     "printer",    "print-tries",  "smarthost",      "ca",
    "tls-cert",     "tls-key",    "new-days",   "queue-days",   "max-users",      "on-expiry",
    "spool-limit",  "operator",   "address",    "mailbox",      "password-tries", "submit",
    "offramp",      "station-id", "station-name", "scram-iterations",
    "no-soliciting", "utmp",      "delay-hours", "resolver",    "trust-ad",       "dane",
    "mta-sts",      "mta-sts-port", "mx-port",
};

struct setting {
    const char *key, *value;
};

struct conf {
    char *text; /* keys and values lie in it, terminated */
    struct setting *settings;
    unsigned count;
};

static bool key_known(struct span key)
{
    struct span route = span_str("route.");
    if (span_starts(key, route))
        return key.n > route.n;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (span_eq(key, span_str(known[i])))
            return true;
    return false;
}

/* The place in conf's own text of a span within the text it was copied from. */
static char *own(struct conf *conf, struct span text, struct span part)
{
    char *at = conf->text + (part.p - text.p);
    at[part.n] = '\0';
    return at;
}

static enum err parse_line(struct conf *conf, struct span text, struct span line, unsigned number,
                           struct why *why)
{
    line = span_trim(line);
    if (line.n == 0 || line.p[0] == '#')
        return ERR_NONE;
    size_t eq = span_find(line, '=');
    struct span key = span_trim(span_take(line, eq));
    struct span value = span_trim(span_skip(line, eq + 1));
    if (eq == line.n || key.n == 0)
        return why_set(why, ERR_CONFIG, "line %u: not `key = value`", number);
    if (!key_known(key))
        return why_set(why, ERR_CONFIG, "line %u: unknown key %.*s", number,
                       key.n > 60 ? 60 : (int)key.n, (const char *)key.p);
    if (span_find(value, 0) != value.n)
        return why_set(why, ERR_CONFIG, "line %u: NUL in the value", number);
    if (conf->count == LINES_MAX)
        return why_set(why, ERR_CONFIG, "line %u: more than %d settings", number, LINES_MAX);
    /* The value lies behind the key, so its end is cut first; the line's own end may be the
     * text's. */
    const char *v = value.n ? own(conf, text, value) : "";
    conf->settings[conf->count++] = (struct setting){own(conf, text, key), v};
    return ERR_NONE;
}

enum err conf_parse(struct span text, struct conf **out, struct why *why)
{
    *out = NULL;
    if (text.n > TEXT_MAX)
        return why_set(why, ERR_CONFIG, "larger than %d bytes", TEXT_MAX);
    struct conf *conf = calloc(1, sizeof *conf);
    if (conf) {
        conf->text = malloc(text.n + 1);
        conf->settings = calloc(LINES_MAX, sizeof *conf->settings);
    }
    if (!conf || !conf->text || !conf->settings) {
        conf_free(conf);
        return why_set(why, ERR_OS, "out of memory");
    }
    if (text.n)
        memcpy(conf->text, text.p, text.n);
    enum err e = ERR_NONE;
    struct span rest = text;
    for (unsigned number = 1; rest.n && !e; number++) {
        size_t end = span_find(rest, '\n');
        e = parse_line(conf, text, span_take(rest, end), number, why);
        rest = span_skip(rest, end + 1);
    }
    if (e)
        conf_free(conf);
    else
        *out = conf;
    return e;
}

void conf_free(struct conf *conf)
{
    if (!conf)
        return;
    free(conf->text);
    free(conf->settings);
    free(conf);
}

const char *conf_get(const struct conf *conf, const char *key)
{
    const char *value = NULL, *next;
    for (unsigned n = 0; (next = conf_nth(conf, key, n)); n++)
        value = next;
    return value;
}

const char *conf_nth(const struct conf *conf, const char *key, unsigned n)
{
    for (unsigned i = 0; conf && i < conf->count; i++)
        if (strcmp(conf->settings[i].key, key) == 0 && n-- == 0)
            return conf->settings[i].value;
    return NULL;
}

enum err conf_show(const struct conf *conf, const char *key, struct buf *out, struct why *why)
{
    bool all = strcmp(key, "domain") == 0;
    const char *value = all ? conf_nth(conf, key, 0) : conf_get(conf, key);
    enum err e = ERR_NONE;
    if (!key_known(span_str(key)))
        return why_set(why, ERR_USAGE, "%s: no such setting", key);
    if (!value)
        return why_set(why, ERR_NO, "%s: not set", key);
    for (unsigned n = 1; value && !e; n++) {
        e = buf_add_format(out, "%s\n", value);
        value = all ? conf_nth(conf, key, n) : NULL;
    }
    return e;
}

static unsigned unit_shift(struct span *s)
{
    uint8_t c = s->n ? ascii_lower(s->p[s->n - 1]) : 0;
    unsigned shift = c == 'k' ? 10 : c == 'm' ? 20 : c == 'g' ? 30 : 0;
    if (shift)
        s->n--;
    return shift;
}

bool conf_size(const char *text, uint64_t max, uint64_t *value)
{
    struct span s = span_str(text);
    unsigned shift = unit_shift(&s);
    if (!span_number(s, max >> shift, value))
        return false;
    *value <<= shift;
    return true;
}

enum err conf_number(const struct conf *conf, const char *key, uint64_t fallback, uint64_t max,
                     uint64_t *value, struct why *why)
{
    const char *text = conf_get(conf, key);
    *value = fallback;
    if (!text)
        return ERR_NONE;
    if (!conf_size(text, max, value))
        return why_set(why, ERR_CONFIG, "%s = %s: not a number up to %llu", key, text,
                       (unsigned long long)max);
    return ERR_NONE;
}

enum err conf_switch(const struct conf *conf, const char *key, bool *on, struct why *why)
{
    const char *value = conf_get(conf, key);
    if (!value)
        return ERR_NONE;
    bool yes = strcmp(value, "on") == 0;
    if (!yes && strcmp(value, "off") != 0)
        return why_set(why, ERR_CONFIG, "%s = %s: not on or off", key, value);
    *on = yes;
    return ERR_NONE;
}
