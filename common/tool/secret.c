#include "tool/secret.h"

#include "tool/diag.h"
#include "tool/io.h"
#include "tool/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

bool secret_given(const struct secret_source *s)
{
    return s->file || s->fd >= 0 || s->command;
}

/* One byte a read: what follows the line belongs to whoever reads the descriptor next. */
static enum err read_line(int fd, struct buf *out, struct why *why)
{
    for (;;) {
        uint8_t c;
        size_t got;
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
    e = read_line(fd, out, why);
    if (fd > 2)
        close(fd);
    return e;
}

static enum err from_command(const char *command, struct buf *out, struct why *why)
{
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
    e = read_line(fd, out, why);
    close(fd);
    enum err waited = spawn_wait(pid, &status, why);
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
        return read_line(s->fd, out, why);
    if (s->command)
        return from_command(s->command, out, why);
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
