#include "net/wishes.h"

#include "smtp/delivery.h"

#include <stdio.h>
#include <string.h>

size_t wishes_mail(const struct envelope *e, int64_t now, char out[WISHES_MAIL_MAX])
{
    const struct mail_parameters *m = e->mail;
    char envid[ENVID_MAX + 1];
    size_t n = 0;
    out[0] = '\0';
    if (m->ret)
        n += (size_t)snprintf(out, WISHES_MAIL_MAX, "R%s\n", m->ret == RET_FULL ? "full" : "hdrs");
    if (*m->envid && xtext_decode(span_str(m->envid), envid, sizeof envid))
        n += (size_t)snprintf(out + n, WISHES_MAIL_MAX - n, "E%s\n", envid);
    if (m->by) {
        long long left = (long long)(e->by - now);
        /* What is not to be sent any more is for the queue to return. */
        if (m->by_mode == 'R' && left < 1)
            left = 1;
        n += (size_t)snprintf(out + n, WISHES_MAIL_MAX - n, "B%lld%c%s\n", left, m->by_mode,
                              m->by_trace ? "T" : "");
    }
    if (*m->mtrk)
        n += (size_t)snprintf(out + n, WISHES_MAIL_MAX - n, "M%s", m->mtrk);
    if (*m->mtrk && m->mtrk_seconds)
        n += (size_t)snprintf(out + n, WISHES_MAIL_MAX - n, ":%lld", (long long)m->mtrk_seconds);
    if (*m->mtrk)
        n += (size_t)snprintf(out + n, WISHES_MAIL_MAX - n, "\n");
    return n;
}

static bool wants_dsn(const struct envelope *e, const struct envelope_recipient *r)
{
    return r->notify || r->orcpt || e->mail->ret || *e->mail->envid;
}

/* The mailbox of a path with a source route. */
static const char *mailbox(const char *path)
{
    const char *colon = *path == '@' ? strchr(path, ':') : NULL;
    return colon ? colon + 1 : path;
}

static bool original(const struct envelope *e, const struct envelope_recipient *r, char *out,
                     size_t size)
{
    if (r->orcpt)
        return orcpt_decode(r->orcpt, out, size);
    if (!wants_dsn(e, r))
        return false;
    const char *path = mailbox(r->path);
    for (const char *c = path; *c; c++)
        if (*c < ' ' || *c > '~')
            return false;
    return (size_t)snprintf(out, size, "rfc822;%s", path) < size;
}

size_t wishes_recipient(const struct envelope *e, const struct envelope_recipient *r,
                        struct span path, unsigned notify, const char *action,
                        char out[WISHES_RECIPIENT_MAX])
{
    char text[ORCPT_MAX + 1], words[DELIVERY_NOTIFY_SIZE];
    delivery_notify_text(notify, words);
    int n = snprintf(out, WISHES_RECIPIENT_MAX, "<%.*s>\n", (int)path.n, (const char *)path.p);
    if (*words)
        n += snprintf(out + n, WISHES_RECIPIENT_MAX - (size_t)n, "N%s\n", words);
    if (original(e, r, text, sizeof text))
        n += snprintf(out + n, WISHES_RECIPIENT_MAX - (size_t)n, "O%s\n", text);
    if (action)
        n += snprintf(out + n, WISHES_RECIPIENT_MAX - (size_t)n, "A%s\n", action);
    return (size_t)n;
}

unsigned wishes_of_members(unsigned notify)
{
    return notify == NOTIFY_SUCCESS ? NOTIFY_NEVER : notify & ~(unsigned)NOTIFY_SUCCESS;
}

bool wishes_next(struct span *left, struct wish *wish)
{
    while (left->n) {
        struct span line = span_take(*left, span_find(*left, '\n'));
        *left = span_skip(*left, line.n + 1);
        if (!line.n)
            continue;
        wish->letter = (char)line.p[0];
        wish->value = wish->letter == '<' ? line : span_skip(line, 1);
        return true;
    }
    return false;
}
