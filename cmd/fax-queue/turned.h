/*
 * The queue over a connection that was turned: stdin and stdout lead to a peer that has asked for
 * its mail (TURN of RFC 821, ATRN of RFC 2645), and to which all of it goes in one session.
 */
#ifndef FAX_QUEUE_TURNED_H
#define FAX_QUEUE_TURNED_H

#include "queue/flush.h"

/*
 * First tells whoever started us, in a line on stdout, whether anything waits for o->domain: "250"
 * or "453"; he may close the connection then. Else waits for the peer's 220 and sends what waits,
 * settling the entries as every flush does, and QUIT. ERR_NO: nothing waited. ERR_AGAIN,
 * ERR_PROTOCOL, ERR_UNAVAILABLE: the peer; what was not sent stays. Else as queue_flush.
 */
enum err turned_flush(const struct queue *q, const struct home *home,
                      const struct flush_options *o, struct flush_counts *counts, struct why *why);

#endif
