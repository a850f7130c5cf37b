#include "store/login.h"

#include "store/db.h"

#include <stdio.h>

/* The verifier of the name's user, empty for nobody's; code is the user's, or the name itself, to
 * count wrong tries by. */
static enum err find(struct store *s, const char *name, char code[USER_CODE_MAX + 1],
                     struct buf *verifier, struct why *why)
{
    struct user u;
    enum err e = store_user_by_login(s, name, &u, why);
    if (e == ERR_NO_USER) {
        snprintf(code, USER_CODE_MAX + 1, "%.*s", USER_CODE_MAX, name);
        return ERR_NONE;
    }
    if (e)
        return e;
    snprintf(code, USER_CODE_MAX + 1, "%s", u.code);
    return store_user_verifier(s, code, verifier, why);
}

enum err store_login_salt(struct store *s, const struct vault *v, const char *name,
                          struct buf *salt, struct why *why)
{
    char code[USER_CODE_MAX + 1];
    struct buf verifier;
    buf_init(&verifier, VAULT_VERIFIER_MAX);
    enum err e = find(s, name, code, &verifier, why);
    if (!e)
        e = v->salt(s->home, buf_span(&verifier), name, salt, why);
    buf_wipe(&verifier);
    return e;
}

enum err store_login_prove(struct store *s, const struct vault *v, const char *name,
                           struct span message, struct span proof, struct buf *signature,
                           struct why *why)
{
    char code[USER_CODE_MAX + 1];
    struct buf verifier;
    bool counted;
    buf_init(&verifier, VAULT_VERIFIER_MAX);
    enum err e = find(s, name, code, &verifier, why);
    if (!e)
        e = store_try_claim(s, code, &counted, why);
    if (!e) {
        e = v->prove(s->home, buf_span(&verifier), name, message, proof, signature, why);
        e = store_try_settle(s, code, e, counted, why);
    }
    buf_wipe(&verifier);
    return e;
}
