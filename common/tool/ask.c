#include "tool/ask.h"

#include "tool/diag.h"
#include "tool/io.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int terminal(void)
{
    return open("/dev/tty", O_RDWR | O_CLOEXEC);
}

bool ask_possible(void)
{
    if (!isatty(STDIN_FILENO))
        return false;
    int fd = terminal();
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static enum err read_answer(int fd, struct buf *out, struct why *why)
{
    for (bool any = false;; any = true) {
        uint8_t c;
        size_t got;
        enum err e = io_read(fd, &c, 1, &got, why);
        if (e)
            return e;
        if (got == 0)
            return any ? ERR_NONE : why_set(why, ERR_NO, "no answer");
        if (c == '\n')
            return ERR_NONE;
        e = buf_add_byte(out, c);
        if (e)
            return why_set(why, e, "answer too long");
    }
}

enum err ask_line(const char *prompt, struct buf *out, struct why *why)
{
    int fd = terminal();
    if (fd < 0)
        return why_errno(why, ERR_AUTH, "/dev/tty");
    enum err e = io_write(fd, prompt, strlen(prompt), why);
    if (!e)
        e = read_answer(fd, out, why);
    close(fd);
    return e;
}

void ask_tell(const char *line)
{
    int fd = terminal();
    if (fd < 0)
        return;
    if (!io_write(fd, line, strlen(line), NULL))
        io_write(fd, "\n", 1, NULL);
    close(fd);
}
