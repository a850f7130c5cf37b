/*
 * A growing buffer that is born with a cap.
 *
 * Invariants: len <= cap <= max; data is NULL only while cap is 0; a failed call changes nothing.
 * This is the only file of the pure folders that allocates. It knows of no descriptor and of
 * nothing above bytes/.
 */
#ifndef BYTES_BUF_H
#define BYTES_BUF_H

#include "bytes/err.h"
#include "bytes/span.h"

struct buf {
    uint8_t *data;
    size_t len;
    size_t cap;
    size_t max;
};

/* An empty buffer that never holds more than max bytes. Nothing is allocated yet. */
void buf_init(struct buf *b, size_t max);

/* Frees the memory; the buffer is empty again with the same cap. */
void buf_release(struct buf *b);

/* As buf_release, after overwriting every byte it held: for passwords and keys. A buffer that
 * grew has also wiped the memory it left (buf_reserve never leaves a copy behind). */
void buf_wipe(struct buf *b);

/* Forgets the contents, keeps the memory. */
void buf_clear(struct buf *b);

/*
 * Makes room for n more bytes behind len and points *room there (room may be NULL); the caller
 * writes and then adds to len. ERR_DATA: over max. ERR_OS: no memory.
 */
enum err buf_reserve(struct buf *b, size_t n, uint8_t **room);

/* Appends. ERR_DATA: over max. ERR_OS: no memory. The bytes must not lie in the buffer itself. */
enum err buf_add(struct buf *b, const void *p, size_t n);
enum err buf_add_span(struct buf *b, struct span s);
enum err buf_add_str(struct buf *b, const char *s);
enum err buf_add_byte(struct buf *b, uint8_t c);
enum err buf_add_format(struct buf *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Takes n bytes (at most len) from the front. Moves what is left: linear in it. */
void buf_consume(struct buf *b, size_t n);

/* What it holds; valid until the next call that changes the buffer. */
struct span buf_span(const struct buf *b);

/*
 * The contents as a C string: a NUL is kept behind len. NULL when there was no memory for it or
 * the cap is reached; valid until the next call that changes the buffer.
 */
const char *buf_cstr(struct buf *b);

#endif
