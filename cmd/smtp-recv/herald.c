#include "herald.h"

#include "mime/readable.h"
#include "smtp/screen.h"
#include "spool/terminals.h"
#include "text/convert.h"
#include "tool/diag.h"
#include "tool/when.h"

#include <errno.h>
#include <grp.h>
#include <linux/close_range.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { MAIL_MAX = 65536, SHOWN_MAX = SCREEN_OCTETS_MAX + 4096 };

/* The mail's beginning; *whole is false where there is more. */
static enum err read_mail(int fd, struct buf *mail, bool *whole, struct why *why)
{
    uint8_t *room;
    enum err e = buf_reserve(mail, MAIL_MAX, &room);
    ssize_t got = 1;
    /* The descriptor's position is the worker's. */
    while (!e && got > 0 && mail->len < MAIL_MAX) {
        got = pread(fd, room + mail->len, MAIL_MAX - mail->len, (off_t)mail->len);
        if (got < 0 && errno == EINTR)
            got = 1;
        else if (got < 0)
            e = why_errno(why, ERR_IO, "mail");
        else
            mail->len += (size_t)got;
    }
    *whole = mail->len < MAIL_MAX;
    return e;
}

/* What a reader of the mail would see, as UTF-8; *whole is false where there is more to it. */
static enum err make_readable(struct span mail, struct buf *text, bool *whole, struct why *why)
{
    static const struct mime_converter conv = {text_convert_mime, NULL};
    struct mime_readable *r = malloc(sizeof *r);
    if (!r)
        return why_set(why, ERR_OS, "out of memory");
    mime_readable_init(r, &conv, text);
    enum err e = mime_readable_push(r, mail, why);
    if (!e)
        e = mime_readable_end(r, why);
    *whole = *whole && !r->others;
    mime_readable_release(r);
    free(r);
    return e;
}

static enum err head(const struct clerk_question *q, struct buf *out)
{
    char now[32];
    when_text((int64_t)time(NULL), now);
    enum err e = buf_add_str(out, "\r\n\aMessage from <");
    if (!e)
        e = screen_add_word(out, span_str(q->sender));
    return e ? e : buf_add_format(out, "> at %s\r\n", now);
}

/* What came, without the two fields that we have put before it (smtp/trace.h). */
static struct span behind_trace(struct span mail)
{
    mail = span_skip(mail, span_find(mail, '\n') + 1);
    do
        mail = span_skip(mail, span_find(mail, '\n') + 1);
    while (mail.n && mail.p[0] == '\t');
    return mail;
}

/* A mail without a header begins with an empty line there; one of words with colons may all have
 * been taken for a header. */
static struct span to_show(struct span text, struct span mail)
{
    if (!span_trim(text).n)
        return behind_trace(mail);
    return text.p[0] == '\n' ? span_skip(text, 1) : text;
}

/* SAML's mail is in the mailbox as well: the beginning of a long one will do. */
static enum receiver_verdict show(const struct herald *h, const struct clerk_question *q, int fd)
{
    struct buf mail, text, out;
    struct why why = {""};
    bool whole, all = true;
    buf_init(&mail, MAIL_MAX);
    buf_init(&text, 8 * MAIL_MAX);
    buf_init(&out, SHOWN_MAX);
    enum err e = read_mail(fd, &mail, &whole, &why);
    if (!e)
        e = make_readable(buf_span(&mail), &text, &whole, &why);
    if (!e)
        e = head(q, &out);
    if (!e)
        e = screen_add(&out, to_show(buf_span(&text), buf_span(&mail)), &all);
    whole = whole && all;
    if (!e)
        e = buf_add_str(&out, whole ? "End of message\r\n" : "(the rest is in the mailbox)\r\n");
    if (!e && !whole && q->verb != RECEIVER_SAML)
        e = ERR_DATA;
    if (!e)
        e = terminals_write(h->utmp, q->text, buf_span(&out), &why);
    buf_release(&mail);
    buf_release(&text);
    buf_release(&out);
    if (e && e != ERR_NO && e != ERR_DATA)
        diag_warn("terminals: %s", why.text);
    return e == ERR_NO ? RECIPIENT_INACTIVE
           : e == ERR_DATA ? RECIPIENT_REJECTED
           : e             ? RECIPIENT_LATER
                           : RECIPIENT_OK;
}

/* A clerk_fn; arg is a struct herald. */
static void answer(void *arg, const struct clerk_question *q, int mail, struct clerk_answer *a)
{
    const struct herald *h = arg;
    a->verdict = RECIPIENT_INACTIVE;
    if (q->kind == CLERK_ACTIVE && terminals_active(h->utmp, q->text))
        a->verdict = RECIPIENT_OK;
    if (q->kind == CLERK_SHOW && mail >= 0)
        a->verdict = show(h, q, mail);
}

/* The child: of all descriptors only its end of the pair, which closes when the clerk ends. */
static void serve(struct herald *h, int fd, gid_t tty)
{
    struct why why = {""};
    enum err e = ERR_NONE;
    if ((fd != 3 && dup2(fd, 3) < 0) || close_range(4, ~0U, 0) != 0 || setgroups(0, NULL) != 0 ||
        setresgid(tty, tty, tty) != 0 || setresuid(h->uid, h->uid, h->uid) != 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        e = why_errno(&why, ERR_OS, "becoming group tty");
    fd = 3;
    if (!e)
        e = clerk_serve(&fd, 1, answer, h, NULL, NULL, &why);
    if (e)
        diag_fail(e, &why, "terminals");
    _exit(e ? 1 : 0);
}

enum err herald_start(struct herald *h, struct why *why)
{
    const struct group *tty = h->apart ? getgrnam("tty") : NULL;
    int pair[2];
    h->clerk.fd = -1;
    if (!tty)
        return ERR_NONE;
    enum err e = clerk_pair(pair, why);
    if (e)
        return e;
    pid_t pid = fork();
    if (pid == 0)
        serve(h, pair[1], tty->gr_gid);
    e = pid < 0 ? why_errno(why, ERR_OS, "fork") : ERR_NONE;
    close(pair[1]);
    if (e)
        close(pair[0]);
    else
        h->clerk.fd = pair[0];
    return e;
}

enum receiver_verdict herald_ask(struct herald *h, const struct clerk_question *q, int mail)
{
    struct why why = {""};
    struct clerk_answer *a = calloc(1, sizeof *a);
    enum err e = a ? ERR_NONE : why_set(&why, ERR_OS, "out of memory");
    if (!e && !h->apart)
        answer(h, q, mail, a);
    else if (!e && h->clerk.fd >= 0)
        e = clerk_ask(&h->clerk, q, mail, a, &why);
    else if (!e)
        a->verdict = RECIPIENT_INACTIVE;
    enum receiver_verdict verdict = e ? RECIPIENT_LATER : a->verdict;
    if (e)
        diag_warn("terminals: %s", why.text);
    free(a);
    return verdict;
}
