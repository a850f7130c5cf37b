/*
 * The next hops of a run: one where the command line names it, else each recipient's own.
 */
#ifndef SMTP_SEND_HOPS_H
#define SMTP_SEND_HOPS_H

#include "bytes/buf.h"
#include "smtp/sender.h"
#include "tool/conf.h"

enum { HOPS_MAX = 100000 };

/* A URL, or a domain to which mail goes directly (queue/hop.h). */
struct hop {
    const char *where;
    struct buf password;        /* of its log-in, once somebody has been asked for it */
    enum err unreachable;       /* these three as in struct job, while it is another's turn */
    struct why reason;
    struct sender_result fault;
    unsigned long round;        /* of sending: it has had its turn in this one */
};

struct hops {
    struct buf list; /* of struct hop *, each once */
};

/* None. hops_release frees. */
void hops_init(struct hops *h);
/* Frees them all. */
void hops_release(struct hops *h);

/* The hop called where, which is copied; a new one where there was none. NULL: no memory. */
struct hop *hops_get(struct hops *h, const char *where);

/*
 * Each recipient's hop by the settings, in out[count]. A path without a domain, where no smarthost
 * is set, goes nowhere: ERR_USAGE. ERR_DATA: no path. ERR_OS.
 */
enum err hops_find(struct hops *h, const struct conf *conf, const char *const *paths, size_t count,
                   struct hop **out, struct why *why);

#endif
