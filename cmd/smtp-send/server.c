#include "server.h"

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

/* Sets j->url by --url, --host or the settings. */
static enum err name_server(struct job *j, const char *url, const char *host)
{
    /* An IPv6 address, which a URL has in brackets. */
    bool colons = host && strchr(host, ':') != strrchr(host, ':') && *host != '[';
    if (!host && !url)
        return job_usage("--url, --user, --host", "one of them must say where the mail goes");
    int n = host ? snprintf(j->url, sizeof j->url, "smtp://%s%s%s:25", colons ? "[" : "", host,
                            colons ? "]" : "")
                 : snprintf(j->url, sizeof j->url, "%s", url);
    return n < 0 || (size_t)n >= sizeof j->url ? job_usage("--url", "too long") : ERR_NONE;
}

enum err server_find(struct job *j)
{
    const struct settings *opt = j->opt;
    struct why why = {""};
    struct url url;
    enum err e = ERR_NONE;
    if (opt->user) {
        e = from_table(j, &why);
        if (e)
            return diag_fail(e, &why, "user %s", opt->user);
    } else {
        const char *smarthost = conf_get(j->home.conf, "smarthost");
        e = name_server(j, opt->url ? opt->url : smarthost, opt->host);
        if (e)
            return e;
    }
    e = url_parse(j->url, &url, &why);
    if (!e && url.scheme > URL_LMTP)
        e = why_set(&why, ERR_USAGE, "mail is not sent by %s", url_scheme_name(url.scheme));
    if (!e && (url.scheme != URL_LMTP || *url.user))
        e = ask_password(j, &url, &why);
    if (!e && !j->login[0])
        snprintf(j->login, sizeof j->login, "%s", url.user);
    /* The URL itself is not shown: it may hold a password, wrongly. */
    return e ? diag_fail(e, &why, "%s", opt->host   ? opt->host
                                        : opt->url  ? "--url"
                                        : opt->user ? "--user"
                                                    : "smarthost")
             : ERR_NONE;
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

static enum err open_channel(struct job *j, struct channel **channel, bool *lmtp, struct why *why)
{
    if (j->opt->stdio) {
        *lmtp = false;
        return channel_open_fds(0, 1, (unsigned)j->opt->timeout, channel, why);
    }
    struct channel_options o = {
        .url = j->url,
        .user = j->login,
        .password = &j->password,
        .bearer = j->opt->oauth != NULL,
        .tls = j->tls,
        .ca = j->opt->ca ? j->opt->ca : conf_get(j->home.conf, "ca"),
        .timeout = (unsigned)j->opt->timeout,
        .helo = j->helo,
    };
    struct url url;
    enum err e = url_parse(j->url, &url, why);
    *lmtp = url.scheme == URL_LMTP;
    return e ? e : channel_open(&o, channel, why);
}

enum err server_connect(struct job *j)
{
    struct channel *channel;
    bool lmtp;
    struct why *why = &j->reason;
    enum err e = open_channel(j, &channel, &lmtp, why);
    if (!e) {
        struct transfer_options o = {lmtp, !lmtp && !j->opt->stdio, j->helo,
                                     (unsigned)j->opt->timeout};
        e = transfer_open(&j->transfer, channel, &o, why);
        j->connected = !e;
        j->settled = 0;
        if (e)
            transfer_close(&j->transfer);
    }
    return e ? diag_fail(e, why, "%s", j->opt->stdio ? "stdio" : j->url) : ERR_NONE;
}

void server_disconnect(struct job *j)
{
    if (!j->connected)
        return;
    transfer_quit(&j->transfer);
    transfer_close(&j->transfer);
    j->connected = false;
}
