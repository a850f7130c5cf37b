/*
 * A sealed temporary file: an unlinked file of mode 0600 whose bytes are AES-256-CTR under a key
 * that only this process has, so that what waits on a disk until it has been found genuine is
 * nobody's to read, then or later. Written once, then read as often as wanted.
 */
#ifndef SEAL_SHELTER_H
#define SEAL_SHELTER_H

#include "bytes/err.h"

#include <stddef.h>

struct shelter;

/* In $TMPDIR. ERR_CREATE, ERR_OS. Close with shelter_close (NULL is fine). */
enum err shelter_open(struct shelter **s, struct why *why);
void shelter_close(struct shelter *s);

/* Appends; not any more after shelter_rewind. ERR_IO. */
enum err shelter_write(struct shelter *s, const void *p, size_t n, struct why *why);

/* Ends the writing; reading begins at the start (again). ERR_IO. */
enum err shelter_rewind(struct shelter *s, struct why *why);

/* Reads at most n bytes; *got is 0 only at the end. ERR_IO. */
enum err shelter_read(struct shelter *s, void *p, size_t n, size_t *got, struct why *why);

#endif
