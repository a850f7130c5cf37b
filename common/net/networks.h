/*
 * A list of networks, as --relay names them: "127.0.0.0/8,[::1],192.0.2.7".
 */
#ifndef NET_NETWORKS_H
#define NET_NETWORKS_H

#include "bytes/err.h"

#include <stdbool.h>
#include <stdint.h>

enum { NETWORKS_MAX = 64 };

struct networks {
    unsigned count;
    struct network {
        uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d */
        unsigned bits;       /* of these 128 */
    } list[NETWORKS_MAX];
};

/*
 * Adds the networks of text, separated by commas: ADDRESS or ADDRESS/BITS, IPv6 with or without
 * brackets. ERR_USAGE: something else, host bits set, or too many.
 */
enum err networks_add(struct networks *n, const char *text, struct why *why);

/* The peer ("[127.0.0.1]", "[IPv6:::1]" as serve_client writes it; NULL: none) is in one. */
bool networks_have(const struct networks *n, const char *client);

#endif
