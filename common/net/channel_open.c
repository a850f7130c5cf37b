#include "net/channel_curl.h"

#include "tool/diag.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static size_t on_header(char *line, size_t size, size_t count, void *user)
{
    struct handshake *h = user;
    handshake_line(h, span_of(line, size * count));
    /* libcurl would wait for a better line until the time-out. */
    return h->bad ? 0 : size * count;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *user)
{
    (void)bytes;
    (void)user;
    return size * count;
}

static int on_debug(CURL *easy, curl_infotype type, char *bytes, size_t n, void *user)
{
    char shown[1024];
    (void)easy;
    (void)user;
    if (type == CURLINFO_HEADER_IN || type == CURLINFO_HEADER_OUT) {
        bool from_server = type == CURLINFO_HEADER_IN;
        handshake_mask(span_of(bytes, n), from_server, shown, sizeof shown);
        diag_trace("%s: %s", from_server ? "S" : "C", shown);
    }
    return 0;
}

/* libcurl cannot speak LMTP; its http is a bare socket as long as nothing is asked of it. */
static const char *wire_scheme(enum url_scheme scheme)
{
    return scheme == URL_LMTP ? "http" : url_scheme_name(scheme);
}

static CURLUcode url_parts(CURLU *u, const struct url *url, const char *helo)
{
    char port[16];
    snprintf(port, sizeof port, "%u", url->port);
    CURLUcode r = curl_url_set(u, CURLUPART_SCHEME, wire_scheme(url->scheme), 0);
    if (!r)
        r = curl_url_set(u, CURLUPART_HOST, *url->host ? url->host : "localhost", 0);
    if (!r)
        r = curl_url_set(u, CURLUPART_PORT, port, 0);
    /* The path of an smtp URL is what libcurl says in EHLO. */
    if (!r && helo && url->scheme <= URL_SMTPS)
        r = curl_url_set(u, CURLUPART_PATH, helo, CURLU_URLENCODE);
    return r;
}

/* The URL anew, of checked parts, without user and password: those go beside it. */
static enum err set_url(CURL *easy, const struct url *url, const char *helo, struct why *why)
{
    char host[256], *text = NULL;
    if (!helo && gethostname(host, sizeof host) == 0) {
        host[sizeof host - 1] = '\0';
        helo = host;
    }
    CURLU *u = curl_url();
    CURLUcode r = u ? url_parts(u, url, helo) : CURLUE_OUT_OF_MEMORY;
    if (!r)
        r = curl_url_get(u, CURLUPART_URL, &text, 0);
    CURLcode set = r ? CURLE_URL_MALFORMAT : curl_easy_setopt(easy, CURLOPT_URL, text);
    curl_free(text);
    curl_url_cleanup(u);
    if (r == CURLUE_OUT_OF_MEMORY || set == CURLE_OUT_OF_MEMORY)
        return why_set(why, ERR_OS, "out of memory");
    return set ? why_set(why, ERR_USAGE, "%s: not a host", url->host) : ERR_NONE;
}

/* A setopt that fails has no memory: what it is given has been checked. */
struct options {
    CURL *easy;
    CURLcode failed;
};

static void set_long(struct options *o, CURLoption option, long value)
{
    CURLcode r = curl_easy_setopt(o->easy, option, value);
    o->failed = o->failed ? o->failed : r;
}

static void set_text(struct options *o, CURLoption option, const char *value)
{
    CURLcode r = value ? curl_easy_setopt(o->easy, option, value) : CURLE_OK;
    o->failed = o->failed ? o->failed : r;
}

static CURLcode on_ssl_ctx(CURL *easy, void *ssl_ctx, void *user)
{
    (void)easy;
    return dane_enable(user, ssl_ctx) ? CURLE_OK : CURLE_OUT_OF_MEMORY;
}

/* DANE's records are the only authority: OpenSSL judges by them, names included. */
static void set_dane(struct options *o, const struct dane *dane)
{
    set_long(o, CURLOPT_SSL_VERIFYHOST, 0);
    curl_easy_setopt(o->easy, CURLOPT_CAINFO, NULL);
    curl_easy_setopt(o->easy, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(o->easy, CURLOPT_SSL_CTX_DATA, (void *)(uintptr_t)dane);
    CURLcode r = curl_easy_setopt(o->easy, CURLOPT_SSL_CTX_FUNCTION, on_ssl_ctx);
    o->failed = o->failed ? o->failed : r;
}

static void set_tls(struct options *o, const struct url *url, enum channel_tls tls,
                    const struct channel_options *options)
{
    bool proven = tls == CHANNEL_TLS_REQUIRE;
    const char *ca = options->ca;
    if (url->scheme != URL_LMTP)
        set_long(o, CURLOPT_USE_SSL,
                 tls == CHANNEL_TLS_NONE  ? CURLUSESSL_NONE
                 : tls == CHANNEL_TLS_TRY ? CURLUSESSL_TRY
                                          : CURLUSESSL_ALL);
    set_long(o, CURLOPT_SSL_VERIFYPEER, proven ? 1 : 0);
    set_long(o, CURLOPT_SSL_VERIFYHOST, proven ? 2 : 0);
    set_long(o, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
    if (proven && options->dane) {
        set_dane(o, options->dane);
    } else if (proven && ca) {
        set_text(o, CURLOPT_CAINFO, ca);
        curl_easy_setopt(o->easy, CURLOPT_CAPATH, NULL); /* this file alone is trusted */
    }
}

/* A host that does not answer a SYN must not keep the mail from the next one: after 1 + 2 + 4 + 8
 * + 16 seconds it is none. */
static int on_socket(void *user, curl_socket_t fd, curlsocktype purpose)
{
    int tries = 4;
    (void)user;
    (void)purpose;
    setsockopt(fd, IPPROTO_TCP, TCP_SYNCNT, &tries, sizeof tries);
    return CURL_SOCKOPT_OK;
}

/* The host stays the name of the URL, for SNI and certificates; only its address is told. */
static enum err set_place(struct channel *c, const struct url *url, const char *address,
                          struct why *why)
{
    char place[600];
    if (!address)
        return ERR_NONE;
    bool colons = strchr(address, ':') != NULL;
    snprintf(place, sizeof place, "%s:%u:%s%s%s", url->host, url->port, colons ? "[" : "", address,
             colons ? "]" : "");
    c->places = curl_slist_append(NULL, place);
    if (!c->places || curl_easy_setopt(c->easy, CURLOPT_RESOLVE, c->places) != CURLE_OK ||
        curl_easy_setopt(c->easy, CURLOPT_SOCKOPTFUNCTION, on_socket) != CURLE_OK)
        return why_set(why, ERR_OS, "out of memory");
    return ERR_NONE;
}

static enum err set_login(struct options *o, const char *user, const struct buf *password,
                          bool bearer, struct why *why)
{
    struct buf secret;
    if (!password || !password->len)
        return ERR_NONE;
    if (span_find(buf_span(password), '\0') != password->len)
        return why_set(why, ERR_DATA, "NUL in the password");
    buf_init(&secret, password->len + 1);
    enum err e = buf_add_span(&secret, buf_span(password));
    const char *text = e ? NULL : buf_cstr(&secret);
    if (text) {
        set_text(o, CURLOPT_USERNAME, user);
        set_text(o, bearer ? CURLOPT_XOAUTH2_BEARER : CURLOPT_PASSWORD, text);
    }
    buf_wipe(&secret);
    return text ? ERR_NONE : why_set(why, ERR_OS, "out of memory");
}

static enum err prepare(struct channel *c, const struct channel_options *options,
                        const struct url *url, enum channel_tls tls, struct why *why)
{
    struct options o = {c->easy, CURLE_OK};
    set_long(&o, CURLOPT_CONNECT_ONLY, 1);
    set_long(&o, CURLOPT_NOSIGNAL, 1);
    set_long(&o, CURLOPT_CONNECTTIMEOUT_MS, c->timeout_ms);
    set_long(&o, CURLOPT_SERVER_RESPONSE_TIMEOUT, c->timeout_ms / 1000);
    set_long(&o, CURLOPT_NETRC, CURL_NETRC_IGNORED);
    set_long(&o, CURLOPT_TCP_KEEPALIVE, 1);
    curl_easy_setopt(c->easy, CURLOPT_ERRORBUFFER, c->error);
    curl_easy_setopt(c->easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(c->easy, CURLOPT_HEADERDATA, &c->handshake);
    curl_easy_setopt(c->easy, CURLOPT_WRITEFUNCTION, on_body);
    if (diag_verbose()) {
        curl_easy_setopt(c->easy, CURLOPT_DEBUGFUNCTION, on_debug);
        set_long(&o, CURLOPT_VERBOSE, 1);
    }
    if (url->scheme == URL_LMTP)
        set_text(&o, CURLOPT_PROXY, ""); /* an http_proxy is none for LMTP */
    if (!*url->host)
        set_text(&o, CURLOPT_UNIX_SOCKET_PATH, url->path);
    set_tls(&o, url, tls, options);
    enum err e = set_place(c, url, options->address, why);
    if (!e)
        e = set_login(&o, options->user ? options->user : url->user, options->password,
                           options->bearer, why);
    if (!e)
        e = set_url(c->easy, url, options->helo, why);
    if (e)
        return e;
    return o.failed ? why_set(why, ERR_OS, "%s", curl_easy_strerror(o.failed)) : ERR_NONE;
}

/* POP3 (RFC 2449, 3206) and IMAP (RFC 5530) say in a bracket that a refusal is of the moment. */
static bool of_the_moment(const char *said)
{
    static const char *const codes[] = {"[UNAVAILABLE]", "[SYS/TEMP]", "[IN-USE]", "[LOGIN-DELAY]",
                                        "[INUSE]",       "[LIMIT]",    "[SERVERBUG]"};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (strcasestr(said, codes[i]))
            return true;
    return false;
}

/* What the server said last tells more than libcurl's class, where it was a refusal. */
static enum err refused(const struct channel *c, enum err otherwise, struct why *why)
{
    unsigned code = handshake_code(&c->handshake);
    const char *said = c->handshake.last;
    if (code / 100 == 4 || (!code && of_the_moment(said)))
        return why_set(why, ERR_AGAIN, "%s", said);
    if (otherwise == ERR_AUTH && !code && *said)
        return why_set(why, ERR_AUTH, "%s", said);
    if (code / 100 == 5)
        return why_set(why, otherwise == ERR_AUTH ? ERR_AUTH : ERR_UNAVAILABLE, "%s", said);
    return why_set(why, otherwise, "%s", c->error[0] ? c->error : "unexpected answer");
}

static enum err failure(const struct channel *c, CURLcode r, const struct url *url,
                        struct why *why)
{
    const char *words = c->error[0] ? c->error : curl_easy_strerror(r);
    if (c->handshake.bad)
        return why_set(why, ERR_PROTOCOL, "what came is no SMTP reply");
    switch (r) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return why_set(why, ERR_NO_HOST, "%s: host not found", url->host);
    case CURLE_COULDNT_CONNECT:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_OPERATION_TIMEDOUT:
        return why_set(why, ERR_AGAIN, "%s", words);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
        return why_set(why, ERR_AUTH, "%s", words);
    case CURLE_LOGIN_DENIED:
        return refused(c, ERR_AUTH, why);
    case CURLE_USE_SSL_FAILED:
        if (handshake_code(&c->handshake) / 100 == 4)
            return refused(c, ERR_AGAIN, why);
        return why_set(why, ERR_UNAVAILABLE, "TLS is wanted, and the server has none");
    case CURLE_REMOTE_ACCESS_DENIED:
        return refused(c, ERR_UNAVAILABLE, why);
    case CURLE_SSL_CACERT_BADFILE:
        return why_set(why, ERR_CONFIG, "%s", words);
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT:
        return why_set(why, ERR_OS, "%s", words);
    default:
        return refused(c, ERR_PROTOCOL, why);
    }
}

static enum err connected(struct channel *c, const struct channel_options *options,
                          enum channel_tls tls, const struct url *url, struct why *why)
{
    curl_socket_t fd = CURL_SOCKET_BAD;
    if (curl_easy_getinfo(c->easy, CURLINFO_ACTIVESOCKET, &fd) || fd == CURL_SOCKET_BAD)
        return why_set(why, ERR_AGAIN, "connection lost");
    c->in = c->out = (int)fd;
    c->secure = url_implicit_tls(url) || tls == CHANNEL_TLS_REQUIRE ||
                tls == CHANNEL_TLS_ENCRYPT || c->handshake.started_tls;
    bool smtp = url->scheme == URL_SMTP || url->scheme == URL_SMTPS;
    /* libcurl goes on without log-in where AUTH is not offered at all. */
    if (smtp && options->password && options->password->len &&
        !handshake_logged_in(&c->handshake))
        return why_set(why, ERR_UNAVAILABLE, "the server offers no log-in");
    return ERR_NONE;
}

static enum err attempt(const struct channel_options *options, const struct url *url,
                        enum channel_tls tls, struct channel **channel, CURLcode *result,
                        struct why *why)
{
    struct channel *c = channel_new(options->timeout);
    *result = CURLE_OK;
    *channel = NULL;
    if (c)
        c->easy = curl_easy_init();
    if (!c || !c->easy) {
        channel_close(c);
        return why_set(why, ERR_OS, "out of memory");
    }
    c->handshake.scheme = url->scheme;
    enum err e = prepare(c, options, url, tls, why);
    if (!e && (*result = curl_easy_perform(c->easy)) != CURLE_OK)
        e = failure(c, *result, url, why);
    else if (!e)
        e = connected(c, options, tls, url, why);
    if (e)
        channel_close(c);
    else
        *channel = c;
    return e;
}

/* Which TLS the options mean for this URL. */
static enum err decide_tls(const struct channel_options *options, const struct url *url,
                           enum channel_tls *tls, struct why *why)
{
    bool password = options->password && options->password->len;
    *tls = options->tls;
    if (url->scheme == URL_LMTP) {
        if (password || *tls == CHANNEL_TLS_REQUIRE)
            return why_set(why, ERR_USAGE, "LMTP goes without TLS and password");
        *tls = CHANNEL_TLS_NONE;
        return ERR_NONE;
    }
    if (*tls == CHANNEL_TLS_NONE && (password || url_implicit_tls(url)))
        return why_set(why, ERR_USAGE, password ? "a password goes only over TLS"
                                                : "this URL means TLS");
    if (password || url_implicit_tls(url))
        *tls = CHANNEL_TLS_REQUIRE;
    return ERR_NONE;
}

static enum err check(const struct channel_options *options, struct why *why)
{
    for (const char *s = options->helo ? options->helo : ""; *s; s++)
        if ((unsigned char)*s <= 0x20 || *s == 0x7f)
            return why_set(why, ERR_DATA, "blanks or control bytes in our own name");
    for (const char *s = options->user ? options->user : ""; *s; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            return why_set(why, ERR_DATA, "control bytes in the log-in");
    if (options->ca && access(options->ca, R_OK) != 0)
        return why_errno(why, ERR_NO_INPUT, "%s", options->ca);
    return ERR_NONE;
}

enum err channel_open(const struct channel_options *options, struct channel **channel,
                      struct why *why)
{
    struct url url;
    enum channel_tls tls;
    CURLcode result;
    *channel = NULL;
    enum err e = url_parse(options->url, &url, why);
    if (!e)
        e = check(options, why);
    if (!e)
        e = decide_tls(options, &url, &tls, why);
    if (!e && curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK)
        e = why_set(why, ERR_OS, "libcurl");
    if (e)
        return e;
    e = attempt(options, &url, tls, channel, &result, why);
    /* A server whose TLS is broken still takes mail in clear from those who only tried it. */
    if (e && result == CURLE_SSL_CONNECT_ERROR && tls == CHANNEL_TLS_TRY) {
        diag_trace("TLS failed (%s): without it", why ? why->text : "");
        e = attempt(options, &url, CHANNEL_TLS_NONE, channel, &result, why);
    }
    return e;
}
