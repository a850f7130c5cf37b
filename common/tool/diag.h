/*
 * Words for people, on stderr: "program: message: reason", lower case, no full stop, one line.
 * Everyone may use these; nothing here exits.
 */
#ifndef TOOL_DIAG_H
#define TOOL_DIAG_H

#include "bytes/err.h"

#include <stdbool.h>

/* name must outlive the program's run. -q mutes warnings, -v turns traces on. */
void diag_init(const char *name, bool quiet, bool verbose);
bool diag_verbose(void);

/* Each prints one line; control bytes in what is formatted come out as '?'. */
void diag_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void diag_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void diag_trace(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * How far a long work has come ("page 7"), on stderr when that is a terminal and the program has
 * run for over a second, a few times a second at most; else nothing. The line is taken back
 * before anything else is said, and by diag_progress_end.
 */
void diag_progress(const char *format, ...) __attribute__((format(printf, 1, 2)));
void diag_progress_end(void);

/*
 * Prints "program: what: why" for a failure and returns e, so that a run() can end in
 * `return diag_fail(e, &why, "%s", path)`. Silent for ERR_NONE and ERR_PIPE. Without a reason in
 * why (or with why NULL) the class's own words stand in.
 */
enum err diag_fail(enum err e, const struct why *why, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Like why_set, with ": " and errno's words (as they were at the call) behind the text. */
enum err why_errno(struct why *why, enum err e, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
