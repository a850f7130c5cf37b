/*
 * Many sessions at once in one process, over libuv.
 */
#ifndef NET_LISTENER_H
#define NET_LISTENER_H

#include "net/session.h"

/* Whether a peer of this address ("[127.0.0.1]", NULL for a unix socket) may name foreign
 * recipients. */
typedef bool listener_relay_fn(const void *arg, const char *client);

struct listener_options {
    const int *fds; /* listening sockets */
    unsigned count;
    unsigned atrn; /* the last so many of them offer ATRN, whatever the host's options say */
    unsigned max_connections; /* 421 4.7.0 beyond; of one address: max_per_client */
    unsigned max_per_client;
    unsigned timeout;     /* seconds without a byte; 0: for ever */
    unsigned greet_pause; /* seconds in which nothing may come before the greeting */
    listener_relay_fn *relay; /* NULL: nobody */
    const void *relay_arg;
};

/* Serves until the process is ended by a signal: returns on failure only. ERR_OS. */
enum err listener_run(const struct session_host *host, const struct listener_options *options,
                      struct why *why);

#endif
