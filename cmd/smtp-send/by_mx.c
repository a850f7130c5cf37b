#include "by_mx.h"

#include <stdio.h>
#include <string.h>

enum { SMTP_PORT = 25, HTTPS_PORT = 443 };

/* The ports, in the place of SMTP's and HTTPS's own. */
static enum err ports(struct by_mx *m, const struct conf *conf, struct why *why)
{
    uint64_t mx, sts = HTTPS_PORT;
    enum err e = conf_number(conf, "mx-port", SMTP_PORT, 65535, &mx, why);
    if (!e)
        e = conf_number(conf, "mta-sts-port", HTTPS_PORT, 65535, &sts, why);
    if (!e && (!mx || !sts))
        e = why_set(why, ERR_CONFIG, "%s = 0: not a port", mx ? "mta-sts-port" : "mx-port");
    m->options.port = (unsigned)mx;
    m->sts.port = (unsigned)sts;
    return e;
}

/* Everything that a host called like it would be us. */
static void own_names(struct by_mx *m, const struct conf *conf, const char *helo)
{
    size_t n = 0;
    const char *hostname = conf_get(conf, "hostname"), *domain;
    m->names[n++] = helo;
    if (hostname)
        m->names[n++] = hostname;
    for (unsigned i = 0; n < BY_MX_NAMES && (domain = conf_nth(conf, "domain", i)); i++)
        m->names[n++] = domain;
    m->options.own = m->names;
}

enum err by_mx_prepare(struct by_mx *m, const struct home *home, const char *helo, const char *ca,
                       enum channel_tls tls, struct why *why)
{
    const struct conf *conf = home->conf;
    struct resolver_options r = {.server = conf_get(conf, "resolver")};
    bool sts = true;
    if (m->resolver)
        return ERR_NONE;
    m->options.dane = true;
    m->options.tls = tls;
    enum err e = conf_switch(conf, "trust-ad", &r.trusted, why);
    if (!e)
        e = conf_switch(conf, "dane", &m->options.dane, why);
    if (!e)
        e = conf_switch(conf, "mta-sts", &sts, why);
    if (!e)
        e = ports(m, conf, why);
    if (!e)
        e = resolver_open(&r, &m->resolver, why);
    if (e)
        return e;
    own_names(m, conf, helo);
    m->options.resolver = m->sts.resolver = m->resolver;
    m->sts.ca = ca;
    if (*home->path && !home_path(home, "state/mta-sts", m->directory, NULL))
        m->sts.directory = m->directory;
    m->options.sts = sts ? &m->sts : NULL;
    return ERR_NONE;
}

bool by_mx_next(struct by_mx *m, const char *domain, struct direct_target *target)
{
    if (!m->begun) {
        m->begun = true;
        if (direct_open(&m->direct, &m->options, domain))
            return false;
    }
    return direct_next(&m->direct, target);
}

void by_mx_end(struct by_mx *m)
{
    if (m->begun)
        direct_close(&m->direct);
    m->begun = false;
}

void by_mx_release(struct by_mx *m)
{
    by_mx_end(m);
    resolver_close(m->resolver);
    m->resolver = NULL;
}
