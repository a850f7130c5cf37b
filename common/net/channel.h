/*
 * A channel to a mail server: an ordered stream of bytes each way, with names, proxies, TLS,
 * STARTTLS and log-in already behind it.
 *
 * libcurl opens it (CURLOPT_CONNECT_ONLY) and says greeting, EHLO or CAPA, STARTTLS and the
 * SASL exchange; after that the caller speaks. Nothing is said for him at the end: QUIT and
 * LOGOUT are the caller's. Over LMTP, and over a pair of descriptors, nothing has been said at
 * all when the channel opens: the peer's greeting is still to be read.
 *
 * Deadlines are the channel's own: every wait for the peer ends after the time-out with
 * ERR_AGAIN. One thread at a time.
 */
#ifndef NET_CHANNEL_H
#define NET_CHANNEL_H

#include "bytes/buf.h"
#include "net/dane.h"
#include "net/url.h"

enum channel_tls {
    CHANNEL_TLS_TRY = 0, /* STARTTLS where it is offered, whatever the certificate */
    CHANNEL_TLS_NONE,
    CHANNEL_TLS_REQUIRE, /* and a certificate that holds; else nothing has been sent */
    CHANNEL_TLS_ENCRYPT, /* TLS, whatever the certificate; else nothing has been sent */
};

struct channel_options {
    const char *url;            /* smtp:// smtps:// lmtp:// pop3:// pop3s:// imap:// imaps:// */
    const char *user;           /* log-in; NULL: the URL's; no password: no log-in */
    const struct buf *password; /* NULL or empty: no log-in; stays the caller's, who wipes it */
    bool bearer;                /* the password is an OAuth token (XOAUTH2, RFC 7628) */
    enum channel_tls tls;       /* a password, and the s of smtps, make TRY REQUIRE */
    const char *ca;             /* PEM file of trusted certificates; NULL: the system's */
    unsigned timeout;           /* seconds of each wait; 0: 300 */
    const char *helo;           /* our name in EHLO; NULL: the host's */
    const char *address;        /* the URL's host is there, and not to be looked up; or NULL.
                                   Whoever names it has further ones: it has half a minute to
                                   answer */
    const struct dane *dane;    /* with REQUIRE: the certificates that are right, in the place of
                                   those that an authority vouches for; or NULL */
};

struct channel;

/*
 * Connects, secures and logs in. ERR_USAGE: the URL, or a password without TLS. ERR_NO_HOST: no
 * such host. ERR_AGAIN: refused, timed out, dropped, or answered 4yz. ERR_AUTH: wrong password
 * or certificate. ERR_UNAVAILABLE: STARTTLS or log-in is not offered though it is wanted, or 5yz.
 * ERR_PROTOCOL: not such a server, or bytes slipped in behind the answer to STARTTLS.
 * ERR_NO_INPUT: the CA file. After a failure *channel is NULL.
 */
enum err channel_open(const struct channel_options *options, struct channel **channel,
                      struct why *why);

/* A channel over descriptors that are open already (in == out is fine); they are not closed. */
enum err channel_open_fds(int in, int out, unsigned timeout, struct channel **channel,
                          struct why *why);

/*
 * What the server said it can do, as it counts now (what was said before STARTTLS is void): a
 * line for each, ended by LF. SMTP: the lines of the EHLO reply without their codes, the peer's
 * name first (one line alone: it knows only HELO). POP3: the lines of CAPA. IMAP: the last list
 * of capabilities, one a line. Empty where the server did not say. Valid until channel_close.
 */
struct span channel_capabilities(const struct channel *c);

/* How long it waits for a byte, in milliseconds. */
int channel_timeout(const struct channel *c);

/* The bytes travel under TLS. */
bool channel_is_secure(const struct channel *c);

/*
 * Writes all n bytes. What the peer says meanwhile is kept (up to 1 MiB) for channel_read, so
 * that neither side waits for the other. ERR_AGAIN: dropped, or not taken within the time-out and
 * a second for every 100 bytes, with an unknown part written (what the peer said before may still
 * be read); ERR_PROTOCOL: the peer floods us.
 */
enum err channel_write(struct channel *c, const void *p, size_t n, struct why *why);

/*
 * Reads at most n bytes, waiting for the first; *got is 0 only when the peer has closed.
 * ERR_AGAIN: nothing came within the time-out, or the connection broke.
 */
enum err channel_read(struct channel *c, void *p, size_t n, size_t *got, struct why *why);

/* As channel_read with a time-out of its own in milliseconds; 0 only looks. ERR_NO: nothing yet. */
enum err channel_read_for(struct channel *c, void *p, size_t n, size_t *got, int milliseconds,
                          struct why *why);

/* Closes without a word to the peer. NULL is fine. */
void channel_close(struct channel *c);

/*
 * Traces (-v) the lines of bytes, each behind mark ("C" or "S"); long ones are cut. Secrets are
 * the caller's to keep out; channel_open's own dialogue is traced with every secret masked.
 */
void channel_trace(const char *mark, struct span bytes);

#endif
