/*
 * The one table from error classes to exit statuses (sysexits and the shell's), the same for
 * every program; the manual pages' EXIT STATUS sections say the same.
 */
#ifndef TOOL_STATUS_H
#define TOOL_STATUS_H

#include "bytes/err.h"

/* The exit status that stands for e: 0 to 78, 141 for ERR_PIPE. */
int status_of(enum err e);

/* The class of a child's exit status; what no table row has is ERR_BUG, a signal's is ERR_OS. */
enum err status_to_err(int status);

/* A few words for a class that came without a why: "try again later". */
const char *status_words(enum err e);

#endif
