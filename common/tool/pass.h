/*
 * Bytes over a Unix socket, a stream or one of packets, and a descriptor with them.
 */
#ifndef TOOL_PASS_H
#define TOOL_PASS_H

#include "bytes/err.h"

#include <sys/types.h>

/*
 * Sends all n bytes (at least one; a packet), and descriptor (-1: none) with the first of them; the
 * receiver's is a duplicate, which shares place and lock. ERR_PIPE: the other end has gone.
 * ERR_IO.
 */
enum err pass_send(int socket, const void *p, size_t n, int descriptor, struct why *why);

/*
 * Receives once, at most n bytes, or one packet; *got is 0 only at the end. *descriptor is what
 * came with them, closed over exec, else -1; of several only the first is taken. ERR_PROTOCOL: the
 * packet was longer. ERR_IO: also where it is no socket.
 */
enum err pass_receive(int socket, void *p, size_t n, size_t *got, int *descriptor,
                      struct why *why);

#endif
