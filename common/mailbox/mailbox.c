#include "mailbox/session.h"

#include "mime/address.h"
#include "tool/when.h"

#include <stdlib.h>
#include <string.h>

enum { OUT_MAX = 1 << 20, HEADER_MAX = 65536 };

bool session_can(const struct mailbox *m, const char *capability)
{
    struct span rest = channel_capabilities(m->channel), word = span_str(capability);
    while (rest.n) {
        struct span line = span_take(rest, span_find(rest, '\n'));
        rest = span_skip(rest, line.n + 1);
        if (span_eq_nocase(span_take(line, span_find(line, ' ')), word))
            return true;
    }
    return false;
}

enum err session_break(struct mailbox *m, enum err e)
{
    m->broken = true;
    return e;
}

static enum err check_broken(const struct mailbox *m, struct why *why)
{
    return m->broken ? why_set(why, ERR_AGAIN, "the connection was lost") : ERR_NONE;
}

enum err session_write(struct mailbox *m, struct span bytes, struct why *why)
{
    channel_trace("C", bytes);
    m->waited = 0;
    m->came = 0;
    enum err e = channel_write(m->channel, bytes.p, bytes.n, why);
    return e ? session_break(m, e) : ERR_NONE;
}

static enum err have_read(struct mailbox *m, enum err e, size_t got, struct span *bytes,
                          struct why *why)
{
    if (e == ERR_NO)
        return e;
    if (!e && got == 0)
        e = why_set(why, ERR_AGAIN, "the server has closed the connection");
    if (e)
        return session_break(m, e);
    *bytes = span_of(m->bytes, got);
    return ERR_NONE;
}

/* A byte now and then is within every time-out, and would keep us for ever. */
static bool too_slow(struct mailbox *m, int64_t waited, size_t got)
{
    int timeout = channel_timeout(m->channel);
    m->waited += waited;
    m->came += got;
    if (m->waited < timeout)
        return false;
    bool slow = m->came < (uint64_t)m->waited / 10;
    m->waited = 0;
    m->came = 0;
    return slow;
}

enum err session_read(struct mailbox *m, struct span *bytes, struct why *why)
{
    size_t got = 0;
    int64_t since = when_steady_ms();
    enum err e = channel_read(m->channel, m->bytes, sizeof m->bytes, &got, why);
    if (!e && got && too_slow(m, when_steady_ms() - since, got))
        e = why_set(why, ERR_AGAIN, "the server is too slow");
    return have_read(m, e, got, bytes, why);
}

enum err session_read_for(struct mailbox *m, struct span *bytes, int milliseconds, struct why *why)
{
    size_t got = 0;
    enum err e = channel_read_for(m->channel, m->bytes, sizeof m->bytes, &got, milliseconds, why);
    return have_read(m, e, got, bytes, why);
}

enum err session_add(struct mailbox *m, struct mailbox_list *list, const struct mailbox_mail *mail,
                     struct why *why)
{
    if (list->count == MAILBOX_MAILS_MAX) {
        list->cut = true;
        if (++m->beyond > 20 * MAILBOX_MAILS_MAX)
            return session_break(m, why_set(why, ERR_PROTOCOL, "a list of mails without end"));
        return ERR_NO;
    }
    if (list->count == m->capacity) {
        size_t more = m->capacity ? m->capacity * 2 : 64;
        struct mailbox_mail *mails = realloc(list->mails, more * sizeof *mails);
        if (!mails)
            return why_set(why, ERR_OS, "out of memory");
        list->mails = mails;
        m->capacity = more;
    }
    list->mails[list->count++] = *mail;
    return ERR_NONE;
}

static bool is_mailbox(enum url_scheme scheme)
{
    return scheme == URL_POP3 || scheme == URL_POP3S || scheme == URL_IMAP || scheme == URL_IMAPS;
}

enum err mailbox_open(const struct mailbox_options *options, struct mailbox **out, struct why *why)
{
    *out = NULL;
    struct mailbox *m = calloc(1, sizeof *m);
    if (!m)
        return why_set(why, ERR_OS, "out of memory");
    buf_init(&m->out, OUT_MAX);
    imap_init(&m->imap_in);
    pop3_init(&m->pop3);
    m->read_only = options->read_only;
    enum err e = url_parse(options->channel.url, &m->url, why);
    if (!e && !is_mailbox(m->url.scheme))
        e = why_set(why, ERR_USAGE, "%s: not a mailbox", url_scheme_name(m->url.scheme));
    if (!e)
        e = channel_open(&options->channel, &m->channel, why);
    m->imap = m->url.scheme == URL_IMAP || m->url.scheme == URL_IMAPS;
    if (!e && m->imap)
        e = imap_select(m, why);
    if (e) {
        m->broken = true;
        mailbox_close(m, NULL);
        return e;
    }
    *out = m;
    return ERR_NONE;
}

const char *mailbox_validity(const struct mailbox *m)
{
    return m->validity;
}

static int by_uid(const void *a, const void *b)
{
    struct mailbox_mail *const *x = a, *const *y = b;
    int order = strcmp((*x)->uid, (*y)->uid);
    return order ? order : (*x)->number < (*y)->number ? -1 : (*x)->number > (*y)->number;
}

/* UIDLs should be unique; where they are not, one row of the seen table would stand for two. */
static enum err sort(struct mailbox_list *list, struct why *why)
{
    struct mailbox_mail **order = malloc((list->count + 1) * sizeof *order);
    if (!order)
        return why_set(why, ERR_OS, "out of memory");
    for (size_t i = 0; i < list->count; i++)
        order[i] = &list->mails[i];
    qsort(order, list->count, sizeof *order, by_uid);
    for (size_t i = 1; i < list->count; i++)
        if (*order[i]->uid && strcmp(order[i]->uid, order[i - 1]->uid) == 0)
            order[i]->later_twin = order[i]->twin = order[i - 1]->twin = true;
    list->by_uid = order;
    return ERR_NONE;
}

const struct mailbox_mail *mailbox_find(const struct mailbox_list *list, const char *uid)
{
    size_t low = 0, high = list->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(list->by_uid[middle]->uid, uid);
        if (order == 0)
            return list->by_uid[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

enum err mailbox_list(struct mailbox *m, struct mailbox_list *list, struct why *why)
{
    *list = (struct mailbox_list){0};
    m->capacity = 0;
    m->beyond = 0;
    enum err e = check_broken(m, why);
    if (!e)
        e = m->imap ? imap_list(m, list, why) : pop3_list(m, list, why);
    return e ? e : sort(list, why);
}

void mailbox_list_free(struct mailbox_list *list)
{
    free(list->mails);
    free(list->by_uid);
    *list = (struct mailbox_list){0};
}

enum err mailbox_look(struct mailbox *m, const struct mailbox_mail *mail,
                      struct mailbox_look *look, struct why *why)
{
    *look = (struct mailbox_look){MIME_KIND_MIXED, ""};
    enum err e = check_broken(m, why);
    if (e)
        return e;
    return m->imap ? imap_look(m, mail, look, why) : pop3_look(m, mail, look, why);
}

/* A sink before the caller's: keeps the header block as it passes. */
struct passing {
    mailbox_sink *sink;
    void *arg;
    struct buf header;
    bool done;
};

static enum err pass(void *arg, struct span bytes, struct why *why)
{
    struct passing *p = arg;
    if (!p->done) {
        size_t from = p->header.len ? p->header.len - 1 : 0;
        struct span some = span_take(bytes, p->header.max - p->header.len);
        p->done = buf_add_span(&p->header, some) || p->header.len == p->header.max ||
                  memmem(p->header.data + from, p->header.len - from, "\n\n", 2);
    }
    return p->sink(p->arg, bytes, why);
}

enum err mailbox_fetch(struct mailbox *m, const struct mailbox_mail *mail, mailbox_sink *sink,
                       void *arg, struct mailbox_look *look, struct why *why)
{
    struct passing p = {.sink = sink, .arg = arg, .done = look->from[0] != '\0'};
    struct mailbox_look seen;
    enum err e = check_broken(m, why);
    if (e)
        return e;
    buf_init(&p.header, HEADER_MAX);
    e = m->imap ? imap_fetch(m, mail, pass, &p, why) : pop3_fetch(m, mail, pass, &p, why);
    if (!e && !look->from[0]) {
        mailbox_look_at_header(buf_span(&p.header), &seen);
        memcpy(look->from, seen.from, sizeof look->from);
    }
    buf_release(&p.header);
    return e;
}

enum err mailbox_delete(struct mailbox *m, const struct mailbox_mail *mail, struct why *why)
{
    enum err e = check_broken(m, why);
    if (e)
        return e;
    return m->imap ? imap_delete(m, mail, why) : pop3_delete(m, mail, why);
}

enum err mailbox_idle(struct mailbox *m, struct why *why)
{
    enum err e = check_broken(m, why);
    if (!e && (!m->imap || !session_can(m, "IDLE")))
        e = why_set(why, ERR_UNAVAILABLE, "the server cannot wait for mail");
    return e ? e : imap_idle(m, why);
}

enum err mailbox_close(struct mailbox *m, struct why *why)
{
    if (!m)
        return ERR_NONE;
    enum err e = check_broken(m, why);
    if (!e)
        e = m->imap ? imap_quit(m, why) : pop3_quit(m, why);
    if (!e && m->undeleted)
        e = why_set(why, ERR_UNAVAILABLE, "the server did not delete all that it should");
    channel_close(m->channel);
    imap_release(&m->imap_in);
    buf_release(&m->out);
    free(m);
    return e;
}

/* The kind by the mail's own Content-Type: of a multipart its parts are not seen. */
static enum mime_kind kind_by_type(struct span header)
{
    struct mime_kind_parts parts = {false, false};
    struct span raw, text;
    struct buf type, name;
    buf_init(&type, 256);
    buf_init(&name, 1024);
    enum mime_kind kind = MIME_KIND_TEXT;
    if (header_find(header, "Content-Type", &raw) && header_value(raw, &type) == ERR_NONE) {
        const char *word = buf_cstr(&type);
        text = buf_span(&type);
        if (!span_starts(text, span_str("multipart/")) &&
            !span_starts(text, span_str("message/"))) {
            (void)header_param(raw, "name", NULL, &name);
            mime_kind_add_type(&parts, word ? word : "", buf_span(&name));
            kind = mime_kind_of(&parts);
        } else if (!span_eq(text, span_str("multipart/alternative"))) {
            kind = MIME_KIND_MIXED;
        }
    }
    buf_release(&type);
    buf_release(&name);
    return kind;
}

void mailbox_look_at_header(struct span header, struct mailbox_look *look)
{
    struct mime_address address;
    *look = (struct mailbox_look){kind_by_type(header), ""};
    if (mime_address_first(header, "From", NULL, &address))
        span_copy(span_str(address.addr), look->from, sizeof look->from);
}
