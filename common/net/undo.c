#include "net/undo.h"

#include "tool/diag.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 65536, HASHES = PIECE / UNDO_BLOCK };

/* The file: this, and then the hash of each whole block. */
struct undo {
    char magic[8];
    uint64_t at, size;
    uint8_t first[UNDO_BLOCK];
};

static const char magic[8] = "faxundo1";

enum err undo_open(const char *mbox, int *fd, struct why *why)
{
    char path[PATH_MAX];
    const char *slash = strrchr(mbox, '/');
    int directory = slash ? (int)(slash + 1 - mbox) : 0;
    int n = snprintf(path, sizeof path, "%.*s.%s.faxpipe", directory, mbox, mbox + directory);
    if (n < 0 || (size_t)n >= sizeof path)
        return why_set(why, ERR_DATA, "path too long");
    *fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    return *fd < 0 ? why_errno(why, ERR_CREATE, "%.300s", path) : ERR_NONE;
}

/* FNV-1a, mixed. Nobody gains by two blocks of one hash: where they stand is ours to say. */
static uint32_t hash(const uint8_t block[UNDO_BLOCK])
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < UNDO_BLOCK; i++)
        h = (h ^ block[i]) * 16777619u;
    return h ^ h >> 15;
}

/* As many as there are, up to n; less at the end or after an error. */
static size_t read_at(int fd, void *p, size_t n, off_t at)
{
    size_t done = 0;
    while (done < n) {
        ssize_t k = pread(fd, (char *)p + done, n - done, at + (off_t)done);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            break;
        done += (size_t)k;
    }
    return done;
}

static bool write_at(int fd, const void *p, size_t n, off_t at)
{
    while (n) {
        ssize_t k = pwrite(fd, p, n, at);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return false;
        p = (const char *)p + k;
        n -= (size_t)k;
        at += k;
    }
    return true;
}

/* A mail on its way through the hash. */
struct hashing {
    int fd;
    off_t at; /* where the next hashes go */
    uint64_t size;
    struct undo head;
    uint8_t block[UNDO_BLOCK];
    size_t count;
    uint32_t hashes[HASHES];
    bool failed;
};

static void flush(struct hashing *h)
{
    size_t n = h->count * sizeof *h->hashes;
    h->failed = h->failed || !write_at(h->fd, h->hashes, n, h->at);
    h->at += (off_t)n;
    h->count = 0;
}

static void add(struct hashing *h, struct span piece)
{
    while (piece.n) {
        size_t used = h->size % UNDO_BLOCK;
        size_t n = UNDO_BLOCK - used < piece.n ? UNDO_BLOCK - used : piece.n;
        memcpy(h->block + used, piece.p, n);
        if (h->size < UNDO_BLOCK)
            memcpy(h->head.first + used, piece.p, n);
        h->size += n;
        piece = span_skip(piece, n);
        if (h->size % UNDO_BLOCK)
            break;
        h->hashes[h->count++] = hash(h->block);
        if (h->count == HASHES)
            flush(h);
    }
}

enum err undo_begin(int undo, off_t at, int file, struct span rest, struct why *why)
{
    struct hashing h = {.fd = undo, .at = sizeof h.head};
    uint8_t piece[PIECE];
    off_t from = 0;
    size_t got;
    while (file >= 0 && (got = read_at(file, piece, sizeof piece, from))) {
        add(&h, span_of(piece, got));
        from += (off_t)got;
    }
    add(&h, rest);
    flush(&h);
    memcpy(h.head.magic, magic, sizeof magic);
    h.head.at = (uint64_t)at;
    h.head.size = h.size;
    /* The last, so that what it tells of is there. */
    if (h.failed || !write_at(undo, &h.head, sizeof h.head, 0)) {
        enum err e = why_errno(why, ERR_IO, "mbox: undo");
        undo_end(undo);
        return e;
    }
    return ERR_NONE;
}

void undo_end(int undo)
{
    if (ftruncate(undo, 0) != 0)
        diag_warn("mbox: undo: %s", strerror(errno));
}

/* The n octets from head's offset on are the mail's first. */
static bool is_part(int undo, const struct undo *head, int look, uint64_t n)
{
    uint8_t piece[PIECE];
    uint32_t hashes[HASHES];
    size_t first = n < UNDO_BLOCK ? (size_t)n : UNDO_BLOCK;
    if (read_at(look, piece, first, (off_t)head->at) != first ||
        memcmp(piece, head->first, first) != 0)
        return false;
    for (uint64_t done = 0, whole = n / UNDO_BLOCK; done < whole;) {
        size_t count = whole - done < HASHES ? (size_t)(whole - done) : HASHES;
        size_t octets = count * UNDO_BLOCK, size = count * sizeof *hashes;
        off_t from = (off_t)(sizeof *head + done * sizeof *hashes);
        if (read_at(look, piece, octets, (off_t)(head->at + done * UNDO_BLOCK)) != octets ||
            read_at(undo, hashes, size, from) != size)
            return false;
        for (size_t i = 0; i < count; i++)
            if (hash(piece + i * UNDO_BLOCK) != hashes[i])
                return false;
        done += count;
    }
    return true;
}

bool undo_recover(int undo, int look, int mbox)
{
    struct undo head;
    struct stat st;
    size_t got = read_at(undo, &head, sizeof head, 0);
    if (!got)
        return false;
    bool part = got == sizeof head && memcmp(head.magic, magic, sizeof magic) == 0 &&
                fstat(look, &st) == 0 && (uint64_t)st.st_size > head.at &&
                (uint64_t)st.st_size - head.at < head.size &&
                is_part(undo, &head, look, (uint64_t)st.st_size - head.at);
    if (part && ftruncate(mbox, (off_t)head.at) != 0) {
        diag_warn("mbox: a part of a mail stays at its end: %s", strerror(errno));
        return false;
    }
    undo_end(undo);
    return part;
}
