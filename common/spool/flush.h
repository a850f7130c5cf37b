/*
 * Waiting for the disk with many files at once.
 */
#ifndef SPOOL_FLUSH_H
#define SPOOL_FLUSH_H

#include "bytes/err.h"

#include <stddef.h>

/* A descriptor to be synced, and how that went. */
struct flushed {
    int fd;
    enum err err;
    struct why why;
};

/*
 * fsyncs every descriptor of list; err is ERR_NONE or ERR_IO (then with its why). One after the
 * other where the disk answers at once: the first flush then brings along what the others would
 * write. Once a flush takes its time, the rest wait side by side, in threads that end before
 * this returns, so that count flushes cost little more than one.
 */
void spool_flush(struct flushed list[], size_t count);

#endif
