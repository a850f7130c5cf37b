#include "spool/deliver.h"

#include "bytes/span.h"
#include "tool/diag.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* The host's name in a form that can stand in a file name and in an ID on a command line. */
static void host_name(char out[65])
{
    struct utsname u;
    size_t n = 0;
    if (uname(&u) == 0)
        for (const char *c = u.nodename; *c && n < 64; c++)
            out[n++] = ascii_alnum((uint8_t)*c) || *c == '.' || *c == '-' ? *c : '_';
    if (n == 0)
        out[n++] = '_';
    out[n] = '\0';
}

enum err spool_name_make(char name[SPOOL_NAME_MAX + 1], struct why *why)
{
    static unsigned counter;
    struct timespec now;
    unsigned long long random;
    char host[65];
    ssize_t got;
    do
        got = getrandom(&random, sizeof random, 0);
    while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof random)
        return why_errno(why, ERR_OS, "random numbers");
    clock_gettime(CLOCK_REALTIME, &now);
    host_name(host);
    /* Seconds first and of one width: names sort as the mail arrived. */
    snprintf(name, SPOOL_NAME_MAX + 1, "%010lld.M%06ldP%dQ%uR%016llx.%s", (long long)now.tv_sec,
             now.tv_nsec / 1000, (int)getpid(),
             __atomic_add_fetch(&counter, 1, __ATOMIC_RELAXED), random, host);
    return ERR_NONE;
}
