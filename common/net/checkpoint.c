#include "net/checkpoint.h"

#include "bytes/hash.h"
#include "smtp/content.h"
#include "tool/diag.h"
#include "tool/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    NAME = 64,
    PATH_SIZE = 4200,
    HEADER_MAX = 1 << 21,
    FIRST = 44, /* the first line: "faxpipe-checkpoint 1 P 00000000000000000000\n" */
    MINE_MOST = 64,
    ALL_MOST = 4096,
    OLD = 36 * 3600,
};

static const uint64_t octets_most = (uint64_t)1 << 30;

struct checkpoint {
    char path[PATH_SIZE];
    char dir[PATH_SIZE - NAME];
    int fd;
    bool whole;
    uint64_t octets;
    struct buf header; /* the key's lines, the envelope's, and an empty one */
    size_t key_size;
    off_t at;          /* of checkpoint_read */
    struct writer out;
};

/* With its NUL, so that texts in a row stay apart. */
static uint64_t hash(uint64_t h, const char *text)
{
    return hash_bytes(h, text, strlen(text) + 1);
}

/* The client's part of the name; two clients who meet in one share what they may have. */
static uint32_t client_of(const struct checkpoint_key *k)
{
    uint64_t h = hash(hash(HASH_START, k->client), k->identity);
    return (uint32_t)(h ^ h >> 32);
}

static void name_of(const struct checkpoint_key *k, char out[NAME])
{
    uint64_t h = hash(hash(hash(hash(HASH_START, k->transid), k->helo), k->client), k->identity);
    snprintf(out, NAME, "checkpoint-%08x-%016llx", client_of(k), (unsigned long long)h);
}

static enum err begin(const char *dir, const struct checkpoint_key *key, int flags,
                      struct checkpoint **checkpoint, struct why *why)
{
    char name[NAME];
    struct checkpoint *c = calloc(1, sizeof *c);
    if (!c)
        return why_set(why, ERR_OS, "out of memory");
    name_of(key, name);
    buf_init(&c->header, HEADER_MAX);
    snprintf(c->dir, sizeof c->dir, "%s", dir);
    snprintf(c->path, sizeof c->path, "%s/%s", c->dir, name);
    enum err e = buf_add_format(&c->header, "C%s\nI%s\nH%s\nT%s\n", key->client, key->identity,
                                key->helo, key->transid);
    c->key_size = c->header.len;
    c->fd = e ? -1 : open(c->path, flags | O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (e || c->fd < 0)
        e = e ? ERR_OS : errno == ENOENT ? ERR_NO : why_errno(why, ERR_CREATE, "%s", c->path);
    else if (flock(c->fd, LOCK_EX | LOCK_NB) != 0)
        e = why_set(why, ERR_NO, "another session has it");
    *checkpoint = c;
    return e;
}

static void end(struct checkpoint *c)
{
    if (c->fd >= 0)
        close(c->fd);
    buf_release(&c->header);
    free(c);
}

/* The header of a file, and whether it is of the same key: names may meet. */
static enum err read_header(struct checkpoint *c)
{
    struct buf text;
    char state;
    unsigned long long octets;
    uint8_t *room;
    size_t length = 0;
    buf_init(&text, FIRST + HEADER_MAX);
    enum err e = ERR_NONE;
    while (!e && !length) {
        e = buf_reserve(&text, 16384, &room);
        ssize_t k = e ? -1 : pread(c->fd, room, 16384, (off_t)text.len);
        if (k <= 0)
            e = ERR_NO;
        else
            text.len += (size_t)k;
        const uint8_t *empty = e ? NULL : memmem(text.data, text.len, "\n\n", 2);
        length = empty ? (size_t)(empty - text.data) + 2 : 0;
    }
    struct span header = buf_span(&text);
    char first[FIRST + 1];
    if (e || length < FIRST || !span_copy(span_take(header, FIRST), first, sizeof first) ||
        sscanf(first, "faxpipe-checkpoint 1 %c %llu", &state, &octets) != 2 ||
        !span_starts(span_skip(header, FIRST), buf_span(&c->header)))
        e = ERR_NO;
    if (!e && buf_add_span(&c->header, span_skip(span_take(header, length), FIRST + c->key_size)))
        e = ERR_OS;
    c->whole = !e && state == 'W';
    c->octets = e ? 0 : octets;
    buf_release(&text);
    return e;
}

static off_t data_at(const struct checkpoint *c)
{
    return (off_t)(FIRST + c->header.len);
}

/* How far the lines go that are whole, and of how many octets of the mail they are; nothing of
 * the end mark. What is behind is cut off. */
static enum err measure(struct checkpoint *c, struct why *why)
{
    struct content content;
    struct buf out;
    uint8_t *bytes = malloc(65536);
    off_t at = data_at(c), good = at;
    uint64_t octets = 0;
    enum err e = bytes ? ERR_NONE : ERR_OS;
    buf_init(&out, 65536);
    content_init(&content);
    for (ssize_t k = 1; !e && k > 0 && content.state != CONTENT_ENDED;) {
        k = pread(c->fd, bytes, 65536, at);
        struct span left = span_of(bytes, k > 0 ? (size_t)k : 0);
        while (!e && left.n && content.state != CONTENT_ENDED) {
            /* Line by line: what is counted is known at their ends. */
            size_t line = span_find(left, '\n');
            size_t n = content_push(&content, span_take(left, line + (line < left.n)), &out, &e);
            at += (off_t)n;
            left = span_skip(left, n);
            buf_clear(&out);
            if (content.state == CONTENT_LINE_START) {
                good = at;
                octets = content.octets;
            }
        }
    }
    if (!e && ftruncate(c->fd, good) != 0)
        e = why_errno(why, ERR_IO, "%s", c->path);
    c->octets = octets;
    buf_release(&out);
    free(bytes);
    return e;
}

enum err checkpoint_find(const char *dir, const struct checkpoint_key *key,
                         struct checkpoint **checkpoint, struct why *why)
{
    struct checkpoint *c = NULL;
    enum err e = begin(dir, key, 0, &c, why);
    if (!e)
        e = read_header(c);
    if (!e && !c->whole)
        e = measure(c, why);
    if (!e) {
        c->at = data_at(c);
        if (lseek(c->fd, 0, SEEK_END) < 0)
            e = why_errno(why, ERR_IO, "%s", c->path);
        writer_init(&c->out, c->fd);
    }
    if (e && c)
        end(c);
    *checkpoint = e ? NULL : c;
    return e;
}

/* What there is: of this client, of all, in octets. */
struct census {
    unsigned mine, all;
    uint64_t octets;
    char oldest[NAME]; /* of mine */
    time_t when;
};

static void count(const char *dir, uint32_t client, struct census *census)
{
    char mine[NAME];
    struct stat st;
    const struct dirent *d;
    DIR *handle = opendir(dir);
    time_t now = time(NULL);
    memset(census, 0, sizeof *census);
    snprintf(mine, sizeof mine, "checkpoint-%08x-", client);
    while (handle && (d = readdir(handle))) {
        if (strncmp(d->d_name, "checkpoint-", 11) != 0 || strlen(d->d_name) >= NAME ||
            fstatat(dirfd(handle), d->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (now - st.st_mtime > OLD && unlinkat(dirfd(handle), d->d_name, 0) == 0)
            continue;
        census->all++;
        census->octets += (uint64_t)st.st_size;
        if (strncmp(d->d_name, mine, strlen(mine)) != 0)
            continue;
        if (!census->mine++ || st.st_mtime < census->when) {
            census->when = st.st_mtime;
            span_copy(span_str(d->d_name), census->oldest, sizeof census->oldest);
        }
    }
    if (handle)
        closedir(handle);
}

static bool make_room(const char *dir, const struct checkpoint_key *key)
{
    struct census census;
    char path[PATH_SIZE];
    count(dir, client_of(key), &census);
    if (census.mine >= MINE_MOST) {
        snprintf(path, sizeof path, "%s/%s", dir, census.oldest);
        unlink(path);
        census.all--;
    }
    return census.all < ALL_MOST && census.octets < octets_most;
}

static enum err write_first(const struct checkpoint *c, char state, uint64_t octets)
{
    char first[FIRST + 1];
    snprintf(first, sizeof first, "faxpipe-checkpoint 1 %c %020llu\n", state,
             (unsigned long long)octets);
    return pwrite(c->fd, first, FIRST, 0) == FIRST ? ERR_NONE : ERR_IO;
}

enum err checkpoint_create(const char *dir, const struct checkpoint_key *key, struct span envelope,
                           struct checkpoint **checkpoint, struct why *why)
{
    struct checkpoint *c = NULL;
    *checkpoint = NULL;
    if (!make_room(dir, key))
        return why_set(why, ERR_NO, "there are too many checkpoints");
    enum err e = begin(dir, key, O_CREAT, &c, why);
    if (!e && (ftruncate(c->fd, 0) != 0 || write_first(c, 'P', 0)))
        e = why_errno(why, ERR_IO, "%s", c->path);
    if (!e && (buf_add_span(&c->header, envelope) || buf_add_byte(&c->header, '\n')))
        e = why_set(why, ERR_NO, "the envelope is too long");
    if (!e && lseek(c->fd, FIRST, SEEK_SET) < 0)
        e = why_errno(why, ERR_IO, "%s", c->path);
    if (!e) {
        writer_init(&c->out, c->fd);
        writer_add(&c->out, c->header.data, c->header.len);
        c->at = data_at(c);
        e = c->out.err;
    }
    if (e && c)
        end(c);
    else
        *checkpoint = c;
    return e;
}

struct span checkpoint_envelope(const struct checkpoint *c)
{
    struct span s = span_skip(buf_span(&c->header), c->key_size);
    return span_take(s, s.n - (s.n > 0));
}

uint64_t checkpoint_octets(const struct checkpoint *c)
{
    return c->octets;
}

bool checkpoint_is_whole(const struct checkpoint *c)
{
    return c->whole;
}

enum err checkpoint_read(struct checkpoint *c, void *p, size_t n, size_t *got, struct why *why)
{
    ssize_t k = pread(c->fd, p, n, c->at);
    *got = k > 0 ? (size_t)k : 0;
    c->at += k > 0 ? k : 0;
    return k < 0 ? why_errno(why, ERR_IO, "%s", c->path) : ERR_NONE;
}

enum err checkpoint_write(struct checkpoint *c, struct span wire, struct why *why)
{
    writer_add(&c->out, wire.p, wire.n);
    return c->out.err ? why_set(why, c->out.err, "%s", c->out.why.text) : ERR_NONE;
}

void checkpoint_keep(struct checkpoint *c)
{
    struct why why = {""};
    struct census census;
    if (!c)
        return;
    count(c->dir, 0, &census);
    enum err e = writer_flush(&c->out, &why);
    if (!e)
        e = census.octets > octets_most ? ERR_IO : measure(c, &why);
    if (!e)
        e = io_sync(c->fd, &why);
    if (!e)
        e = io_sync_dir(c->dir, &why);
    /* Nothing was promised: the client begins anew. */
    if (e)
        unlink(c->path);
    end(c);
}

void checkpoint_finish(struct checkpoint *c, uint64_t octets)
{
    if (!c)
        return;
    struct why why = {""};
    if (!c->whole && (writer_flush(&c->out, &why) || ftruncate(c->fd, data_at(c)) != 0 ||
                      write_first(c, 'W', octets)))
        unlink(c->path);
    end(c);
}

void checkpoint_discard(struct checkpoint *c)
{
    if (!c)
        return;
    unlink(c->path);
    end(c);
}
