/*
 * Who does what under which uid: a worker (or several) that reads the network, and a clerk that
 * knows the users (smtp.md's privilege separation).
 */
#ifndef NET_CREW_H
#define NET_CREW_H

#include "net/clerk.h"
#include "net/master.h"

#include <sys/types.h>

enum { CREW_WORKERS_MAX = 64 };

struct crew_account {
    bool change; /* false: stay who we are */
    char name[64]; /* for the supplementary groups; "" for none */
    uid_t uid;
    gid_t gid;
};

struct crew {
    bool separate; /* worker and clerk are processes of their own */
    unsigned workers;
    struct crew_account worker, clerk;
    const char *root; /* the workers' chroot; NULL: none */
    clerk_fn *answer;
    enum err (*clerk_prepare)(void *arg, struct why *why); /* before he becomes it; may be NULL */
    enum err (*clerk_start)(void *arg, struct why *why); /* under the clerk's uid; may be NULL */
    void *clerk_arg;
    /* number: of this worker, from 1 */
    enum err (*work)(void *arg, unsigned number, const struct clerk *clerk, struct why *why);
    void *work_arg;
    const struct generation *generation; /* which the crew is; NULL: it has no master */
};

/*
 * Becomes the crew: without `separate` everything in this process; else forks the workers, which
 * change root and uid for good (net/sandbox.h; they die with the clerk), while this
 * process becomes the clerk. Returns when the work is done: the first worker's failure, or the
 * clerk's, with why empty where a worker has said it already. A worker that dies while others live
 * is told to the master. A worker never returns from here.
 * ERR_OS: no fork, or the change of uid failed.
 */
enum err crew_run(const struct crew *crew, struct why *why);

/* Looks an account up by its name. ERR_CONFIG: there is none. */
enum err crew_account_find(const char *name, struct crew_account *account, struct why *why);

/* Becomes it for good: real, effective and saved ids, and the groups. ERR_OS. */
enum err crew_become(const struct crew_account *account, struct why *why);

/* The account of a uid; without a name where it has none. */
void crew_account_of(uid_t uid, gid_t gid, struct crew_account *account);

#endif
