#include "check.h"
#include "net/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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

/* Not on the list, and what the list has under other numbers. */
static int no_other_calls(void)
{
    static const long calls[] = {SYS_socketpair, SYS_ptrace,  SYS_process_vm_readv, SYS_kill,
                                 SYS_mount,      SYS_bpf,     SYS_io_uring_setup,   SYS_unshare,
                                 SYS_symlinkat,  SYS_mknodat, SYS_fchownat,         SYS_keyctl,
                                 SYS_setns,      SYS_personality, SYS_bind,         SYS_connect};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (syscall(calls[i], 0, 0, 0, 0, 0) != -1 || errno != EPERM)
            return 2;
    /* One that this kernel has or has not, and the list is too old to know. */
    return syscall(SYS_landlock_create_ruleset, NULL, 0, 1) == -1 && errno == ENOSYS ? 1 : 3;
}

#ifdef __x86_64__
/* i386's getpid; and x32's, whose numbers are x86-64's with a bit more. */
static int other_architecture(void)
{
    long r;
    __asm__ volatile("int $0x80" : "=a"(r) : "a"(20) : "memory");
    return r > 0 ? 2 : 3;
}

static int x32(void)
{
    return syscall(0x40000000 + SYS_getpid) == -1 ? 1 : 2;
}
#endif

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
    CHECK_INT(inside(NULL, no_other_calls), 1);
#ifdef __x86_64__
    int other = inside(NULL, other_architecture);
    CHECK(other == 200 + SIGSYS || other == 200 + SIGSEGV); /* SEGV: the kernel has no i386 calls */
    CHECK_INT(inside(NULL, x32), 1);
#endif
}

/* What sandbox_enter asks for, asked by others. */
static bool has_landlock(void)
{
    return syscall(SYS_landlock_create_ruleset, NULL, 0, 1 /* version */) >= 2;
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
    if (has_landlock()) {
        CHECK_INT(inside(tree, no_other_file), 1);
        CHECK_INT(inside("", no_other_file), 1);
        CHECK_INT(inside(tree, no_directory), 1);
        CHECK_INT(inside(NULL, no_other_file), 2); /* it is no other wall that was felt */
    } else {
        printf("# a kernel without Landlock (ABI 2): only the files of the tree were tried\n");
    }
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
