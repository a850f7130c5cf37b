#include "tool/spawn.h"

#include "tool/diag.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Copies the next word to out (at least as large as the rest of the command) and steps over it.
 * False when a quote stays open. */
static int take_word(const char **at, char *out)
{
    const char *c = *at;
    char quote = 0;
    for (; *c && (quote || (*c != ' ' && *c != '\t')); c++) {
        if (quote && *c == quote)
            quote = 0;
        else if (!quote && (*c == '\'' || *c == '"'))
            quote = *c;
        else if (*c == '\\' && quote != '\'' && c[1])
            *out++ = *++c;
        else
            *out++ = *c;
    }
    *out = '\0';
    *at = c;
    return !quote;
}

enum err words_split(const char *command, struct words *words, struct why *why)
{
    size_t n = strlen(command);
    /* At most every second byte starts a word. The words share one copy of the text. */
    words->list = calloc(n / 2 + 2, sizeof *words->list);
    words->count = 0;
    char *text = malloc(n + 2);
    if (!words->list || !text) {
        free(text);
        words_free(words);
        return why_set(why, ERR_OS, "out of memory");
    }
    char *keep = text;
    for (;;) {
        command += strspn(command, " \t");
        if (!*command)
            break;
        words->list[words->count++] = text;
        if (!take_word(&command, text)) {
            words_free(words);
            return why_set(why, ERR_CONFIG, "open quote in the command");
        }
        text += strlen(text) + 1;
    }
    if (words->count)
        return ERR_NONE;
    free(keep);
    words_free(words);
    return why_set(why, ERR_CONFIG, "empty command");
}

void words_free(struct words *words)
{
    if (words->list && words->count)
        free((char *)words->list[0]);
    free((void *)words->list);
    *words = (struct words){NULL, 0};
}

static int to_place(int fd, int place)
{
    if (fd < 0)
        fd = open("/dev/null", place == 0 ? O_RDONLY : O_WRONLY);
    return fd == place ? fcntl(fd, F_SETFD, 0) : dup2(fd, place);
}

static void child(const char *const argv[], int in, int out, const char *const extra_env[])
{
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
    signal(SIGCHLD, SIG_DFL);
    /* out may be descriptor 0 itself: move it clear of the places first. */
    if (out >= 0 && out < 2)
        out = fcntl(out, F_DUPFD, 3);
    if (to_place(in, 0) < 0 || to_place(out, 1) < 0 || close_range(3, ~0u, CLOSE_RANGE_CLOEXEC) < 0)
        _exit(71);
    for (; extra_env && *extra_env; extra_env++)
        if (putenv((char *)*extra_env) != 0)
            _exit(71);
    execvp(argv[0], (char *const *)argv);
}

enum err spawn(const char *const argv[], int in, int out, const char *const extra_env[], pid_t *pid,
               struct why *why)
{
    /* The child tells through this pipe that exec failed; a successful exec closes it. */
    int report[2], failure = 0;
    if (pipe2(report, O_CLOEXEC) != 0)
        return why_errno(why, ERR_OS, "pipe");
    *pid = fork();
    if (*pid == 0) {
        child(argv, in, out, extra_env);
        failure = errno;
        (void)!write(report[1], &failure, sizeof failure);
        _exit(69);
    }
    close(report[1]);
    if (*pid < 0) {
        close(report[0]);
        return why_errno(why, ERR_OS, "fork");
    }
    ssize_t k;
    do
        k = read(report[0], &failure, sizeof failure);
    while (k < 0 && errno == EINTR);
    close(report[0]);
    if (k <= 0)
        return ERR_NONE;
    int status;
    spawn_wait(*pid, &status, NULL);
    return why_set(why, ERR_UNAVAILABLE, "%s: %s", argv[0], strerror(failure));
}

const char *spawn_beside(const char *name, char *out, size_t size)
{
    ssize_t n = readlink("/proc/self/exe", out, size);
    while (n > 0 && (size_t)n < size && out[n - 1] != '/')
        n--;
    if (n <= 0 || (size_t)n >= size || strlen(name) >= size - (size_t)n)
        return name;
    memcpy(out + n, name, strlen(name) + 1);
    return access(out, X_OK) == 0 ? out : name;
}

enum err spawn_pipe(const char *const argv[], pid_t *pid, int *fd, struct why *why)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return why_errno(why, ERR_OS, "pipe");
    enum err e = spawn(argv, -1, ends[1], NULL, pid, why);
    close(ends[1]);
    if (e)
        close(ends[0]);
    *fd = ends[0];
    return e;
}

enum err spawn_wait(pid_t pid, int *status, struct why *why)
{
    int raw;
    while (waitpid(pid, &raw, 0) < 0)
        if (errno != EINTR)
            return why_errno(why, ERR_OS, "wait");
    *status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
    return ERR_NONE;
}
