/*
 * What the clerk has been shown, and so need not believe a worker: who may relay, and to whom.
 *
 * A worker that was taken over still reads and answers every session it has, makes handshakes
 * signed, writes what it likes into the spool, has VRFY's and RCPT's answers, and mail for the
 * table's users sent on to where the table sends it. It has nothing relayed elsewhere unless it
 * holds a connection from a network of --relay, which the clerk looks at himself, or somebody has
 * proved his password to the clerk through that very worker; it logs in as nobody, starts no
 * program but those of --exec and the off-ramp, with mail for our recipients, and learns no key, no
 * verifier and no row of the table. Notices it has made as any peer has: one for each recipient of
 * ours that it has named to the clerk together with who is to be told.
 */
#ifndef NET_WARRANTS_H
#define NET_WARRANTS_H

#include "net/clerk.h"
#include "net/networks.h"

enum { WARRANTS_MAX = 1 << 16 };

struct warrants_given;

struct warrants {
    const struct networks *relay; /* whose peers may relay; NULL: nobody's */
    bool stdin_may;               /* as may whoever is on stdin: he has no connection */
    bool proved[CLERK_ASKERS_MAX]; /* a password, through this worker */
    struct warrants_given *given; /* the paths that were named to workers, and who may be
                                   * told of whom; NULL: none */
};

/* A password has been proved to the clerk, who is answering clerk_asker. */
void warrants_note_login(struct warrants *w);

/* clerk_asker may have mail relayed: for the peer at the other end of the descriptor (-1: none),
 * or for who has logged in. */
bool warrants_may_relay(const struct warrants *w, int connection);

/* The paths in an answer's lines that are led by one of marks may be asked for from now on, until
 * WARRANTS_MAX others have been given. */
void warrants_give(struct warrants *w, struct span lines, const char *marks);

/* All of the paths in brackets, each in a line of its own, have been given; of one without
 * brackets the whole text. */
bool warrants_have(const struct warrants *w, const char *text);

/* clerk_asker may have the sender told once of the recipient of this path, for as long. */
void warrants_give_notice(struct warrants *w, const char *sender, const char *path);

/* All of the paths in brackets have been given with this sender and to this worker, and are taken
 * away now, each as often as it is there. False: one has not; those before it are gone too. */
bool warrants_take_notice(struct warrants *w, const char *sender, const char *text);

/* Forgets all that was given. */
void warrants_release(struct warrants *w);

#endif
