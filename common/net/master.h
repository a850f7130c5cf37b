/*
 * The master of a serving program: it keeps the listening sockets and the process number that the
 * world knows, and reads nothing from the network. The serving is done by a generation of
 * processes; for new settings, certificates or a new version of the program the master starts
 * another one, and once that is ready the old one takes no more connections, serves those it has
 * and goes. As the sockets stay open throughout, nobody is ever refused.
 *
 * A generation learns what it is to do from two pipes of which the master alone holds the other
 * ends: they come to their end when he closes them, and when he dies. Who has become another user
 * in another root can still read them, and no signal is missed or comes too early.
 */
#ifndef NET_MASTER_H
#define NET_MASTER_H

#include "bytes/err.h"

#include <stdbool.h>

enum {
    MASTER_SOCKETS_MAX = 128,
    MASTER_STOP_SECONDS = 30, /* what a generation has to end the transactions under way */
};

struct generation {
    unsigned number; /* from 1 */
    int drain;       /* at its end: take no more connections, serve those there are, and end */
    int stop;        /* at its end: the same, but end them within MASTER_STOP_SECONDS */
    int report;      /* for the three below */
    int seats;       /* net/seats.h */
};

struct master {
    int fds[MASTER_SOCKETS_MAX]; /* the listening sockets */
    unsigned count;
    int seats;           /* net/seats.h; -1: none */
    void (*ready)(void); /* called when the first generation is ready; may be NULL */
};

/*
 * Serves by generations until SIGTERM or SIGINT: begin is called in a new process, which ends with
 * the status of what it returns. SIGHUP starts the program anew, with the same arguments, as
 * the next generation; if that does not get ready, the old one stays, and that is said. So does a
 * generation that died or lost a worker have a successor, sooner or later: more than one a minute
 * wait for each other, up to 10 s. A service manager hears of it (sd_notify(3), NOTIFY_SOCKET).
 * SIGTERM and SIGINT let the generations end what is under way and then end the process by that
 * signal; a second one at once.
 *
 * Returns only what the first generation ended with before it was ready (it has said why), or
 * ERR_OS.
 */
enum err master_run(const struct master *m,
                    enum err (*begin)(void *arg, const struct generation *g), void *arg,
                    struct why *why);

/*
 * In a program that a master has started anew: true, and what it was given, its sockets in the
 * order in which the master had them. The environment no longer shows it.
 */
bool generation_inherit(struct generation *g, struct master *m);

/* That another n processes of the generation must be ready before it is; before any of them is. */
void generation_expect(const struct generation *g, unsigned n);

/* That this one is. report is a struct generation's; -1: there is no master. */
void generation_ready(int report);

/* That a worker has died, and a whole generation had better take over. */
void generation_lost(const struct generation *g);

#endif
