/*
 * Giving way to another program of the same name: fuser is also psmisc's.
 */
#ifndef TOOL_NEXT_H
#define TOOL_NEXT_H

#include "bytes/err.h"

/*
 * Runs, in place of this one, the next program called name on the PATH: behind the directory this
 * program itself lies in, or the first when it is in none of them. Returns only on failure.
 * ERR_USAGE: there is none.
 */
enum err next_program(const char *name, char **argv, struct why *why);

#endif
