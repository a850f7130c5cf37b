#include "tool/station.h"

#include "tool/diag.h"
#include "tool/io.h"
#include "tool/spawn.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static const char owner_name[] = "faxpipe", network_name[] = "faxrecv";
static const char postmaster[] = "postmaster", doorkeeper[] = "fax-spool";
enum { KEY_SIZE = 32 };

/* Of a system station; in a person's everything is his, and the home is closed to others. */
struct item {
    const char *path; /* below the home, or below spool/CODE */
    mode_t mode;
    bool network; /* group faxrecv */
    enum { DIRECTORY, FILE_MADE_HERE, FILE_IF_THERE } kind;
};

static const struct item of_home[] = {
    {"", 0711, false, DIRECTORY},
    {"db", 02750, false, DIRECTORY},
    {"state", 02770, false, DIRECTORY},
    {"queue", 0700, false, DIRECTORY},
    {"spool", 0711, false, DIRECTORY},
    {"key", 0400, false, FILE_MADE_HERE},
    {"db/users.db", 0640, false, FILE_IF_THERE},
    {"state/state.db", 0660, false, FILE_IF_THERE},
};

static const struct item of_user[] = {
    {"", 0711, false, DIRECTORY},
    {"tmp", 02770, true, DIRECTORY},
    {"new", 02770, true, DIRECTORY},
    {"cur", 02770, false, DIRECTORY},
};

enum { HOME_ITEMS = sizeof of_home / sizeof *of_home,
       USER_ITEMS = sizeof of_user / sizeof *of_user };

/* Whose things are. */
struct owners {
    uid_t uid;
    gid_t group, network;
    bool system;
};

static void owners_of(const struct home *h, struct owners *o)
{
    const struct passwd *pw = getpwnam(owner_name);
    const struct group *gr = getgrnam(network_name);
    o->uid = h->owner;
    o->group = h->group;
    o->system = pw && gr && pw->pw_uid == h->owner && h->owner != 0;
    o->network = o->system ? gr->gr_gid : h->group;
}

static mode_t mode_of(const struct item *item, const struct owners *o, bool home)
{
    return home && !item->path[0] && !o->system ? 0700 : item->mode;
}

static enum err item_path(const char *base, const struct item *item, char out[HOME_PATH_MAX],
                          struct why *why)
{
    int n = snprintf(out, HOME_PATH_MAX, "%s%s%s", base, item->path[0] ? "/" : "", item->path);
    return n < 0 || n >= HOME_PATH_MAX ? why_set(why, ERR_CONFIG, "%s: name too long", base)
                                       : ERR_NONE;
}

/* 32 random bytes, there whole or not at all, and never over another's. */
static enum err make_key(const char *path, struct why *why)
{
    uint8_t key[KEY_SIZE];
    char temp[HOME_PATH_MAX + 32];
    if (getrandom(key, sizeof key, 0) != (ssize_t)sizeof key)
        return why_errno(why, ERR_OS, "random bytes");
    snprintf(temp, sizeof temp, "%s.new-%ld", path, (long)getpid());
    int fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0400);
    if (fd < 0)
        return why_errno(why, ERR_CREATE, "%s", temp);
    enum err e = io_write(fd, key, sizeof key, why);
    if (!e)
        e = io_sync(fd, why);
    close(fd);
    explicit_bzero(key, sizeof key);
    if (!e && link(temp, path) != 0 && errno != EEXIST)
        e = why_errno(why, ERR_CREATE, "%s", path);
    unlink(temp);
    return e;
}

static enum err make_one(const char *path, const struct item *item, bool *made, struct why *why)
{
    struct stat st;
    *made = false;
    if (lstat(path, &st) == 0) {
        if (item->kind == DIRECTORY ? S_ISDIR(st.st_mode) : S_ISREG(st.st_mode))
            return ERR_NONE;
        return why_set(why, ERR_CREATE, "%s: in the way", path);
    }
    if (errno != ENOENT)
        return why_errno(why, ERR_CREATE, "%s", path);
    if (item->kind == FILE_IF_THERE)
        return ERR_NONE;
    *made = true;
    if (item->kind == FILE_MADE_HERE)
        return make_key(path, why);
    return mkdir(path, item->mode & 0777) == 0 || errno == EEXIST
               ? ERR_NONE
               : why_errno(why, ERR_CREATE, "%s", path);
}

/* Owner first: chown takes the setgid bit away. */
static enum err put_right(const char *path, const struct item *item, const struct owners *o,
                          mode_t mode, struct why *why)
{
    struct stat st;
    gid_t group = item->network ? o->network : o->group;
    if (lstat(path, &st) != 0)
        return item->kind == FILE_IF_THERE ? ERR_NONE : why_errno(why, ERR_CREATE, "%s", path);
    if ((st.st_uid != o->uid || st.st_gid != group) && lchown(path, o->uid, group) != 0)
        return why_errno(why, ERR_AUTH, "%s: owner", path);
    if ((lstat(path, &st) == 0 && (st.st_mode & 07777) != mode) && chmod(path, mode) != 0)
        return why_errno(why, ERR_AUTH, "%s: mode", path);
    return ERR_NONE;
}

static enum err make_all(const char *base, const struct item *items, size_t count, bool home,
                         const struct owners *o, bool *made_key, struct why *why)
{
    for (size_t i = 0; i < count; i++) {
        char path[HOME_PATH_MAX];
        bool made;
        enum err e = item_path(base, &items[i], path, why);
        if (!e)
            e = make_one(path, &items[i], &made, why);
        if (!e)
            e = put_right(path, &items[i], o, mode_of(&items[i], o, home), why);
        if (e)
            return e;
        if (made_key && items[i].kind == FILE_MADE_HERE)
            *made_key = made;
    }
    return io_sync_dir(base, why);
}

/* Every directory above the home, as mkdir -p would. */
static enum err make_parents(const char *path, struct why *why)
{
    char part[HOME_PATH_MAX];
    snprintf(part, sizeof part, "%s", path);
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(part, 0755) != 0 && errno != EEXIST)
            return why_errno(why, ERR_CREATE, "%s", part);
        *slash = '/';
    }
    return ERR_NONE;
}

static enum err run_tool(const char *const argv[], struct why *why)
{
    pid_t pid;
    int status;
    static const char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
    const char *const environment[] = {path, NULL};
    enum err e = spawn(argv, -1, -1, environment, &pid, why);
    if (!e)
        e = spawn_wait(pid, &status, why);
    if (!e && status != 0)
        e = why_set(why, ERR_OS, "%s: status %d", argv[0], status);
    return e;
}

static bool is_member(const struct group *gr, const char *name)
{
    for (char **member = gr->gr_mem; *member; member++)
        if (strcmp(*member, name) == 0)
            return true;
    return false;
}

static enum err make_group(const char *name, struct why *why)
{
    const char *const argv[] = {"groupadd", "--system", name, NULL};
    return getgrnam(name) ? ERR_NONE : run_tool(argv, why);
}

static enum err make_user(const char *name, const char *home, struct why *why)
{
    const char *const argv[] = {"useradd", "--system", "--gid", name, "--home-dir", home,
                                "--no-create-home", "--shell", "/usr/sbin/nologin", name, NULL};
    return getpwnam(name) ? ERR_NONE : run_tool(argv, why);
}

static enum err make_people(struct home *h, struct why *why)
{
    const char *const join[] = {"usermod", "--append", "--groups", network_name, owner_name, NULL};
    enum err e = make_group(owner_name, why);
    if (!e)
        e = make_group(network_name, why);
    if (!e)
        e = make_user(owner_name, h->path, why);
    if (!e)
        e = make_user(network_name, h->path, why);
    const struct group *gr = e ? NULL : getgrnam(network_name);
    if (!e && gr && !is_member(gr, owner_name))
        e = run_tool(join, why);
    const struct passwd *pw = e ? NULL : getpwnam(owner_name);
    const struct group *own = e ? NULL : getgrnam(owner_name);
    if (!e && (!pw || !own))
        return why_set(why, ERR_OS, "user %s was made, and is not there", owner_name);
    if (!e) {
        h->owner = pw->pw_uid;
        h->group = own->gr_gid;
    }
    return e;
}

/* The fax-spool that lies beside this program; "" where that cannot be told. */
static void find_doorkeeper(char path[HOME_PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", path, HOME_PATH_MAX - sizeof doorkeeper);
    char *slash;
    path[n > 0 ? n : 0] = '\0';
    slash = strrchr(path, '/');
    if (slash)
        memcpy(slash + 1, doorkeeper, sizeof doorkeeper);
}

/* Installed before there was a group faxpipe, fax-spool is not privileged yet. Only what root
 * alone can have put there is made so. */
static void make_doorkeeper(const struct owners *o)
{
    char path[HOME_PATH_MAX];
    struct stat st;
    find_doorkeeper(path);
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_uid != 0 || (st.st_mode & 022))
        diag_warn("%s: not root's alone, and so not made root:%s 2755", path, owner_name);
    else if ((st.st_gid != o->group && fchown(fd, 0, o->group) != 0) || fchmod(fd, 02755) != 0)
        diag_warn("%s: root:%s 2755: %s", path, owner_name, strerror(errno));
    close(fd);
}

enum err station_make(struct home *h, bool system, bool *made_key, struct why *why)
{
    struct owners o;
    struct stat st;
    enum err e = ERR_NONE;
    h->owner = geteuid();
    h->group = getegid();
    if (system)
        e = geteuid() == 0 ? make_people(h, why)
                           : why_set(why, ERR_AUTH, "only root makes a system station");
    else if (stat(h->path, &st) == 0) {
        h->owner = st.st_uid;
        h->group = st.st_gid;
    }
    if (!e && geteuid() != 0 && h->owner != geteuid())
        e = why_set(why, ERR_AUTH, "%s: belongs to somebody else", h->path);
    if (!e)
        e = make_parents(h->path, why);
    if (e)
        return e;
    owners_of(h, &o);
    e = make_all(h->path, of_home, HOME_ITEMS, true, &o, made_key, why);
    if (!e && system)
        make_doorkeeper(&o);
    return e ? e : station_user_make(h, postmaster, why);
}

static enum err user_base(const struct home *h, const char *code, char base[HOME_PATH_MAX],
                          struct why *why)
{
    char relative[300];
    snprintf(relative, sizeof relative, "spool/%s", code);
    return home_path(h, relative, base, why);
}

enum err station_user_make(const struct home *h, const char *code, struct why *why)
{
    struct owners o;
    char base[HOME_PATH_MAX];
    enum err e = user_base(h, code, base, why);
    owners_of(h, &o);
    if (!e)
        e = make_all(base, of_user, USER_ITEMS, false, &o, NULL, why);
    return e ? e : io_sync_parent(base, why);
}

/* Counts or removes the files of one directory. */
static enum err in_directory(const char *path, bool away, unsigned *count, struct why *why)
{
    DIR *dir = opendir(path);
    if (!dir)
        return errno == ENOENT ? ERR_NONE : why_errno(why, ERR_IO, "%s", path);
    const struct dirent *entry;
    enum err e = ERR_NONE;
    while ((entry = readdir(dir))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        ++*count;
        if (away && unlinkat(dirfd(dir), entry->d_name, 0) != 0)
            e = why_errno(why, ERR_IO, "%s/%s", path, entry->d_name);
    }
    closedir(dir);
    return e;
}

enum err station_user_mails(const struct home *h, const char *code, unsigned *count,
                            struct why *why)
{
    char base[HOME_PATH_MAX], path[HOME_PATH_MAX];
    enum err e = user_base(h, code, base, why);
    *count = 0;
    for (size_t i = 2; i < USER_ITEMS && !e; i++) { /* new, cur */
        e = item_path(base, &of_user[i], path, why);
        if (!e)
            e = in_directory(path, false, count, why);
    }
    return e;
}

enum err station_user_remove(const struct home *h, const char *code, struct why *why)
{
    char base[HOME_PATH_MAX], path[HOME_PATH_MAX];
    unsigned count = 0;
    enum err e = user_base(h, code, base, why);
    for (size_t i = USER_ITEMS; i-- > 0 && !e;) {
        e = item_path(base, &of_user[i], path, why);
        if (!e && of_user[i].path[0])
            e = in_directory(path, true, &count, why);
        if (!e && rmdir(path) != 0 && errno != ENOENT)
            e = why_errno(why, ERR_IO, "%s", path);
    }
    return e;
}

/* ---- Checking ---- */

struct checking {
    void (*report)(void *arg, const char *fault);
    void *arg;
    unsigned *faults;
};

static void differs(struct checking *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void differs(struct checking *c, const char *format, ...)
{
    char line[HOME_PATH_MAX + 128];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    ++*c->faults;
    if (c->report)
        c->report(c->arg, line);
}

static void check_one(struct checking *c, const char *path, const struct item *item,
                      const struct owners *o, mode_t mode)
{
    struct stat st;
    gid_t group = item->network ? o->network : o->group;
    if (lstat(path, &st) != 0) {
        differs(c, "%s: %s", path, strerror(errno));
        return;
    }
    if (item->kind == DIRECTORY ? !S_ISDIR(st.st_mode) : !S_ISREG(st.st_mode)) {
        differs(c, "%s: not a %s", path, item->kind == DIRECTORY ? "directory" : "file");
        return;
    }
    if (item->kind == FILE_MADE_HERE && st.st_size != KEY_SIZE)
        differs(c, "%s: not %d bytes", path, KEY_SIZE);
    if (st.st_uid != o->uid)
        differs(c, "%s: owner %u, not %u", path, (unsigned)st.st_uid, (unsigned)o->uid);
    if (st.st_gid != group)
        differs(c, "%s: group %u, not %u", path, (unsigned)st.st_gid, (unsigned)group);
    if ((st.st_mode & 07777) != mode)
        differs(c, "%s: mode %04o, not %04o", path, (unsigned)(st.st_mode & 07777),
                (unsigned)mode);
}

/* Of the files of a directory only this: that they are closed to others. */
static void check_files(struct checking *c, const char *path)
{
    struct stat st;
    DIR *dir = opendir(path);
    const struct dirent *entry;
    while (dir && (entry = readdir(dir)))
        if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(st.st_mode) && (st.st_mode & 07))
            differs(c, "%s/%s: mode %04o, open to others", path, entry->d_name,
                    (unsigned)(st.st_mode & 07777));
    if (dir)
        closedir(dir);
}

static void check_doorkeeper(struct checking *c, const struct owners *o)
{
    char path[HOME_PATH_MAX];
    struct stat st;
    find_doorkeeper(path);
    if (o->system && lstat(path, &st) == 0 &&
        (!S_ISREG(st.st_mode) || st.st_uid != 0 || st.st_gid != o->group ||
         (st.st_mode & 07777) != 02755))
        differs(c, "%s: not root:%s 2755", path, owner_name);
}

static enum err check_all(struct checking *c, const char *base, const struct item *items,
                          size_t count, bool home, const struct owners *o, struct why *why)
{
    for (size_t i = 0; i < count; i++) {
        char path[HOME_PATH_MAX];
        enum err e = item_path(base, &items[i], path, why);
        if (e)
            return e;
        check_one(c, path, &items[i], o, mode_of(&items[i], o, home));
        if (items[i].kind == DIRECTORY && items[i].path[0])
            check_files(c, path);
    }
    return ERR_NONE;
}

enum err station_check(const struct home *h, void (*report)(void *arg, const char *fault),
                       void *arg, unsigned *faults, struct why *why)
{
    struct checking c = {report, arg, faults};
    struct owners o;
    char spool[HOME_PATH_MAX], base[HOME_PATH_MAX];
    *faults = 0;
    owners_of(h, &o);
    enum err e = check_all(&c, h->path, of_home, HOME_ITEMS, true, &o, why);
    check_doorkeeper(&c, &o);
    if (!e)
        e = home_path(h, "spool", spool, why);
    DIR *dir = e ? NULL : opendir(spool);
    const struct dirent *entry;
    while (dir && !e && (entry = readdir(dir))) {
        if (entry->d_name[0] == '.')
            continue;
        e = user_base(h, entry->d_name, base, why);
        if (!e)
            e = check_all(&c, base, of_user, USER_ITEMS, false, &o, why);
    }
    if (dir)
        closedir(dir);
    return e;
}
