/*
 * Passwords: from a file, a descriptor, a command or the terminal, and in no other way.
 */
#ifndef TOOL_SECRET_H
#define TOOL_SECRET_H

#include "bytes/buf.h"

#include <stdbool.h>

enum { SECRET_MAX = 4096, SECRET_SECONDS = 300 };

/* Where --password-file, --password-fd and --password-command say it is; fd is -1 for none. */
struct secret_source {
    char *file;
    int fd;
    char *command;
};

/* popt's rows for a struct secret_source variable called s, for a program's option table. */
#define SECRET_OPTIONS(s)                                                                         \
    {"password-file", 0, POPT_ARG_STRING, &(s).file, 0, "read the password from FILE", "FILE"},   \
    {"password-fd", 0, POPT_ARG_INT, &(s).fd, 0, "read the password from descriptor N", "N"},     \
    {"password-command", 0, POPT_ARG_STRING, &(s).command, 0, "run COMMAND to print it", "COMMAND"}

/* At least one source was given. */
bool secret_given(const struct secret_source *s);

/*
 * Reads one line, without its line end, into out (initialised by the caller with SECRET_MAX,
 * wiped by him with buf_wipe). Nothing given: asks with prompt on /dev/tty, not echoed; prompt
 * NULL, or no terminal: ERR_AUTH. ERR_NO_INPUT: the file; ERR_DATA: NUL in it, or too long;
 * ERR_USAGE: more than one source; ERR_AUTH: the command failed. The command is split into words
 * and run without a shell, and has SECRET_SECONDS, as secret_run.
 */
enum err secret_read(const struct secret_source *s, const char *prompt, struct buf *out,
                     struct why *why);

/*
 * The same of a command that has so many seconds to print the line and end: whoever waits for it
 * may be a run of the queue, with everybody's mail behind it. ERR_AGAIN: they are over, and it is
 * killed.
 */
enum err secret_run(const char *command, int seconds, struct buf *out, struct why *why);

/* Asks on /dev/tty whatever the sources say. ERR_AUTH: no terminal. */
enum err secret_ask(const char *prompt, struct buf *out, struct why *why);

#endif
