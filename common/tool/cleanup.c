#include "tool/cleanup.h"

#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

enum { NAMES = 16, NAME_SIZE = 4128 };

enum { FREE, FILLING, USED };

/* Slots are filled name first, flag last: a handler in between sees either no name or all of it.
 * A slot is claimed by FILLING, so that threads (mail being written at once) never share one. */
static struct {
    sig_atomic_t used;
    char path[NAME_SIZE];
} names[NAMES];

void cleanup_add(const char *path)
{
    size_t n = strlen(path) + 1;
    if (n > NAME_SIZE)
        return;
    for (int i = 0; i < NAMES; i++) {
        sig_atomic_t was = FREE;
        if (__atomic_compare_exchange_n(&names[i].used, &was, FILLING, false, __ATOMIC_ACQ_REL,
                                        __ATOMIC_RELAXED)) {
            memcpy(names[i].path, path, n);
            __atomic_store_n(&names[i].used, USED, __ATOMIC_RELEASE);
            return;
        }
    }
}

void cleanup_forget(const char *path)
{
    for (int i = 0; i < NAMES; i++)
        if (__atomic_load_n(&names[i].used, __ATOMIC_ACQUIRE) == USED &&
            strcmp(names[i].path, path) == 0)
            __atomic_store_n(&names[i].used, FREE, __ATOMIC_RELEASE);
}

void cleanup_run(void)
{
    for (int i = 0; i < NAMES; i++) {
        if (__atomic_load_n(&names[i].used, __ATOMIC_ACQUIRE) == USED) {
            unlink(names[i].path);
            __atomic_store_n(&names[i].used, FREE, __ATOMIC_RELEASE);
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
