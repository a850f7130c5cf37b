#include "tool/spill.h"

#include "tool/diag.h"
#include "tool/io.h"

#include <errno.h>
#include <unistd.h>

void spill_init(struct spill *s)
{
    buf_init(&s->memory, SPILL_MEMORY);
    s->fd = -1;
    s->size = 0;
}

enum err spill_add(struct spill *s, const void *p, size_t n, struct why *why)
{
    const uint8_t *at = p;
    size_t room = s->memory.max - s->memory.len, fits = n < room ? n : room;
    enum err e = buf_add(&s->memory, at, fits);
    if (e)
        return why_set(why, e, "out of memory");
    if (fits < n) {
        if (s->fd < 0 && (e = io_temp(&s->fd, why)))
            return e;
        if ((e = io_write(s->fd, at + fits, n - fits, why)))
            return e;
    }
    s->size += n;
    return ERR_NONE;
}

enum err spill_read(const struct spill *s, uint64_t offset, uint8_t *scratch, size_t size,
                    struct span *bytes, struct why *why)
{
    *bytes = span_of(NULL, 0);
    if (offset >= s->size)
        return ERR_NONE;
    if (offset < s->memory.len) {
        *bytes = span_skip(buf_span(&s->memory), (size_t)offset);
        return ERR_NONE;
    }
    uint64_t left = s->size - offset;
    ssize_t n;
    do
        n = pread(s->fd, scratch, left < size ? (size_t)left : size,
                  (off_t)(offset - s->memory.len));
    while (n < 0 && errno == EINTR);
    if (n <= 0)
        return n < 0 ? why_errno(why, ERR_IO, "temporary file")
                     : why_set(why, ERR_IO, "temporary file is cut");
    *bytes = span_of(scratch, (size_t)n);
    return ERR_NONE;
}

enum err spill_write(const struct spill *s, int fd, struct why *why)
{
    uint8_t scratch[16384];
    struct span bytes;
    for (uint64_t at = 0; at < s->size; at += bytes.n) {
        enum err e = spill_read(s, at, scratch, sizeof scratch, &bytes, why);
        if (!e)
            e = io_write(fd, bytes.p, bytes.n, why);
        if (e)
            return e;
    }
    return ERR_NONE;
}

enum err spill_clear(struct spill *s, struct why *why)
{
    buf_clear(&s->memory);
    s->size = 0;
    if (s->fd >= 0 && (ftruncate(s->fd, 0) != 0 || lseek(s->fd, 0, SEEK_SET) != 0))
        return why_errno(why, ERR_IO, "temporary file");
    return ERR_NONE;
}

void spill_release(struct spill *s)
{
    buf_release(&s->memory);
    if (s->fd >= 0)
        close(s->fd);
    spill_init(s);
}
