#include "jobs.h"

#include "letters.h"
#include "net/report.h"
#include "sending.h"
#include "server.h"
#include "tool/diag.h"
#include "tool/io.h"
#include "tool/spawn.h"
#include "tool/status.h"

#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

/* What the processes share. */
struct board {
    atomic_size_t next; /* the first mail that nobody has taken */
    struct {
        enum err failed, worst;
        bool lost; /* what it told did not arrive */
        bool done; /* it has come to its end */
    } worker[JOBS_MAX];
};

/* Each mail that next gives, until there is none. */
static enum err send_some(struct job *j, atomic_size_t *next)
{
    size_t count = mailbag_count(&j->bag);
    enum err e = ERR_NONE;
    for (size_t n = atomic_fetch_add(next, 1); n < count && !e; n = atomic_fetch_add(next, 1)) {
        /* The envelope of the first is set since they were all looked at. */
        e = n || j->lock >= 0 ? letters_address(j, n) : ERR_NONE;
        if (!e)
            e = sending_one(j, n);
    }
    return e;
}

static pid_t start(struct job *j, struct board *board, size_t which)
{
    pid_t parent = getpid(), pid = fork();
    if (pid)
        return pid;
    /* Nobody reads results whose teller has gone; the descriptors end the connection. */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(1);
    enum err e = send_some(j, &board->next);
    server_disconnect(j);
    board->worker[which].worst = j->worst;
    board->worker[which].failed = e;
    board->worker[which].lost = ferror(stdout) || fflush(stdout) != 0;
    board->worker[which].done = true;
    _exit(0);
}

/* Said once, and not by each that found it so. */
static enum err stdout_lost(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    if (poll(&out, 1, 0) == 1 && (out.revents & POLLERR))
        return ERR_PIPE;
    return diag_fail(ERR_IO, NULL, "stdout: write error");
}

static enum err send_by_many(struct job *j, struct board *board, size_t workers)
{
    pid_t pids[JOBS_MAX];
    struct why why = {""};
    size_t started = 0;
    bool lost = false;
    enum err e = io_temp(&j->lock, &why);
    if (e)
        return diag_fail(e, &why, "--jobs");
    fflush(stdout);
    while (started < workers && (pids[started] = start(j, board, started)) > 0)
        started++;
    if (started < workers)
        diag_warn("only %zu processes could be started", started);
    if (started == 0)
        e = send_some(j, &board->next);
    for (size_t i = 0; i < started; i++) {
        int status = 0;
        spawn_wait(pids[i], &status, &why);
        if (!board->worker[i].done)
            e = diag_fail(ERR_OS, NULL, "a process of --jobs ended by itself (%d)", status);
        else if (board->worker[i].failed && !e)
            e = board->worker[i].failed;
        lost |= board->worker[i].lost;
        j->worst = report_worse(j->worst, board->worker[i].worst);
    }
    if (lost && !e)
        e = stdout_lost();
    io_close(j->lock, NULL);
    j->lock = -1;
    return e;
}

enum err jobs_send(struct job *j)
{
    size_t count = mailbag_count(&j->bag), workers = (size_t)j->opt->jobs;
    if (workers > count)
        workers = count;
    if (workers < 2) {
        atomic_size_t next = 0;
        return send_some(j, &next);
    }
    struct board *board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (board == MAP_FAILED)
        return diag_fail(ERR_OS, NULL, "--jobs");
    enum err e = send_by_many(j, board, workers);
    munmap(board, sizeof *board);
    return e;
}
