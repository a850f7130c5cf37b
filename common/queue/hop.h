/*
 * Where mail for a recipient goes next: the first host of a source route, else `route.DOMAIN`,
 * else `smarthost` of faxpipe.conf, else the domain's own hosts (MX).
 */
#ifndef QUEUE_HOP_H
#define QUEUE_HOP_H

#include "bytes/err.h"
#include "tool/conf.h"

#include <stdbool.h>

enum { HOP_SIZE = 1200, HOP_DOMAIN = 300 };

/* What `route.DOMAIN` says where no host is called: mail waits until its host calls us (TURN,
 * ATRN). */
#define HOP_TURN "turn"

/* The URL for smtp-send, or HOP_TURN; or, where the DNS is to be asked, a domain: see hop_is_url.
 * ERR_DATA: the path is none, or has no domain and no smarthost. ERR_CONFIG: the URL has a password
 * in it, which would be seen by all. */
enum err hop_find(const struct conf *conf, const char *path, char out[HOP_SIZE],
                  struct why *why);

/* A URL: --url of smtp-send. Else its --host. */
bool hop_is_url(const char *hop);

/* The host of such a URL, "" where it names none. */
void hop_host(const char *url, char out[256]);

/* The path's domain is one of list, which has blanks or commas between; whatever the case. */
bool hop_is_of(const char *path, const char *list);

#endif
