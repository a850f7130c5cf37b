#include "check.h"
#include "net/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* What try() returns, in a child that has entered the sandbox for tree. 100: it could not. */
static int inside(const char *tree, int (*try)(void))
{
    int status;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        struct why why = {""};
        if (sandbox_enter(tree, &why))
            _exit(100);
        _exit(try());
    }
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 200 + WTERMSIG(status);
}

static int no_program(void)
{
    static char name[] = "true";
    char *const argv[] = {name, NULL};
    execv("/bin/true", argv);
    return errno == EPERM ? 1 : 2;
}

static int no_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM ? 1 : 2;
}

static int no_way_back(void)
{
    return setuid(0) != 0 && chroot(".") != 0 ? 1 : 2;
}

static char tree[64];

static int files_of_the_tree(void)
{
    if (chdir(tree) != 0)
        return 2;
    int fd = open("tmp/a", O_CREAT | O_WRONLY, 0600);
    if (fd < 0 || write(fd, "x", 1) != 1 || fsync(fd) != 0)
        return 3;
    if (link("tmp/a", "new/a") != 0 || unlink("tmp/a") != 0)
        return 4;
    return open("new", O_RDONLY | O_DIRECTORY) < 0 ? 5 : 1;
}

static int no_other_file(void)
{
    return open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES ? 1 : 2;
}

static int no_directory(void)
{
    return chdir(tree) == 0 && mkdir("dir", 0700) != 0 && symlink("a", "b") != 0 ? 1 : 2;
}

static void calls(void)
{
    CHECK_INT(inside(NULL, no_program), 1);
    CHECK_INT(inside(NULL, no_socket), 1);
    CHECK_INT(inside(NULL, no_way_back), 1);
}

static void files(void)
{
    char path[80];
    snprintf(tree, sizeof tree, "/tmp/sandbox_test.XXXXXX");
    CHECK(mkdtemp(tree) != NULL);
    for (const char *const *sub = (const char *const[]){"tmp", "new", NULL}; *sub; sub++) {
        snprintf(path, sizeof path, "%s/%s", tree, *sub);
        CHECK_INT(mkdir(path, 0700), 0);
    }
    CHECK_INT(inside(tree, files_of_the_tree), 1);
    int other = inside(tree, no_other_file);
    CHECK(other == 1 || other == 2); /* 2: a kernel without Landlock */
    if (other == 1)
        CHECK_INT(inside(tree, no_directory), 1);
    for (const char *const *sub = (const char *const[]){"new/a", "tmp", "new", "", NULL}; *sub;
         sub++) {
        snprintf(path, sizeof path, "%s/%s", tree, *sub);
        CHECK_INT(remove(path), 0);
    }
}

int main(void)
{
    RUN(calls);
    RUN(files);
    return check_done();
}
