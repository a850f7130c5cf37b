#include "spool/maildir.h"

#include "tool/diag.h"
#include "tool/io.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>

enum err spool_maildir_make(const char *path, struct why *why)
{
    static const char *const parts[] = {"", "/tmp", "/new", "/cur"};
    bool made = false;
    for (int i = 0; i < 4; i++) {
        char part[4096];
        if (snprintf(part, sizeof part, "%s%s", path, parts[i]) >= (int)sizeof part)
            return why_set(why, ERR_CREATE, "name too long");
        if (mkdir(part, 0700) == 0)
            made = true;
        else if (errno != EEXIST)
            return why_errno(why, ERR_CREATE, "%s", part);
    }
    enum err e = made ? io_sync_dir(path, why) : ERR_NONE;
    return e || !made ? e : io_sync_parent(path, why);
}
