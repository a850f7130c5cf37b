/*
 * The one place of short writes, EINTR, fsync and the last flush.
 *
 * Paths are NUL-terminated; "-" is stdin or stdout where a function says so. A failed function
 * leaves no descriptor open. ENOSPC, EIO and their like are ERR_IO; EPIPE is ERR_PIPE.
 */
#ifndef TOOL_IO_H
#define TOOL_IO_H

#include "bytes/buf.h"

#include <sys/types.h>

/* Writes all n bytes. ERR_IO, ERR_PIPE; after a failure an unknown part has been written. */
enum err io_write(int fd, const void *p, size_t n, struct why *why);

/* Reads once, at most n bytes; *got is 0 only at the end. ERR_IO. */
enum err io_read(int fd, void *p, size_t n, size_t *got, struct why *why);

/* Appends everything up to the end of fd to b. ERR_DATA: more than b's cap. ERR_IO, ERR_OS. */
enum err io_read_all(int fd, struct buf *b, struct why *why);

/* Appends the whole file (or stdin for "-") to b. ERR_NO_INPUT: missing, unreadable, a
 * directory. */
enum err io_read_file(const char *path, struct buf *b, struct why *why);

/* Copies from one descriptor to the other until the end; *copied (may be NULL) counts. */
enum err io_copy(int from, int to, uint64_t *copied, struct why *why);

/* What of an input that cannot seek is kept in a temporary file, at most: an endless one must not
 * fill the disk. */
#define IO_KEEP_MAX (UINT64_C(4) << 30)

/* The same as io_copy of `most` bytes at most; ERR_DATA: there are more. */
enum err io_copy_most(int from, int to, uint64_t most, uint64_t *copied, struct why *why);

/* Opens for reading; NULL and "-" are stdin (*fd is then 0, and io_close leaves it alone). */
enum err io_open(const char *path, int *fd, struct why *why);

/* close() whose error counts: for what was written. Descriptors 0 to 2 and -1 are left alone. */
enum err io_close(int fd, struct why *why);

/* fsync. ERR_IO. What does not know fsync (a pipe, a terminal) is no error. */
enum err io_sync(int fd, struct why *why);

/* fsync of a directory, so that names in it survive a crash. */
enum err io_sync_dir(const char *path, struct why *why);

/* The same of the directory that path's last name stands in. ERR_IO. */
enum err io_sync_parent(const char *path, struct why *why);

/* An unlinked file in $TMPDIR (else /tmp), mode 0600, for reading and writing. */
enum err io_temp(int *fd, struct why *why);

/*
 * A file that appears whole or not at all. With path NULL or "-" the bytes go to stdout as they
 * come. Otherwise they go to a temporary name in the same directory (mode 0666 & ~umask), which
 * outfile_commit syncs, renames to path (what stood there is replaced) and syncs the directory;
 * outfile_abort, SIGINT, SIGTERM and exit remove it. A path that is a device or pipe is written
 * directly. One of commit and abort is called for every opened file.
 */
struct outfile {
    int fd;
    char path[4096];
    char temp[4096 + 32]; /* "" when written directly */
};

/* ERR_CREATE: no such directory, no permission, no space for a name. */
enum err outfile_open(struct outfile *f, const char *path, struct why *why);
/* ERR_IO, ERR_CREATE: the temporary file is gone, and what stood at path still stands. */
enum err outfile_commit(struct outfile *f, struct why *why);
/* Removes the temporary file; harmless after commit. */
void outfile_abort(struct outfile *f);

/*
 * Output gathered into writes of 64 KiB. fd is not owned. The first failure sticks; writer_flush
 * must be called last and reports it.
 */
struct writer {
    int fd;
    enum err err;
    size_t len;
    struct why why;
    uint8_t bytes[65536];
};

/* Starts with nothing gathered. */
void writer_init(struct writer *w, int fd);
/* Gathers or writes; failures show at writer_flush, or in w->err. */
void writer_add(struct writer *w, const void *p, size_t n);
/* Writes what is gathered and tells the first failure of all. */
enum err writer_flush(struct writer *w, struct why *why);

#endif
