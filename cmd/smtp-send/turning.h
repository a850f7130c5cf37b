/*
 * --turn, --atrn, --etrn: once the mails are sent, the peer is asked for what he has for us, which
 * after TURN and ATRN comes over the same connection, into the spool.
 */
#ifndef SMTP_SEND_TURNING_H
#define SMTP_SEND_TURNING_H

#include "job.h"

/* Something of this is asked for. */
bool turning_wanted(const struct settings *opt);

/* The options are good. ERR_USAGE; ERR_DATA: a domain that is none. Says what is wrong. */
enum err turning_check(const struct settings *opt);

/*
 * Asks, over the connection that is open or else a new one, and receives until the peer ends it;
 * the connection is closed then. What the peer answered goes to stdout under --json, what fails to
 * stderr, and into j->worst. ERR_NONE where nothing failed but the peer.
 */
enum err turning_run(struct job *j);

#endif
