#include "tool/secret.h"

#include "tool/diag.h"
#include "tool/io.h"
#include "tool/spawn.h"
#include "tool/when.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

bool secret_given(const struct secret_source *s)
{
    return s->file || s->fd >= 0 || s->command;
}

/* Something can be read before the deadline; there is none where that is 0. */
static bool readable(int fd, int64_t deadline)
{
    struct pollfd p = {fd, POLLIN, 0};
    for (;;) {
        int64_t left = deadline ? deadline - when_steady_ms() : 0;
        if (!deadline)
            return true;
        if (left <= 0)
            return false;
        int r = poll(&p, 1, (int)left);
        if (r > 0 || (r < 0 && errno != EINTR))
            return true;
    }
}

/* One byte a read: what follows the line belongs to whoever reads the descriptor next. */
static enum err read_line(int fd, int64_t deadline, struct buf *out, struct why *why)
{
    for (;;) {
        uint8_t c;
        size_t got;
        if (!readable(fd, deadline))
            return why_set(why, ERR_AGAIN, "the password command takes too long");
        enum err e = io_read(fd, &c, 1, &got, why);
        if (e)
            return e;
        if (got == 0 || c == '\n')
            break;
        if (c == '\0')
            return why_set(why, ERR_DATA, "NUL in the password");
        e = buf_add_byte(out, c);
        if (e)
            return why_set(why, e, "password too long");
    }
    if (out->len && out->data[out->len - 1] == '\r')
        out->len--;
    return ERR_NONE;
}

static enum err from_file(const char *path, struct buf *out, struct why *why)
{
    int fd;
    struct why reason = {""};
    enum err e = io_open(path, &fd, &reason);
    if (e)
        return why_set(why, e, "%.300s: %.200s", path, reason.text);
    e = read_line(fd, 0, out, why);
    if (fd > 2)
        close(fd);
    return e;
}

/* Its status; killed where it has not ended by the deadline. */
static enum err wait_until(pid_t pid, int64_t deadline, int *status, struct why *why)
{
    siginfo_t info = {.si_pid = 0};
    while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && !info.si_pid) {
        if (when_steady_ms() >= deadline) {
            kill(pid, SIGKILL);
            break;
        }
        poll(NULL, 0, 1);
    }
    return spawn_wait(pid, status, why);
}

enum err secret_run(const char *command, int seconds, struct buf *out, struct why *why)
{
    int64_t deadline = when_steady_ms() + (int64_t)seconds * 1000;
    struct words words;
    int fd, status;
    pid_t pid;
    enum err e = words_split(command, &words, why);
    if (e)
        return e;
    e = spawn_pipe(words.list, &pid, &fd, why);
    words_free(&words);
    if (e)
        return e;
    e = read_line(fd, deadline, out, why);
    close(fd);
    enum err waited = wait_until(pid, e == ERR_AGAIN ? 0 : deadline, &status, e ? NULL : why);
    if (e || waited)
        return e ? e : waited;
    return status == 0 ? ERR_NONE : why_set(why, ERR_AUTH, "password command: status %d", status);
}

enum err secret_read(const struct secret_source *s, const char *prompt, struct buf *out,
                     struct why *why)
{
    if ((s->file != NULL) + (s->fd >= 0) + (s->command != NULL) > 1)
        return why_set(why, ERR_USAGE, "more than one source for the password");
    if (s->file)
        return from_file(s->file, out, why);
    if (s->fd >= 0)
        return read_line(s->fd, 0, out, why);
    if (s->command)
        return secret_run(s->command, SECRET_SECONDS, out, why);
    return secret_ask(prompt, out, why);
}

static volatile sig_atomic_t caught;

static void note(int sig)
{
    caught = sig;
}

/* Reads with echo off; a signal restores the terminal first and is then let through. */
static enum err ask_on(int tty, const char *prompt, struct buf *out, struct why *why)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    enum { SIGNALS = sizeof signals / sizeof *signals };
    struct sigaction sa = {.sa_handler = note}, old[SIGNALS];
    struct termios before, quiet;
    if (tcgetattr(tty, &before) != 0)
        return why_errno(why, ERR_AUTH, "terminal");
    caught = 0;
    for (int i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &sa, &old[i]);
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(tty, TCSAFLUSH, &quiet);
    enum err e = io_write(tty, prompt, strlen(prompt), why);
    while (!e) {
        char c;
        ssize_t k = read(tty, &c, 1);
        if (k <= 0 && !(k < 0 && errno == EINTR && !caught))
            e = why_set(why, ERR_AUTH, "no password given");
        else if (k == 1 && c == '\n')
            break;
        else if (k == 1)
            e = buf_add_byte(out, (uint8_t)c);
    }
    tcsetattr(tty, TCSAFLUSH, &before);
    io_write(tty, "\n", 1, NULL);
    for (int i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &old[i], NULL);
    if (caught)
        raise(caught);
    return e;
}

enum err secret_ask(const char *prompt, struct buf *out, struct why *why)
{
    int tty = prompt ? open("/dev/tty", O_RDWR | O_CLOEXEC) : -1;
    if (tty < 0)
        return why_set(why, ERR_AUTH, "no password given, and no terminal to ask on");
    enum err e = ask_on(tty, prompt, out, why);
    close(tty);
    return e;
}
