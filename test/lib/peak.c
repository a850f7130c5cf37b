/*
 * peak KIB COMMAND...: runs it; 1 with a word on stderr where its resident set was ever over KIB.
 * Otherwise its status. This program itself is small: what a child's record begins with is its
 * parent's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct rusage used;
    int status;
    if (argc < 3)
        return 64;
    long most = atol(argv[1]);
    pid_t pid = fork();
    if (pid < 0)
        return 71;
    if (pid == 0) {
        execvp(argv[2], argv + 2);
        _exit(127);
    }
    if (wait4(pid, &status, 0, &used) != pid)
        return 71;
    if (getenv("PEAK_SHOW"))
        fprintf(stderr, "%ld KiB: %s\n", used.ru_maxrss, argv[2]);
    if (used.ru_maxrss > most) {
        fprintf(stderr, "%s took %ld KiB, more than %ld\n", argv[2], used.ru_maxrss, most);
        return 1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
