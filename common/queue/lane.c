#include "queue/lane.h"

#include "queue/hop.h"

#include "tool/diag.h"
#include "tool/io.h"
#include "tool/pass.h"
#include "tool/program.h"
#include "tool/spawn.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TEXT_MAX = 1 << 20 };

/*
 * Starts smtp-send with its stderr in a file: a mail that has to wait is no news, and what it says
 * when it fails as a whole goes into the entry. Under -v it speaks for itself.
 */
static enum err spawn_quietly(struct lane *l, const char *const argv[], int in, int out,
                              struct why *why)
{
    int ours = l->words >= 0 ? fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3) : -1;
    if (ours >= 0)
        dup2(l->words, STDERR_FILENO);
    enum err e = spawn(argv, in, out, NULL, &l->pid, why);
    if (ours >= 0) {
        dup2(ours, STDERR_FILENO);
        close(ours);
    }
    return e;
}

static enum err start(struct lane *l, const char *sender, const char *hop, int in, int out,
                      struct why *why)
{
    const char *argv[12];
    size_t prefix = sizeof LANE_USER - 1;
    const char *user = strncmp(hop, LANE_USER, prefix) == 0 ? hop + prefix : NULL;
    int n = 0;
    argv[n++] = sender;
    argv[n++] = "--entries";
    argv[n++] = "--json";
    argv[n++] = user ? "--user" : hop_is_url(hop) ? "--url" : "--host";
    argv[n++] = user ? user : hop;
    n = program_pass_config(argv, n);
    if (diag_verbose())
        argv[n++] = "-v";
    argv[n] = NULL;
    return spawn_quietly(l, argv, in, out, why);
}

static void shut(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

enum err lane_open(struct lane *l, const char *sender, const char *hop, struct why *why)
{
    int pair[2], ends[2];
    *l = (struct lane){.pid = -1, .entries = -1, .results = -1, .words = -1};
    buf_init(&l->text, TEXT_MAX);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return why_errno(why, ERR_OS, "socket pair");
    l->entries = pair[0];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        enum err e = why_errno(why, ERR_OS, "pipe");
        close(pair[1]);
        shut(&l->entries);
        return e;
    }
    l->results = ends[0];
    if (!diag_verbose() && io_temp(&l->words, NULL))
        l->words = -1;
    enum err e = start(l, sender, hop, pair[1], ends[1], why);
    close(pair[1]);
    close(ends[1]);
    if (e) {
        l->pid = -1;
        lane_bury(l, (char[LANE_WORDS]){""});
    }
    return e;
}

enum err lane_give(struct lane *l, struct span envelope, int mail, struct why *why)
{
    return pass_send(l->entries, envelope.p, envelope.n, mail, why);
}

void lane_finish(struct lane *l)
{
    shut(&l->entries);
}

enum err lane_read(struct lane *l, struct why *why)
{
    uint8_t *room;
    size_t got = 0;
    buf_consume(&l->text, l->taken);
    l->taken = 0;
    enum err e = buf_reserve(&l->text, 16384, &room);
    if (!e)
        e = io_read(l->results, room, 16384, &got, why);
    l->text.len += got;
    return e ? e : got ? ERR_NONE : ERR_NO;
}

bool lane_line(struct lane *l, struct span *line)
{
    struct span rest = span_skip(buf_span(&l->text), l->taken);
    size_t n = span_find(rest, '\n');
    *line = span_take(rest, n);
    l->taken += n < rest.n ? n + 1 : 0;
    return n < rest.n;
}

/* The last line of the file, without its end; "" where there is none. */
static void last_line(int fd, char out[LANE_WORDS])
{
    char text[2 * LANE_WORDS];
    out[0] = '\0';
    off_t end = fd >= 0 ? lseek(fd, 0, SEEK_END) : 0;
    off_t begin = end > (off_t)sizeof text ? end - (off_t)sizeof text : 0;
    ssize_t k = end > 0 ? pread(fd, text, sizeof text, begin) : 0;
    struct span s = span_trim(span_of(text, k > 0 ? (size_t)k : 0));
    for (size_t n; (n = span_find(s, '\n')) < s.n;)
        s = span_skip(s, n + 1);
    s = span_take(s, LANE_WORDS - 1);
    for (size_t i = 0; i < s.n; i++)
        out[i] = s.p[i] < 0x20 || s.p[i] == 0x7f ? '?' : (char)s.p[i];
    out[s.n] = '\0';
}

int lane_bury(struct lane *l, char words[LANE_WORDS])
{
    int status = 71;
    shut(&l->entries);
    shut(&l->results);
    if (l->pid > 0 && spawn_wait(l->pid, &status, NULL))
        status = 71;
    last_line(l->words, words);
    shut(&l->words);
    buf_release(&l->text);
    l->pid = -1;
    return status;
}
