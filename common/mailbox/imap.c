#include "mailbox/bodystructure.h"
#include "mailbox/folder.h"
#include "mailbox/session.h"
#include "tool/diag.h"

#include <stdio.h>
#include <string.h>

/* RFC 2177: a log-in may be ended after 30 minutes of silence. */
enum { RESPONSES_MAX = 20 * MAILBOX_MAILS_MAX, IDLE_MILLISECONDS = 28 * 60 * 1000 };

/* What the untagged responses to a command are for: one of these is given each of them. */
struct listener {
    enum err (*untagged)(struct listener *l, struct span rest, struct why *why);
    struct mailbox *m;
    const struct mailbox_mail *mail;
    struct mailbox_list *list;
    struct mailbox_look *look;
    mailbox_sink *sink; /* NULL: no mail may come */
    void *arg;
    bool found, streamed;
};

static enum err broken(struct mailbox *m, const char *what, struct why *why)
{
    return session_break(m, why_set(why, ERR_PROTOCOL, "not an IMAP response: %s", what));
}

/* The next response or piece of a mail. */
static enum err next(struct mailbox *m, struct imap_event *event, struct why *why)
{
    for (;;) {
        enum err e = imap_next(&m->imap_in, event);
        if (e)
            return session_break(m, why_set(why, e, "not an IMAP response, or too long"));
        if (event->kind != IMAP_NEED_MORE)
            return ERR_NONE;
        struct span bytes;
        e = session_read(m, &bytes, why);
        if (e)
            return e;
        imap_push(&m->imap_in, bytes);
    }
}

static enum err send_command(struct mailbox *m, const char *text, struct why *why)
{
    struct buf line;
    buf_init(&line, 8192);
    enum err e = buf_add_format(&line, "A%u %s\r\n", ++m->tag, text);
    e = e ? why_set(why, e, "command too long") : session_write(m, buf_span(&line), why);
    buf_release(&line);
    return e;
}

static enum err tagged(struct mailbox *m, struct span rest, struct why *why)
{
    struct imap_token status = imap_token(&rest);
    rest = span_trim(rest);
    int n = rest.n > 200 ? 200 : (int)rest.n;
    if (imap_is(&status, "OK"))
        return ERR_NONE;
    if (imap_is(&status, "NO"))
        return why_set(why, ERR_NO, "%.*s", n, (const char *)rest.p);
    return session_break(m, why_set(why, ERR_PROTOCOL, "the server refuses a command: %.*s", n,
                                    (const char *)rest.p));
}

static enum err mail_event(struct listener *l, const struct imap_event *event, struct why *why)
{
    if (event->kind == IMAP_BODY_BEGIN) {
        if (!l->sink || l->streamed)
            return broken(l->m, "a mail that nobody asked for", why);
        l->streamed = true;
        return ERR_NONE;
    }
    if (event->kind == IMAP_BODY_END)
        return ERR_NONE;
    enum err e = l->sink(l->arg, event->text, why);
    return e ? session_break(l->m, e) : ERR_NONE;
}

/* Gives l every untagged response up to the one tagged with `tag`. ERR_NO: the server said NO. */
static enum err wait_for(struct mailbox *m, unsigned tag, struct listener *l, struct why *why)
{
    char want[16];
    snprintf(want, sizeof want, "A%u", tag);
    for (unsigned responses = 0; responses < RESPONSES_MAX; responses++) {
        struct imap_event event;
        enum err e = next(m, &event, why);
        if (e)
            return e;
        if (event.kind != IMAP_RESPONSE) {
            responses = 0; /* a mail of any length is no idle talk */
            if ((e = mail_event(l, &event, why)))
                return e;
            continue;
        }
        struct span rest = event.text;
        channel_trace("S", span_take(rest, 200));
        struct imap_token mark = imap_token(&rest);
        if (imap_is(&mark, want))
            return tagged(m, rest, why);
        if (!imap_is(&mark, "*"))
            return broken(m, "a tag that was never given", why);
        struct span look = rest;
        struct imap_token word = imap_token(&look);
        if (imap_is(&word, "BYE"))
            return session_break(m, why_set(why, ERR_AGAIN, "the server says goodbye"));
        if (l->untagged && (e = l->untagged(l, rest, why)))
            return e;
    }
    return broken(m, "responses without end", why);
}

static enum err command(struct mailbox *m, const char *text, struct listener *l, struct why *why)
{
    l->m = m;
    enum err e = send_command(m, text, why);
    return e ? e : wait_for(m, m->tag, l, why);
}

static enum err on_select(struct listener *l, struct span rest, struct why *why)
{
    struct span key = span_str("[UIDVALIDITY ");
    struct imap_token ok = imap_token(&rest);
    struct imap_token code = imap_token(&rest);
    uint64_t n;
    if (!imap_is(&ok, "OK") || !span_starts_nocase(code.text, key))
        return ERR_NONE;
    struct span digits = span_skip(code.text, key.n);
    digits = span_take(digits, span_find(digits, ']'));
    if (!span_number(digits, UINT32_MAX, &n))
        return broken(l->m, "UIDVALIDITY", why);
    snprintf(l->m->validity, sizeof l->m->validity, "%llu", (unsigned long long)n);
    return ERR_NONE;
}

enum err imap_select(struct mailbox *m, struct why *why)
{
    struct listener l = {.untagged = on_select};
    struct buf text;
    const char *folder = *m->url.path ? m->url.path : "INBOX", *word;
    buf_init(&text, 4096);
    enum err e = buf_add_str(&text, m->read_only ? "EXAMINE " : "SELECT ");
    if (!e)
        e = folder_quote(span_str(folder), &text);
    word = e ? NULL : buf_cstr(&text);
    e = word ? command(m, word, &l, why)
             : why_set(why, ERR_USAGE, "%s: not a folder's name", folder);
    buf_release(&text);
    if (e == ERR_NO) {
        struct why said = why ? *why : (struct why){""};
        return why_set(why, ERR_UNAVAILABLE, "%s: %s", folder, said.text);
    }
    if (!e && !*m->validity)
        return why_set(why, ERR_UNAVAILABLE, "the server gives no lasting UIDs");
    return e;
}

/* "12 FETCH (": *rest is then inside the list. False: another response. */
static bool is_fetch(struct span *rest)
{
    struct imap_token number = imap_token(rest), word = imap_token(rest), open = imap_token(rest);
    uint64_t n;
    return number.kind == IMAP_ATOM && span_number(number.text, UINT32_MAX, &n) &&
           imap_is(&word, "FETCH") && open.kind == IMAP_OPEN;
}

static bool number_of(struct span *rest, uint64_t max, uint64_t *n)
{
    struct imap_token t = imap_token(rest);
    return t.kind == IMAP_ATOM && span_number(t.text, max, n);
}

static bool has_deleted(struct span *rest)
{
    struct imap_token t = imap_token(rest);
    bool deleted = false;
    while (t.kind != IMAP_CLOSE && t.kind != IMAP_END && t.kind != IMAP_BAD) {
        t = imap_token(rest);
        deleted |= imap_is(&t, "\\Deleted");
    }
    return deleted;
}

static enum err on_list(struct listener *l, struct span rest, struct why *why)
{
    struct mailbox_mail mail = {0};
    uint64_t uid = 0;
    if (!is_fetch(&rest))
        return ERR_NONE;
    for (;;) {
        struct imap_token key = imap_token(&rest);
        bool good = true;
        if (key.kind == IMAP_CLOSE)
            break;
        if (imap_is(&key, "UID"))
            good = number_of(&rest, UINT32_MAX, &uid) && uid;
        else if (imap_is(&key, "RFC822.SIZE"))
            good = number_of(&rest, UINT64_MAX, &mail.size);
        else if (imap_is(&key, "FLAGS"))
            mail.marked = has_deleted(&rest);
        else
            good = key.kind == IMAP_ATOM && imap_skip(&rest);
        if (!good)
            return broken(l->m, "FETCH", why);
    }
    if (!uid)
        return ERR_NONE; /* the server tells of a change of flags */
    mail.number = (uint32_t)uid;
    snprintf(mail.uid, sizeof mail.uid, "%u", (unsigned)mail.number);
    enum err e = session_add(l->m, l->list, &mail, why);
    return e == ERR_NO ? ERR_NONE : e;
}

enum err imap_list(struct mailbox *m, struct mailbox_list *list, struct why *why)
{
    struct listener l = {.untagged = on_list, .list = list};
    enum err e = command(m, "UID FETCH 1:* (UID RFC822.SIZE FLAGS)", &l, why);
    /* Of an empty folder some servers say that 1:* is none. */
    return e == ERR_NO && list->count == 0 ? ERR_NONE : e;
}

/* A string's bytes without the backslashes of a quoted one. */
static enum err plain(struct span text, struct buf *out)
{
    enum err e = ERR_NONE;
    for (size_t i = 0; i < text.n && !e; i++) {
        if (text.p[i] == '\\' && i + 1 < text.n)
            i++;
        e = buf_add_byte(out, text.p[i]);
    }
    return e;
}

static enum err on_look(struct listener *l, struct span rest, struct why *why)
{
    struct mime_kind_parts parts = {false, false};
    struct mailbox_look header = {MIME_KIND_MIXED, ""};
    uint64_t uid = 0;
    bool structure = false;
    if (!is_fetch(&rest))
        return ERR_NONE;
    for (;;) {
        struct imap_token key = imap_token(&rest), value;
        bool good = true;
        if (key.kind == IMAP_CLOSE)
            break;
        if (imap_is(&key, "UID")) {
            good = number_of(&rest, UINT32_MAX, &uid);
        } else if (imap_is(&key, "BODYSTRUCTURE")) {
            structure = good = bodystructure_read(&rest, &parts);
        } else if (key.kind == IMAP_ATOM && span_starts_nocase(key.text, span_str("BODY[HEADER"))) {
            value = imap_token(&rest);
            mailbox_look_at_header(value.text, &header);
        } else {
            good = key.kind == IMAP_ATOM && imap_skip(&rest);
        }
        if (!good)
            return broken(l->m, "FETCH", why);
    }
    if (uid != l->mail->number || !structure)
        return ERR_NONE;
    *l->look = header;
    l->look->kind = mime_kind_of(&parts);
    l->found = true;
    return ERR_NONE;
}

enum err imap_look(struct mailbox *m, const struct mailbox_mail *mail, struct mailbox_look *look,
                   struct why *why)
{
    struct listener l = {.untagged = on_look, .mail = mail, .look = look};
    char text[128];
    snprintf(text, sizeof text, "UID FETCH %u (UID BODYSTRUCTURE BODY.PEEK[HEADER.FIELDS (FROM)])",
             (unsigned)mail->number);
    enum err e = command(m, text, &l, why);
    return !e && !l.found ? why_set(why, ERR_NO, "the mail has gone") : e;
}

/* Of a short mail the body may stand in the response itself. */
static enum err body_in_response(struct listener *l, const struct imap_token *value,
                                 struct why *why)
{
    struct buf text;
    if (l->streamed || value->kind != IMAP_STRING)
        return ERR_NONE;
    buf_init(&text, IMAP_RESPONSE_MAX);
    enum err e = plain(value->text, &text);
    if (!e && text.len)
        e = l->sink(l->arg, buf_span(&text), why);
    buf_release(&text);
    l->streamed = true;
    return e ? session_break(l->m, e) : ERR_NONE;
}

static enum err on_fetch(struct listener *l, struct span rest, struct why *why)
{
    uint64_t uid = l->mail->number;
    bool body = false;
    if (!is_fetch(&rest))
        return ERR_NONE;
    for (;;) {
        struct imap_token key = imap_token(&rest);
        bool good = true;
        if (key.kind == IMAP_CLOSE)
            break;
        if (imap_is(&key, "UID")) {
            good = number_of(&rest, UINT32_MAX, &uid);
        } else if (imap_is(&key, "BODY[]") || imap_is(&key, "RFC822")) {
            struct imap_token value = imap_token(&rest);
            good = value.kind == IMAP_STRING || imap_is(&value, "NIL");
            body = value.kind == IMAP_STRING;
            enum err e = good ? body_in_response(l, &value, why) : ERR_NONE;
            if (e)
                return e;
        } else {
            good = key.kind == IMAP_ATOM && imap_skip(&rest);
        }
        if (!good)
            return broken(l->m, "FETCH", why);
    }
    if (body && uid != l->mail->number)
        return broken(l->m, "another mail than was asked for", why);
    l->found |= body;
    return ERR_NONE;
}

enum err imap_fetch(struct mailbox *m, const struct mailbox_mail *mail, mailbox_sink *sink,
                    void *arg, struct why *why)
{
    struct listener l = {.untagged = on_fetch, .mail = mail, .sink = sink, .arg = arg};
    char text[64];
    snprintf(text, sizeof text, "UID FETCH %u (UID BODY.PEEK[])", (unsigned)mail->number);
    enum err e = command(m, text, &l, why);
    if (e == ERR_NO && l.streamed)
        return session_break(m, why_set(why, ERR_AGAIN, "the server broke off within a mail"));
    return !e && !l.found ? why_set(why, ERR_NO, "the mail has gone") : e;
}

enum err imap_delete(struct mailbox *m, const struct mailbox_mail *mail, struct why *why)
{
    struct listener l = {.m = m};
    bool uidplus = session_can(m, "UIDPLUS");
    char text[64];
    snprintf(text, sizeof text, "UID STORE %u +FLAGS.SILENT (\\Deleted)", (unsigned)mail->number);
    enum err e = send_command(m, text, why);
    unsigned tag = m->tag;
    if (!e && uidplus) {
        snprintf(text, sizeof text, "UID EXPUNGE %u", (unsigned)mail->number);
        e = send_command(m, text, why);
    }
    for (; !e && tag <= m->tag; tag++) {
        e = wait_for(m, tag, &l, why);
        if (e == ERR_NO) {
            m->undeleted = true;
            e = ERR_NONE;
        }
    }
    m->marked |= !uidplus;
    return e;
}

/* Reads until new mail is told of; *idling once the server has taken the command. ERR_NO: it is
 * time to say something. */
static enum err watch(struct mailbox *m, bool *idling, struct why *why)
{
    for (;;) {
        struct imap_event event;
        enum err e = imap_next(&m->imap_in, &event);
        if (e)
            return session_break(m, why_set(why, e, "not an IMAP response, or too long"));
        if (event.kind == IMAP_NEED_MORE) {
            struct span bytes;
            e = session_read_for(m, &bytes, IDLE_MILLISECONDS, why);
            if (e)
                return e;
            imap_push(&m->imap_in, bytes);
            continue;
        }
        if (event.kind != IMAP_RESPONSE)
            return broken(m, "a mail that nobody asked for", why);
        channel_trace("S", span_take(event.text, 200));
        struct span rest = event.text;
        struct imap_token mark = imap_token(&rest), number = imap_token(&rest);
        struct imap_token word = imap_token(&rest);
        if (imap_is(&mark, "+"))
            *idling = true;
        else if (!imap_is(&mark, "*"))
            return session_break(m, why_set(why, ERR_UNAVAILABLE, "the server refuses to wait"));
        else if (imap_is(&number, "BYE"))
            return session_break(m, why_set(why, ERR_AGAIN, "the server says goodbye"));
        else if (*idling && imap_is(&word, "EXISTS"))
            return ERR_NONE;
    }
}

enum err imap_idle(struct mailbox *m, struct why *why)
{
    struct listener l = {.m = m};
    bool idling = false;
    enum err e = send_command(m, "IDLE", why);
    if (!e)
        e = watch(m, &idling, why);
    if (e && e != ERR_NO)
        return e;
    if (!idling)
        return broken(m, "no answer to IDLE", why);
    e = session_write(m, span_str("DONE\r\n"), why);
    return e ? e : wait_for(m, m->tag, &l, why);
}

enum err imap_quit(struct mailbox *m, struct why *why)
{
    struct listener l = {.m = m};
    enum err e = m->marked ? command(m, "EXPUNGE", &l, why) : ERR_NONE;
    if (e == ERR_NO)
        m->undeleted = true;
    else if (e)
        return e;
    /* What was to be done is done: a server that drops the line instead of BYE is forgiven. */
    if (!send_command(m, "LOGOUT", NULL))
        (void)wait_for(m, m->tag, &l, NULL);
    return ERR_NONE;
}
