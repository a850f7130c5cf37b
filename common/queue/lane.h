/*
 * A running `smtp-send --entries`: one connection to one next hop, over which entry after entry
 * goes, and what is said of each of them at once.
 */
#ifndef QUEUE_LANE_H
#define QUEUE_LANE_H

#include "bytes/buf.h"

#include <stdbool.h>
#include <sys/types.h>

/* Begins the name of a hop that is the server of a user of the table; the others are URLs, or
 * domains. */
#define LANE_USER "user:"

enum { LANE_WORDS = 512 };

struct lane {
    pid_t pid;
    int entries; /* a socket, to it; -1: closed */
    int results; /* a pipe, from it: poll this one */
    int words;   /* a file with what it says on stderr; -1: it speaks for itself */
    struct buf text;
    size_t taken; /* of text: lines that lane_line has given */
};

/*
 * Starts sender for a hop: a URL, a domain (queue/hop.h), or LANE_USER and a code. ERR_UNAVAILABLE:
 * there is no smtp-send. ERR_OS. lane_bury ends it.
 */
enum err lane_open(struct lane *l, const char *sender, const char *hop, struct why *why);

/* Gives it an envelope (smtp-send's entries.h) and the mail. ERR_PIPE: it has gone. ERR_IO. */
enum err lane_give(struct lane *l, struct span envelope, int mail, struct why *why);

/* Nothing more is given: it says QUIT and goes, and results comes to its end. */
void lane_finish(struct lane *l);

/* Reads what is there, once; waits where nothing is. ERR_NO: the end. ERR_IO, ERR_DATA. */
enum err lane_read(struct lane *l, struct why *why);

/* The next whole line of what was read, valid until lane_read; false: there is none. */
bool lane_line(struct lane *l, struct span *line);

/* Closes all, waits for it, and gives its exit status and the last line that it said. */
int lane_bury(struct lane *l, char words[LANE_WORDS]);

#endif
