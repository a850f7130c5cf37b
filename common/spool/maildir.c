#include "spool/maildir.h"

#include "tool/diag.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

enum err spool_maildir_make(const char *path, struct why *why)
{
    static const char *const parts[] = {"", "/tmp", "/new", "/cur"};
    for (int i = 0; i < 4; i++) {
        char part[4096];
        if (snprintf(part, sizeof part, "%s%s", path, parts[i]) >= (int)sizeof part)
            return why_set(why, ERR_CREATE, "name too long");
        if (mkdir(part, 0700) != 0 && errno != EEXIST)
            return why_errno(why, ERR_CREATE, "%s", part);
    }
    return ERR_NONE;
}
