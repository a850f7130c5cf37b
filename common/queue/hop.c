#include "queue/hop.h"

#include "smtp/path.h"
#include "smtp/route.h"

#include <stdio.h>
#include <string.h>

static void lower(struct span s, char out[HOP_DOMAIN])
{
    size_t n = s.n < HOP_DOMAIN - 1 ? s.n : HOP_DOMAIN - 1;
    for (size_t i = 0; i < n; i++)
        out[i] = (char)ascii_lower(s.p[i]);
    out[n] = '\0';
}

static enum err parse(const char *text, struct path *path, struct why *why)
{
    enum path_fault fault = path_parse_bare(span_str(text), PATH_NO_DOMAIN | PATH_UTF8, path);
    return fault == PATH_OK ? ERR_NONE
                            : why_set(why, ERR_DATA, "%.300s: %s", text, path_fault_words(fault));
}

/* The path's domain in small letters. False: it has none, or it is no path. */
static bool domain_of(const char *text, char out[HOP_DOMAIN])
{
    struct path path;
    out[0] = '\0';
    if (!parse(text, &path, NULL))
        lower(path.domain, out);
    return *out;
}

bool hop_is_of(const char *path, const char *list)
{
    char domain[HOP_DOMAIN];
    return domain_of(path, domain) && route_list_has(list, span_str(domain));
}

bool hop_is_url(const char *hop)
{
    return strstr(hop, "://") != NULL;
}

/* "smtp://user:password@host": whoever runs smtp-send for it would show that to everybody. */
static bool has_password(const char *hop)
{
    const char *at = strstr(hop, "://");
    struct span s = span_str(at ? at + 3 : "");
    s = span_take(s, span_find(s, '/'));
    size_t user = 0;
    for (size_t i = 0; i < s.n; i++)
        user = s.p[i] == '@' ? i : user;
    return span_find(span_take(s, user), ':') < user;
}

enum err hop_find(const struct conf *conf, const char *text, char out[HOP_SIZE], struct why *why)
{
    struct path path;
    struct span host;
    char domain[HOP_DOMAIN], key[HOP_DOMAIN + 8];
    enum err e = parse(text, &path, why);
    if (e)
        return e;
    bool routed = path_route_next(&path.route, &host);
    lower(routed ? host : path.domain, domain);
    snprintf(key, sizeof key, "route.%s", domain);
    const char *set = *domain ? conf_get(conf, key) : NULL;
    const char *name = set || routed ? key : "smarthost";
    if (!set && !routed)
        set = conf_get(conf, name);
    if (!set && !*domain)
        return why_set(why, ERR_DATA, "%.300s: no domain, and no smarthost is set", text);
    if (set && has_password(set))
        return why_set(why, ERR_CONFIG, "%s: a password does not belong into a URL", name);
    /* A domain that is called like it is another matter. */
    bool dot = !set && strcmp(domain, HOP_TURN) == 0;
    snprintf(out, HOP_SIZE, "%s%s", set ? set : domain, dot ? "." : "");
    return ERR_NONE;
}

void hop_host(const char *url, char out[256])
{
    const char *host = strstr(url, "://");
    out[0] = '\0';
    if (!host)
        return;
    host += 3;
    struct span s = span_of(host, strcspn(host, "/"));
    size_t at = span_find(s, '@');
    s = at < s.n ? span_skip(s, at + 1) : s;
    bool literal = s.n && s.p[0] == '[';
    s = span_take(s, literal ? span_find(s, ']') + 1 : span_find(s, ':'));
    if (!span_copy(s, out, 256))
        out[0] = '\0';
}
