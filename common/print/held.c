#include "print/held.h"

#include "bytes/json.h"
#include "mime/header.h"
#include "tool/diag.h"
#include "tool/io.h"
#include "tool/program.h"
#include "tool/spawn.h"
#include "tool/status.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LIST_MAX = 64 << 20, PATH_SIZE = 4096, HEAD_MAX = 65536 };

/* Never the PATH's: it is told the password. */
static enum err beside(char out[PATH_SIZE], struct why *why)
{
    if (spawn_beside("fax-spool", out, PATH_SIZE) != out)
        return why_set(why, ERR_UNAVAILABLE, "fax-spool: not beside this program");
    return ERR_NONE;
}

/* The password goes through a pipe that is read on descriptor 0; it fits into one. */
static enum err password_pipe(const struct held *h, int *fd, struct why *why)
{
    int ends[2];
    *fd = -1;
    if (!h->password)
        return ERR_NONE;
    if (pipe(ends) != 0)
        return why_errno(why, ERR_OS, "pipe");
    enum err e = io_write(ends[1], h->password->data, h->password->len, why);
    if (!e)
        e = io_write(ends[1], "\n", 1, why);
    close(ends[1]);
    if (e)
        close(ends[0]);
    else
        *fd = ends[0];
    return e;
}

/* Runs fax-spool with up to four words more behind command and code, its stdout to out. */
static enum err run(const struct held *h, const char *command, const char *const more[4], int out,
                    struct why *why)
{
    char path[PATH_SIZE];
    const char *argv[16];
    int n = 0, in, status;
    pid_t pid;
    enum err e = beside(path, why);
    if (!e)
        e = password_pipe(h, &in, why);
    if (e)
        return e;
    argv[n++] = path;
    n = program_pass_config(argv, n);
    if (h->password) {
        argv[n++] = "--password-fd";
        argv[n++] = "0";
    }
    argv[n++] = command;
    argv[n++] = h->code;
    for (int i = 0; i < 4 && more[i]; i++)
        argv[n++] = more[i];
    argv[n] = NULL;
    e = spawn(argv, in, out, NULL, &pid, why);
    if (in >= 0)
        close(in);
    if (!e)
        e = spawn_wait(pid, &status, why);
    if (!e && status != 0) {
        e = status_to_err(status);
        why_set(why, e, "%s", "");
    }
    return e;
}

static enum err run_into_temp(const struct held *h, const char *command, const char *const more[4],
                              int *fd, struct why *why)
{
    enum err e = io_temp(fd, why);
    if (e)
        return e;
    e = run(h, command, more, *fd, why);
    if (!e && lseek(*fd, 0, SEEK_SET) != 0)
        e = why_errno(why, ERR_IO, "seek");
    if (e)
        close(*fd);
    return e;
}

/* One object of the listing; other states than held are passed over. */
static enum err add_mail(struct span object, struct buf *out)
{
    struct held_mail mail = {.until = 0};
    struct buf id, state, until;
    uint64_t seconds = 0;
    buf_init(&id, HELD_ID_MAX);
    buf_init(&state, 32);
    buf_init(&until, 32);
    enum err e = json_member(object, "id", &id);
    if (!e)
        e = json_member(object, "state", &state);
    if (!e)
        e = json_member(object, "until", &until);
    mail.undecodable = span_eq(buf_span(&state), span_str("undecodable"));
    if (!e && (mail.undecodable || span_eq(buf_span(&state), span_str("held"))) &&
        span_copy(buf_span(&id), mail.id, sizeof mail.id)) {
        if (span_number(buf_span(&until), INT64_MAX, &seconds))
            mail.until = (long long)seconds;
        e = buf_add(out, &mail, sizeof mail);
    }
    buf_release(&id);
    buf_release(&state);
    buf_release(&until);
    return e;
}

enum err held_list(const struct held *h, struct buf *out, struct why *why)
{
    static const char *const more[4] = {"--json"};
    struct buf text;
    int fd;
    enum err e = run_into_temp(h, "list", more, &fd, why);
    if (e)
        return e;
    buf_init(&text, LIST_MAX);
    e = io_read_all(fd, &text, why);
    close(fd);
    struct span rest = buf_span(&text);
    /* An array of flat objects; no value of theirs has a brace in it. */
    while (!e && (rest = span_skip(rest, span_find(rest, '{'))).n) {
        struct span object = span_take(rest, span_find(rest, '}') + 1);
        rest = span_skip(rest, object.n);
        e = add_mail(object, out);
        if (e)
            why_set(why, ERR_BUG, "fax-spool's listing cannot be read");
    }
    buf_release(&text);
    return e ? e : ERR_NONE;
}

enum err held_show(const struct held *h, struct why *why)
{
    static const char *const more[4] = {NULL};
    fflush(stdout);
    return run(h, "list", more, STDOUT_FILENO, why);
}

/* By the header alone; other kinds of S/MIME message are refused by mime-crypt. */
static bool is_sealed(int fd)
{
    static uint8_t head[HEAD_MAX];
    struct span raw;
    struct buf type;
    bool sealed = false;
    ssize_t n = pread(fd, head, sizeof head, 0);
    buf_init(&type, 128);
    if (n > 0 && header_find(span_of(head, (size_t)n), "Content-Type", &raw) &&
        header_value(raw, &type) == ERR_NONE)
        sealed = span_eq(buf_span(&type), span_str("application/pkcs7-mime")) ||
                 span_eq(buf_span(&type), span_str("application/x-pkcs7-mime"));
    buf_release(&type);
    return sealed;
}

/* *opened is what was sealed in the mail, in another such file. */
static enum err unseal(const struct held *h, int fd, int *opened, struct why *why)
{
    char path[PATH_SIZE];
    const char *argv[8];
    int n = 0, status;
    pid_t pid;
    argv[n++] = spawn_beside("mime-crypt", path, sizeof path);
    n = program_pass_config(argv, n);
    argv[n++] = "-d";
    argv[n++] = "--user";
    argv[n++] = h->code;
    argv[n] = NULL;
    enum err e = io_temp(opened, why);
    if (e)
        return e;
    e = spawn(argv, fd, *opened, NULL, &pid, why);
    if (!e)
        e = spawn_wait(pid, &status, why);
    if (!e && status != 0)
        e = status_to_err(status);
    if (!e && lseek(*opened, 0, SEEK_SET) != 0)
        e = why_errno(why, ERR_IO, "seek");
    if (e)
        close(*opened);
    return e;
}

enum err held_read(const struct held *h, const char *id, int *fd, struct why *why)
{
    const char *const more[4] = {id};
    int opened;
    enum err e = run_into_temp(h, "cat", more, fd, why);
    if (e || !is_sealed(*fd))
        return e;
    if (unseal(h, *fd, &opened, NULL) == ERR_NONE) {
        close(*fd);
        *fd = opened;
        return ERR_NONE;
    }
    return lseek(*fd, 0, SEEK_SET) == 0 ? ERR_NONE : why_errno(why, ERR_IO, "seek");
}

enum err held_done(const struct held *h, const char *id, unsigned pages, struct why *why)
{
    char result[40], count[40];
    snprintf(result, sizeof result, "--result=printed");
    snprintf(count, sizeof count, "--pages=%u", pages);
    const char *const more[4] = {id, result, count};
    return run(h, "done", more, -1, why);
}
