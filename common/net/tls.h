/*
 * The server's side of TLS, without a socket: bytes of the peer go in, bytes for it come out, so
 * that it serves listeners and stdin/stdout alike. TLS 1.2 and later.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include "bytes/buf.h"

/* Certificate and key: shared by all sessions, and by all threads once opened. */
struct tls_server;

/*
 * Reads PEM files: cert may hold the chain behind the certificate. ERR_CONFIG: missing,
 * unreadable, or a key that is not the certificate's.
 */
enum err tls_server_open(const char *cert, const char *key, struct tls_server **server,
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
