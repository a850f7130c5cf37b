#include "net/login.h"

#include "tool/diag.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NONCE = 18, NONCE_TEXT = NONCE * 4 / 3 + 1 };

struct login {
    enum receiver_event_kind kind;
    char name[256];
    struct buf text; /* the password, or the AuthMessage */
    struct buf proof;
    enum receiver_auth_answer answer;
    char nonce[NONCE_TEXT], salt[256], signature[128];
    unsigned iterations;
};

void login_free(struct login *l)
{
    if (!l)
        return;
    buf_wipe(&l->text);
    buf_wipe(&l->proof);
    free(l);
}

struct login *login_begin(const struct receiver_event *event)
{
    struct login *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->kind = event->kind;
    buf_init(&l->text, RECEIVER_AUTH_LINE_MAX);
    buf_init(&l->proof, 4096);
    if (!span_copy(span_str(event->name), l->name, sizeof l->name) ||
        buf_add_span(&l->text, event->text) || buf_add_span(&l->proof, event->proof)) {
        login_free(l);
        return NULL;
    }
    return l;
}

/* One question; the verdict, and the answer's text in out. */
static enum receiver_verdict ask(const struct clerk *clerk, enum clerk_kind kind, struct span text,
                                 char *out, size_t size)
{
    struct why why = {""};
    struct clerk_question *q = calloc(1, sizeof *q);
    struct clerk_answer *a = calloc(1, sizeof *a);
    enum receiver_verdict verdict = RECIPIENT_LATER;
    if (q && a && span_copy(text, q->text, sizeof q->text)) {
        q->kind = kind;
        if (clerk_ask(clerk, q, -1, a, &why))
            diag_warn("clerk: %s", why.text);
        else
            verdict = a->verdict;
        if (!span_copy(span_str(a->text), out, size))
            verdict = RECIPIENT_LATER;
    }
    free(q);
    free(a);
    return verdict;
}

static enum receiver_auth_answer answer_of(enum receiver_verdict verdict)
{
    return verdict == RECIPIENT_OK        ? RECEIVER_AUTH_YES
           : verdict == RECIPIENT_REFUSED ? RECEIVER_AUTH_WRONG
                                          : RECEIVER_AUTH_LATER;
}

/* "ITERATIONS SALT" of the name, into l. */
static bool get_salt(struct login *l, const struct clerk *clerk, char salt[256])
{
    uint8_t random[NONCE];
    uint64_t iterations;
    if (ask(clerk, CLERK_SALT, span_str(l->name), salt, 256) || RAND_bytes(random, NONCE) != 1)
        return false;
    EVP_EncodeBlock((unsigned char *)l->nonce, random, NONCE);
    struct span text = span_str(salt);
    size_t blank = span_find(text, ' ');
    if (!span_number(span_take(text, blank), UINT32_MAX, &iterations) ||
        !span_copy(span_skip(text, blank + 1), l->salt, sizeof l->salt))
        return false;
    l->iterations = (unsigned)iterations;
    return true;
}

/* Shows the clerk a proof; a message too long for a question is no right one. */
static void show(struct login *l, const struct clerk *clerk, struct span proof,
                 struct span message)
{
    struct buf text;
    buf_init(&text, CLERK_QUESTION_MAX - 1);
    l->answer = RECEIVER_AUTH_WRONG;
    if (!buf_add_format(&text, "%s\n", l->name) && !buf_add_span(&text, proof) &&
        !buf_add_byte(&text, '\n') && !buf_add_span(&text, message))
        l->answer = answer_of(ask(clerk, CLERK_PROVE, buf_span(&text), l->signature,
                                  sizeof l->signature));
    buf_release(&text);
}

/* The worker plays the client, with a message that no other exchange has. */
static void try_password(struct login *l, const struct clerk *clerk, login_prove_fn *prove)
{
    char salt[256], message[512];
    struct why why = {""};
    l->answer = RECEIVER_AUTH_LATER;
    if (!get_salt(l, clerk, salt))
        return;
    snprintf(message, sizeof message, "r=%s,s=%s,i=%u", l->nonce, l->salt, l->iterations);
    buf_clear(&l->proof);
    if (prove(buf_span(&l->text), span_str(salt), span_str(message), &l->proof, &why))
        diag_warn("log-in: %s", why.text);
    else
        show(l, clerk, buf_span(&l->proof), span_str(message));
}

void login_work(struct login *l, const struct clerk *clerk, login_prove_fn *prove)
{
    char salt[256];
    if (l->kind == RECEIVER_SALT)
        l->answer = get_salt(l, clerk, salt) ? RECEIVER_AUTH_YES : RECEIVER_AUTH_LATER;
    else if (l->kind == RECEIVER_PROOF)
        show(l, clerk, buf_span(&l->proof), buf_span(&l->text));
    else
        try_password(l, clerk, prove);
}

void login_answer(struct login *l, struct receiver *r)
{
    enum receiver_auth_answer answer = l ? l->answer : RECEIVER_AUTH_LATER;
    receiver_salted(r, answer, l ? l->nonce : "", l ? l->salt : "", l ? l->iterations : 0);
    receiver_authenticated(r, answer, l ? l->signature : "");
    login_free(l);
}
