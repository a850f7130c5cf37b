/*
 * An MTA-STS policy from its host (RFC 8461 3.3).
 */
#ifndef NET_STS_FETCH_H
#define NET_STS_FETCH_H

#include "net/sts.h"

/*
 * Appends the text at https://mta-sts.DOMAIN/.well-known/mta-sts.txt: certificate and name have to
 * hold, there are no redirections, and it is text/plain. The host's address is asked of o's
 * resolver. ERR_AGAIN: it cannot be had now. ERR_OS.
 */
enum err sts_fetch(const struct sts_options *o, const char *domain, struct buf *text,
                   struct why *why);

#endif
