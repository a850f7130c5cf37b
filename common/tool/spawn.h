/*
 * Child programs, always without a shell.
 *
 * Children get default signal handling, and of our descriptors only 0, 1 and 2.
 */
#ifndef TOOL_SPAWN_H
#define TOOL_SPAWN_H

#include "bytes/err.h"

#include <sys/types.h>

/* A command split into words; list ends with NULL. */
struct words {
    const char **list;
    int count;
};

/*
 * Splits as a shell would split plain words: blanks separate; '…', "…" and backslash quote;
 * nothing is expanded. ERR_CONFIG: an open quote, or no word at all. words_free frees.
 */
enum err words_split(const char *command, struct words *words, struct why *why);
void words_free(struct words *words);

/*
 * Starts argv[0] (argv ends with NULL; looked up on the PATH) with stdin and stdout from in and out
 * (-1: /dev/null) and our stderr. extra_env is "NAME=value" strings on top of our environment,
 * NULL-ended, or NULL. ERR_UNAVAILABLE: no such program; ERR_OS: fork.
 */
enum err spawn(const char *const argv[], int in, int out, const char *const extra_env[], pid_t *pid,
               struct why *why);

/*
 * Where the program of this name stands beside ours (links to us are followed), in out; else the
 * name itself, for the PATH.
 */
const char *spawn_beside(const char *name, char *out, size_t size);

/* Starts argv with stdin from /dev/null; *fd reads its stdout (the caller closes it). */
enum err spawn_pipe(const char *const argv[], pid_t *pid, int *fd, struct why *why);

/* Waits; *status is the exit status, or 128+n after signal n. */
enum err spawn_wait(pid_t pid, int *status, struct why *why);

#endif
