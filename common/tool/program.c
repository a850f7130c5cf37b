#include "tool/program.h"

#include "tool/cleanup.h"
#include "tool/cpu_env.h"
#include "tool/diag.h"
#include "tool/status.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { OPT_HELP = 0x10000, OPT_USAGE, OPT_VERSION, OPT_LIST };

static struct {
    char *config;
    int quiet, verbose;
} common;

static struct poptOption common_options[] = {
    {"config", 0, POPT_ARG_STRING, &common.config, 0, "read settings from FILE", "FILE"},
    {"quiet", 'q', POPT_ARG_NONE, &common.quiet, 0, "no warnings", NULL},
    {"verbose", 'v', POPT_ARG_NONE, &common.verbose, 0, "say what is done", NULL},
    {"help", 0, POPT_ARG_NONE, NULL, OPT_HELP, "show this help", NULL},
    {"usage", 0, POPT_ARG_NONE, NULL, OPT_USAGE, "show a short form of it", NULL},
    {"version", 0, POPT_ARG_NONE, NULL, OPT_VERSION, "show the version", NULL},
    {"list-options", 0, POPT_ARG_NONE | POPT_ARGFLAG_DOC_HIDDEN, NULL, OPT_LIST, NULL, NULL},
    POPT_TABLEEND,
};

const char *program_config(void)
{
    return common.config;
}

int program_pass_config(const char *argv[], int n)
{
    if (common.config) {
        argv[n++] = "--config";
        argv[n++] = common.config;
    }
    return n;
}

static void list_table(const struct poptOption *o)
{
    for (; o->longName || o->shortName || o->arg; o++) {
        if ((o->argInfo & POPT_ARG_MASK) == POPT_ARG_INCLUDE_TABLE) {
            list_table(o->arg);
        } else if (!(o->argInfo & POPT_ARGFLAG_DOC_HIDDEN)) {
            char shorter[3] = {'-', o->shortName, '\0'};
            printf("%s\t%s%s\t%s\n", o->shortName ? shorter : "", o->longName ? "--" : "",
                   o->longName ? o->longName : "", o->argDescrip ? o->argDescrip : "");
        }
    }
}

static void version(const struct program *program)
{
    printf("%s (faxpipe) %s\n", program->name, FAXPIPE_VERSION);
    /* The kernels it may name are capped as in a run. */
    if (common.verbose && program->version && cpu_env_apply(NULL) == ERR_NONE)
        program->version();
}

static void answer(const struct program *program, poptContext ctx, int what)
{
    switch (what) {
    case OPT_HELP:
        poptPrintHelp(ctx, stdout, 0);
        break;
    case OPT_USAGE:
        poptPrintUsage(ctx, stdout, 0);
        break;
    case OPT_VERSION:
        version(program);
        break;
    default:
        list_table(program->options);
        list_table(common_options);
    }
}

/* The question (--help…) that was asked, 0 for none, -1 after a usage error has been told. */
static int parse(poptContext ctx)
{
    int asked = 0, r;
    while ((r = poptGetNextOpt(ctx)) > 0)
        if (r >= OPT_HELP && r <= OPT_LIST && !asked)
            asked = r;
    if (r < -1) {
        const char *option = poptBadOption(ctx, POPT_BADOPTION_NOALIAS);
        diag_error("%s: %s", option ? option : "", poptStrerror(r));
        return -1;
    }
    return asked;
}

/* Whether the reader of stdout, a pipe, has gone: for a loss whose errno nobody kept. */
static bool reader_gone(void)
{
    struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&p, 1, 0) == 1 && (p.revents & POLLERR);
}

/* Everything written must have arrived: a full disk may show only at the last flush or close. */
static enum err close_stdout(enum err e)
{
    diag_progress_end();
    bool lost = ferror(stdout) != 0;
    errno = 0;
    if (fflush(stdout) != 0)
        lost = true;
    int why = errno;
    if (lost && !why && reader_gone())
        why = EPIPE;
    if (close(STDOUT_FILENO) != 0 && errno != EBADF) {
        lost = true;
        why = errno;
    }
    if (!lost)
        return e;
    if (why == EPIPE)
        return ERR_PIPE;
    if (e == ERR_IO || e == ERR_PIPE)
        return e;
    diag_error("stdout: %s", why ? strerror(why) : "write error");
    return ERR_IO;
}

/* A program started without one of 0, 1, 2 would take its first file for it: each missing one
 * is opened so that reads and writes fail as they would on the closed one. */
static void guard_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) == -1 && errno == EBADF)
            /* The lowest free descriptor is fd itself, since all below it are open. */
            (void)!open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}

/*
 * Passwords pass through most programs: never into a core file. A limit of one byte, since 0
 * would still let a core_pattern that pipes to a program have it. (PR_SET_DUMPABLE would also
 * forbid /dev/fd/N, and with it `--password-file <(command)`.)
 */
static void no_core_file(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max > 0) {
        limit.rlim_cur = 1;
        setrlimit(RLIMIT_CORE, &limit);
    }
}

static enum err run(const struct program *program, poptContext ctx)
{
    int asked = parse(ctx);
    diag_init(program->name, common.quiet, common.verbose);
    if (asked < 0)
        return ERR_USAGE;
    if (asked) {
        answer(program, ctx, asked);
        return ERR_NONE;
    }
    static const char *none[] = {NULL};
    struct operands operands = {0, poptGetArgs(ctx)};
    if (!operands.list)
        operands.list = none;
    while (operands.list[operands.count])
        operands.count++;
    struct why why = {""};
    enum err e = cpu_env_apply(&why);
    return e ? diag_fail(e, &why, "FAXPIPE_CPU") : program->run(&operands);
}

int program_main(const struct program *program, int argc, char **argv)
{
    struct poptOption table[] = {
        {NULL, 0, POPT_ARG_INCLUDE_TABLE, program->options, 0, "Options:", NULL},
        {NULL, 0, POPT_ARG_INCLUDE_TABLE, common_options, 0, "Common options:", NULL},
        POPT_TABLEEND,
    };
    guard_descriptors();
    diag_init(program->name, false, false);
    cleanup_install();
    no_core_file();
    poptContext ctx = poptGetContext(program->name, argc, (const char **)argv, table, 0);
    if (!ctx)
        return status_of(diag_fail(ERR_OS, NULL, "options"));
    poptSetOtherOptionHelp(ctx, program->operands);
    enum err e = close_stdout(run(program, ctx));
    cleanup_run();
    poptFreeContext(ctx);
    return status_of(e);
}

enum err operands_check(const struct operands *operands, int min, int max)
{
    if (operands->count < min) {
        diag_error("operand missing");
        return ERR_USAGE;
    }
    if (operands->count > max) {
        diag_error("%s: unexpected operand", operands->list[max]);
        return ERR_USAGE;
    }
    return ERR_NONE;
}
