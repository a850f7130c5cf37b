/*
 * Many sessions at once in one process, over libuv.
 */
#ifndef NET_LISTENER_H
#define NET_LISTENER_H

#include "net/seats.h"
#include "net/session.h"

/* Whether a peer of this address ("[127.0.0.1]", NULL for a unix socket) may name foreign
 * recipients. */
typedef bool listener_relay_fn(const void *arg, const char *client);

struct listener_options {
    const int *fds; /* listening sockets */
    unsigned count;
    unsigned atrn; /* the last so many of them offer ATRN, whatever the host's options say */
    struct seats *seats; /* 421 4.7.0 for who gets none; NULL: all do */
    uint32_t owner;      /* of the seats */
    int drain, stop;     /* as in net/master.h; -1: never */
    unsigned stop_seconds; /* until the last transaction is cut */
    int report;          /* generation_ready's */
    int keeper;          /* of the TLS keys: without him no service; -1: none */
    unsigned timeout;     /* seconds without a byte; 0: for ever */
    unsigned greet_pause; /* seconds in which nothing may come before the greeting */
    listener_relay_fn *relay; /* NULL: nobody */
    const void *relay_arg;
};

/*
 * Serves until drain or stop are at their end. After drain no connection is taken any more, and it
 * returns when the last one is over; after stop every session has its 421 at once, or when the
 * transaction it is in has ended. ERR_OS.
 */
enum err listener_run(const struct session_host *host, const struct listener_options *options,
                      struct why *why);

#endif
