/*
 * disk-rate DIR COUNT OCTETS: what this disk can do at most, one by one: in a new directory of
 * DIR, COUNT times a file of OCTETS is made in tmp/ and synced, linked into new/, and new/ synced.
 * Prints how many of them a second, and of the time of one the median and the 99th percentile in
 * us. They stay: what goes would burden the disk's next flushes.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void one(int n, const char *bytes, size_t size)
{
    char tmp[32], new[32];
    snprintf(tmp, sizeof tmp, "tmp/%d", n);
    snprintf(new, sizeof new, "new/%d", n);
    int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (fd < 0 || write(fd, bytes, size) != (ssize_t)size || fsync(fd) != 0 || close(fd) != 0)
        err(1, "%s", tmp);
    int dir = link(tmp, new) == 0 ? open("new", O_RDONLY | O_DIRECTORY) : -1;
    if (dir < 0 || fsync(dir) != 0)
        err(1, "%s", new);
    close(dir);
}

static int later(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    int count = argc == 4 ? atoi(argv[2]) : 0;
    size_t size = argc == 4 ? (size_t)atol(argv[3]) : 0;
    char *bytes = calloc(1, size + 1), name[32];
    double *took = calloc((size_t)(count < 1 ? 1 : count), sizeof *took);
    if (count < 1 || !bytes || !took)
        errx(64, "usage: disk-rate DIR COUNT OCTETS");
    if ((mkdir(argv[1], 0700) != 0 && access(argv[1], W_OK) != 0) || chdir(argv[1]) != 0)
        err(1, "%s", argv[1]);
    snprintf(name, sizeof name, "%d", (int)getpid());
    if (mkdir(name, 0700) != 0 || chdir(name) != 0)
        err(1, "%s", name);
    mkdir("tmp", 0700);
    mkdir("new", 0700);
    double begin = seconds(), last = begin;
    for (int i = 0; i < count; i++) {
        one(i, bytes, size);
        double end = seconds();
        took[i] = end - last;
        last = end;
    }
    qsort(took, (size_t)count, sizeof *took, later);
    printf("%.0f %.0f %.0f\n", count / (last - begin), took[count / 2] * 1e6,
           took[count * 99 / 100] * 1e6);
    free(took);
    free(bytes);
    return 0;
}
