/*
 * The caps on connections, over all processes that serve: a table in shared memory with a seat a
 * connection. Nothing is counted but the seats that are taken, so that a process that dies takes
 * no number with it: its seats are swept by who outlives it. A worker that was taken over can
 * spoil these caps, and nothing else by this table.
 */
#ifndef NET_SEATS_H
#define NET_SEATS_H

#include "bytes/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct seats;

/* A memfd with a table for so many connections (0: any number); at most so many of one client
 * (0: any). ERR_OS. */
enum err seats_make(unsigned max, unsigned max_per_client, int *fd, struct why *why);

/* Maps it; seats_leave unmaps. ERR_OS. */
enum err seats_map(int fd, struct seats **seats, struct why *why);
void seats_unmap(struct seats *seats);

/* Who takes seats: a worker, from 1, of a generation, from 1. */
uint32_t seats_owner(unsigned generation, unsigned worker);

/*
 * Takes a seat for a client (its address as text; "" for one without, of whom there may be any
 * number).
 * False: one of the caps is reached. *seat is for seats_leave.
 *
 * Never more than the caps are seated, whoever takes a seat at the same time; of two who come for
 * the last one at once, both may be refused.
 */
bool seats_take(struct seats *seats, uint32_t owner, const char *client, unsigned *seat);
void seats_leave(struct seats *seats, uint32_t owner, unsigned seat);

/* The seat is another owner's from now on. */
void seats_pass(struct seats *seats, uint32_t owner, unsigned seat, uint32_t to);

/* A process that is nobody's worker, and outlives those: it has its seat until it leaves it, or
 * has died when somebody sweeps. */
uint32_t seats_owner_alone(pid_t pid);

/* Gives free what a worker had who has died; of worker 0, what all of the generation had. fd is
 * seats_make's. */
void seats_sweep(int fd, unsigned generation, unsigned worker);

/* How many are taken. */
unsigned seats_taken(const struct seats *seats);

#endif
