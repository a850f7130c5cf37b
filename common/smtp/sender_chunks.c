/*
 * The content by BDAT (RFC 3030). The first chunk leaves in one flight with the envelope, before
 * anybody knows whether it will be taken; further ones when that is known. A chunk begun is
 * always given whole, since the receiver counts its octets, whatever he answers meanwhile.
 */
#include "smtp/sender_inner.h"

#include "smtp/verdict.h"

bool sender_chunked(const struct sender *s)
{
    return s->peer.chunking && s->mail->size > 0 && !sender_restartable(s);
}

/* Opens the next chunk: the rest of the mail, or SENDER_CHUNK of it. */
static void open_chunk(struct sender *s)
{
    uint64_t n = s->rest < SENDER_CHUNK ? s->rest : SENDER_CHUNK;
    s->last_chunk = n == s->rest;
    s->rest -= n;
    s->chunk_left = n;
    s->chunks_sent++;
    if (buf_add_format(&s->out, "BDAT %llu%s\r\n", (unsigned long long)n,
                       s->last_chunk ? " LAST" : ""))
        sender_lost(s, ERR_OS, "out of memory");
}

void sender_chunks_begin(struct sender *s)
{
    s->state = CHUNKS;
    s->rest = s->mail->size;
    s->chunks_sent = s->chunks_answered = 0;
    s->cursor = 0;
    s->doomed = false;
    wire_init(&s->encoder, s->mail->binary ? WIRE_BYTES : WIRE_LINES);
    buf_clear(&s->over);
    open_chunk(s);
}

static bool envelope_answered(const struct sender *s)
{
    return s->answered == sender_commands(s);
}

/* LMTP's receiver answers the last chunk once for each recipient he still has, so that nothing
 * may be open by then. */
static bool may_open(const struct sender *s)
{
    return envelope_answered(s) && (!s->lmtp || s->chunks_answered == s->chunks_sent);
}

/* Moves what was encoded beyond the chunk before into this one. */
static void draw(struct sender *s)
{
    size_t n = s->over.len < s->chunk_left ? s->over.len : (size_t)s->chunk_left;
    if (n == 0)
        return;
    if (buf_add(&s->out, s->over.data, n)) {
        sender_lost(s, ERR_OS, "out of memory");
        return;
    }
    buf_consume(&s->over, n);
    s->chunk_left -= n;
}

enum sender_event sender_chunks_next(struct sender *s)
{
    if (s->chunk_left == 0 && s->out.len == 0 && !s->last_chunk && !s->doomed && may_open(s))
        open_chunk(s);
    if (s->state == CHUNKS)
        draw(s);
    if (s->state == CLOSED)
        return SENDER_CLOSED;
    if (s->chunk_left && s->out.len < FLIGHT)
        return SENDER_CONTENT;
    return s->out.len ? SENDER_WRITE : SENDER_READ;
}

/* Nothing more is owed to the receiver, nor by him: a mail that is given up ends here. */
static void end_if_doomed(struct sender *s)
{
    if (s->doomed && envelope_answered(s) && s->chunk_left == 0 &&
        s->chunks_answered == s->chunks_sent)
        sender_mail_over(s, true);
}

static void answer_to_chunk(struct sender *s, const struct reply *a)
{
    bool last = s->last_chunk && s->chunks_answered + 1 == s->chunks_sent;
    bool good = a->code / 100 == 2;
    if (s->chunks_answered == s->chunks_sent) {
        sender_protocol_error(s, "a reply to nothing");
    } else if (a->code < 400 && (!good || (last && s->chunk_left && s->accepted))) {
        sender_protocol_error(s, "BDAT was answered neither yes nor no");
    } else if (last && !s->doomed && (s->chunk_left == 0 || s->lmtp)) {
        /* LMTP's receiver refuses for each recipient too, be it before the chunk is whole. */
        if (sender_content_reply(s, a)) {
            s->chunks_answered++;
            s->doomed = s->chunk_left > 0;
            if (!s->doomed)
                sender_mail_over(s, !good);
        }
    } else {
        s->chunks_answered++;
        if (!good)
            sender_settle_rest_by(s, verdict_class(a, false), a);
        s->doomed |= !good;
    }
}

void sender_chunks_reply(struct sender *s, const struct reply *a)
{
    if (envelope_answered(s))
        answer_to_chunk(s, a);
    else
        sender_envelope_reply(s, a);
    if (s->state != CHUNKS)
        return;
    if (envelope_answered(s) && (!s->mail_taken || !s->accepted))
        s->doomed = true;
    end_if_doomed(s);
}

/* Whether the octets that were told have become others: then the mail must not become whole. */
static enum err changed(struct sender *s)
{
    sender_lost(s, ERR_IO, "the mail changed while it was sent");
    return ERR_NONE;
}

/* Counts n octets that were put behind the output: what is beyond the chunk waits in over. */
static enum err count(struct sender *s, size_t n)
{
    if (n <= s->chunk_left) {
        s->chunk_left -= n;
    } else {
        size_t beyond = n - (size_t)s->chunk_left;
        if (beyond > s->rest)
            return changed(s);
        s->out.len -= beyond;
        enum err e = buf_add(&s->over, s->out.data + s->out.len, beyond);
        if (e)
            return e;
        s->chunk_left = 0;
    }
    end_if_doomed(s);
    return ERR_NONE;
}

enum err sender_chunks_content(struct sender *s, struct span piece)
{
    uint8_t *room;
    enum err e = buf_reserve(&s->out, wire_bound(piece.n), &room);
    if (e)
        return e;
    size_t n = wire_encode(&s->encoder, piece, room);
    s->out.len += n;
    return count(s, n);
}

enum err sender_chunks_end(struct sender *s)
{
    uint8_t end[WIRE_END];
    size_t n = wire_end(&s->encoder, end);
    if (n + s->over.len != s->chunk_left + s->rest)
        return changed(s);
    if (s->over.len) /* it goes behind what waits for the next chunk */
        return buf_add(&s->over, end, n);
    enum err e = buf_add(&s->out, end, n);
    return e ? e : count(s, n);
}
