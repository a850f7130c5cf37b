/*
 * The URLs that name mail servers: smtp, smtps, lmtp, pop3, pop3s, imap, imaps.
 *
 * `scheme://[user@]host[:port][/path]`, `lmtp:///path` for a unix socket. A password in the URL
 * is refused: it would be on a command line (RFC 3986 §3.2.1 deprecates it too).
 */
#ifndef NET_URL_H
#define NET_URL_H

#include "bytes/err.h"

#include <stdbool.h>

enum url_scheme {
    URL_SMTP,
    URL_SMTPS,
    URL_LMTP,
    URL_POP3,
    URL_POP3S,
    URL_IMAP,
    URL_IMAPS,
    URL_SCHEMES
};

/* Every string is decoded, terminated and free of control bytes. */
struct url {
    enum url_scheme scheme;
    char user[256];   /* "" where the URL names none */
    char host[256];   /* IPv6 addresses stand in their brackets; "" for a unix socket */
    unsigned port;    /* never 0: the scheme's own where the URL has none (LMTP: 24) */
    char path[1024];  /* without its leading slash; for LMTP without host the socket's name */
};

/* ERR_USAGE: not such a URL, another scheme, a password in it, or too long. */
enum err url_parse(const char *text, struct url *url, struct why *why);

/* TLS from the first byte: smtps, pop3s, imaps. */
bool url_implicit_tls(const struct url *url);

/* "smtp", "pop3s", …; never NULL. */
const char *url_scheme_name(enum url_scheme scheme);

#endif
