#include "print/terminal.h"

#include "bytes/span.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { WAIT_MS = 500, CELL_PELS = 8 };

/* Kitty's query of a picture of one pel, and then what every terminal answers: whoever answers the
 * second without the first does not know the first. */
static const char question[] = "\033_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\033\\\033[c";

static long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* "\033[?62;4;22c": the attributes; *from is where they begin. */
static bool attributes(const char *answer, const char **from)
{
    *from = strstr(answer, "\033[?");
    return *from && strchr(*from, 'c');
}

static void listen_to(int tty, char answer[512])
{
    size_t n = 0;
    long end = now_ms() + WAIT_MS, left;
    const char *from;
    answer[0] = '\0';
    while (n < 511 && (left = end - now_ms()) > 0 && !attributes(answer, &from)) {
        struct pollfd p = {tty, POLLIN, 0};
        if (poll(&p, 1, (int)left) != 1)
            return;
        ssize_t k = read(tty, answer + n, 511 - n);
        if (k <= 0)
            return;
        n += (size_t)k;
        answer[n] = '\0';
    }
}

static enum terminal_graphics read_answer(const char *answer)
{
    const char *from;
    if (strstr(answer, "\033_Gi=31;OK"))
        return TERMINAL_KITTY;
    if (attributes(answer, &from))
        for (const char *c = from + 2; *c && *c != 'c'; c++)
            if ((*c == ';' || *c == '?') && c[1] == '4' && (c[2] == ';' || c[2] == 'c'))
                return TERMINAL_SIXEL;
    return TERMINAL_BLOCKS;
}

/* Without echo, lines and signals for the half second, so that nothing can leave it so. */
static enum terminal_graphics ask(int tty)
{
    struct termios before, quiet;
    char answer[512];
    if (tcgetattr(tty, &before) != 0)
        return TERMINAL_BLOCKS;
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ICANON | ISIG);
    quiet.c_cc[VMIN] = 0;
    quiet.c_cc[VTIME] = 0;
    if (tcsetattr(tty, TCSAFLUSH, &quiet) != 0)
        return TERMINAL_BLOCKS;
    answer[0] = '\0';
    if (write(tty, question, sizeof question - 1) == (ssize_t)sizeof question - 1)
        listen_to(tty, answer);
    tcsetattr(tty, TCSAFLUSH, &before);
    return read_answer(answer);
}

void terminal_look(int fd, struct terminal *t)
{
    struct winsize size = {0};
    const char *columns = getenv("COLUMNS"), *name = getenv("TERM");
    uint64_t n;
    *t = (struct terminal){TERMINAL_BLOCKS, 80, 0};
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 1) {
        /* A line as wide as the terminal would be followed by an empty one on some. */
        t->columns = size.ws_col - 1u;
        t->pels = size.ws_xpixel;
    } else if (columns && span_number(span_str(columns), 1000, &n) && n > 1) {
        t->columns = (unsigned)n;
    }
    if (!t->pels)
        t->pels = t->columns * CELL_PELS;
    if (!isatty(fd) || !name || !*name || strcmp(name, "dumb") == 0)
        return;
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (tty >= 0) {
        t->graphics = ask(tty);
        close(tty);
    }
}
