/*
 * Listening sockets: made from an address, or handed over by a service manager.
 */
#ifndef NET_SOCKETS_H
#define NET_SOCKETS_H

#include "bytes/err.h"

#include <stdbool.h>

/*
 * Binds and listens: "ADDR:PORT", "[::1]:PORT", ":PORT" (every address), "unix:PATH" (a socket
 * that nobody answers on any more is replaced). Port 0 is one that is free. ERR_USAGE: no
 * address. ERR_UNAVAILABLE: taken. ERR_AUTH: not allowed. ERR_NO_HOST: no such name.
 */
enum err socket_listen(const char *address, int *fd, struct why *why);

/* The port it is bound to; 0 where it has none (unix). */
unsigned socket_port(int fd);

/*
 * How many sockets a service manager has handed over, from descriptor 3 on (LISTEN_FDS of
 * LISTEN_PID, which are taken out of the environment); they get FD_CLOEXEC. 0: none.
 */
unsigned sockets_inherited(void);

/* fd listens; else it is a connection. */
bool socket_is_listening(int fd);

#endif
