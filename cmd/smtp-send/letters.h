/*
 * The mails of a run, and the envelope of each.
 */
#ifndef SMTP_SEND_LETTERS_H
#define SMTP_SEND_LETTERS_H

#include "job.h"
#include "tool/program.h"

/* Takes the mails of --file or of stdin into j->bag. Says what fails. */
enum err letters_take(struct job *j);

/* Takes the recipients of the command line into j->to. Says what fails. */
enum err letters_operands(struct job *j, const struct operands *operands);

/* Sets the envelope of the nth mail (from 0): all about it that can be known before a byte is
 * sent. Says what fails. ERR_DATA: a path. ERR_USAGE: nobody. */
enum err letters_address(struct job *j, size_t n);

#endif
