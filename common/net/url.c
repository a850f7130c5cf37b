#include "net/url.h"

#include "bytes/span.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    unsigned port;
    bool tls;
} schemes[URL_SCHEMES] = {
    [URL_SMTP] = {"smtp", 25, false},   [URL_SMTPS] = {"smtps", 465, true},
    [URL_LMTP] = {"lmtp", 24, false},   [URL_POP3] = {"pop3", 110, false},
    [URL_POP3S] = {"pop3s", 995, true}, [URL_IMAP] = {"imap", 143, false},
    [URL_IMAPS] = {"imaps", 993, true},
};

bool url_implicit_tls(const struct url *url)
{
    return schemes[url->scheme].tls;
}

const char *url_scheme_name(enum url_scheme scheme)
{
    return scheme < URL_SCHEMES ? schemes[scheme].name : "";
}

static bool has_control(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            return true;
    return false;
}

/* Copies one decoded part; an absent one is "". */
static enum err take(CURLU *h, CURLUPart part, unsigned flags, char *out, size_t size,
                     struct why *why)
{
    char *text = NULL;
    CURLUcode r = curl_url_get(h, part, &text, flags);
    *out = '\0';
    if (r != CURLUE_OK)
        return r == CURLUE_OUT_OF_MEMORY ? why_set(why, ERR_OS, "out of memory")
               : r == CURLUE_URLDECODE   ? why_set(why, ERR_USAGE, "bad escape in the URL")
                                         : ERR_NONE;
    enum err e = ERR_NONE;
    if (has_control(text))
        e = why_set(why, ERR_USAGE, "control bytes in the URL");
    else if (!span_copy(span_str(text), out, size))
        e = why_set(why, ERR_USAGE, "URL too long");
    curl_free(text);
    return e;
}

static enum err scheme_of(CURLU *h, struct url *url, struct why *why)
{
    char name[32];
    enum err e = take(h, CURLUPART_SCHEME, 0, name, sizeof name, why);
    for (int s = 0; !e && s < URL_SCHEMES; s++)
        if (strcmp(name, schemes[s].name) == 0) {
            url->scheme = (enum url_scheme)s;
            url->port = schemes[s].port;
            return ERR_NONE;
        }
    return e ? e : why_set(why, ERR_USAGE, "%s: not a scheme for mail", name);
}

static enum err parts(CURLU *h, struct url *url, struct why *why)
{
    char port[16], path[sizeof url->path + 1];
    char *secret = NULL;
    enum err e = scheme_of(h, url, why);
    if (!e && curl_url_get(h, CURLUPART_PASSWORD, &secret, 0) == CURLUE_OK) {
        explicit_bzero(secret, strlen(secret));
        curl_free(secret);
        return why_set(why, ERR_USAGE, "a password does not belong into a URL");
    }
    if (!e)
        e = take(h, CURLUPART_USER, CURLU_URLDECODE, url->user, sizeof url->user, why);
    if (!e)
        e = take(h, CURLUPART_HOST, 0, url->host, sizeof url->host, why);
    if (!e)
        e = take(h, CURLUPART_PORT, 0, port, sizeof port, why);
    if (!e)
        e = take(h, CURLUPART_PATH, CURLU_URLDECODE, path, sizeof path, why);
    if (e)
        return e;
    uint64_t number = 0;
    if (*port && (!span_number(span_str(port), 65535, &number) || number == 0))
        return why_set(why, ERR_USAGE, "port %s", port);
    if (*port)
        url->port = (unsigned)number;
    if (!*url->host)
        return why_set(why, ERR_USAGE, "no host in the URL");
    snprintf(url->path, sizeof url->path, "%s", path + (*path == '/'));
    return ERR_NONE;
}

/* lmtp:///run/x: libcurl would read three slashes as two. */
static enum err socket_url(const char *path, struct url *url, struct why *why)
{
    url->scheme = URL_LMTP;
    url->port = schemes[URL_LMTP].port;
    if (strlen(path) < 2 || has_control(path) ||
        !span_copy(span_str(path), url->path, sizeof url->path))
        return why_set(why, ERR_USAGE, "not the name of a socket");
    return ERR_NONE;
}

enum err url_parse(const char *text, struct url *url, struct why *why)
{
    static const char lmtp[] = "lmtp://";
    memset(url, 0, sizeof *url);
    if (span_starts_nocase(span_str(text), span_str("lmtp:///")))
        return socket_url(text + sizeof lmtp - 1, url, why);
    if (strstr(text, ":///"))
        return why_set(why, ERR_USAGE, "no host in the URL");
    CURLU *h = curl_url();
    if (!h)
        return why_set(why, ERR_OS, "out of memory");
    /* Not CURLU_GUESS_SCHEME: a bare host is the caller's matter. */
    CURLUcode r = curl_url_set(h, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME);
    enum err e;
    if (r == CURLUE_OUT_OF_MEMORY)
        e = why_set(why, ERR_OS, "out of memory");
    else if (r != CURLUE_OK)
        e = why_set(why, ERR_USAGE, "not a URL");
    else
        e = parts(h, url, why);
    curl_url_cleanup(h);
    return e;
}
