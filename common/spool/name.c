#include "spool/deliver.h"

#include "bytes/span.h"
#include "tool/diag.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* The host's name in a form that can stand in a file name and in an ID on a command line. */
static char host[65];

static void find_host(void)
{
    struct utsname u;
    size_t n = 0;
    if (uname(&u) == 0)
        for (const char *c = u.nodename; *c && n < 64; c++)
            host[n++] = ascii_alnum((uint8_t)*c) || *c == '.' || *c == '-' ? *c : '_';
    if (n == 0)
        host[n++] = '_';
}

enum err spool_name_make(char name[SPOOL_NAME_MAX + 1], struct why *why)
{
    static unsigned counter;
    static pthread_once_t found = PTHREAD_ONCE_INIT;
    struct timespec now;
    unsigned long long random;
    ssize_t got;
    do
        got = getrandom(&random, sizeof random, 0);
    while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof random)
        return why_errno(why, ERR_OS, "random numbers");
    clock_gettime(CLOCK_REALTIME, &now);
    pthread_once(&found, find_host);
    /* Seconds first and of one width: names sort as the mail arrived. */
    snprintf(name, SPOOL_NAME_MAX + 1, "%010lld.M%06ldP%dQ%uR%016llx.%s", (long long)now.tv_sec,
             now.tv_nsec / 1000, (int)getpid(),
             __atomic_add_fetch(&counter, 1, __ATOMIC_RELAXED), random, host);
    return ERR_NONE;
}
