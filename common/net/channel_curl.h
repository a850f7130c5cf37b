/*
 * The inside of a channel, shared by channel.c (bytes), channel_open.c (connecting) and
 * channel_turned.c alone.
 */
#ifndef NET_CHANNEL_CURL_H
#define NET_CHANNEL_CURL_H

#include "net/channel.h"
#include "net/handshake.h"

#include <curl/curl.h>

struct channel {
    CURL *easy;       /* NULL: over descriptors */
    struct curl_slist *places; /* what libcurl need not look up */
    int in, out;      /* what to poll */
    int timeout_ms;
    bool secure;
    bool ended;       /* nothing more comes from the peer */
    struct buf inbox; /* came while we were writing */
    struct handshake handshake;
    char error[CURL_ERROR_SIZE];
};

/* An empty channel, or NULL without memory; channel_close frees it. timeout as in the options. */
struct channel *channel_new(unsigned timeout);

#endif
