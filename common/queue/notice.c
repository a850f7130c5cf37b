#include "queue/notice.h"

#include "tool/diag.h"
#include "tool/io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HEADER_SHOWN = 65536, PIECE = 65536, NOTICE_MAX = 1 << 28 };

void notice_init(struct notice *n, enum mime_dsn_action action)
{
    n->action = action;
    buf_init(&n->recipients, QUEUE_RECIPIENTS_MAX * sizeof(struct mime_dsn_recipient));
}

void notice_release(struct notice *n)
{
    buf_release(&n->recipients);
}

enum err notice_add(struct notice *n, const struct mime_dsn_recipient *r, struct why *why)
{
    struct mime_dsn_recipient one = *r;
    one.action = n->action;
    return buf_add(&n->recipients, &one, sizeof one) ? why_set(why, ERR_OS, "out of memory")
                                                     : ERR_NONE;
}

static void hostname(const struct home *home, char *out, size_t size)
{
    const char *set = conf_get(home->conf, "hostname");
    if (set)
        snprintf(out, size, "%s", set);
    else if (gethostname(out, size) != 0 || !*out)
        snprintf(out, size, "localhost");
    out[size - 1] = '\0';
}

/* A piece of the mail, from *at on; 0 in *got at its end. The descriptor's position stays. */
static enum err read_piece(int mail, off_t *at, uint8_t *bytes, size_t *got, struct why *why)
{
    ssize_t k = pread(mail, bytes, PIECE, *at);
    if (k < 0)
        return why_errno(why, ERR_IO, "the mail");
    *got = (size_t)k;
    *at += k;
    return ERR_NONE;
}

/* Whether the mail can be returned whole. */
static enum err look_through(int mail, struct mime_returnable *r, uint8_t *bytes, struct why *why)
{
    off_t at = 0;
    size_t got = 1;
    enum err e = ERR_NONE;
    while (!e && got && !r->bad) {
        e = read_piece(mail, &at, bytes, &got, why);
        mime_returnable_push(r, span_of(bytes, e ? 0 : got));
    }
    return e;
}

/* The mail with LF line ends, and one at its end. */
static enum err write_mail(int mail, struct writer *out, uint8_t *bytes, struct why *why)
{
    off_t at = 0;
    size_t got = 1;
    bool cr = false;
    uint8_t last = '\n';
    enum err e = ERR_NONE;
    while (!e && got) {
        e = read_piece(mail, &at, bytes, &got, why);
        for (size_t i = 0; !e && i < got; i++) {
            if (cr && bytes[i] != '\n')
                writer_add(out, "\r", 1);
            cr = bytes[i] == '\r';
            if (!cr)
                writer_add(out, &bytes[i], 1);
            last = bytes[i];
        }
    }
    if (last != '\n')
        writer_add(out, "\n", 1);
    return e;
}

/* What the notice is of; its buffers are released by the caller. */
struct making {
    struct buf before, behind, header;
    uint8_t *bytes; /* PIECE of them */
};

static enum err make(struct making *m, struct mime_dsn *dsn, const struct queue_entry *entry,
                     int mail, struct why *why)
{
    struct mime_returnable whole = {.boundary = dsn->head.boundary};
    off_t at = 0;
    size_t got = 0;
    enum err e = read_piece(mail, &at, m->bytes, &got, why);
    if (!e && buf_add(&m->header, m->bytes, got))
        e = why_set(why, ERR_OS, "out of memory");
    dsn->head.original = buf_span(&m->header);
    dsn->head.full = strcmp(entry->ret, "full") == 0;
    if (!e && dsn->head.full)
        e = look_through(mail, &whole, m->bytes, why);
    dsn->head.full = dsn->head.full && !whole.bad;
    if (!e && mime_dsn_around(dsn, whole.eight_bit, &m->before, &m->behind))
        e = why_set(why, ERR_OS, "out of memory");
    return e;
}

/* Begins the notice, in the place of one that a run which was killed has left: nobody has sent that
 * yet (notice_waits), and this try knows more. */
static enum err begin(const struct queue *q, struct queue_entry *notice, int *fd, struct why *why)
{
    int lock;
    enum err e = queue_begin(q, notice, fd, why);
    if (e != ERR_NO)
        return e;
    e = queue_lock(q, notice->id, &lock, why);
    if (!e) {
        e = queue_delete(q, notice->id, why);
        close(lock);
    }
    return e && e != ERR_NO ? e : queue_begin(q, notice, fd, why);
}

static enum err store(const struct queue *q, struct queue_entry *notice, const struct making *m,
                      int mail, struct why *why)
{
    int fd;
    struct writer *out = malloc(sizeof *out);
    enum err e = out ? begin(q, notice, &fd, why) : why_set(why, ERR_OS, "out of memory");
    if (e) {
        free(out);
        return e;
    }
    writer_init(out, fd);
    writer_add(out, m->before.data, m->before.len);
    if (m->behind.len)
        e = write_mail(mail, out, m->bytes, why);
    writer_add(out, m->behind.data, m->behind.len);
    if (!e)
        e = writer_flush(out, why);
    if (e)
        queue_abort(q, notice, fd);
    else
        e = queue_commit(q, notice, fd, why);
    free(out);
    return e;
}

/* Another letter of each action, so that a try may have one notice of each. */
static enum err name_notice(const struct queue_entry *entry, enum mime_dsn_action action,
                            int64_t now, struct queue_entry *notice, struct why *why)
{
    static const char letters[] = {[MIME_DSN_FAILED] = 'n',
                                   [MIME_DSN_DELAYED] = 'd',
                                   [MIME_DSN_DELIVERED] = 's',
                                   [MIME_DSN_RELAYED] = 'r',
                                   [MIME_DSN_EXPANDED] = 'x'};
    snprintf(notice->id, sizeof notice->id, "%.50s-%c%u-%zu", entry->id, letters[action],
             entry->tries, queue_count(entry));
    snprintf(notice->user, sizeof notice->user, "%s", entry->user);
    notice->created = notice->next = now;
    return queue_add_recipient(notice, entry->from, why);
}

enum err notice_put(const struct queue *q, const struct home *home,
                    const struct queue_entry *entry, const struct notice *n, int mail, int64_t now,
                    struct why *why)
{
    char host[256], from[300], boundary[QUEUE_ID_SIZE + 40], id[QUEUE_ID_SIZE + 40];
    const char *operator = conf_get(home->conf, "operator");
    struct queue_entry notice;
    struct making m = {.bytes = malloc(PIECE)};
    if (!n->recipients.len || !*entry->from) {
        free(m.bytes);
        return ERR_NONE;
    }
    buf_init(&m.before, NOTICE_MAX);
    buf_init(&m.behind, 1000);
    buf_init(&m.header, HEADER_SHOWN);
    queue_entry_init(&notice);
    hostname(home, host, sizeof host);
    snprintf(from, sizeof from, "postmaster@%s", host);
    enum err e = m.bytes ? name_notice(entry, n->action, now, &notice, why)
                         : why_set(why, ERR_OS, "out of memory");
    /* A stranger cannot know it beforehand: an ID has 64 random bits. */
    snprintf(boundary, sizeof boundary, "=_%.40s_%llx", entry->id, (long long)now);
    snprintf(id, sizeof id, "%s.%llx", notice.id, (long long)now);
    struct mime_dsn dsn = {
        .head = {.hostname = host, .from = operator ? operator : from, .to = entry->from,
                 .message_id = id, .boundary = boundary, .date = now},
        .envelope_id = *entry->envid ? entry->envid : NULL,
        .arrival = entry->created,
        .recipients = (const struct mime_dsn_recipient *)(const void *)n->recipients.data,
        .count = n->recipients.len / sizeof(struct mime_dsn_recipient),
    };
    if (!e)
        e = make(&m, &dsn, entry, mail, why);
    if (!e)
        e = store(q, &notice, &m, mail, why);
    buf_release(&m.before);
    buf_release(&m.behind);
    buf_release(&m.header);
    free(m.bytes);
    queue_entry_release(&notice);
    return e;
}

/* "PARENT-LETTER TRIES-COUNT", as name_notice has it, without the blank. */
static bool take_name(const char *id, struct span *parent, uint64_t *tries, uint64_t *count)
{
    const char *last = strrchr(id, '-'), *letter = last;
    while (letter && letter > id && *--letter != '-')
        ;
    if (!letter || letter == id || !letter[1] || !strchr("ndsrx", letter[1]))
        return false;
    *parent = span_of(id, (size_t)(letter - id));
    return span_number(span_of(letter + 2, (size_t)(last - letter) - 2), UINT32_MAX, tries) &&
           span_number(span_str(last + 1), UINT32_MAX, count);
}

bool notice_waits(const struct queue *q, const struct queue_entry *entry)
{
    char id[QUEUE_ID_SIZE];
    struct span name;
    uint64_t tries, count;
    struct queue_entry parent;
    if (*entry->from || !take_name(entry->id, &name, &tries, &count) ||
        !span_copy(name, id, sizeof id))
        return false;
    queue_entry_init(&parent);
    bool waits = !queue_read(q, id, &parent, NULL) && parent.tries == tries &&
                 queue_count(&parent) == count;
    queue_entry_release(&parent);
    return waits;
}
