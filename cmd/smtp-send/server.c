#include "server.h"

#include "queue/hop.h"
#include "seal/password.h"
#include "tool/diag.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum err from_table(struct job *j, struct why *why)
{
    struct store *store = NULL;
    struct user user;
    enum err e = store_open(&j->home, STORE_READ, &store, why);
    if (!e)
        e = store_user_get(store, j->opt->user, &user, why);
    if (!e && !*user.submit)
        e = why_set(why, ERR_CONFIG, "no submission URL is set");
    if (!e) {
        snprintf(j->url, sizeof j->url, "%s", user.submit);
        /* "smtp://@host", and LMTP: a server that wants no log-in, and so is shown no password. */
        bool anonymous = strstr(user.submit, "://@") != NULL ||
                         span_starts_nocase(span_str(user.submit), span_str("lmtp:"));
        snprintf(j->login, sizeof j->login, "%s", anonymous ? "" : user.login);
        snprintf(j->from, sizeof j->from, "%s", user.address);
        j->from_given = *user.address;
        if (!anonymous)
            e = store_user_password(store, &seal_vault, j->opt->user, &j->password, why);
        /* A next hop that asks for none needs none; a command that failed is another matter. */
        if (e == ERR_AUTH && !*user.password_command)
            e = ERR_NONE;
    }
    store_close(store);
    return e;
}

static enum err ask_password(struct job *j, const struct url *url, struct why *why)
{
    char prompt[600];
    bool login = *url->user;
    struct secret_source token = {NULL, -1, j->opt->oauth};
    if (!login && (j->opt->oauth || secret_given(&j->opt->secret)))
        return why_set(why, ERR_USAGE, "a password, and no log-in name in the URL");
    if (!login || j->opt->user)
        return ERR_NONE;
    snprintf(prompt, sizeof prompt, "password of %s at %s: ", url->user, url->host);
    return secret_read(j->opt->oauth ? &token : &j->opt->secret, prompt, &j->password, why);
}

/* What is shown of a hop. The URL itself is not: it may hold a password, wrongly. */
static const char *shown(const struct job *j)
{
    const struct settings *opt = j->opt;
    return opt->user          ? "--user"
           : opt->url         ? "--url"
           : !*j->url         ? j->hop->where
           : j->only          ? "smarthost"
                              : "route";
}

static enum err log_in(struct job *j, struct why *why)
{
    struct url url;
    enum err e = url_parse(j->url, &url, why);
    if (!e && url.scheme > URL_LMTP)
        e = why_set(why, ERR_USAGE, "mail is not sent by %s", url_scheme_name(url.scheme));
    if (!e && !j->login[0])
        snprintf(j->login, sizeof j->login, "%s", url.user);
    /* A terminal, and a descriptor, are asked once. */
    if (!e && j->hop->password.len)
        return buf_add_span(&j->password, buf_span(&j->hop->password));
    if (!e && (url.scheme != URL_LMTP || *url.user))
        e = ask_password(j, &url, why);
    if (!e && !j->opt->user)
        e = buf_add_span(&j->hop->password, buf_span(&j->password));
    return e;
}

static void leave_hop(struct job *j)
{
    if (!j->hop)
        return;
    j->hop->unreachable = j->unreachable;
    j->hop->reason = j->reason;
    j->hop->fault = j->fault;
}

enum err server_use(struct job *j, struct hop *hop)
{
    struct why why = {""};
    enum err e = ERR_NONE;
    if (j->hop == hop)
        return ERR_NONE;
    server_disconnect(j);
    by_mx_end(&j->by_mx);
    leave_hop(j);
    j->hop = hop;
    j->unreachable = hop->unreachable;
    j->reason = hop->reason;
    j->fault = hop->fault;
    j->barren = 0;
    if (!j->opt->user) {
        j->url[0] = j->login[0] = '\0';
        buf_wipe(&j->password);
    }
    if (hop_is_url(hop->where) && !span_copy(span_str(hop->where), j->url, sizeof j->url))
        e = why_set(&why, ERR_USAGE, "too long");
    else if (*j->url)
        e = log_in(j, &why);
    else if (!j->only && strcmp(hop->where, HOP_TURN) == 0)
        e = why_set(&why, ERR_AGAIN, "no server is called: it asks for its mail");
    else if (j->only && (j->opt->oauth || secret_given(&j->opt->secret)))
        e = why_set(&why, ERR_USAGE, "a password, and no server to log in to");
    if (!e)
        return ERR_NONE;
    j->reason = why;
    return j->unreachable = diag_fail(e, &why, "%s", shown(j));
}

/* For those who send nothing, and so have no recipient to go by. */
static enum err use_smarthost(struct job *j)
{
    const char *smarthost = conf_get(j->home.conf, "smarthost");
    if (!smarthost)
        return job_usage("--url, --user, --host", "one of them must say where to");
    j->only = hops_get(&j->hops, smarthost);
    return j->only ? server_use(j, j->only) : diag_fail(ERR_OS, NULL, "next hop");
}

enum err server_find(struct job *j)
{
    const struct settings *opt = j->opt;
    struct why why = {""};
    const char *where = opt->stdio ? "stdio" : opt->url ? opt->url : opt->host;
    if (opt->user) {
        enum err e = from_table(j, &why);
        if (e)
            return diag_fail(e, &why, "user %s", opt->user);
        where = j->url;
    }
    if (!where)
        return ERR_NONE;
    if (opt->url && !hop_is_url(opt->url))
        return job_usage("--url", "not a URL");
    j->only = hops_get(&j->hops, where);
    if (!j->only)
        return diag_fail(ERR_OS, NULL, "next hop");
    if (opt->stdio)
        j->hop = j->only;
    return opt->stdio ? ERR_NONE : server_use(j, j->only);
}

void server_own_name(struct job *j)
{
    const char *set = conf_get(j->home.conf, "hostname");
    if (j->opt->helo || set) {
        j->helo = j->opt->helo ? j->opt->helo : set;
        return;
    }
    if (gethostname(j->name, sizeof j->name) != 0 || !j->name[0])
        snprintf(j->name, sizeof j->name, "localhost");
    j->name[sizeof j->name - 1] = '\0';
    j->helo = j->name;
}

static const char *trusted_ca(const struct job *j)
{
    return j->opt->ca ? j->opt->ca : conf_get(j->home.conf, "ca");
}

/* target: a host of a domain; NULL: the hop is a URL. */
static enum err open_channel(struct job *j, const struct direct_target *target,
                             struct channel **channel, bool *lmtp, struct why *why)
{
    *lmtp = false;
    if (j->opt->stdio)
        return channel_open_fds(0, 1, (unsigned)j->opt->timeout, channel, why);
    struct channel_options o = {
        .url = target ? target->url : j->url,
        .user = j->login,
        .password = &j->password,
        .bearer = j->opt->oauth != NULL,
        .tls = target ? target->tls : j->tls,
        .ca = trusted_ca(j),
        .timeout = (unsigned)j->opt->timeout,
        .helo = j->helo,
        .address = target ? target->address : NULL,
        .dane = target ? target->dane : NULL,
    };
    struct url url;
    enum err e = url_parse(o.url, &url, why);
    *lmtp = url.scheme == URL_LMTP;
    return e ? e : channel_open(&o, channel, why);
}

static enum err connect_to(struct job *j, const struct direct_target *target, struct why *why)
{
    struct channel *channel;
    bool lmtp;
    enum err e = open_channel(j, target, &channel, &lmtp, why);
    if (!e) {
        struct transfer_options o = {lmtp, !lmtp && !j->opt->stdio, j->helo,
                                     (unsigned)j->opt->timeout};
        e = transfer_open(&j->transfer, channel, &o, why);
        j->connected = !e;
        j->settled = 0;
        if (e)
            transfer_close(&j->transfer);
    }
    return e;
}

/* Host after host. False: none is left. */
static bool next_host(struct job *j)
{
    struct direct_target target;
    while (by_mx_next(&j->by_mx, j->hop->where, &target)) {
        struct why why = {""};
        enum err e = connect_to(j, &target, &why);
        if (!e)
            return true;
        direct_failed(&j->by_mx.direct, e, &why);
    }
    return false;
}

static enum err by_mx(struct job *j)
{
    enum err e = by_mx_prepare(&j->by_mx, &j->home, j->helo, trusted_ca(j), j->tls, &j->reason);
    by_mx_end(&j->by_mx);
    if (e || next_host(j))
        return e;
    j->fault = j->by_mx.direct.fault;
    return why_set(&j->reason, j->fault.err, "%s", j->fault.text);
}

const char *server_shown(const struct job *j)
{
    return j->opt->stdio ? "stdio" : *j->url ? j->url : j->hop->where;
}

enum err server_connect(struct job *j)
{
    enum err e = j->hop ? ERR_NONE : use_smarthost(j);
    if (e)
        return e;
    j->fault = (struct sender_result){.settled = false};
    bool direct = !j->opt->stdio && !*j->url;
    e = direct ? by_mx(j) : connect_to(j, NULL, &j->reason);
    return e ? diag_fail(e, &j->reason, "%s", server_shown(j)) : ERR_NONE;
}

bool server_next_host(struct job *j)
{
    if (!j->by_mx.begun)
        return false;
    server_disconnect(j);
    j->barren = 0;
    return next_host(j);
}

void server_disconnect(struct job *j)
{
    if (!j->connected)
        return;
    transfer_quit(&j->transfer);
    transfer_close(&j->transfer);
    j->connected = false;
}
