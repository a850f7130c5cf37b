/*
 * A connection after TURN or ATRN: the peer is the receiver now, and speaks with another process
 * beyond a socket, the sender, to which everything goes and from which everything comes. Here
 * nothing of it is understood but TLS.
 */
#ifndef NET_TURNED_H
#define NET_TURNED_H

#include "net/seats.h"
#include "net/tls.h"

struct turned {
    struct tls *tls; /* the peer's; NULL: none */
    int beyond;      /* the socket to the sender; -1: none */
};

/*
 * Waits, a minute at most, for the sender's first line: 250 there is mail, 453 there is none, else
 * 451. t is to have no socket yet; it takes this one, but after 451 closes it.
 */
unsigned turned_begin(struct turned *t, int beyond);

/* Closes and frees. */
void turned_release(struct turned *t);

/*
 * Moves bytes between the peer, whom in and out lead to, and the sender, until the latter has
 * ended and all he said has gone. Either side's end is passed on. At most some 100 KB wait for
 * either of them. The descriptors may block or not. timeout: seconds in which nothing at all
 * moves; 0: any. ERR_AGAIN: they were over, or the peer is gone. ERR_PROTOCOL: TLS broke.
 * ERR_OS. In every case t is released.
 */
enum err turned_pump(struct turned *t, int in, int out, unsigned timeout, struct why *why);

/* The time-out for a pump where a receiver waits so many seconds for a command: a sender, who waits
 * for what the peer does with a mail, has more. */
unsigned turned_timeout(unsigned seconds);

/* The place of a connection under the caps; seats NULL: it has none. */
struct turned_seat {
    struct seats *seats;
    uint32_t owner;
    unsigned seat;
};

/*
 * The same in a process of its own that has nothing else open and outlives this one; the caller
 * closes fd, and t is released here. The seat is that process's then, until it ends: seats_leave
 * of the former owner does nothing any more. ERR_OS: there is none.
 */
enum err turned_depart(struct turned *t, int fd, unsigned timeout, const struct turned_seat *seat,
                       struct why *why);

#endif
