#include "net/sts_fetch.h"

#include "net/addresses.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* A minute for all of it (3.3). */
enum { SECONDS = 60 };

static size_t on_body(char *bytes, size_t size, size_t count, void *user)
{
    struct buf *text = user;
    /* Anything but all of it ends the transfer: a policy is small. */
    return buf_add(text, bytes, size * count) ? 0 : size * count;
}

/* "host:port:address,…" for libcurl, so that its own resolver is not asked. */
static enum err place(const struct sts_options *o, const char *host, struct curl_slist **places,
                      struct why *why)
{
    struct addresses a;
    char text[sizeof a + DNS_NAME + 100];
    enum err e = addresses_find(&a, o->resolver, host, why);
    if (e)
        return e == ERR_NO_HOST ? ERR_AGAIN : e;
    int n = snprintf(text, sizeof text, "%s:%u:", host, o->port);
    for (size_t i = 0; i < a.count; i++) {
        bool six = strchr(a.list[i], ':') != NULL;
        n += snprintf(text + n, sizeof text - (size_t)n, "%s%s%s%s", i ? "," : "", six ? "[" : "",
                      a.list[i], six ? "]" : "");
    }
    *places = curl_slist_append(NULL, text);
    return *places ? ERR_NONE : why_set(why, ERR_OS, "out of memory");
}

static bool set_up(CURL *easy, const struct sts_options *o, const char *url,
                   struct curl_slist *places, struct buf *text)
{
    bool ok = curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK &&
              curl_easy_setopt(easy, CURLOPT_RESOLVE, places) == CURLE_OK &&
              curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK &&
              curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
              curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
              curl_easy_setopt(easy, CURLOPT_TIMEOUT, (long)SECONDS) == CURLE_OK &&
              curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) == CURLE_OK &&
              curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) ==
                  CURLE_OK &&
              curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
              curl_easy_setopt(easy, CURLOPT_WRITEDATA, text) == CURLE_OK;
    if (ok && o->ca) {
        ok = curl_easy_setopt(easy, CURLOPT_CAINFO, o->ca) == CURLE_OK;
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL); /* this file alone is trusted */
    }
    return ok;
}

static bool plain_text(const char *type)
{
    return type && strncasecmp(type, "text/plain", 10) == 0 &&
           (type[10] == '\0' || strchr("; \t", type[10]));
}

static enum err perform(CURL *easy, struct why *why)
{
    char error[CURL_ERROR_SIZE] = "";
    long code = 0;
    const char *type = NULL;
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error);
    CURLcode r = curl_easy_perform(easy);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &code);
    curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, NULL);
    if (r == CURLE_WRITE_ERROR)
        return why_set(why, ERR_AGAIN, "larger than %d octets", STS_TEXT);
    if (r)
        return why_set(why, ERR_AGAIN, "%s", *error ? error : curl_easy_strerror(r));
    if (code != 200)
        return why_set(why, ERR_AGAIN, "its host answers %ld", code);
    return plain_text(type) ? ERR_NONE : why_set(why, ERR_AGAIN, "not text/plain");
}

enum err sts_fetch(const struct sts_options *o, const char *domain, struct buf *text,
                   struct why *why)
{
    char host[DNS_NAME + 16], url[DNS_NAME + 100];
    struct curl_slist *places = NULL;
    snprintf(host, sizeof host, "mta-sts.%s", domain);
    snprintf(url, sizeof url, "https://%s:%u/.well-known/mta-sts.txt", host, o->port);
    enum err e = place(o, host, &places, why);
    if (e)
        return e;
    CURL *easy = curl_global_init(CURL_GLOBAL_ALL) == CURLE_OK ? curl_easy_init() : NULL;
    if (!easy || !set_up(easy, o, url, places, text))
        e = why_set(why, ERR_OS, "out of memory");
    else
        e = perform(easy, why);
    if (easy)
        curl_easy_cleanup(easy);
    curl_slist_free_all(places);
    return e;
}
