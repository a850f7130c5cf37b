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

/* Calls that neither SMTP nor the delivery of mail ever needs. */
static const unsigned refused[] = {
    SYS_execve, SYS_execveat,
    SYS_socket, SYS_socketpair, SYS_connect, SYS_bind,
    SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp, SYS_pidfd_getfd,
    SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_setns, SYS_unshare, SYS_move_mount,
    SYS_open_tree, SYS_fsopen, SYS_fsmount, SYS_open_by_handle_at, SYS_mknodat, SYS_symlinkat,
    SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_bpf,
    SYS_perf_event_open, SYS_userfaultfd, SYS_io_uring_setup, SYS_keyctl, SYS_add_key,
    SYS_request_key, SYS_reboot, SYS_swapon, SYS_swapoff, SYS_acct, SYS_quotactl,
    SYS_setuid, SYS_setgid, SYS_setresuid, SYS_setresgid, SYS_setgroups, SYS_personality,
    SYS_fchownat, SYS_fchown,
};

enum { REFUSED = sizeof refused / sizeof refused[0] };

/* Load, one comparison a call, allow, refuse; before them the check that numbers mean ours. */
static enum err filter_calls(struct why *why)
{
#ifdef OUR_ARCH
    struct sock_filter code[REFUSED + 8];
    unsigned short n = 0;
    code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                             offsetof(struct seccomp_data, arch));
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCH, 1, 0);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                             offsetof(struct seccomp_data, nr));
    /* x32's numbers are the same calls under other names. */
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, REFUSED + 1, 0);
    for (unsigned i = 0; i < REFUSED; i++)
        code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, refused[i],
                                                 (uint8_t)(REFUSED - i), 0);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
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
