#include "mailbox/session.h"

#include <string.h>

/* Some servers send the whole mail for TOP n 0. */
enum { HEADER_MAX = 256 * 1024, TOP_MAX = 256 << 20 };

/* The next event of the reply that is being read. */
static enum err next(struct mailbox *m, struct pop3_event *event, struct why *why)
{
    for (;;) {
        enum err e = pop3_next(&m->pop3, event);
        if (e)
            return session_break(m, why_set(why, e, "not a POP3 reply"));
        if (event->kind != POP3_NEED_MORE)
            return ERR_NONE;
        struct span bytes;
        e = session_read(m, &bytes, why);
        if (e)
            return e;
        pop3_push(&m->pop3, bytes);
    }
}

static enum err add_command(struct mailbox *m, const char *verb, uint32_t number, const char *rest)
{
    return number ? buf_add_format(&m->out, "%s %u%s\r\n", verb, (unsigned)number, rest)
                  : buf_add_format(&m->out, "%s\r\n", verb);
}

static enum err flush(struct mailbox *m, struct why *why)
{
    enum err e = m->out.len ? session_write(m, buf_span(&m->out), why) : ERR_NONE;
    buf_clear(&m->out);
    return e;
}

/* The replies to the DELEs that went with a command. */
static enum err settle(struct mailbox *m, struct why *why)
{
    struct pop3_event event;
    for (; m->unanswered; m->unanswered--) {
        pop3_expect(&m->pop3, POP3_SINGLE);
        enum err e = next(m, &event, why);
        if (e)
            return e;
        if (event.kind == POP3_ERR)
            m->undeleted = true;
    }
    return ERR_NONE;
}

/* Sends a command with those gathered before it and reads its status. ERR_NO: -ERR. */
static enum err command(struct mailbox *m, const char *verb, uint32_t number, const char *rest,
                        enum pop3_expect expect, struct why *why)
{
    struct pop3_event event;
    enum err e = add_command(m, verb, number, rest);
    if (e)
        return why_set(why, e, "out of memory");
    e = flush(m, why);
    if (!e)
        e = settle(m, why);
    if (e)
        return e;
    pop3_expect(&m->pop3, expect);
    e = next(m, &event, why);
    if (!e)
        channel_trace("S", event.text);
    if (!e && event.kind == POP3_ERR)
        return why_set(why, ERR_NO, "%s: %.*s", verb, event.text.n > 200 ? 200 : (int)event.text.n,
                       (const char *)event.text.p);
    return e;
}

/* "12 word": the number, and the word behind it. */
static bool numbered(struct span line, uint32_t *number, struct span *word)
{
    size_t blank = span_find(line, ' ');
    uint64_t n;
    if (!span_number(span_take(line, blank), UINT32_MAX, &n) || n == 0)
        return false;
    *number = (uint32_t)n;
    *word = span_trim(span_skip(line, blank));
    *word = span_take(*word, span_find(*word, ' '));
    return true;
}

static bool uid_copy(struct span word, struct mailbox_mail *mail)
{
    for (size_t i = 0; i < word.n; i++)
        if (word.p[i] <= ' ' || word.p[i] > '~')
            return false;
    return word.n && span_copy(word, mail->uid, sizeof mail->uid);
}

static enum err bad_list(struct mailbox *m, struct why *why)
{
    return session_break(m, why_set(why, ERR_PROTOCOL, "a list of mails that is none"));
}

/* UIDL's lines: every mail in ascending order, since LIST is matched to it by that. */
static enum err read_uids(struct mailbox *m, struct mailbox_list *list, struct why *why)
{
    struct pop3_event event;
    uint32_t last = 0;
    enum err e;
    while (!(e = next(m, &event, why)) && event.kind == POP3_LINE) {
        struct mailbox_mail mail = {0};
        struct span word;
        if (!numbered(event.text, &mail.number, &word) || mail.number <= last ||
            !uid_copy(word, &mail))
            return bad_list(m, why);
        last = mail.number;
        e = session_add(m, list, &mail, why);
        if (e && e != ERR_NO)
            return e;
    }
    return e;
}

/* LIST's lines; with uids into the mails that are there, else making them. */
static enum err read_sizes(struct mailbox *m, struct mailbox_list *list, bool uids,
                           struct why *why)
{
    struct pop3_event event;
    uint32_t last = 0;
    size_t at = 0;
    enum err e;
    while (!(e = next(m, &event, why)) && event.kind == POP3_LINE) {
        struct mailbox_mail mail = {0};
        struct span word;
        if (!numbered(event.text, &mail.number, &word) || mail.number <= last ||
            !span_number(word, UINT64_MAX, &mail.size))
            return bad_list(m, why);
        last = mail.number;
        while (uids && at < list->count && list->mails[at].number < mail.number)
            at++;
        if (uids && at < list->count && list->mails[at].number == mail.number)
            list->mails[at].size = mail.size;
        else if (!uids && (e = session_add(m, list, &mail, why)) && e != ERR_NO)
            return e;
    }
    return e;
}

static enum err uidl(struct mailbox *m, struct mailbox_list *list, bool *uids, bool both,
                     struct why *why)
{
    enum err e = command(m, both ? "UIDL\r\nLIST" : "UIDL", 0, "", POP3_LIST, why);
    *uids = e == ERR_NONE;
    return e == ERR_NO ? ERR_NONE : e ? e : read_uids(m, list, why);
}

enum err pop3_list(struct mailbox *m, struct mailbox_list *list, struct why *why)
{
    struct pop3_event event;
    bool uids, both = session_can(m, "PIPELINING");
    enum err e = uidl(m, list, &uids, both, why);
    if (e)
        return e;
    if (both) {
        pop3_expect(&m->pop3, POP3_LIST);
        e = next(m, &event, why);
        if (!e && event.kind == POP3_ERR)
            e = ERR_NO;
    } else {
        e = command(m, "LIST", 0, "", POP3_LIST, why);
    }
    if (e == ERR_NO)
        return session_break(m, why_set(why, ERR_UNAVAILABLE, "the server refuses LIST"));
    return e ? e : read_sizes(m, list, uids, why);
}

enum err pop3_look(struct mailbox *m, const struct mailbox_mail *mail, struct mailbox_look *look,
                   struct why *why)
{
    struct pop3_event event;
    struct buf header;
    size_t total = 0;
    enum err e = command(m, "TOP", mail->number, " 0", POP3_MAIL, why);
    if (e)
        return e;
    buf_init(&header, HEADER_MAX);
    while (!(e = next(m, &event, why)) && event.kind == POP3_BYTES) {
        /* What is over the cap is dropped: the fields that count stand before it, or nobody
         * finds them. */
        (void)buf_add_span(&header, event.text);
        total += event.text.n;
        if (total > TOP_MAX) {
            e = session_break(m, why_set(why, ERR_PROTOCOL, "a header without end"));
            break;
        }
    }
    if (!e)
        mailbox_look_at_header(buf_span(&header), look);
    buf_release(&header);
    return e;
}

enum err pop3_fetch(struct mailbox *m, const struct mailbox_mail *mail, mailbox_sink *sink,
                    void *arg, struct why *why)
{
    struct pop3_event event;
    enum err e = command(m, "RETR", mail->number, "", POP3_MAIL, why);
    while (!e && !(e = next(m, &event, why)) && event.kind == POP3_BYTES) {
        e = sink(arg, event.text, why);
        if (e)
            return session_break(m, e);
    }
    return e;
}

enum err pop3_delete(struct mailbox *m, const struct mailbox_mail *mail, struct why *why)
{
    struct pop3_event event;
    enum err e = add_command(m, "DELE", mail->number, "");
    if (e)
        return why_set(why, e, "out of memory");
    if (session_can(m, "PIPELINING") && m->out.len < 4096) {
        m->unanswered++;
        return ERR_NONE;
    }
    if ((e = flush(m, why)) || (e = settle(m, why)))
        return e;
    pop3_expect(&m->pop3, POP3_SINGLE);
    e = next(m, &event, why);
    if (!e && event.kind == POP3_ERR)
        m->undeleted = true;
    return e;
}

enum err pop3_quit(struct mailbox *m, struct why *why)
{
    enum err e = command(m, "QUIT", 0, "", POP3_SINGLE, why);
    return e == ERR_NO
               ? why_set(why, ERR_UNAVAILABLE, "the server did not delete all that it should") : e;
}
