#include "net/session_inner.h"

#include "net/restart.h"

#include "tool/diag.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    RATE_WINDOW_MS = 60000,
    RATE_MINIMUM = 100 * 60, /* octets in a window of mail data */
};

enum err session_open(const struct session_host *host, const char *client, bool relay,
                      struct session **session, struct why *why)
{
    struct session *s = calloc(1, sizeof *s);
    char *copy = client ? strdup(client) : NULL;
    *session = NULL;
    if (!s || (client && !copy)) {
        free(s);
        free(copy);
        return why_set(why, ERR_OS, "out of memory");
    }
    s->host = host;
    s->channel = -1;
    s->options = host->options;
    s->options.client = s->client = copy;
    s->options.relay = relay;
    s->options.trace = diag_verbose();
    s->options.tls_on = host->implicit_tls;
    buf_init(&s->in, SESSION_INPUT);
    buf_init(&s->out, 1 << 24);
    s->turned.beyond = -1;
    receiver_init(&s->receiver, &s->options);
    if (host->implicit_tls) {
        enum err e = tls_open(host->tls, &s->tls, why);
        if (e) {
            session_free(s);
            return e;
        }
        s->handshake = true;
    }
    *session = s;
    return ERR_NONE;
}

static void drop_mail(struct session *s)
{
    if (s->mail)
        s->host->method->free(s->mail);
    s->mail = NULL;
}

static void clear_envelope(struct session *s)
{
    session_drop_delivered(s);
    for (size_t i = 0; i < s->envelope.count; i++) {
        free(s->envelope.recipients[i].path);
        free(s->envelope.recipients[i].mailboxes);
        free(s->envelope.recipients[i].orcpt);
    }
    free(s->envelope.recipients);
    free(s->verdicts);
    s->verdicts = NULL;
    s->envelope = (struct envelope){.sender = s->sender, .mail = &s->asked_for};
}

void session_free(struct session *s)
{
    if (!s)
        return;
    drop_mail(s);
    restart_leave(s);
    clear_envelope(s);
    receiver_release(&s->receiver);
    tls_free(s->tls);
    turned_release(&s->turned);
    buf_release(&s->in);
    buf_release(&s->out);
    login_free(s->login);
    free(s->asked);
    free(s->client);
    free(s);
}

void session_greet(struct session *s)
{
    if (s->handshake)
        s->greet = true;
    else
        receiver_greet(&s->receiver);
}

/* A fault that the peer cannot be told of any more. */
static void give_up(struct session *s, const struct why *why)
{
    diag_trace("%s: %s", s->client ? s->client : "session", why->text);
    s->broken = true;
}

static void trace_output(struct span text)
{
    while (diag_verbose() && text.n) {
        size_t n = span_find(text, '\n');
        struct span line = span_trim(span_take(text, n));
        diag_trace("> %.*s", (int)line.n, (const char *)line.p);
        text = span_skip(text, n + 1);
    }
}

/* Moves the machine's replies to where the channel takes them from. */
static void gather(struct session *s)
{
    struct why why = {""};
    enum err e = ERR_NONE;
    if (!s->handshake) {
        struct span text = receiver_output(&s->receiver);
        trace_output(text);
        if (text.n)
            e = s->tls ? tls_write(s->tls, text, &why) : buf_add_span(&s->out, text);
        receiver_sent(&s->receiver, text.n);
    }
    if (s->tls && !e)
        e = tls_output(s->tls, &s->out);
    if (e)
        give_up(s, &why);
}

/* Of a minute of mail data at least so much must have come: 100 octets a second. */
static void watch_rate(struct session *s, size_t n, int64_t now_ms)
{
    if (!receiver_in_data(&s->receiver)) {
        s->window = 0;
        return;
    }
    if (!s->window) {
        s->window = now_ms;
        s->in_window = 0;
    }
    s->steps++;
    s->in_window += n;
    if (now_ms - s->window < RATE_WINDOW_MS)
        return;
    if (s->in_window < RATE_MINIMUM)
        receiver_drop(&s->receiver, RECEIVER_DROP_SLOW);
    s->window = now_ms;
    s->in_window = 0;
}

void session_received(struct session *s, struct span bytes, int64_t now_ms)
{
    struct why why = {""};
    watch_rate(s, bytes.n, now_ms);
    if (s->tls ? tls_push(s->tls, bytes, &why) : buf_add_span(&s->in, bytes))
        give_up(s, &why);
    else if (!s->tls)
        receiver_push(&s->receiver, buf_span(&s->in));
}

bool session_progressed(struct session *s)
{
    uint64_t before = s->progress;
    s->progress = s->steps + receiver_commands(&s->receiver);
    return s->progress != before;
}

void session_ended(struct session *s)
{
    s->ended = true;
}

/* The machine has used up what it had. True: there is more for it. */
static bool refill(struct session *s)
{
    struct why why = {""};
    buf_clear(&s->in);
    if (!s->tls || s->broken)
        return false;
    if (tls_read(s->tls, &s->in, &why)) {
        gather(s); /* the alert that says why */
        give_up(s, &why);
        return false;
    }
    if (s->handshake && tls_ready(s->tls)) {
        s->handshake = false;
        s->steps++;
        receiver_tls_started(&s->receiver);
        if (s->greet)
            receiver_greet(&s->receiver);
        s->greet = false;
        gather(s);
    }
    s->ended = s->ended || tls_ended(s->tls);
    if (!s->in.len) /* who waits, and there may be thousands, keeps no record's room */
        buf_release(&s->in);
    receiver_push(&s->receiver, buf_span(&s->in));
    return s->in.len > 0;
}

static enum receiver_verdict verdict_of(enum err e)
{
    switch (e) {
    case ERR_NONE:
        return RECIPIENT_OK;
    case ERR_IO:
    case ERR_CREATE:
        return RECIPIENT_NO_ROOM;
    default:
        return RECIPIENT_LATER;
    }
}

/* The other path in the clerk's answer: "path" of a user who has moved, ">path" of one whose mail
 * is passed on. */
static const char *other_path(const struct session *s, enum receiver_verdict verdict)
{
    if (verdict == RECIPIENT_MOVED)
        return s->asked->answer.text;
    if (verdict != RECIPIENT_FORWARDED)
        return NULL;
    return s->asked->answer.text + (s->asked->answer.text[0] == '>');
}

static void begin_work(struct session *s, enum receiver_event_kind kind)
{
    s->work = kind;
    if (kind == RECEIVER_PASSWORD || kind == RECEIVER_SALT || kind == RECEIVER_PROOF)
        s->login = login_begin(&s->event);
    if (kind != RECEIVER_RECIPIENT && kind != RECEIVER_VERIFY && kind != RECEIVER_ETRN &&
        kind != RECEIVER_TURN)
        return;
    s->asked = malloc(sizeof *s->asked); /* its texts are long, and few bytes of them are used */
    if (!s->asked)
        return;
    s->asked->answer.verdict = RECIPIENT_LATER;
    s->asked->answer.code = 0;
    s->asked->answer.text[0] = '\0';
    struct clerk_question *q = &s->asked->question;
    q->local = s->event.local;
    q->relay = s->options.relay || receiver_identity(&s->receiver);
    q->verb = (uint8_t)s->event.verb;
    q->notice = kind == RECEIVER_RECIPIENT &&
                session_tells(s->event.rcpt->notify, &s->asked_for);
    span_copy(span_str(kind == RECEIVER_TURN ? s->event.name : s->sender), q->sender,
              sizeof q->sender);
    q->kind = kind == RECEIVER_RECIPIENT ? CLERK_RECIPIENT
              : kind == RECEIVER_ETRN    ? CLERK_FLUSH
              : kind == RECEIVER_TURN    ? CLERK_TURN
              : s->event.expand          ? CLERK_EXPAND
                                         : CLERK_VERIFY;
    span_copy(kind == RECEIVER_RECIPIENT ? s->event.path.text : s->event.text, q->text,
              sizeof q->text);
}

static void write_data(struct session *s)
{
    struct why why = {""};
    enum err e = s->mail ? s->host->method->write(s->mail, s->event.text, &why) : ERR_NONE;
    restart_take(s);
    if (e) {
        diag_warn("mail: %s", why.text);
        receiver_unwritable(&s->receiver, verdict_of(e));
    }
}

/* The clerk looks at the connection himself where the peer's address lets it relay. */
static int evidence(const struct session *s)
{
    const struct clerk_question *q = &s->asked->question;
    return q->kind == CLERK_RECIPIENT && s->options.relay ? s->channel : -1;
}

/* What waits for nothing is done here and now: the hand-over to another thread and back costs
 * more than most of it. */
static enum session_state do_work(struct session *s, enum receiver_event_kind kind)
{
    const struct delivery_method *m = s->host->method;
    enum delivery_way way = DELIVERY_ALONE;
    begin_work(s, kind);
    if (kind == RECEIVER_BEGIN) {
        way = DELIVERY_AT_ONCE;
    } else if (kind == RECEIVER_END && m->way && s->mail) {
        way = m->way(s->mail);
    } else if (kind == RECEIVER_RECIPIENT && s->asked &&
               clerk_ask_quick(&s->host->clerk, &s->asked->question, evidence(s),
                             &s->asked->answer)) {
        session_resume(s);
        return SESSION_FLUSH;
    }
    if (way == DELIVERY_AT_ONCE) {
        session_work(s);
        session_resume(s);
        return SESSION_FLUSH;
    }
    gather(s);
    return way == DELIVERY_TOGETHER ? SESSION_COMMIT : SESSION_WORK;
}

/* False: what is known of its TRANSID must be looked for first. */
static bool begin_envelope(struct session *s)
{
    clear_envelope(s);
    span_copy(s->event.path.text, s->sender, sizeof s->sender);
    s->asked_for = *s->event.mail;
    s->envelope.by = (int64_t)time(NULL) + s->asked_for.by_seconds;
    restart_leave(s);
    return !*s->asked_for.transid || do_work(s, RECEIVER_SENDER) == SESSION_FLUSH;
}

enum session_state session_run(struct session *s)
{
    enum session_state state;
    receiver_clock(&s->receiver, (int64_t)time(NULL));
    for (;;) {
        if (s->handshake && !refill(s) && s->handshake) {
            gather(s);
            return s->broken || s->ended ? SESSION_CLOSE : SESSION_READ;
        }
        enum receiver_event_kind kind = receiver_next(&s->receiver, &s->event);
        if (s->broken && kind != RECEIVER_ABORT && kind != RECEIVER_CLOSE)
            return SESSION_CLOSE;
        switch (kind) {
        case RECEIVER_NEED:
            if (restart_replay(s) || refill(s))
                break;
            gather(s);
            return s->broken || s->ended ? SESSION_CLOSE : SESSION_READ;
        case RECEIVER_FLUSH:
            gather(s);
            return SESSION_FLUSH;
        case RECEIVER_LINE:
            diag_trace("< %.*s", (int)s->event.text.n, (const char *)s->event.text.p);
            break;
        case RECEIVER_SENDER:
            if (!begin_envelope(s))
                return SESSION_WORK;
            break;
        case RECEIVER_DATA:
            write_data(s);
            break;
        case RECEIVER_ABORT:
            drop_mail(s);
            restart_abort(s);
            break;
        case RECEIVER_RECIPIENT:
        case RECEIVER_VERIFY:
        case RECEIVER_ETRN:
        case RECEIVER_TURN:
        case RECEIVER_BEGIN:
        case RECEIVER_END:
        case RECEIVER_PASSWORD:
        case RECEIVER_SALT:
        case RECEIVER_PROOF:
            state = do_work(s, kind);
            if (state == SESSION_FLUSH)
                break;
            return state;
        case RECEIVER_STARTTLS:
            gather(s);
            return SESSION_PEEK;
        case RECEIVER_WAIT:
            return SESSION_WORK;
        case RECEIVER_TURNED:
            gather(s);
            return SESSION_TURNED;
        case RECEIVER_CLOSE:
            gather(s);
            if (s->tls)
                tls_end(s->tls);
            gather(s);
            return SESSION_CLOSE;
        }
    }
}

static void ask(struct session *s)
{
    struct why why = {""};
    if (!s->asked)
        return;
    struct clerk_answer *a = &s->asked->answer;
    if (clerk_ask(&s->host->clerk, &s->asked->question, evidence(s), a, &why)) {
        diag_warn("clerk: %s", why.text);
        a->verdict = RECIPIENT_LATER;
        a->code = s->asked->question.kind == CLERK_FLUSH ? 458 : 451;
        strcpy(a->text, "local trouble");
    }
}

void session_work(struct session *s)
{
    struct why why = {""};
    enum err e = ERR_NONE;
    switch (s->work) {
    case RECEIVER_BEGIN:
        s->verdicts = calloc(s->envelope.count, sizeof *s->verdicts);
        e = s->verdicts ? ERR_NONE : why_set(&why, ERR_OS, "out of memory");
        if (!e && !restart_is_done(s))
            e = s->host->method->begin(s->host->method_arg, &s->envelope, &s->mail, &why);
        s->prepared = false;
        if (!e)
            e = restart_begin(s, &why);
        break;
    case RECEIVER_SENDER:
        restart_look(s);
        return;
    case RECEIVER_END:
        e = s->mail ? s->host->method->commit(s->mail, s->verdicts, &why) : restart_check(s, &why);
        break;
    case RECEIVER_PASSWORD:
    case RECEIVER_SALT:
    case RECEIVER_PROOF:
        if (s->login)
            login_work(s->login, &s->host->clerk, s->host->prove);
        return;
    case RECEIVER_TURN:
        ask(s);
        if (s->asked && s->asked->answer.channel >= 0)
            s->asked->answer.code = turned_begin(&s->turned, s->asked->answer.channel);
        return;
    default:
        ask(s);
        return;
    }
    s->verdict = verdict_of(e);
    if (e)
        diag_warn("mail: %s", why.text);
}

void session_commit(struct session *const sessions[], size_t count)
{
    struct delivery_commit *list = calloc(count, sizeof *list);
    for (size_t i = 0; i < count; i++) {
        struct session *s = sessions[i];
        if (!list)
            session_work(s);
        else
            list[i] = (struct delivery_commit){.mail = s->mail, .verdicts = s->verdicts};
    }
    if (!list)
        return;
    sessions[0]->host->method->commit_all(list, count);
    for (size_t i = 0; i < count; i++) {
        sessions[i]->verdict = verdict_of(list[i].err);
        if (list[i].err)
            diag_warn("mail: %s", list[i].why.text);
    }
    free(list);
}

bool session_accept(struct envelope *e, const char *path, const char *mailboxes, bool local,
                    unsigned notify, const char *orcpt)
{
    /* Grown by doubling: 1, 2, 4, … */
    if ((e->count & (e->count - 1)) == 0) {
        size_t room = e->count ? e->count * 2 : 1;
        void *more = reallocarray(e->recipients, room, sizeof *e->recipients);
        if (!more)
            return false;
        e->recipients = more;
    }
    struct envelope_recipient *r = &e->recipients[e->count];
    *r = (struct envelope_recipient){.path = strdup(path), .mailboxes = strdup(mailboxes),
                                     .local = local, .notify = notify,
                                     .orcpt = orcpt ? strdup(orcpt) : NULL};
    if (!r->path || !r->mailboxes || (orcpt && !r->orcpt)) {
        free(r->path);
        free(r->mailboxes);
        free(r->orcpt);
        return false;
    }
    e->count++;
    return true;
}

/* RECIPIENT_LATER when there is no memory for him. */
static enum receiver_verdict add_recipient(struct session *s)
{
    const struct rcpt_parameters *p = s->event.rcpt;
    const struct asked *a = s->asked;
    return session_accept(&s->envelope, a->question.text, a->answer.text, a->question.local,
                          p->notify, *p->orcpt ? p->orcpt : NULL)
               ? RECIPIENT_OK
               : RECIPIENT_LATER;
}

void session_resume(struct session *s)
{
    /* Without memory for the question: try again later. */
    enum receiver_verdict verdict = s->asked ? s->asked->answer.verdict : RECIPIENT_LATER;
    switch (s->work) {
    case RECEIVER_RECIPIENT:
        if (verdict == RECIPIENT_OK || verdict == RECIPIENT_FORWARDED ||
            verdict == RECIPIENT_MAILED) {
            enum receiver_verdict added = add_recipient(s);
            verdict = added ? added : verdict;
        }
        receiver_recipient(&s->receiver, verdict, other_path(s, verdict));
        break;
    case RECEIVER_VERIFY:
        if (s->asked)
            receiver_verified(&s->receiver, s->asked->answer.code, s->asked->answer.text);
        else
            receiver_verified(&s->receiver, 451, "local trouble");
        break;
    case RECEIVER_ETRN:
        receiver_queued(&s->receiver, s->asked && s->asked->answer.code ? s->asked->answer.code
                                                                       : 458);
        break;
    case RECEIVER_TURN:
        receiver_turned(&s->receiver, s->asked ? s->asked->answer.code : 451);
        break;
    case RECEIVER_BEGIN:
        receiver_begun(&s->receiver, s->verdict, s->mail ? s->host->method->id(s->mail) : NULL);
        break;
    case RECEIVER_SENDER:
        restart_answer(s);
        break;
    case RECEIVER_END:
        session_drop_delivered(s);
        if (!s->verdict) {
            s->delivered = s->mail;
            s->mail = NULL;
        }
        drop_mail(s);
        restart_end(s);
        for (size_t i = 0; i < s->envelope.count; i++)
            receiver_settled(&s->receiver, s->verdict ? s->verdict : s->verdicts[i]);
        break;
    case RECEIVER_PASSWORD:
    case RECEIVER_SALT:
    case RECEIVER_PROOF:
        login_answer(s->login, &s->receiver);
        s->login = NULL;
        break;
    default:
        break;
    }
    s->work = RECEIVER_NEED;
    free(s->asked);
    s->asked = NULL;
}

void session_starttls(struct session *s, bool early)
{
    struct why why = {""};
    struct tls *tls = NULL;
    if (early) {
        receiver_tls(&s->receiver, RECEIVER_TLS_EARLY);
        return;
    }
    if (tls_open(s->host->tls, &tls, &why)) {
        diag_warn("%s", why.text);
        receiver_tls(&s->receiver, RECEIVER_TLS_UNAVAILABLE);
        return;
    }
    receiver_tls(&s->receiver, RECEIVER_TLS_GO);
    gather(s); /* the 220, still in clear */
    buf_clear(&s->in);
    s->tls = tls;
    s->handshake = true;
}

void session_offer_atrn(struct session *s)
{
    s->options.atrn = true;
}

void session_turn(struct session *s, struct turned *t)
{
    *t = s->turned;
    t->tls = s->tls;
    s->tls = NULL;
    s->turned.beyond = -1;
}

void session_drop(struct session *s, enum receiver_drop reason)
{
    if (s->handshake)
        s->broken = true;
    receiver_drop(&s->receiver, reason);
}
