#include "net/master.h"

#include "net/notify.h"
#include "net/seats.h"
#include "tool/cleanup.h"
#include "tool/diag.h"
#include "tool/status.h"
#include "tool/when.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    GENERATIONS_MAX = 16, /* of which all but the two youngest are being ended */
    DRAINING_MAX = 8,     /* beyond, the oldest is stopped: each is a process or more */
    KILL_AFTER_MS = (MASTER_STOP_SECONDS + 5) * 1000,
    SAME_SIGNAL_MS = 500, /* timeout(1) and terminals send it to the process and to its group */
    CALM_MS = 60000,
    BACKOFF_MS = 100,
    BACKOFF_MAX_MS = 10000,
    ARGUMENTS_MAX = 1 << 20,
};

static const char variable[] = "FAXPIPE_GENERATION";

enum report { REPORT_EXPECT = '+', REPORT_READY = 'r', REPORT_LOST = 'l' };

struct member {
    unsigned number;
    pid_t pid;          /* 0: a free place */
    int drain, stop;    /* the ends whose closing says it; -1: it has been said */
    int report;
    unsigned expected, ready;
    bool serves;        /* it has been ready */
};

struct run {
    const struct master *m;
    enum err (*begin)(void *arg, const struct generation *g);
    void *arg;
    struct member members[GENERATIONS_MAX];
    unsigned last;         /* number */
    unsigned starting;     /* the number of the one that is not ready yet; 0: none */
    bool again;            /* another one is wanted */
    int64_t not_before;    /* when */
    unsigned deaths;       /* in a row, without a calm minute between */
    int64_t last_death;
    int ending;            /* by which signal */
    int64_t kill_at;
    bool failed;           /* the first one did not get ready: */
    enum err err;
    int signals;
    sigset_t before;       /* the signals blocked before we came */
    char exe[4096];
    char *text, **argv;
};

/* ---- The generation's side ---- */

static void nothing(int sig)
{
    (void)sig;
}

/* What ends a generation is its pipes. Handlers, unlike SIG_IGN, are not inherited by children. */
static void leave_signals_to_master(void)
{
    struct sigaction sa = {.sa_handler = nothing, .sa_flags = SA_RESTART};
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGHUP, &sa, NULL);
}

static void say(int report, enum report what, unsigned n)
{
    uint8_t byte = (uint8_t)what;
    while (report >= 0 && n-- > 0)
        while (write(report, &byte, 1) < 0 && errno == EINTR)
            continue;
}

void generation_expect(const struct generation *g, unsigned n)
{
    say(g->report, REPORT_EXPECT, n);
}

void generation_ready(int report)
{
    say(report, REPORT_READY, 1);
}

void generation_lost(const struct generation *g)
{
    say(g->report, REPORT_LOST, 1);
}

/* A number and the blank behind it. */
static bool next_number(char **at, int *value)
{
    char *end;
    long n = strtol(*at, &end, 10);
    if (end == *at || n < -1 || n > INT32_MAX)
        return false;
    *at = end;
    *value = (int)n;
    return true;
}

bool generation_inherit(struct generation *g, struct master *m)
{
    char *at = getenv(variable);
    int number, fd;
    m->count = 0;
    if (!at || !next_number(&at, &number) || !next_number(&at, &g->drain) ||
        !next_number(&at, &g->stop) || !next_number(&at, &g->report) ||
        !next_number(&at, &m->seats))
        return false;
    while (m->count < MASTER_SOCKETS_MAX && next_number(&at, &fd))
        m->fds[m->count++] = fd;
    g->number = (unsigned)number;
    g->seats = m->seats;
    const int own[] = {g->drain, g->stop, g->report, g->seats};
    for (unsigned i = 0; i < sizeof own / sizeof *own + m->count; i++)
        fcntl(i < 4 ? own[i] : m->fds[i - 4], F_SETFD, FD_CLOEXEC);
    unsetenv(variable);
    leave_signals_to_master();
    return true;
}

/* ---- Starting one ---- */

/* The command line as it was, for the program to be started anew. */
static enum err keep_arguments(struct run *r, struct why *why)
{
    size_t got = 0, n = 0;
    ssize_t k = readlink("/proc/self/exe", r->exe, sizeof r->exe - 1);
    int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    r->text = calloc(1, ARGUMENTS_MAX + 1);
    while (fd >= 0 && r->text && got < ARGUMENTS_MAX) {
        ssize_t more = read(fd, r->text + got, ARGUMENTS_MAX - got);
        if (more <= 0)
            break;
        got += (size_t)more;
    }
    if (fd >= 0)
        close(fd);
    for (size_t i = 0; i < got; i++)
        n += !r->text[i];
    r->argv = calloc(n + 2, sizeof *r->argv);
    if (!r->text || !r->argv)
        return why_set(why, ERR_OS, "out of memory");
    char *at = r->text;
    for (size_t i = 0; i < n; i++, at += strlen(at) + 1)
        r->argv[i] = at;
    r->exe[k > 0 ? k : 0] = '\0';
    return ERR_NONE;
}

/* In the child: the same program from the beginning, which finds all this by the variable. */
static void exec_again(const struct run *r, const struct generation *g)
{
    char text[sizeof variable + 64 + 12 * MASTER_SOCKETS_MAX];
    const int own[] = {g->drain, g->stop, g->report, g->seats};
    int n = snprintf(text, sizeof text, "%u %d %d %d %d", g->number, g->drain, g->stop, g->report,
                     g->seats);
    for (unsigned i = 0; i < r->m->count; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, " %d", r->m->fds[i]);
    for (unsigned i = 0; i < 4 + r->m->count; i++)
        fcntl(i < 4 ? own[i] : r->m->fds[i - 4], F_SETFD, 0);
    setenv(variable, text, 1);
    signal(SIGTERM, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    sigprocmask(SIG_SETMASK, &r->before, NULL);
    execv(r->exe, r->argv);
    diag_error("%s: %s", r->exe, strerror(errno));
    _exit(71);
}

static void become_generation(const struct run *r, const struct generation *g)
{
    unsetenv("NOTIFY_SOCKET");
    if (g->number > 1)
        exec_again(r, g);
    close(r->signals);
    leave_signals_to_master();
    sigprocmask(SIG_SETMASK, &r->before, NULL);
    enum err e = r->begin(r->arg, g);
    fflush(NULL);
    cleanup_run();
    _exit(status_of(e));
}

static struct member *member_place(struct run *r)
{
    for (unsigned i = 0; i < GENERATIONS_MAX; i++)
        if (!r->members[i].pid)
            return &r->members[i];
    return NULL;
}

static enum err start(struct run *r, struct why *why)
{
    struct member *m = member_place(r);
    int drain[2] = {-1, -1}, stop[2] = {-1, -1}, report[2] = {-1, -1};
    if (!m)
        return why_set(why, ERR_OS, "too many generations");
    enum err e = pipe2(drain, O_CLOEXEC) || pipe2(stop, O_CLOEXEC) || pipe2(report, O_CLOEXEC)
                     ? why_errno(why, ERR_OS, "pipe")
                     : ERR_NONE;
    struct generation g = {r->last + 1, drain[0], stop[0], report[1], r->m->seats};
    fflush(NULL);
    pid_t pid = e ? -1 : fork();
    if (pid == 0) {
        close(drain[1]);
        close(stop[1]);
        close(report[0]);
        become_generation(r, &g);
    }
    if (!e && pid < 0)
        e = why_errno(why, ERR_OS, "fork");
    if (drain[0] >= 0)
        close(drain[0]);
    if (stop[0] >= 0)
        close(stop[0]);
    if (report[1] >= 0)
        close(report[1]);
    if (e) {
        for (int *const *fd = (int *const[]){&drain[1], &stop[1], &report[0], NULL}; *fd; fd++)
            if (**fd >= 0)
                close(**fd);
        return e;
    }
    fcntl(report[0], F_SETFL, O_NONBLOCK);
    r->starting = r->last = g.number;
    *m = (struct member){.number = g.number,
                         .pid = pid,
                         .drain = drain[1],
                         .stop = stop[1],
                         .report = report[0]};
    return ERR_NONE;
}

/* ---- The master's life ---- */

static void tell(int *end)
{
    if (*end >= 0)
        close(*end);
    *end = -1;
}

/* The one that serves is the last that got ready; all before it only end. */
static void retire_others(struct run *r, const struct member *serves)
{
    unsigned draining = 0;
    for (unsigned i = 0; i < GENERATIONS_MAX; i++)
        if (r->members[i].pid && r->members[i].number < serves->number) {
            tell(&r->members[i].drain);
            draining += r->members[i].stop >= 0;
        }
    while (draining > DRAINING_MAX) {
        struct member *oldest = NULL;
        for (unsigned i = 0; i < GENERATIONS_MAX; i++) {
            struct member *m = &r->members[i];
            if (m->pid && m->stop >= 0 && (!oldest || m->number < oldest->number))
                oldest = m;
        }
        tell(&oldest->stop);
        draining--;
    }
}

static void on_ready(struct run *r, struct member *m)
{
    m->serves = true;
    if (r->starting == m->number)
        r->starting = 0;
    if (m->number == 1 && r->m->ready)
        r->m->ready();
    notify_manager("READY=1");
    retire_others(r, m);
}

/* When the next may start: the first death of a minute costs no time. */
static void want_again(struct run *r, bool died)
{
    int64_t now = when_steady_ms(), wait = 0;
    if (died) {
        r->deaths = now - r->last_death > CALM_MS ? 1 : r->deaths + 1;
        r->last_death = now;
        for (unsigned i = 1; i < r->deaths && wait < BACKOFF_MAX_MS; i++)
            wait = wait ? wait * 2 : BACKOFF_MS;
        wait = wait < BACKOFF_MAX_MS ? wait : BACKOFF_MAX_MS;
    }
    r->again = true;
    r->not_before = now + wait;
}

/* What is left of it serves until another one is ready; or, where it never was, ends. */
static void on_loss(struct run *r, struct member *m)
{
    if (m->serves)
        want_again(r, true);
    else
        tell(&m->stop);
}

static void read_reports(struct run *r, struct member *m)
{
    uint8_t bytes[64];
    ssize_t n;
    while ((n = read(m->report, bytes, sizeof bytes)) > 0)
        for (ssize_t i = 0; i < n; i++) {
            m->expected += bytes[i] == REPORT_EXPECT;
            m->ready += bytes[i] == REPORT_READY;
            if (bytes[i] == REPORT_LOST && m->drain >= 0 && !r->ending)
                on_loss(r, m);
        }
    if (n == 0)
        tell(&m->report);
    if (!m->serves && m->ready && m->ready >= m->expected)
        on_ready(r, m);
}

static void on_death(struct run *r, struct member *m, int status)
{
    bool asked = m->drain < 0 || m->stop < 0, began = m->serves;
    read_reports(r, m);
    tell(&m->drain);
    tell(&m->stop);
    tell(&m->report);
    m->pid = 0;
    seats_sweep(r->m->seats, m->number, 0);
    if (r->starting == m->number)
        r->starting = 0;
    if (WIFSIGNALED(status))
        diag_error("worker: ended by signal %d", WTERMSIG(status));
    if (r->ending || (asked && began))
        return;
    if (m->number == 1 && !began) {
        r->failed = true;
        r->err = WIFSIGNALED(status) ? ERR_BUG : status_to_err(WEXITSTATUS(status));
    } else if (began) {
        want_again(r, true);
    } else {
        bool left = false;
        for (unsigned i = 0; i < GENERATIONS_MAX; i++)
            left = left || (r->members[i].pid && r->members[i].drain >= 0);
        diag_error("not started anew%s", left ? ": what was there serves on" : "");
        notify_manager("READY=1");
        if (!left)
            want_again(r, true);
    }
}

static void bury(struct run *r)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (unsigned i = 0; i < GENERATIONS_MAX; i++)
            if (r->members[i].pid == pid)
                on_death(r, &r->members[i], status);
}

static void end(struct run *r, int sig)
{
    int64_t now = when_steady_ms();
    bool first = !r->ending;
    if (!first && now < r->kill_at - KILL_AFTER_MS + SAME_SIGNAL_MS)
        return;
    r->ending = sig;
    r->kill_at = now + KILL_AFTER_MS;
    notify_manager("STOPPING=1");
    for (unsigned i = 0; i < GENERATIONS_MAX; i++) {
        tell(&r->members[i].drain);
        tell(&r->members[i].stop);
        if (r->members[i].pid && !first)
            kill(r->members[i].pid, SIGKILL);
    }
    /* Whoever comes now is refused, as he would be by nobody. */
    for (unsigned i = 0; first && i < r->m->count; i++)
        close(r->m->fds[i]);
}

static void take_signals(struct run *r)
{
    struct signalfd_siginfo info;
    while (read(r->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGHUP && !r->ending) {
            notify_reloading();
            want_again(r, false);
        } else if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT) {
            end(r, (int)info.ssi_signo);
        }
    }
    bury(r);
}

/* Until something happens, or is due; negative: for ever. */
static int patience(const struct run *r)
{
    int64_t due = r->ending ? r->kill_at : r->again && !r->starting ? r->not_before : -1;
    int64_t left = due - when_steady_ms();
    return due < 0 ? -1 : left < 0 ? 0 : (int)left;
}

static bool lives(const struct run *r)
{
    for (unsigned i = 0; i < GENERATIONS_MAX; i++)
        if (r->members[i].pid)
            return true;
    return false;
}

static void watch(struct run *r)
{
    struct pollfd polls[GENERATIONS_MAX + 1] = {{r->signals, POLLIN, 0}};
    for (unsigned i = 0; i < GENERATIONS_MAX; i++)
        polls[i + 1] = (struct pollfd){r->members[i].pid ? r->members[i].report : -1, POLLIN, 0};
    poll(polls, GENERATIONS_MAX + 1, patience(r));
    for (unsigned i = 0; i < GENERATIONS_MAX; i++)
        if (polls[i + 1].fd >= 0 && polls[i + 1].revents)
            read_reports(r, &r->members[i]);
    take_signals(r);
}

static void rule(struct run *r)
{
    struct why why = {""};
    while (!r->failed && (!r->ending || lives(r))) {
        watch(r);
        int64_t now = when_steady_ms();
        if (r->ending && now >= r->kill_at)
            end(r, r->ending);
        if (r->again && !r->starting && !r->ending && now >= r->not_before) {
            r->again = false;
            if (start(r, &why)) {
                diag_warn("not started anew: %s", why.text);
                want_again(r, true);
            }
        }
    }
}

enum err master_run(const struct master *m,
                    enum err (*begin)(void *arg, const struct generation *g), void *arg,
                    struct why *why)
{
    static struct run r;
    sigset_t ours;
    r = (struct run){.m = m, .begin = begin, .arg = arg, .last_death = -CALM_MS - 1};
    enum err e = keep_arguments(&r, why);
    sigemptyset(&ours);
    sigaddset(&ours, SIGTERM);
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGHUP);
    sigaddset(&ours, SIGCHLD);
    sigprocmask(SIG_BLOCK, &ours, &r.before);
    r.signals = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
    if (!e && r.signals < 0)
        e = why_errno(why, ERR_OS, "signals");
    if (!e)
        e = start(&r, why);
    if (!e)
        rule(&r);
    sigprocmask(SIG_SETMASK, &r.before, NULL);
    if (r.ending) {
        cleanup_run();
        signal(r.ending, SIG_DFL);
        raise(r.ending);
    }
    free(r.text);
    free(r.argv);
    return e ? e : r.err;
}
