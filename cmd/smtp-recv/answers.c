#include "answers.h"

#include "net/handover.h"
#include "seal/password.h"
#include "smtp/route.h"
#include "spool/spool.h"
#include "store/login.h"
#include "tool/diag.h"

#include <stdio.h>

enum err answers_start(void *arg, struct why *why)
{
    struct answers *own = arg;
    if (!own->table)
        return ERR_NONE;
    enum err e = store_open(own->home, STORE_READ, &own->recipients.store, why);
    return e ? e : spool_make(own->home, "postmaster", why);
}

static enum receiver_verdict answer_recipient(struct answers *own,
                                              const struct clerk_question *q, struct buf *codes)
{
    struct path path;
    struct why why = {""};
    char local[PATH_LOCAL_MAX + 1], address[PATH_LOCAL_MAX + PATH_DOMAIN_MAX + 2];
    if (path_parse_bare(span_str(q->text), PATH_NO_DOMAIN | PATH_UTF8, &path) != PATH_OK ||
        !path_local_text(&path, local, sizeof local))
        return RECIPIENT_FOREIGN;
    if (!q->local && ((!own->relay && !own->auth) || route_is_ours(own->domains, path.domain)))
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
        return RECIPIENT_UNKNOWN;
    case ERR_NO:
        return RECIPIENT_REFUSED;
    case ERR_AGAIN:
        return RECIPIENT_FULL;
    default:
        diag_warn("users: %s", why.text);
        return RECIPIENT_LATER;
    }
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
    char code[USER_CODE_MAX + 1], name[256];
    struct span left = span_str(q->text), first = span_take(left, span_find(left, '\n'));
    struct span proof = span_skip(left, first.n + 1);
    proof = span_take(proof, span_find(proof, '\n'));
    if (!own->auth || !span_copy(first, name, sizeof name))
        return RECIPIENT_REFUSED;
    struct span message = span_skip(left, first.n + proof.n + 2);
    enum err e = q->kind == CLERK_SALT
                     ? store_login_salt(own->recipients.store, &seal_vault, name, text, &why)
                     : store_login_prove(own->recipients.store, &seal_vault, name, message, proof,
                                         code, text, &why);
    if (e && e != ERR_AUTH)
        diag_warn("log-in: %s", why.text);
    return e == ERR_AUTH ? RECIPIENT_REFUSED : e ? RECIPIENT_LATER : RECIPIENT_OK;
}

void answers_give(void *arg, const struct clerk_question *q, int mail, struct clerk_answer *a)
{
    struct answers *own = arg;
    struct buf text;
    buf_init(&text, sizeof a->text - 1);
    a->verdict = RECIPIENT_LATER;
    switch (q->kind) {
    case CLERK_RECIPIENT:
        a->verdict = answer_recipient(own, q, &text);
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
    case CLERK_PROVE:
        a->verdict = answer_login(own, q, &text);
        break;
    case CLERK_EXEC:
        if (own->command.list && mail >= 0)
            a->verdict = handover_run((const char *const *)own->command.list, q, mail);
        break;
    case CLERK_QUEUE:
        if (own->table && mail >= 0)
            a->verdict = handover_enqueue(q, mail);
        break;
    }
    span_copy(buf_span(&text), a->text, sizeof a->text);
    buf_release(&text);
}
