/*
 * A session over two descriptors: stdin and stdout of inetd, socat, ssh or a pipe; and batches
 * (RFC 2442), which have no replies.
 */
#ifndef NET_SERVE_H
#define NET_SERVE_H

#include "net/session.h"

struct serve_options {
    int in, out;
    unsigned timeout;     /* seconds without a command or mail data; 0: for ever */
    unsigned greet_pause; /* seconds in which nothing may come before the greeting */
    bool relay;
};

/*
 * Speaks until the session is over. What is there already when the greeting is due ends it, if
 * in is a socket or greet_pause is set: a pipe's writer may well write ahead. ERR_PROTOCOL: the
 * peer went away within a mail. ERR_IO, ERR_PIPE: in or out failed.
 */
enum err serve_session(const struct session_host *host, const struct serve_options *options,
                       struct why *why);

/*
 * Carries out a batch from in, whose lines may end in LF throughout, and a last QUIT without one.
 * Every refusal is a warning on stderr. The worst of them is the result: ERR_DATA for what is no
 * batch, or cut; ERR_NO_USER, ERR_UNAVAILABLE, ERR_AGAIN as the reply's code says.
 */
enum err serve_batch(const struct session_host *host, int in, struct why *why);

/* The peer of a socket as Received shows it, "[127.0.0.1]"; false: it has none. */
bool serve_client(int fd, char *out, size_t size);

#endif
