#include "scan/child.h"

#include "scan/pnm_source.h"
#include "scan/quiet.h"
#include "tool/diag.h"
#include "tool/io.h"
#include "tool/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct child {
    const char *program;
    pid_t pid; /* 0: waited for */
    int fd;
    bool spoke;
    struct quiet quiet;
};

/* The output has ended: was that its good end? */
static enum err settle(struct child *c, struct why *why)
{
    int status;
    char said[200];
    pid_t pid = c->pid;
    c->pid = 0;
    enum err e = spawn_wait(pid, &status, why);
    if (e)
        return e;
    quiet_line(&c->quiet, said, sizeof said);
    if (status != 0)
        return why_set(why, ERR_DATA, "%s: %s", c->program, *said ? said : "it failed");
    if (!c->spoke)
        return why_set(why, ERR_DATA, "%s: %s", c->program, *said ? said : "no pages");
    if (*said)
        diag_trace("%s: %s", c->program, said);
    return ERR_NONE;
}

static enum err read_child(void *self, void *p, size_t n, size_t *got, struct why *why)
{
    struct child *c = self;
    enum err e = io_read(c->fd, p, n, got, why);
    if (e)
        return e;
    if (*got)
        c->spoke = true;
    else if (c->pid)
        return settle(c, why);
    return ERR_NONE;
}

static void close_child(void *self)
{
    struct child *c = self;
    close(c->fd);
    if (c->pid) {
        kill(c->pid, SIGTERM);
        spawn_wait(c->pid, &(int){0}, NULL);
    }
    quiet_release(&c->quiet);
    free(c);
}

/* argv reads descriptor in (taken over) as its stdin; its stdout is our bytes. */
static enum err start(const char *const argv[], int in, struct scan_bytes *bytes, struct why *why)
{
    struct child *c = calloc(1, sizeof *c);
    int ends[2];
    if (!c || pipe2(ends, O_CLOEXEC) != 0) {
        free(c);
        close(in);
        return why_set(why, ERR_OS, "no memory or no pipe");
    }
    c->program = argv[0];
    quiet_begin(&c->quiet);
    enum err e = spawn(argv, in, ends[1], NULL, &c->pid, why);
    quiet_end(&c->quiet);
    close(ends[1]);
    close(in);
    c->fd = ends[0];
    if (e) {
        c->pid = 0;
        close_child(c);
        return e;
    }
    *bytes = (struct scan_bytes){read_child, close_child, c};
    return ERR_NONE;
}

/* pdftoppm rebuilds what a cut file lost and calls it success: a whole PDF ends in %%EOF. */
static bool pdf_is_whole(int fd)
{
    char tail[2048];
    off_t size = lseek(fd, 0, SEEK_END);
    off_t from = size > (off_t)sizeof tail ? size - (off_t)sizeof tail : 0;
    ssize_t n = pread(fd, tail, sizeof tail, from);
    lseek(fd, 0, SEEK_SET);
    return n > 5 && memmem(tail, (size_t)n, "%%EOF", 5) != NULL;
}

enum err scan_document_open(struct scan_source *source, struct scan_input *in,
                            const struct scan_resolution *r, struct why *why)
{
    char xdpi[16], ydpi[16], both[40];
    snprintf(xdpi, sizeof xdpi, "%u", r->xdpi);
    snprintf(ydpi, sizeof ydpi, "%u", r->ydpi);
    snprintf(both, sizeof both, "-r%ux%u", r->xdpi, r->ydpi);
    /* A name that can be opened again and sought in, though stdin is the only way in. */
    const char *const pdf[] = {"pdftoppm", "-gray", "-rx", xdpi, "-ry", ydpi, "/dev/stdin", NULL};
    const char *const ps[] = {"gs", "-q", "-dSAFER", "-dBATCH", "-dNOPAUSE", "-sDEVICE=pgmraw",
                              both, "-dTextAlphaBits=4", "-dGraphicsAlphaBits=4",
                              "-sstdout=%stderr", "-sOutputFile=-", "-", NULL};
    int fd;
    struct scan_bytes bytes;
    enum err e = scan_input_seekable(in, &fd, why);
    if (e)
        return e;
    if (in->kind == SCAN_PDF && !pdf_is_whole(fd)) {
        close(fd);
        return why_set(why, ERR_DATA, "the PDF is cut short");
    }
    e = start(in->kind == SCAN_PDF ? pdf : ps, fd, &bytes, why);
    return e ? e : scan_pnm_open(source, bytes, r->xdpi, r->ydpi, why);
}
