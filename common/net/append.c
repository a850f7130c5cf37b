#include "net/append.h"

#include "net/undo.h"
#include "tool/diag.h"
#include "tool/io.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

/* Of a mail so much is kept in memory. */
enum { KEPT_MAX = 256 * 1024 };

/* Where mboxrd's quoting stands: in the '>'s of a line's start, and how much of "From " is seen. */
struct quoting {
    bool line_start;
    size_t matched;
};

/* A mail on its way, as it will stand in the mbox: what is in file, then what is in kept. */
struct appending {
    struct mbox *box;
    const struct envelope *envelope;
    struct quoting q;
    struct buf kept;
    int file; /* -1: none yet */
    bool begun;
};

static enum err put(struct appending *a, const void *p, size_t n, struct why *why)
{
    enum err e = ERR_NONE;
    if (n <= KEPT_MAX - a->kept.len)
        return buf_add(&a->kept, p, n) ? why_set(why, ERR_OS, "out of memory") : ERR_NONE;
    if (a->file < 0)
        e = io_temp(&a->file, why);
    if (!e)
        e = io_write(a->file, a->kept.data, a->kept.len, why);
    if (!e)
        e = io_write(a->file, p, n, why);
    buf_clear(&a->kept);
    return e;
}

/* Puts piece with a '>' in the start of every line that is ">*From ". */
static enum err quote(struct appending *a, struct span piece, struct why *why)
{
    static const char from[] = "From ";
    struct quoting *q = &a->q;
    enum err e = ERR_NONE;
    while (!e && piece.n) {
        uint8_t c = piece.p[0];
        if (!q->line_start) {
            size_t n = span_find(piece, '\n');
            q->line_start = n < piece.n;
            q->matched = 0;
            n += q->line_start;
            e = put(a, piece.p, n, why);
            piece = span_skip(piece, n);
        } else if (c == (uint8_t)from[q->matched]) {
            q->matched++;
            piece = span_skip(piece, 1);
            if (q->matched < 5)
                continue;
            e = put(a, ">From ", 6, why);
            q->line_start = false;
        } else if (c == '>' && !q->matched) {
            e = put(a, ">", 1, why);
            piece = span_skip(piece, 1);
        } else {
            e = put(a, from, q->matched, why);
            q->line_start = false;
        }
    }
    return e;
}

static enum err from_line(struct appending *a, struct why *why)
{
    const char *sender = a->envelope->sender;
    char text[PATH_MAX_OCTETS + 64], date[32];
    struct tm tm;
    time_t now = time(NULL);
    if (!gmtime_r(&now, &tm) || !asctime_r(&tm, date))
        strcpy(date, "Thu Jan  1 00:00:00 1970\n");
    int n = snprintf(text, sizeof text, "From %s %s", *sender ? sender : "MAILER-DAEMON", date);
    /* A quoted local part may hold blanks; the line's fields may not. */
    for (char *c = text + 5; c < text + 5 + strlen(sender); c++)
        *c = *c == ' ' ? '_' : *c;
    a->begun = true;
    return put(a, text, (size_t)n, why);
}

static enum err mail_begin(void *arg, const struct envelope *envelope, void **mail,
                           struct why *why)
{
    struct appending *a = calloc(1, sizeof *a);
    if (!a)
        return why_set(why, ERR_OS, "out of memory");
    *a = (struct appending){.box = arg, .envelope = envelope, .q = {true, 0}, .file = -1};
    buf_init(&a->kept, KEPT_MAX);
    *mail = a;
    return ERR_NONE;
}

static const char *mail_id(void *mail)
{
    (void)mail;
    return NULL;
}

static enum err mail_write(void *mail, struct span piece, struct why *why)
{
    struct appending *a = mail;
    enum err e = a->begun ? ERR_NONE : from_line(a, why);
    return e ? e : quote(a, piece, why);
}

static void mail_free(void *mail)
{
    struct appending *a = mail;
    if (a->file >= 0)
        close(a->file);
    buf_release(&a->kept);
    free(a);
}

/* What is held back of a line, its end where it has none, and the line between mails. */
static enum err end(struct appending *a, struct why *why)
{
    const struct quoting *q = &a->q;
    enum err e = a->begun ? ERR_NONE : from_line(a, why);
    if (!e)
        e = put(a, "From ", q->line_start ? q->matched : 0, why);
    return e ? e : put(a, "\n\n", !q->line_start || q->matched ? 2 : 1, why);
}

/* What another program, or a crash, has left without its end gets one: a `From ` line is one only
 * behind an empty line. */
static enum err part_from(const struct mbox *box, off_t before, struct why *why)
{
    char last[2] = "";
    size_t want = before > 1 ? 2 : 1;
    if (before <= 0 || pread(box->look, last, want, before - (off_t)want) != (ssize_t)want)
        return ERR_NONE; /* a pipe, or nothing is there */
    if (last[want - 1] != '\n')
        return io_write(box->fd, "\n\n", 2, why);
    return want == 2 && last[0] != '\n' ? io_write(box->fd, "\n", 1, why) : ERR_NONE;
}

/* Behind what is there; what cannot be put there whole is taken back. */
static enum err append(struct appending *a, struct why *why)
{
    int fd = a->box->fd, undo = a->box->undo;
    off_t before = lseek(fd, 0, SEEK_END);
    enum err e = part_from(a->box, before, why);
    if (!e && undo >= 0)
        e = undo_begin(undo, lseek(fd, 0, SEEK_END), a->file, buf_span(&a->kept), why);
    if (!e && a->file >= 0 && lseek(a->file, 0, SEEK_SET) != 0)
        e = why_errno(why, ERR_IO, "seek");
    if (!e && a->file >= 0)
        e = io_copy(a->file, fd, NULL, why);
    if (!e)
        e = io_write(fd, a->kept.data, a->kept.len, why);
    if (e && before >= 0 && ftruncate(fd, before) != 0)
        diag_warn("mbox: a part of a mail stays at its end");
    return e;
}

/* One after the other, then one sync for all. */
static void append_all(const struct mbox *box, struct delivery_commit list[], size_t count)
{
    struct why why = {""};
    if (box->undo >= 0)
        undo_recover(box->undo, box->look, box->fd);
    off_t before = lseek(box->fd, 0, SEEK_END);
    for (size_t i = 0; i < count; i++)
        if (!list[i].err)
            list[i].err = append(list[i].mail, &list[i].why);
    if (box->undo >= 0)
        undo_end(box->undo);
    enum err e = box->sync ? io_sync(box->fd, &why) : ERR_NONE;
    if (!e)
        return;
    if (before >= 0 && ftruncate(box->fd, before) != 0)
        diag_warn("mbox: mails that were refused stay at its end");
    for (size_t i = 0; i < count; i++)
        if (!list[i].err)
            list[i].err = why_set(&list[i].why, e, "%s", why.text);
}

/* The locks that other programs know; a pipe knows none. */
static void lock(const struct mbox *box)
{
    struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    flock(box->fd, LOCK_EX);
    fcntl(box->fd, F_SETLKW, &all);
}

static void unlock(const struct mbox *box)
{
    struct flock all = {.l_type = F_UNLCK, .l_whence = SEEK_SET};
    fcntl(box->fd, F_SETLK, &all);
    flock(box->fd, LOCK_UN);
}

static bool is_in_place(const struct mbox *box, struct stat *st)
{
    struct stat there;
    return fstat(box->fd, st) == 0 && stat(box->path, &there) == 0 &&
           st->st_ino == there.st_ino && st->st_dev == there.st_dev;
}

static void shut(const struct mbox *box)
{
    for (const int *fd = (const int[]){box->fd, box->look, box->undo, -2}; *fd != -2; fd++)
        if (*fd >= 0)
            close(*fd);
}

/* Who has moved the file away, or removed it, has the next mail in a new one. Out of reach, as in
 * a chroot, the old one will do as long as it has a name. */
static enum err follow(struct mbox *box, struct why *why)
{
    struct mbox fresh = {.fd = -1, .look = -1, .undo = -1};
    struct stat st = {.st_nlink = 0};
    enum err e;
    while (box->path && !is_in_place(box, &st)) {
        if ((e = append_open(&fresh, box->path, box->sync, why))) {
            shut(&fresh);
            return st.st_nlink ? ERR_NONE : e;
        }
        unlock(box);
        shut(box);
        *box = fresh;
        lock(box);
    }
    return ERR_NONE;
}

/* Among ourselves the locks would not hold. */
static void commit_all(struct delivery_commit list[], size_t count)
{
    static pthread_mutex_t appending = PTHREAD_MUTEX_INITIALIZER;
    struct mbox *box = ((struct appending *)list[0].mail)->box;
    struct why why = {""};
    for (size_t i = 0; i < count; i++)
        list[i].err = end(list[i].mail, &list[i].why);
    pthread_mutex_lock(&appending);
    lock(box);
    enum err e = follow(box, &why);
    for (size_t i = 0; e && i < count; i++)
        list[i].err = why_set(&list[i].why, e, "%s", why.text);
    if (!e)
        append_all(box, list, count);
    unlock(box);
    pthread_mutex_unlock(&appending);
}

static enum err mail_commit(void *mail, enum receiver_verdict verdicts[], struct why *why)
{
    struct appending *a = mail;
    struct delivery_commit one = {.mail = mail, .verdicts = verdicts};
    if (a->box->nowhere) {
        enum err e = end(a, why);
        return e ? e : append(a, why);
    }
    commit_all(&one, 1);
    return one.err ? why_set(why, one.err, "%s", one.why.text) : ERR_NONE;
}

/* A mail of any size would keep the others waiting. */
static enum delivery_way mail_way(void *mail)
{
    const struct appending *a = mail;
    return a->file >= 0 ? DELIVERY_ALONE : a->box->nowhere ? DELIVERY_AT_ONCE : DELIVERY_TOGETHER;
}

const struct delivery_method append_to_mbox = {.begin = mail_begin,
                                               .id = mail_id,
                                               .write = mail_write,
                                               .commit = mail_commit,
                                               .way = mail_way,
                                               .commit_all = commit_all,
                                               .free = mail_free};

/* What a kill has left is taken away at once, if nobody keeps us waiting for that. */
static void begin_undo(struct mbox *box, const char *path)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    struct why why = {""};
    if (undo_open(path, &box->undo, &why)) {
        diag_warn("mbox: whoever is killed may leave a part of a mail: %s", why.text);
        box->undo = -1;
        return;
    }
    if (flock(box->fd, LOCK_EX | LOCK_NB) != 0)
        return;
    if (fcntl(box->fd, F_SETLK, &lock) == 0) {
        undo_recover(box->undo, box->look, box->fd);
        lock.l_type = F_UNLCK;
        fcntl(box->fd, F_SETLK, &lock);
    }
    flock(box->fd, LOCK_UN);
}

enum err append_open(struct mbox *box, const char *path, bool sync, struct why *why)
{
    struct stat st = {.st_mode = 0};
    bool on_stdout = strcmp(path, "-") == 0;
    int fd = on_stdout ? STDOUT_FILENO
                       : open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        return why_errno(why, ERR_CREATE, "%s", path);
    bool nowhere = fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
    int look = !on_stdout && S_ISREG(st.st_mode) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    *box = (struct mbox){on_stdout || !S_ISREG(st.st_mode) ? NULL : path, fd, look, -1, sync,
                         nowhere};
    if (look >= 0)
        begin_undo(box, path);
    return sync && !on_stdout ? io_sync_parent(path, why) : ERR_NONE;
}
