#include "tool/home.h"

#include "tool/diag.h"
#include "tool/io.h"
#include "tool/program.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

static const char system_home[] = "/var/lib/faxpipe";
static const char system_conf[] = "/etc/faxpipe.conf";

static bool secure(void)
{
    return getauxval(AT_SECURE) != 0;
}

static bool is_dir(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static const char *environment(const char *name)
{
    const char *value = secure() ? NULL : getenv(name);
    return value && *value ? value : NULL;
}

static enum err set_path(struct home *h, const char *dir, const char *below, struct why *why)
{
    char here[HOME_PATH_MAX / 4] = "";
    if (*dir != '/' && !getcwd(here, sizeof here))
        return why_errno(why, ERR_CONFIG, "working directory");
    int n = snprintf(h->path, sizeof h->path, "%s%s%s%s", here, *here ? "/" : "", dir, below);
    if (n < 0 || (size_t)n >= sizeof h->path)
        return why_set(why, ERR_CONFIG, "home: name too long");
    return ERR_NONE;
}

enum err home_find(struct home *h, struct why *why)
{
    const char *dir;
    memset(h, 0, sizeof *h);
    if ((dir = environment("FAXPIPE_HOME")))
        return set_path(h, dir, "", why);
    if (secure() || is_dir(system_home))
        return set_path(h, system_home, "", why);
    if ((dir = environment("XDG_STATE_HOME")))
        return set_path(h, dir, "/faxpipe", why);
    dir = environment("HOME");
    if (!dir) {
        const struct passwd *pw = getpwuid(getuid());
        dir = pw ? pw->pw_dir : NULL;
    }
    if (!dir)
        return why_set(why, ERR_CONFIG, "no home directory: set FAXPIPE_HOME");
    return set_path(h, dir, "/.local/state/faxpipe", why);
}

/* For good: all of real, effective and saved ids. The name may be missing in a bare container. */
static enum err become_owner(const struct home *h, struct why *why)
{
    if (geteuid() != 0 || h->owner == 0)
        return ERR_NONE;
    const struct passwd *pw = getpwuid(h->owner);
    if (pw ? initgroups(pw->pw_name, h->group) != 0 : setgroups(1, &h->group) != 0)
        return why_errno(why, ERR_OS, "groups");
    if (setresgid(h->group, h->group, h->group) != 0 ||
        setresuid(h->owner, h->owner, h->owner) != 0)
        return why_errno(why, ERR_OS, "becoming uid %u", (unsigned)h->owner);
    return ERR_NONE;
}

static enum err read_conf(const char *path, bool must, struct conf **conf, struct why *why)
{
    struct buf text;
    struct why reason = {""};
    buf_init(&text, 1 << 20);
    enum err e = io_read_file(path, &text, &reason);
    if (e == ERR_NO_INPUT && !must && access(path, F_OK) != 0 && errno == ENOENT)
        e = ERR_NONE;
    else if (!e)
        e = conf_parse(buf_span(&text), conf, &reason);
    buf_release(&text);
    return e ? why_set(why, ERR_CONFIG, "%s: %s", path, reason.text) : ERR_NONE;
}

static enum err find_conf(struct home *h, struct why *why)
{
    char path[HOME_PATH_MAX];
    const char *named = secure() ? NULL : program_config();
    h->conf = NULL;
    enum err e = read_conf(named ? named : system_conf, named != NULL, &h->conf, why);
    if (!e && !h->conf && !named && h->path[0]) {
        e = home_path(h, "faxpipe.conf", path, why);
        if (!e)
            e = read_conf(path, false, &h->conf, why);
    }
    if (!e && !h->conf)
        e = conf_parse(span_of(NULL, 0), &h->conf, why);
    return e;
}

static enum err open_found(struct home *h, enum home_flags flags, const struct stat *st,
                           struct why *why)
{
    h->owner = st->st_uid;
    h->group = st->st_gid;
    enum err e = flags & HOME_KEEP_ROOT ? ERR_NONE : become_owner(h, why);
    return e ? e : find_conf(h, why);
}

enum err home_open(struct home *h, enum home_flags flags, struct why *why)
{
    struct stat st;
    enum err e = home_find(h, why);
    if (e)
        return e;
    if (stat(h->path, &st) != 0)
        return why_set(why, ERR_CONFIG, "no station in %s (%s): `fuser init` makes one", h->path,
                       strerror(errno));
    return open_found(h, flags, &st, why);
}

enum err home_open_maybe(struct home *h, enum home_flags flags, struct why *why)
{
    struct stat st;
    if (home_find(h, why) == ERR_NONE && stat(h->path, &st) == 0)
        return open_found(h, flags, &st, why);
    memset(h, 0, sizeof *h);
    h->owner = geteuid();
    h->group = getegid();
    return find_conf(h, why);
}

void home_close(struct home *h)
{
    conf_free(h->conf);
    h->conf = NULL;
}

enum err home_path(const struct home *h, const char *relative, char out[HOME_PATH_MAX],
                   struct why *why)
{
    int n = snprintf(out, HOME_PATH_MAX, "%s/%s", h->path, relative);
    if (n < 0 || n >= HOME_PATH_MAX)
        return why_set(why, ERR_CONFIG, "%s: name too long", relative);
    return ERR_NONE;
}

bool home_is_ours(const struct home *h)
{
    uid_t uid = getuid();
    return uid == 0 || uid == h->owner;
}
