#include "net/sandbox.h"

#include "tool/diag.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCH AUDIT_ARCH_AARCH64
#endif

/*
 * What SMTP, TLS, threads and the delivery of mail need, the busy ones first. Of sockets those that
 * are open may be used, and none made; no other program is run; nobody else is looked at, waited
 * for apart from children, or sent a signal but by tgkill, which reaches as far as the uid does.
 */
static const unsigned allowed[] = {
    SYS_read, SYS_write, SYS_futex, SYS_epoll_pwait, SYS_epoll_ctl, SYS_recvfrom, SYS_sendto,
    SYS_recvmsg, SYS_sendmsg, SYS_writev, SYS_readv, SYS_accept4, SYS_close, SYS_openat, SYS_fsync,
    SYS_linkat, SYS_unlinkat, SYS_newfstatat, SYS_fstat, SYS_lseek, SYS_getpeername,
    SYS_getsockname, SYS_getsockopt, SYS_setsockopt, SYS_shutdown, SYS_ioctl, SYS_fcntl,
    SYS_mmap, SYS_munmap, SYS_mprotect, SYS_mremap, SYS_madvise, SYS_brk, SYS_mlock, SYS_munlock,
    SYS_clock_gettime, SYS_clock_getres, SYS_clock_nanosleep, SYS_nanosleep, SYS_gettimeofday,
    SYS_getrandom, SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_rt_sigtimedwait,
    SYS_sigaltstack, SYS_restart_syscall, SYS_tgkill, SYS_exit, SYS_exit_group, SYS_clone,
    SYS_wait4, SYS_set_robust_list, SYS_get_robust_list, SYS_set_tid_address,
    SYS_sched_yield, SYS_sched_getaffinity, SYS_membarrier, SYS_getpid, SYS_gettid, SYS_getppid,
    SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid, SYS_umask, SYS_uname, SYS_sysinfo,
    SYS_getrlimit, SYS_setrlimit, SYS_prlimit64, SYS_pread64, SYS_pwrite64, SYS_preadv,
    SYS_pwritev, SYS_dup, SYS_dup3, SYS_pipe2, SYS_eventfd2, SYS_epoll_create1, SYS_ppoll,
    SYS_pselect6, SYS_accept, SYS_listen, SYS_sendmmsg, SYS_recvmmsg, SYS_sendfile, SYS_splice,
    SYS_copy_file_range, SYS_memfd_create, SYS_fdatasync, SYS_syncfs, SYS_sync_file_range,
    SYS_ftruncate, SYS_fallocate, SYS_flock, SYS_faccessat, SYS_readlinkat, SYS_getdents64,
    SYS_getcwd, SYS_chdir, SYS_fchdir, SYS_mkdirat, SYS_renameat, SYS_renameat2, SYS_fchmod,
    SYS_fchmodat, SYS_utimensat, SYS_statx, SYS_clone3, SYS_close_range, SYS_faccessat2, SYS_rseq,
    SYS_statfs, SYS_fstatfs, SYS_getpgid, SYS_setsid,
#ifdef SYS_open /* the older names that x86-64 has beside these */
    SYS_open, SYS_stat, SYS_lstat, SYS_access, SYS_link, SYS_unlink, SYS_rename, SYS_readlink,
    SYS_mkdir, SYS_chmod, SYS_poll, SYS_select, SYS_epoll_wait, SYS_epoll_create, SYS_eventfd,
    SYS_pipe, SYS_dup2, SYS_time, SYS_fork, SYS_vfork, SYS_getdents,
#endif
};

enum { ALLOWED = sizeof allowed / sizeof allowed[0], LAST_KNOWN = SYS_faccessat2 };

/* Load, one comparison a call, refuse, allow; before them the check that numbers mean ours. What
 * is newer than this list is not there: so do the C library's newest ways fall back. */
static enum err filter_calls(struct why *why)
{
#ifdef OUR_ARCH
    struct sock_filter code[ALLOWED + 9];
    unsigned short n = 0;
    _Static_assert(ALLOWED + 2 < 256, "a jump is one octet");
    code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                             offsetof(struct seccomp_data, arch));
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCH, 1, 0);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                             offsetof(struct seccomp_data, nr));
    for (unsigned i = 0; i < ALLOWED; i++)
        code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, allowed[i],
                                                 (uint8_t)(ALLOWED - i + 2), 0);
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, LAST_KNOWN, 1, 0);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    const struct sock_fprog program = {n, code};
    /* A kernel built without it (EINVAL) leaves the other walls standing. */
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0 && errno != EINVAL)
        return why_errno(why, ERR_OS, "seccomp");
#endif
    (void)why;
    return ERR_NONE;
}

static enum err restrict_files(const char *tree, struct why *why)
{
    const uint64_t files = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE |
                           LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                           LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REFER;
    const struct landlock_ruleset_attr handled = {
        .handled_access_fs = files | LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                             LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
                             LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
                             LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM};
    /* ABI 1 forbids every link() between directories, which is how mail is delivered. */
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (abi < 2)
        return ERR_NONE;
    int rules = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0);
    if (rules < 0)
        return why_errno(why, ERR_OS, "Landlock");
    struct landlock_path_beneath_attr below = {files, *tree ? open(tree, O_PATH | O_CLOEXEC) : -1};
    enum err e = ERR_NONE;
    if ((*tree && (below.parent_fd < 0 || syscall(SYS_landlock_add_rule, rules,
                                                  LANDLOCK_RULE_PATH_BENEATH, &below, 0) != 0)) ||
        syscall(SYS_landlock_restrict_self, rules, 0) != 0)
        e = why_errno(why, ERR_OS, "Landlock");
    if (below.parent_fd >= 0)
        close(below.parent_fd);
    close(rules);
    return e;
}

enum err sandbox_enter(const char *tree, struct why *why)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return why_errno(why, ERR_OS, "no new privileges");
    enum err e = tree ? restrict_files(tree, why) : ERR_NONE;
    return e ? e : filter_calls(why);
}
