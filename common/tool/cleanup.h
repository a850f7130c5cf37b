/*
 * Names that go when the program is stopped: temporary files and directories.
 *
 * cleanup_install makes SIGINT, SIGTERM and SIGHUP remove every registered name and then end the
 * program by that signal, so that its status is 128+n.
 */
#ifndef TOOL_CLEANUP_H
#define TOOL_CLEANUP_H

/* Installs the handlers, and ignores SIGPIPE and SIGXFSZ (writes then fail with EPIPE and EFBIG).
 * Once, at start. */
void cleanup_install(void);

/* Remembers a file's name (copied); callable by several threads. At most 16 at once, of at most
 * 4127 bytes; what is over these is not remembered. A registered name is a path that this program
 * created. */
void cleanup_add(const char *path);
void cleanup_forget(const char *path);

/* Removes everything registered, now. */
void cleanup_run(void);

#endif
