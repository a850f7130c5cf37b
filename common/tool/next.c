#include "tool/next.h"

#include "tool/diag.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PLACES = 64, PATH_SIZE = 4096 };

/* The nth directory of the PATH with /name behind it; an empty one is the current directory. */
static int place(const char *path, int nth, const char *name, char out[PATH_SIZE])
{
    while (nth-- > 0) {
        path = strchr(path, ':');
        if (!path)
            return -1;
        path++;
    }
    int n = (int)strcspn(path, ":");
    int k = snprintf(out, PATH_SIZE, "%.*s%s%s", n, path, n ? "/" : "", name);
    return k < 0 || k >= PATH_SIZE ? 0 : k;
}

enum err next_program(const char *name, char **argv, struct why *why)
{
    const char *path = getenv("PATH");
    char candidate[PATH_SIZE];
    struct stat self, st;
    int start = 0;
    if (!path)
        path = "/usr/bin:/bin";
    if (stat("/proc/self/exe", &self) != 0)
        return why_errno(why, ERR_OS, "/proc/self/exe");
    for (int i = 0; i < PLACES && place(path, i, name, candidate) >= 0; i++)
        if (stat(candidate, &st) == 0 && st.st_dev == self.st_dev && st.st_ino == self.st_ino)
            start = i + 1;
    /* Always further along the PATH, so that two copies never hand over to each other. */
    for (int i = start; i < PLACES && place(path, i, name, candidate) >= 0; i++)
        if (stat(candidate, &st) == 0 && S_ISREG(st.st_mode) && access(candidate, X_OK) == 0)
            execv(candidate, argv);
    return why_set(why, ERR_USAGE, "no other %s on the PATH", name);
}
