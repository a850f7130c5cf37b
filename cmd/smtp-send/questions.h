/*
 * --vrfy, --expn, --help-peer: what the server is asked instead of getting mail.
 */
#ifndef SMTP_SEND_QUESTIONS_H
#define SMTP_SEND_QUESTIONS_H

#include "job.h"

/* Asks all that was asked for by one connection, answers to stdout; the worst answer counts. */
enum err questions_ask(struct job *j);

#endif
