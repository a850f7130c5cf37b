#include "tool/cleanup.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { NAMES = 16, NAME_SIZE = 4128 };

/* Slots are filled name first, flag last: a handler in between sees either no name or all of it.
 * Threads that add and forget (mail written at once) take turns; a handler cannot wait for one. */
static struct {
    sig_atomic_t used;
    char path[NAME_SIZE];
} names[NAMES];
static pthread_mutex_t changing = PTHREAD_MUTEX_INITIALIZER;

void cleanup_add(const char *path)
{
    size_t n = strlen(path) + 1;
    int i = 0;
    if (n > NAME_SIZE)
        return;
    pthread_mutex_lock(&changing);
    while (i < NAMES && names[i].used)
        i++;
    if (i < NAMES) {
        memcpy(names[i].path, path, n);
        __atomic_store_n(&names[i].used, 1, __ATOMIC_RELEASE);
    }
    pthread_mutex_unlock(&changing);
}

void cleanup_forget(const char *path)
{
    pthread_mutex_lock(&changing);
    for (int i = 0; i < NAMES; i++)
        if (names[i].used && strcmp(names[i].path, path) == 0)
            __atomic_store_n(&names[i].used, 0, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&changing);
}

void cleanup_run(void)
{
    for (int i = 0; i < NAMES; i++) {
        if (__atomic_load_n(&names[i].used, __ATOMIC_ACQUIRE)) {
            unlink(names[i].path);
            __atomic_store_n(&names[i].used, 0, __ATOMIC_RELEASE);
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
    signal(SIGXFSZ, SIG_IGN);
}
