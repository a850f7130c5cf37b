/* CHECKPOINT (RFC 1845) on the sender's side: where a mail broke it goes on. */
#include "smtp/sender_inner.h"

#include <string.h>

bool sender_restartable(const struct sender *s)
{
    const char *transid = s->mail->delivery.transid;
    return s->peer.checkpoint && !s->lmtp && !s->nameless && transid && *transid;
}

bool sender_restarts(struct sender *s, const struct reply *a)
{
    struct span text = buf_span(&a->text);
    uint64_t offset;
    bool restartable = sender_restartable(s), resume = restartable && s->mail->delivery.resume;
    if (resume && a->code / 100 == 2) {
        s->nameless = true;
        s->sent = s->answered = 0;
        s->state = RSET;
        if (buf_add_str(&s->out, "RSET\r\n"))
            sender_lost(s, ERR_OS, "out of memory");
        return true;
    }
    if (a->code != 355 || !restartable)
        return false;
    text = span_take(text, span_find(text, ' '));
    text = span_take(text, span_find(text, '\n'));
    if (!resume || !span_number(text, UINT64_MAX / 2, &offset) ||
        (s->mail->size && offset > s->mail->size)) {
        s->astray = true;
        sender_protocol_error(s, "a transaction offset that is not of this mail");
        return true;
    }
    s->skip = offset;
    s->skip_in_line = false;
    s->mail_taken = true;
    s->accepted = s->mail->count;
    for (size_t i = 0; i < s->mail->count; i++)
        s->mail->results[i].accepted = true;
    /* RFC 1845 3: the recipients are known; DATA comes next. */
    s->sent = s->answered = s->mail->count + 1;
    return true;
}

size_t sender_skip(struct sender *s, uint8_t *p, size_t n)
{
    size_t i = 0;
    /* A dot at a line's start is the one that was put there, and is not counted. */
    for (; i < n && s->skip; i++) {
        s->skip -= s->skip_in_line || p[i] != '.';
        s->skip_in_line = p[i] != '\n';
    }
    memmove(p, p + i, n - i);
    return n - i;
}
