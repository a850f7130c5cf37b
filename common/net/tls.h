/*
 * The server's side of TLS, without a socket: bytes of the peer go in, bytes for it come out, so
 * that it serves listeners and stdin/stdout alike. TLS 1.2 and later.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include "bytes/buf.h"

/* A certificate and its key: PEM files. The certificate's may hold the chain behind it, and its key
 * as well. */
struct tls_pair {
    const char *cert, *key;
};

enum { TLS_PAIRS_MAX = 64 };

/* Certificates and keys: shared by all sessions, and by all threads once opened. */
struct tls_server;

/*
 * Reads at least one pair, at most TLS_PAIRS_MAX. A client is shown the first certificate made
 * out to the name that it asks for (SNI); else, or where it names none, the first of all. Of
 * those for the same names with keys of other kinds it is shown the one it knows how to verify.
 * Sessions are not resumed: there is no ticket key whose loss would open them later. ERR_CONFIG:
 * missing, unreadable, or a key that is not the certificate's.
 */
enum err tls_server_open(const struct tls_pair pairs[], unsigned count, struct tls_server **server,
                         struct why *why);
void tls_server_free(struct tls_server *server);

/* One session. A fatal failure sticks: every later call says it again. */
struct tls;

/* server outlives it. ERR_OS. */
enum err tls_open(const struct tls_server *server, struct tls **tls, struct why *why);
void tls_free(struct tls *tls);

/* Takes bytes that came from the peer. ERR_OS. */
enum err tls_push(struct tls *tls, struct span sealed, struct why *why);

/*
 * Goes on with the handshake and appends to plain, within its cap, what can be opened; nothing
 * more now is no error. ERR_PROTOCOL: not TLS, or broken. Call again while it appends.
 */
enum err tls_read(struct tls *tls, struct buf *plain, struct why *why);

/* The handshake is done. */
bool tls_ready(const struct tls *tls);

/* The peer has said that it sends nothing more. */
bool tls_ended(const struct tls *tls);

/* Seals bytes for the peer; the handshake must be done. ERR_OS, ERR_PROTOCOL. */
enum err tls_write(struct tls *tls, struct span plain, struct why *why);

/* Says that we send nothing more. */
void tls_end(struct tls *tls);

/* Appends to out what is to be sent to the peer, handshake included. Errors as buf_add. */
enum err tls_output(struct tls *tls, struct buf *out);

#endif
