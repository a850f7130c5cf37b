/*
 * What a process that reads the network gives up for good, so that whoever took it over could
 * reach nothing but what it already has open, and the files of its own tree.
 */
#ifndef NET_SANDBOX_H
#define NET_SANDBOX_H

#include "bytes/err.h"

/*
 * No new privileges and, by seccomp, no system call but those of a list: no other programs, no new
 * sockets, no look at other processes, no mounts, modules, keys or namespaces. Such calls fail with
 * EPERM; calls of another architecture's numbers end the process. With tree not
 * NULL, and where the kernel has Landlock (ABI 2), files below tree may be made, read, written
 * and removed, and nothing else of the file system ("": nothing at all); without it that is left to
 * chroot and modes. Every thread that is started later is bound by it too. ERR_OS.
 */
enum err sandbox_enter(const char *tree, struct why *why);

#endif
