/*
 * LD_PRELOAD: a disk whose flush costs 5 ms. Every call that waits for the disk waits so much
 * longer; calls of several threads wait at the same time, as a disk joins their flushes.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

static void wait_for_disk(void)
{
    const struct timespec flush = {0, 5000000};
    nanosleep(&flush, NULL);
}

typedef int sync_fn(int fd);
typedef int range_fn(int fd, off64_t offset, off64_t n, unsigned flags);

int fsync(int fd)
{
    sync_fn *real;
    *(void **)&real = dlsym(RTLD_NEXT, "fsync");
    wait_for_disk();
    return real(fd);
}

int fdatasync(int fd)
{
    sync_fn *real;
    *(void **)&real = dlsym(RTLD_NEXT, "fdatasync");
    wait_for_disk();
    return real(fd);
}

int syncfs(int fd)
{
    sync_fn *real;
    *(void **)&real = dlsym(RTLD_NEXT, "syncfs");
    wait_for_disk();
    return real(fd);
}

int sync_file_range(int fd, off64_t offset, off64_t n, unsigned flags)
{
    range_fn *real;
    *(void **)&real = dlsym(RTLD_NEXT, "sync_file_range");
    wait_for_disk();
    return real(fd, offset, n, flags);
}
