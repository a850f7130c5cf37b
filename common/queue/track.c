#include "queue/track.h"

#include "mime/date.h"
#include "tool/diag.h"
#include "tool/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    DAY = 86400,
    USUAL = 10 * DAY, /* RFC 3885 3.1: eight to ten days */
    MOST = 30 * DAY,
    NAME = 2 * ENVID_MAX + MTRK_MAX + 8,
    PATH_SIZE = HOME_PATH_MAX + NAME + 16,
    FILE_MOST = 1 << 20, /* octets; what comes after is not written down any more */
};

/* "CERTIFIER.HEX" with '-' for '/': no text of a stranger's is a path. */
static bool name_of(const struct track *t, char out[NAME])
{
    size_t n = 0;
    if (strlen(t->certifier) > MTRK_MAX || strlen(t->envid) > ENVID_MAX)
        return false;
    for (const char *c = t->certifier; *c; c++)
        out[n++] = ascii_alnum((uint8_t)*c) ? *c : *c == '/' ? '-' : '_';
    out[n++] = '.';
    for (const char *c = t->envid; *c; c++)
        n += (size_t)snprintf(out + n, NAME - n, "%02x", (unsigned char)*c);
    out[n] = '\0';
    return true;
}

static const char *status_of(const struct track_event *e)
{
    const char *general = strcmp(e->action, "failed") == 0    ? "5.0.0"
                          : strcmp(e->action, "delayed") == 0 ? "4.0.0"
                                                              : "2.0.0";
    return e->status && e->status[0] == general[0] ? e->status : general;
}

static enum err add_events(const struct track *t, const struct track_event *events, size_t count,
                           int64_t now, struct buf *out)
{
    enum err e = buf_add_format(out, "mail\t%lld\t%s\n", (long long)t->arrival, t->envid);
    for (size_t i = 0; i < count && !e; i++)
        e = buf_add_format(out, "to\t%lld\t%s\t%s\t%s\t%s\t%s\n", (long long)now,
                           events[i].action, status_of(&events[i]), events[i].path,
                           events[i].orcpt ? events[i].orcpt : "",
                           events[i].remote ? events[i].remote : "");
    return e;
}

/* One write, so that what several processes note stands in lines of its own. */
static enum err append(const struct queue *q, const struct track *t, int64_t now, struct span text,
                       struct why *why)
{
    char path[PATH_SIZE], name[NAME];
    struct stat st;
    int64_t until = t->until ? t->until : now + USUAL;
    struct timespec times[2] = {{0}};
    if (!name_of(t, name))
        return why_set(why, ERR_DATA, "too long");
    snprintf(path, sizeof path, "%s/track", q->dir);
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return why_errno(why, ERR_CREATE, "%s", path);
    snprintf(path, sizeof path, "%s/track/%s", q->dir, name);
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return why_errno(why, ERR_CREATE, "%s", path);
    enum err e = fstat(fd, &st) == 0 && st.st_size > FILE_MOST ? ERR_NONE
                                                              : io_write(fd, text.p, text.n, why);
    /* When it is to be forgotten is the file's time. */
    times[0].tv_sec = times[1].tv_sec = until < now + MOST ? until : now + MOST;
    futimens(fd, times);
    enum err closed = io_close(fd, e ? NULL : why);
    return e ? e : closed;
}

void track_note(const struct queue *q, const struct track *t, const struct track_event *events,
                size_t count, int64_t now)
{
    struct buf text;
    struct why why = {"out of memory"};
    if (!*t->certifier || !*t->envid || !count || (t->until && t->until <= now))
        return;
    buf_init(&text, FILE_MOST);
    if (add_events(t, events, count, now, &text) || append(q, t, now, buf_span(&text), &why))
        diag_warn("tracking: %s", why.text);
    buf_release(&text);
}

/* The next field of a line. */
static struct span field(struct span *line)
{
    struct span one = span_take(*line, span_find(*line, '\t'));
    *line = span_skip(*line, one.n + 1);
    return one;
}

/* A later line about the same recipient is there. */
static bool outdated(struct span rest, struct span path)
{
    while (rest.n) {
        struct span line = span_take(rest, span_find(rest, '\n'));
        rest = span_skip(rest, line.n + 1);
        if (!span_eq(field(&line), span_str("to")))
            continue;
        field(&line);
        field(&line);
        field(&line);
        if (span_eq(field(&line), path))
            return true;
    }
    return false;
}

static enum err add_date(struct buf *out, const char *name, struct span seconds)
{
    char date[MIME_DATE_SIZE];
    uint64_t at;
    if (!span_number(seconds, INT64_MAX, &at) || !mime_date_format((int64_t)at, 0, date))
        return ERR_NONE;
    return buf_add_format(out, "%s: %s\n", name, date);
}

static enum err add_text(struct buf *out, const char *name, struct span value)
{
    enum err e = value.n ? buf_add_format(out, "%s", name) : ERR_NONE;
    for (size_t i = 0; i < value.n && !e; i++)
        e = buf_add_byte(out, value.p[i] >= ' ' && value.p[i] < 0x7f ? value.p[i] : '?');
    return e || !value.n ? e : buf_add_byte(out, '\n');
}

/* RFC 3886 3.3: one recipient's fields, of a line behind its word. */
static enum err add_recipient(struct buf *out, struct span line, struct span rest)
{
    struct span at = field(&line), action = field(&line), status = field(&line);
    struct span path = field(&line), orcpt = field(&line), remote = field(&line);
    if (outdated(rest, path))
        return ERR_NONE;
    enum err e = buf_add_byte(out, '\n');
    e = e ? e : add_text(out, "Original-Recipient: ", orcpt);
    e = e ? e : add_text(out, "Final-Recipient: rfc822;", path);
    e = e ? e : add_text(out, "Action: ", action);
    e = e ? e : add_text(out, "Status: ", status);
    e = e ? e : add_text(out, "Remote-MTA: dns; ", remote);
    return e ? e : add_date(out, "Last-Attempt-Date", at);
}

static enum err add_mail(struct buf *out, struct span text, const char *envid,
                         const char *hostname)
{
    struct span line = span_take(text, span_find(text, '\n'));
    text = span_skip(text, line.n + 1);
    field(&line);
    enum err e = buf_add_format(out, "%sContent-Type: message/tracking-status\n\n"
                                "Original-Envelope-Id: %s\nReporting-MTA: dns; %s\n",
                                out->len ? "\n" : "", envid, hostname);
    e = e ? e : add_date(out, "Arrival-Date", field(&line));
    while (text.n && !e) {
        line = span_take(text, span_find(text, '\n'));
        text = span_skip(text, line.n + 1);
        if (span_eq(field(&line), span_str("to")))
            e = add_recipient(out, line, text);
    }
    return e;
}

/* Opens queue/track; NULL where nothing was ever tracked. */
static DIR *open_all(const struct queue *q)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/track", q->dir);
    return opendir(path);
}

enum err track_tell(const struct queue *q, const char *envid, const char *hostname,
                    struct buf *out, struct why *why)
{
    char suffix[NAME], path[PATH_SIZE];
    struct buf text;
    DIR *dir = open_all(q);
    const struct dirent *d;
    enum err e = ERR_NONE;
    bool known = *envid && name_of(&(struct track){.envid = envid, .certifier = ""}, suffix);
    while (dir && known && !e && (d = readdir(dir))) {
        const char *dot = strchr(d->d_name, '.');
        if (!dot || strcmp(dot, suffix) != 0)
            continue;
        buf_init(&text, 2 * FILE_MOST);
        snprintf(path, sizeof path, "%s/track/%s", q->dir, d->d_name);
        e = io_read_file(path, &text, why);
        if (!e && add_mail(out, buf_span(&text), envid, hostname))
            e = why_set(why, ERR_OS, "out of memory");
        buf_release(&text);
    }
    if (dir)
        closedir(dir);
    return e || out->len ? e : why_set(why, ERR_NO, "no mail of this ID is tracked");
}

void track_sweep(const struct queue *q, int64_t now)
{
    DIR *dir = open_all(q);
    const struct dirent *d;
    struct stat st;
    while (dir && (d = readdir(dir)))
        if (fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(st.st_mode) && st.st_mtime < now)
            unlinkat(dirfd(dir), d->d_name, 0);
    if (dir)
        closedir(dir);
}
