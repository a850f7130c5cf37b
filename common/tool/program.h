/*
 * What every program shares: the option group (--config, -q, -v, --help, --usage, --version),
 * the signals, the check that nothing of stdout was lost, and the exit status.
 *
 *     int main(int argc, char **argv)
 *     {
 *         static const struct program program = {"g3tiff", "[FILE]", options, run};
 *         return program_main(&program, argc, argv);
 *     }
 *
 * This header shows popt to cmd/; no other folder of common/ includes it.
 */
#ifndef TOOL_PROGRAM_H
#define TOOL_PROGRAM_H

#include "bytes/err.h"

#include <popt.h>

#define FAXPIPE_VERSION "0.1.0"

/* What is left of the command line; the strings live until the program ends. */
struct operands {
    int count;
    const char **list; /* list[count] is NULL */
};

struct program {
    const char *name;
    const char *operands;        /* what --usage shows behind the options */
    struct poptOption *options;  /* the program's own, ended by POPT_TABLEEND */
    enum err (*run)(const struct operands *operands);
    void (*version)(void);       /* more lines for `--version -v`; may be NULL */
};

/*
 * Parses, runs and returns the exit status. An unknown option, or one without its argument, is
 * 64 with one line. --help and --usage print the tables on stdout; --version prints
 * "name (faxpipe) version". The hidden --list-options prints the tables for the tests: a line an
 * option of "-x", "--long" and "ARG", separated by tabs, "" where there is none.
 * run() says on stderr itself what went wrong (diag_fail) and returns the class. After it stdout
 * is flushed and closed, and a loss there is 74 whatever run returned.
 */
int program_main(const struct program *program, int argc, char **argv);

/* The --config of this run, or NULL. */
const char *program_config(void);

/* Puts --config and its file behind the n words of argv, for a program of ours that is to have this
 * run's settings; gives how many there are then, at most two more. */
int program_pass_config(const char *argv[], int n);

/*
 * "unexpected operand" unless at most max operands are there; "operand missing" unless at least
 * min are. ERR_USAGE, said on stderr.
 */
enum err operands_check(const struct operands *operands, int min, int max);

#endif
