#include "net/crew.h"

#include "net/sandbox.h"
#include "net/seats.h"
#include "tool/cleanup.h"
#include "tool/diag.h"
#include "tool/status.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum err crew_account_find(const char *name, struct crew_account *account, struct why *why)
{
    const struct passwd *pw = getpwnam(name);
    if (!pw)
        return why_set(why, ERR_CONFIG, "%s: no such account", name);
    crew_account_of(pw->pw_uid, pw->pw_gid, account);
    return ERR_NONE;
}

void crew_account_of(uid_t uid, gid_t gid, struct crew_account *account)
{
    const struct passwd *pw = getpwuid(uid);
    *account = (struct crew_account){true, "", uid, gid};
    if (pw)
        snprintf(account->name, sizeof account->name, "%s", pw->pw_name);
}

enum err crew_become(const struct crew_account *a, struct why *why)
{
    if (!a->change)
        return ERR_NONE;
    if ((a->name[0] ? initgroups(a->name, a->gid) : setgroups(1, &a->gid)) != 0)
        return why_errno(why, ERR_OS, "groups of uid %u", (unsigned)a->uid);
    if (setresgid(a->gid, a->gid, a->gid) != 0 || setresuid(a->uid, a->uid, a->uid) != 0)
        return why_errno(why, ERR_OS, "becoming uid %u", (unsigned)a->uid);
    return ERR_NONE;
}

static enum err enter_root(const char *root, struct why *why)
{
    /* The zone must be known before /etc/localtime is out of reach. */
    tzset();
    if (root && (chroot(root) != 0 || chdir("/") != 0))
        return why_errno(why, ERR_OS, "chroot to %s", root);
    return ERR_NONE;
}

/* The account's groups are looked up before the chroot hides /etc/group. */
static enum err confine(const struct crew *crew, struct why *why)
{
    const struct crew_account *a = &crew->worker;
    enum err e = ERR_NONE;
    if (a->change && (a->name[0] ? initgroups(a->name, a->gid) : setgroups(1, &a->gid)) != 0)
        e = why_errno(why, ERR_OS, "groups of uid %u", (unsigned)a->uid);
    if (!e)
        e = enter_root(crew->root, why);
    if (!e && a->change &&
        (setresgid(a->gid, a->gid, a->gid) != 0 || setresuid(a->uid, a->uid, a->uid) != 0))
        e = why_errno(why, ERR_OS, "becoming uid %u", (unsigned)a->uid);
    /* Alone, we are the clerk as well, who runs programs. */
    return e || !crew->separate ? e : sandbox_enter(crew->root ? "/" : NULL, why);
}

/* The clerk's end of the pipe closes when he dies, however. PR_SET_PDEATHSIG would not do: a
 * parent of another uid has no right to signal us, not even by dying. */
static void *watch_clerk(void *arg)
{
    char byte;
    while (read(*(int *)arg, &byte, 1) < 0 && errno == EINTR)
        continue;
    cleanup_run();
    _exit(status_of(ERR_UNAVAILABLE));
}

static void worker(const struct crew *crew, unsigned number, int fd, int alive)
{
    struct why why = {""};
    struct clerk over = {.fd = fd, .quick = crew->workers == 1};
    pthread_t watch;
    enum err e = confine(crew, &why);
    if (!e && pthread_create(&watch, NULL, watch_clerk, &alive) != 0)
        e = why_set(&why, ERR_OS, "no thread");
    if (!e)
        e = crew->work(crew->work_arg, number, &over, &why);
    if (e)
        diag_fail(e, &why, "worker");
    fflush(NULL);
    cleanup_run();
    _exit(status_of(e));
}

/* The workers of a clerk. */
struct hands {
    const struct crew *crew;
    pid_t pids[CREW_WORKERS_MAX];
    unsigned count;
    enum err err; /* of the first that failed; the words have been said by it */
};

static void bury(void *arg, unsigned i)
{
    struct hands *h = arg;
    int status;
    while (waitpid(h->pids[i], &status, 0) < 0 && errno == EINTR)
        continue;
    if (WIFEXITED(status) && !WEXITSTATUS(status))
        return;
    if (WIFSIGNALED(status))
        diag_error("worker: ended by signal %d", WTERMSIG(status));
    if (!h->err)
        h->err = WIFSIGNALED(status) ? ERR_BUG : status_to_err(WEXITSTATUS(status));
    if (h->crew->generation) {
        seats_sweep(h->crew->generation->seats, h->crew->generation->number, i + 1);
        generation_lost(h->crew->generation);
    }
}

static void end_all(const struct hands *h)
{
    for (unsigned i = 0; i < h->count; i++)
        kill(h->pids[i], SIGKILL);
}

static enum err clerk(struct hands *h, const int fds[], struct why *why)
{
    const struct crew *crew = h->crew;
    enum err e = crew->clerk_prepare ? crew->clerk_prepare(crew->clerk_arg, why) : ERR_NONE;
    if (!e)
        e = crew_become(&crew->clerk, why);
    if (!e && crew->clerk_start)
        e = crew->clerk_start(crew->clerk_arg, why);
    if (!e && crew->generation)
        generation_ready(crew->generation->report);
    if (!e)
        e = clerk_serve(fds, h->count, crew->answer, crew->clerk_arg, bury, h, why);
    if (!e)
        return h->err;
    /* Of another uid they may be out of reach; they also die with us. */
    end_all(h);
    return e;
}

static enum err separate(const struct crew *crew, struct why *why)
{
    struct hands h = {.crew = crew};
    int fds[CREW_WORKERS_MAX];
    int alive[2];
    enum err e = ERR_NONE;
    if (pipe2(alive, O_CLOEXEC) != 0)
        return why_errno(why, ERR_OS, "pipe");
    if (crew->generation)
        generation_expect(crew->generation, crew->workers + 1);
    fflush(NULL);
    while (!e && h.count < crew->workers && h.count < CREW_WORKERS_MAX) {
        int pair[2];
        if ((e = clerk_pair(pair, why)))
            break;
        h.pids[h.count] = fork();
        if (h.pids[h.count] == 0) {
            close(pair[0]);
            close(alive[1]);
            for (unsigned i = 0; i < h.count; i++)
                close(fds[i]);
            worker(crew, h.count + 1, pair[1], alive[0]);
        }
        close(pair[1]);
        fds[h.count] = pair[0];
        if (h.pids[h.count] < 0) {
            close(pair[0]);
            e = why_errno(why, ERR_OS, "fork");
            break;
        }
        h.count++;
    }
    if (e) {
        end_all(&h);
        return e;
    }
    return clerk(&h, fds, why);
}

enum err crew_run(const struct crew *crew, struct why *why)
{
    struct clerk here = {.fn = crew->answer, .arg = crew->clerk_arg, .fd = -1, .quick = true};
    if (crew->separate)
        return separate(crew, why);
    enum err e = crew->clerk_prepare ? crew->clerk_prepare(crew->clerk_arg, why) : ERR_NONE;
    if (!e)
        e = confine(crew, why);
    if (!e && crew->clerk_start)
        e = crew->clerk_start(crew->clerk_arg, why);
    if (!e)
        e = crew->work(crew->work_arg, 1, &here, why);
    return e;
}
