/*
 * Questions on the terminal whose answers may be seen (secret.h asks those that may not).
 */
#ifndef TOOL_ASK_H
#define TOOL_ASK_H

#include "bytes/buf.h"

/* There is somebody to ask: stdin is a terminal, and so is /dev/tty. */
bool ask_possible(void);

/*
 * Shows prompt on /dev/tty and appends the line that comes, without its end. ERR_NO: the end of
 * input (^D). ERR_DATA: longer than out's cap. ERR_AUTH: no terminal.
 */
enum err ask_line(const char *prompt, struct buf *out, struct why *why);

/* Shows a line on /dev/tty. */
void ask_tell(const char *line);

#endif
