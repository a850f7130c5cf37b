#include "tool/cleanup.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { NAMES = 16, NAME_SIZE = 4128 };

/* Slots are filled name first, flag last: a handler in between sees either no name or all of it. */
static struct {
    volatile sig_atomic_t used;
    char path[NAME_SIZE];
} names[NAMES];

void cleanup_add(const char *path)
{
    size_t n = strlen(path) + 1;
    if (n > NAME_SIZE)
        return;
    for (int i = 0; i < NAMES; i++) {
        if (!names[i].used) {
            memcpy(names[i].path, path, n);
            names[i].used = 1;
            return;
        }
    }
}

void cleanup_forget(const char *path)
{
    for (int i = 0; i < NAMES; i++)
        if (names[i].used && strcmp(names[i].path, path) == 0)
            names[i].used = 0;
}

void cleanup_run(void)
{
    for (int i = 0; i < NAMES; i++) {
        if (names[i].used) {
            unlink(names[i].path);
            names[i].used = 0;
        }
    }
}

static void stopped(int sig)
{
    cleanup_run();
    signal(sig, SIG_DFL);
    raise(sig);
}

void cleanup_install(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction sa = {.sa_handler = stopped};
    struct sigaction old;
    sigemptyset(&sa.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        /* nohup's and a background job's choice to ignore a signal is kept. */
        if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(signals[i], &sa, NULL);
    signal(SIGPIPE, SIG_IGN);
}
