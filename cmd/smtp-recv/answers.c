#include "answers.h"

#include "net/handover.h"
#include "notices.h"
#include "seal/password.h"
#include "smtp/route.h"
#include "spool/spool.h"
#include "store/login.h"
#include "tool/diag.h"

#include <stdio.h>
#include <stdlib.h>

enum err answers_prepare(void *arg, struct why *why)
{
    struct answers *own = arg;
    return own->table ? herald_start(&own->herald, why) : ERR_NONE;
}

enum err answers_start(void *arg, struct why *why)
{
    struct answers *own = arg;
    if (!own->table)
        return ERR_NONE;
    enum err e = store_open(own->home, STORE_READ, &own->recipients.store, why);
    if (!e)
        e = turns_start(&own->turns, own->recipients.store, why);
    return e ? e : spool_make(own->home, "postmaster", why);
}

/* A number that is nobody's goes to the off-ramp, for those who may relay. */
static enum receiver_verdict nobody(const struct answers *own, const struct clerk_question *q,
                                    const struct path *path, int connection, struct buf *codes)
{
    struct fax_address fax;
    buf_clear(codes);
    if (!own->offramp.list || !q->relay || !warrants_may_relay(&own->warrants, connection) ||
        !path_fax(path, &fax))
        return RECIPIENT_UNKNOWN;
    return buf_add_format(codes, "%c%s", MARK_OFFRAMP, q->text) ? RECIPIENT_LATER : RECIPIENT_OK;
}

static enum receiver_verdict find_recipient(struct answers *own, const struct clerk_question *q,
                                            int connection, struct buf *codes)
{
    struct path path;
    struct why why = {""};
    char local[PATH_LOCAL_MAX + 1], address[PATH_LOCAL_MAX + PATH_DOMAIN_MAX + 2];
    if (path_parse_bare(span_str(q->text), PATH_NO_DOMAIN | PATH_UTF8, &path) != PATH_OK ||
        !path_local_text(&path, local, sizeof local))
        return RECIPIENT_FOREIGN;
    if (!q->local && ((!own->relay && !own->auth) || route_is_ours(own->domains, path.domain)))
        return RECIPIENT_FOREIGN;
    if (!q->local && !warrants_may_relay(&own->warrants, connection))
        return RECIPIENT_FOREIGN;
    if (!q->local)
        return route_onward(&path, own->domains, codes) ? RECIPIENT_LATER : RECIPIENT_OK;
    if (!own->table)
        return RECIPIENT_OK;
    snprintf(address, sizeof address, "%s%s%.*s", local, path.domain.n ? "@" : "",
             (int)path.domain.n, path.domain.n ? (const char *)path.domain.p : "");
    enum recipients_fate fate;
    switch (recipients_find(&own->recipients, address, q->sender, &fate, codes, &why)) {
    case ERR_NONE:
        return fate == RECIPIENTS_MOVED       ? RECIPIENT_MOVED
               : fate == RECIPIENTS_FORWARDED ? RECIPIENT_FORWARDED
                                              : RECIPIENT_OK;
    case ERR_NO_USER:
        return nobody(own, q, &path, connection, codes);
    case ERR_NO:
        return RECIPIENT_REFUSED;
    case ERR_AGAIN:
        return RECIPIENT_FULL;
    default:
        diag_warn("users: %s", why.text);
        return RECIPIENT_LATER;
    }
}

/* Whose log-in sessions are his. */
static const char *system_name(const struct user *u)
{
    return u->unix_user[0] ? u->unix_user : u->code;
}

static bool is_active(struct answers *own, const char *code)
{
    struct why why = {""};
    struct user u;
    struct clerk_question *q = calloc(1, sizeof *q);
    bool active = false;
    if (q && !store_user_get(own->recipients.store, code, &u, &why)) {
        q->kind = CLERK_ACTIVE;
        snprintf(q->text, sizeof q->text, "%s", system_name(&u));
        active = herald_ask(&own->herald, q, -1) == RECIPIENT_OK;
    }
    free(q);
    return active;
}

/* Puts the verb's mark before those of the codes who are active. RFC 821 3.4: whose terminal takes
 * nothing is refused to SEND, and has the mail of the others in his mailbox. */
static enum receiver_verdict mark_active(struct answers *own, const struct clerk_question *q,
                                         enum receiver_verdict verdict, struct buf *codes)
{
    static const char marks[] = {[RECEIVER_SEND] = MARK_SEND,
                                 [RECEIVER_SOML] = MARK_SOML,
                                 [RECEIVER_SAML] = MARK_SAML};
    struct buf marked;
    struct span left = buf_span(codes);
    enum err e = ERR_NONE;
    unsigned active = 0;
    buf_init(&marked, codes->max);
    while (!e && left.n) {
        struct span line = span_take(left, span_find(left, '\n'));
        char code[USER_CODE_MAX + 1];
        left = span_skip(left, line.n + 1);
        if (marked.len)
            e = buf_add_byte(&marked, '\n');
        if (!e && span_copy(line, code, sizeof code) && is_active(own, code)) {
            active++;
            e = buf_add_byte(&marked, (uint8_t)marks[q->verb]);
        } else if (q->verb == RECEIVER_SEND) {
            verdict = RECIPIENT_INACTIVE;
        }
        if (!e)
            e = buf_add_span(&marked, line);
    }
    buf_release(codes);
    *codes = marked;
    return e ? RECIPIENT_LATER : verdict == RECIPIENT_OK && !active ? RECIPIENT_MAILED : verdict;
}

static enum receiver_verdict answer_recipient(struct answers *own,
                                              const struct clerk_question *q, int connection,
                                              struct buf *codes)
{
    enum receiver_verdict verdict = find_recipient(own, q, connection, codes);
    warrants_give(&own->warrants, buf_span(codes), ">@=");
    bool accepted = verdict == RECIPIENT_OK || verdict == RECIPIENT_FORWARDED;
    if (accepted && q->notice)
        warrants_give_notice(&own->warrants, q->sender, q->text);
    if (!accepted || !own->table || q->verb == RECEIVER_MAIL || q->verb > RECEIVER_SAML)
        return verdict;
    return mark_active(own, q, verdict, codes);
}

/* The mail on the terminals of the code in q's text. */
static enum receiver_verdict answer_show(struct answers *own, const struct clerk_question *q,
                                         int mail)
{
    struct why why = {""};
    struct user u;
    struct clerk_question *named = malloc(sizeof *named);
    enum receiver_verdict verdict = RECIPIENT_INACTIVE;
    if (named && !store_user_get(own->recipients.store, q->text, &u, &why)) {
        *named = *q;
        snprintf(named->text, sizeof named->text, "%s", system_name(&u));
        verdict = herald_ask(&own->herald, named, mail);
    }
    free(named);
    return verdict;
}

static unsigned answer_verify(struct answers *own, const struct clerk_question *q, struct buf *text)
{
    struct why why = {""};
    if (!own->table) {
        buf_add_str(text, "whoever it is, mail for it is tried");
        return 252;
    }
    unsigned code = recipients_verify(&own->recipients, span_str(q->text),
                                      q->kind == CLERK_EXPAND, text, &why);
    if (code == 451)
        diag_warn("users: %s", why.text);
    return code;
}

/* Salts and proofs for AUTH: a name, a proof and a message, a line each. */
static enum receiver_verdict answer_login(const struct answers *own,
                                          const struct clerk_question *q, struct buf *text)
{
    struct why why = {""};
    char name[256];
    struct span left = span_str(q->text), first = span_take(left, span_find(left, '\n'));
    struct span proof = span_skip(left, first.n + 1);
    proof = span_take(proof, span_find(proof, '\n'));
    if (!own->auth || !span_copy(first, name, sizeof name))
        return RECIPIENT_REFUSED;
    struct span message = span_skip(left, first.n + proof.n + 2);
    enum err e = q->kind == CLERK_SALT
                     ? store_login_salt(own->recipients.store, &seal_vault, name, text, &why)
                     : store_login_prove(own->recipients.store, &seal_vault, name, message, proof,
                                         text, &why);
    if (e && e != ERR_AUTH)
        diag_warn("log-in: %s", why.text);
    return e == ERR_AUTH ? RECIPIENT_REFUSED : e ? RECIPIENT_LATER : RECIPIENT_OK;
}

/* Who has proved who he is may turn the connection later. */
static enum receiver_verdict answer_proof(struct answers *own, const struct clerk_question *q,
                                          struct buf *text)
{
    enum receiver_verdict verdict = answer_login(own, q, text);
    if (!verdict)
        warrants_note_login(&own->warrants);
    if (!verdict)
        turns_note(&own->turns, own->recipients.store,
                   span_take(span_str(q->text), span_find(span_str(q->text), '\n')));
    return verdict;
}

void answers_give(void *arg, const struct clerk_question *q, int mail, struct clerk_answer *a)
{
    struct answers *own = arg;
    struct buf text;
    buf_init(&text, sizeof a->text - 1);
    a->verdict = RECIPIENT_LATER;
    switch (q->kind) {
    case CLERK_RECIPIENT:
        a->verdict = answer_recipient(own, q, mail, &text);
        break;
    case CLERK_VERIFY:
    case CLERK_EXPAND:
        a->code = answer_verify(own, q, &text);
        break;
    case CLERK_FLUSH:
        a->code = !own->etrn || route_is_ours(own->domains, span_str(q->text)) ? 459
                  : handover_flush(q->text)                                   ? 250
                                                                              : 458;
        break;
    case CLERK_SALT:
        a->verdict = answer_login(own, q, &text);
        break;
    case CLERK_PROVE:
        a->verdict = answer_proof(own, q, &text);
        break;
    case CLERK_TURN:
        a->code = turns_answer(&own->turns, own->recipients.store, q, &a->channel);
        break;
    case CLERK_EXEC:
        if (own->command.list && mail >= 0)
            a->verdict = handover_run((const char *const *)own->command.list, q, mail);
        break;
    case CLERK_OFFRAMP:
        if (own->offramp.list && mail >= 0 && warrants_have(&own->warrants, q->text))
            a->verdict = handover_offramp((const char *const *)own->offramp.list, q, mail);
        break;
    case CLERK_SHOW:
        if (own->table && mail >= 0)
            a->verdict = answer_show(own, q, mail);
        break;
    case CLERK_ACTIVE: /* the clerk's own question */
        break;
    case CLERK_QUEUE:
        if (own->table && mail >= 0 && warrants_have(&own->warrants, q->text))
            a->verdict = handover_enqueue(q, mail);
        break;
    case CLERK_NOTICE:
        if (own->table && mail >= 0 && warrants_take_notice(&own->warrants, q->sender, q->text))
            a->verdict = notices_answer(own, q, mail);
        break;
    }
    span_copy(buf_span(&text), a->text, sizeof a->text);
    buf_release(&text);
}
