/*
 * Mails sent, and the fate of each recipient told.
 */
#ifndef SMTP_SEND_SENDING_H
#define SMTP_SEND_SENDING_H

#include "job.h"

/* Every recipient of the mail whose envelope is set has a next hop. Says what fails. ERR_DATA. */
enum err sending_check(struct job *j);

/*
 * Sends the mail (from 0) whose envelope is set, over the connection that is open or else a new
 * one. ERR_NONE: all its recipients are settled and told, and j->worst has their worst.
 */
enum err sending_one(struct job *j, size_t mail);

#endif
