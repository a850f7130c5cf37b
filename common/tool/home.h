/*
 * The station's home: where the databases, the spool and the settings are, and whose they are.
 */
#ifndef TOOL_HOME_H
#define TOOL_HOME_H

#include "bytes/err.h"
#include "tool/conf.h"

#include <stdbool.h>
#include <sys/types.h>

enum { HOME_PATH_MAX = 4096 };

struct home {
    char path[HOME_PATH_MAX / 2]; /* absolute */
    struct conf *conf;            /* never NULL after home_open */
    uid_t owner;                  /* the home directory's */
    gid_t group;
};

enum home_flags {
    HOME_ANY = 0,
    HOME_KEEP_ROOT = 1, /* do not change uid though started as root (fuser init, smtp-recv) */
};

/*
 * Finds the home ($FAXPIPE_HOME, else /var/lib/faxpipe where it exists, else
 * $XDG_STATE_HOME/faxpipe or ~/.local/state/faxpipe) without looking inside; path is made
 * absolute. Run with foreign privileges (AT_SECURE) the environment is not asked. ERR_CONFIG.
 */
enum err home_find(struct home *h, struct why *why);

/*
 * home_find, then: started as root, becomes the home's owner for good, with his groups (unless
 * HOME_KEEP_ROOT); reads the settings: --config, else /etc/faxpipe.conf, else
 * home/faxpipe.conf, else nothing is set. Under AT_SECURE --config is ignored. ERR_CONFIG: no
 * such home (`fuser init` makes it), or bad settings. Close with home_close.
 */
enum err home_open(struct home *h, enum home_flags flags, struct why *why);

/* Only the settings, for programs that may run without a home: h->path is "" when there is none. */
enum err home_open_maybe(struct home *h, enum home_flags flags, struct why *why);

/* Frees the settings. */
void home_close(struct home *h);

/* home/relative in out. ERR_CONFIG: too long. */
enum err home_path(const struct home *h, const char *relative, char out[HOME_PATH_MAX],
                   struct why *why);

/* We are the home's owner (or root): may act for all users without a password. */
bool home_is_ours(const struct home *h);

#endif
