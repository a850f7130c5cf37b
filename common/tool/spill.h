/*
 * Bytes set aside to be read again: up to 4 MiB in memory, the rest in an unlinked temporary file.
 */
#ifndef TOOL_SPILL_H
#define TOOL_SPILL_H

#include "bytes/buf.h"

enum { SPILL_MEMORY = 4 << 20 };

struct spill {
    struct buf memory;
    int fd;        /* of the temporary file, -1 while all fits in memory */
    uint64_t size; /* all bytes */
};

/* Empty; nothing is allocated or opened yet. */
void spill_init(struct spill *s);

/* Appends. ERR_OS, ERR_CREATE, ERR_IO; then an unknown part was added. */
enum err spill_add(struct spill *s, const void *p, size_t n, struct why *why);

/*
 * A span of the bytes from offset on, at least one and as many as are at hand; empty at the end.
 * scratch is where bytes of the file are read to (size of it at least 1); the span is valid until
 * scratch or the spill change. ERR_IO.
 */
enum err spill_read(const struct spill *s, uint64_t offset, uint8_t *scratch, size_t size,
                    struct span *bytes, struct why *why);

/* Writes all of it to fd. ERR_IO, ERR_PIPE. */
enum err spill_write(const struct spill *s, int fd, struct why *why);

/* Forgets the bytes; keeps memory and file for the next ones. ERR_IO: the file's. */
enum err spill_clear(struct spill *s, struct why *why);

/* Frees and closes. */
void spill_release(struct spill *s);

#endif
