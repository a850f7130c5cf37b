/* What a session tells and is told while it waits. */
#include "net/session_inner.h"

void session_channel(struct session *s, int fd)
{
    s->channel = fd;
}

bool session_in_mail(const struct session *s)
{
    return receiver_in_data(&s->receiver) || s->receiver.in_mail;
}

struct span session_output(const struct session *s)
{
    return buf_span(&s->out);
}

void session_sent(struct session *s, size_t n)
{
    buf_consume(&s->out, n);
    if (!s->out.len)
        session_drop_delivered(s);
    if (!s->out.len && s->tls && s->out.cap > 1024)
        buf_release(&s->out); /* a handshake's certificates were the last that needed it */
}

void session_drop_delivered(struct session *s)
{
    if (s->delivered)
        s->host->method->free(s->delivered);
    s->delivered = NULL;
}

void session_tidy(struct session *const sessions[], size_t count)
{
    const struct delivery_method *m = sessions[0]->host->method;
    for (size_t i = 0; m->tidy && i < count; i++)
        if (sessions[i]->mail)
            m->tidy(sessions[i]->mail);
}

void session_prepare(struct session *s)
{
    const struct delivery_method *m = s->host->method;
    if (s->mail && !s->prepared && m->prepare)
        m->prepare(s->mail);
    s->prepared = true;
}

enum err session_result(const struct session *s)
{
    return s->ended && receiver_in_data(&s->receiver) ? ERR_PROTOCOL : ERR_NONE;
}

bool session_unfinished(const struct session *s)
{
    return s->ended && session_in_mail(s);
}

unsigned session_worst_reply(const struct session *s)
{
    return receiver_worst_reply(&s->receiver);
}

bool session_tells(unsigned notify, const struct mail_parameters *mail)
{
    return (notify & NOTIFY_SUCCESS) || *mail->mtrk;
}
