/*
 * The server of a run: which one it is, and the connection to it.
 */
#ifndef SMTP_SEND_SERVER_H
#define SMTP_SEND_SERVER_H

#include "job.h"

/* Sets j->helo: --helo, the settings' hostname, or this host's. */
void server_own_name(struct job *j);

/* Sets URL, log-in and password, and the reverse-path that the table has. Says what fails. */
enum err server_find(struct job *j);

/* Opens j->transfer, ready for mails. Says what fails, and leaves it in j->reason. */
enum err server_connect(struct job *j);

/* QUIT, and the connection is closed, where there is one. */
void server_disconnect(struct job *j);

#endif
