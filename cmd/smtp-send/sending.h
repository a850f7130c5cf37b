/*
 * Mails sent, and the fate of each recipient told.
 */
#ifndef SMTP_SEND_SENDING_H
#define SMTP_SEND_SENDING_H

#include "job.h"

/*
 * Sends the mail (from 0) whose envelope is set, over the connection that is open or else a new
 * one. ERR_NONE: all its recipients are settled and told, and j->worst has their worst.
 */
enum err sending_one(struct job *j, size_t mail);

#endif
