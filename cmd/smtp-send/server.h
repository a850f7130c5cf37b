/*
 * The server of a run: which one it is, and the connection to it.
 */
#ifndef SMTP_SEND_SERVER_H
#define SMTP_SEND_SERVER_H

#include "job.h"

/* Sets j->helo: --helo, the settings' hostname, or this host's. */
void server_own_name(struct job *j);

/*
 * Sets j->only, the next hop of all mail, by --stdio, --url, --user or --host; else it stays NULL,
 * and each recipient has his own by the settings. With --user also the reverse-path that the table
 * has. Says what fails.
 */
enum err server_find(struct job *j);

/* What j->hop is called to the user. */
const char *server_shown(const struct job *j);

/*
 * Makes hop the one that server_connect goes to: its URL, log-in and password. Another's connection
 * is closed. Says what fails, once, and leaves it in j->unreachable and j->reason.
 */
enum err server_use(struct job *j, struct hop *hop);

/* Opens j->transfer, ready for mails, at j->hop, or where there is none yet at the smarthost. Says
 * what fails, and leaves it in j->reason and j->fault. */
enum err server_connect(struct job *j);

/*
 * Goes on to the next host of j->hop, after one that put recipients off (RFC 5321 5.1). False:
 * there is none, and no connection any more; a new one begins with the best host again.
 */
bool server_next_host(struct job *j);

/* QUIT, and the connection is closed, where there is one. */
void server_disconnect(struct job *j);

#endif
