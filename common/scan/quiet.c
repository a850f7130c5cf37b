#include "scan/quiet.h"

#include "tool/io.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void quiet_begin(struct quiet *q)
{
    fflush(stderr);
    q->saved = fcntl(2, F_DUPFD_CLOEXEC, 3);
    if (io_temp(&q->kept, NULL))
        q->kept = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (q->saved >= 0 && q->kept >= 0)
        dup2(q->kept, 2);
}

void quiet_end(struct quiet *q)
{
    fflush(stderr);
    if (q->saved >= 0) {
        dup2(q->saved, 2);
        close(q->saved);
        q->saved = -1;
    }
}

void quiet_line(const struct quiet *q, char *line, unsigned size)
{
    char text[1024];
    ssize_t n = q->kept < 0 ? 0 : pread(q->kept, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    const char *from = text + strspn(text, " \t\r\n");
    snprintf(line, size, "%.*s", (int)strcspn(from, "\r\n"), from);
}

void quiet_release(struct quiet *q)
{
    if (q->kept >= 0)
        close(q->kept);
    q->kept = -1;
}
