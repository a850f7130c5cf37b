/*
 * All the mails of a run, by one connection after the other or by several at once.
 */
#ifndef SMTP_SEND_JOBS_H
#define SMTP_SEND_JOBS_H

#include "job.h"

enum { JOBS_MAX = 100 };

/*
 * Sends every mail of j->bag, whose envelopes have all been found good; with --jobs by so many
 * processes, each with a connection of its own, taking the next mail that nobody has. ERR_NONE:
 * all are settled and told, and j->worst has their worst.
 */
enum err jobs_send(struct job *j);

#endif
