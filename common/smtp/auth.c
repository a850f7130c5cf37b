#include "smtp/auth.h"

#include "base64/base64.h"
#include "smtp/commands.h"
#include "smtp/scram.h"

#include <stdio.h>
#include <string.h>

enum { EXCHANGE_MAX = 4 * SCRAM_MESSAGE_MAX, EXCHANGE_64 = EXCHANGE_MAX * 2 };

static const struct span nothing = {NULL, 0};

void auth_init(struct receiver *r)
{
    buf_init(&r->auth.text, RECEIVER_AUTH_LINE_MAX);
    buf_init(&r->auth.exchange, EXCHANGE_MAX);
}

void auth_release(struct receiver *r)
{
    buf_wipe(&r->auth.text);
    buf_wipe(&r->auth.exchange);
}

void auth_end(struct receiver *r)
{
    auth_release(r);
    r->auth.step = AUTH_NONE;
}

void auth_reset(struct receiver *r)
{
    auth_end(r);
    r->auth.done = false;
    r->auth.name[0] = '\0';
}

bool auth_is_command(struct span line)
{
    return span_starts_nocase(line, span_str("AUTH")) && (line.n == 4 || line.p[4] == ' ');
}

const char *receiver_identity(const struct receiver *r)
{
    return r->auth.done ? r->auth.name : NULL;
}

static void bad(struct receiver *r, const char *words)
{
    auth_end(r);
    receiver_say(r, 501, "5.5.2", words);
}

/* The same words whether the name, the password or the message was wrong. */
static void wrong(struct receiver *r)
{
    auth_end(r);
    if (++r->auth.wrong < RECEIVER_AUTH_TRIES) {
        receiver_say(r, 535, "5.7.8", "authentication credentials invalid");
        return;
    }
    receiver_say_free(r, 421, "4.7.0", "too many failed log-ins");
    receiver_close(r);
}

static void done(struct receiver *r)
{
    auth_end(r);
    r->auth.done = true;
    r->auth.wrong = 0;
    receiver_say(r, 235, "2.7.0", "authentication successful");
}

/* RFC 4954 6: not now; nobody is to blame. */
static void later(struct receiver *r)
{
    auth_end(r);
    receiver_say(r, 454, "4.7.0", "temporary authentication failure");
}

/* One line of base64 of at most EXCHANGE_MAX bytes, terminated. */
static void encode(struct span text, char out[EXCHANGE_64])
{
    struct base64_encoder e;
    base64_encoder_init(&e, 0, BASE64_PLAIN);
    size_t n = base64_encode(&e, text, (uint8_t *)out);
    n += base64_encode_end(&e, (uint8_t *)out + n);
    out[n] = '\0';
}

/* "334 " and the challenge in base64; RFC 4954 has no enhanced code here. */
static void challenge(struct receiver *r, struct span text, enum auth_step next)
{
    char out[EXCHANGE_64];
    encode(text, out);
    r->auth.step = next;
    receiver_say_free(r, 334, "", out);
}

/* Asks whether, or by what, auth.name may log in. */
static void ask(struct receiver *r, enum receiver_event_kind kind, struct span text,
                struct span proof)
{
    memset(&r->event, 0, sizeof r->event);
    r->event.name = r->auth.name;
    r->event.text = text;
    r->event.proof = proof;
    receiver_tell(r, kind, true);
}

/* A response's base64 into auth.text: as RFC 4954 wants it, without any repair. */
static bool decode(struct receiver *r, struct span line)
{
    struct base64_decoder d;
    struct buf *text = &r->auth.text;
    uint8_t *room;
    base64_decoder_init(&d, BASE64_PLAIN);
    buf_clear(text);
    if (buf_reserve(text, base64_decode_bound(line.n) + 4, &room)) {
        r->failed = true;
        return false;
    }
    size_t n = base64_decode(&d, line, room);
    n += base64_decode_end(&d, room + n);
    text->len += n;
    return !base64_repaired(&d) && line.n % 4 == 0;
}

static bool take_name(struct receiver *r, struct span name)
{
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] < ' ' || name.p[i] == 0x7f)
            return false;
    return name.n && span_copy(name, r->auth.name, sizeof r->auth.name);
}

/* RFC 4616: [authzid] NUL authcid NUL passwd. */
static void plain(struct receiver *r)
{
    struct span left = buf_span(&r->auth.text);
    struct span acts_for = span_take(left, span_find(left, '\0'));
    left = span_skip(left, acts_for.n + 1);
    struct span name = span_take(left, span_find(left, '\0'));
    struct span password = span_skip(left, name.n + 1);
    if (!take_name(r, name) || (acts_for.n && !span_eq(acts_for, name)) || !password.n ||
        span_find(password, '\0') < password.n)
        wrong(r);
    else
        ask(r, RECEIVER_PASSWORD, password, nothing);
}

static void login_name(struct receiver *r)
{
    if (take_name(r, buf_span(&r->auth.text)))
        challenge(r, span_str("Password:"), AUTH_LOGIN_PASSWORD);
    else
        wrong(r);
}

static void login_password(struct receiver *r)
{
    struct span password = buf_span(&r->auth.text);
    if (password.n && span_find(password, '\0') == password.n)
        ask(r, RECEIVER_PASSWORD, password, nothing);
    else
        wrong(r);
}

static void scram_first(struct receiver *r)
{
    struct scram_first first;
    struct buf *x = &r->auth.exchange;
    if (!scram_first_parse(buf_span(&r->auth.text), &first)) {
        wrong(r);
        return;
    }
    buf_clear(x);
    r->auth.gs2 = first.gs2.n;
    memcpy(r->auth.name, first.name, sizeof first.name);
    if (buf_add_span(x, first.gs2) || buf_add_span(x, first.bare) || buf_add_str(x, ",r=") ||
        buf_add_span(x, first.nonce)) {
        r->failed = true;
        return;
    }
    r->auth.server_first = x->len - first.nonce.n - 2;
    ask(r, RECEIVER_SALT, nothing, nothing);
}

void receiver_salted(struct receiver *r, enum receiver_auth_answer answer, const char *nonce,
                     const char *salt, unsigned iterations)
{
    struct buf *x = &r->auth.exchange;
    if (r->phase != RECEIVER_ASKED || r->asked != RECEIVER_SALT)
        return;
    r->phase = RECEIVER_COMMANDS;
    if (answer) {
        later(r);
    } else if (buf_add_format(x, "%s,s=%s,i=%u", nonce, salt, iterations)) {
        r->failed = true;
    } else {
        challenge(r, span_skip(buf_span(x), r->auth.server_first), AUTH_SCRAM_FINAL);
    }
}

/* The nonce of both, as it stands behind "r=" of our message. */
static struct span whole_nonce(const struct receiver *r)
{
    struct span s = span_skip(buf_span(&r->auth.exchange), r->auth.server_first + 2);
    return span_take(s, span_find(s, ','));
}

static bool is_gs2(const struct receiver *r, struct span channel)
{
    char out[EXCHANGE_64];
    encode(span_take(buf_span(&r->auth.exchange), r->auth.gs2), out);
    return span_eq(channel, span_str(out));
}

static void scram_final(struct receiver *r)
{
    struct scram_final final;
    struct buf *x = &r->auth.exchange;
    if (!scram_final_parse(buf_span(&r->auth.text), &final) || !is_gs2(r, final.channel) ||
        !span_eq(final.nonce, whole_nonce(r))) {
        wrong(r);
        return;
    }
    if (buf_add_byte(x, ',') || buf_add_span(x, final.without_proof)) {
        r->failed = true;
        return;
    }
    ask(r, RECEIVER_PROOF, span_skip(buf_span(x), r->auth.gs2), final.proof);
}

void receiver_authenticated(struct receiver *r, enum receiver_auth_answer answer,
                            const char *signature)
{
    char text[128];
    if (r->phase != RECEIVER_ASKED ||
        (r->asked != RECEIVER_PASSWORD && r->asked != RECEIVER_PROOF))
        return;
    r->phase = RECEIVER_COMMANDS;
    if (answer == RECEIVER_AUTH_WRONG) {
        wrong(r);
    } else if (answer == RECEIVER_AUTH_LATER) {
        later(r);
    } else if (r->asked == RECEIVER_PROOF) {
        snprintf(text, sizeof text, "v=%s", signature);
        challenge(r, span_str(text), AUTH_SCRAM_DONE);
    } else {
        done(r);
    }
}

static void respond(struct receiver *r)
{
    switch (r->auth.step) {
    case AUTH_PLAIN:
        plain(r);
        break;
    case AUTH_LOGIN_NAME:
        login_name(r);
        break;
    case AUTH_LOGIN_PASSWORD:
        login_password(r);
        break;
    case AUTH_SCRAM_FIRST:
        scram_first(r);
        break;
    case AUTH_SCRAM_FINAL:
        scram_final(r);
        break;
    case AUTH_SCRAM_DONE:
        if (r->auth.text.len)
            bad(r, "nothing was to come");
        else
            done(r);
        break;
    case AUTH_NONE:
        break;
    }
}

void auth_line(struct receiver *r, struct span line)
{
    if (span_eq(line, span_str("*")))
        bad(r, "cancelled");
    else if (!decode(r, line))
        bad(r, "not base64");
    else
        respond(r);
}

static bool find_mechanism(struct span name, enum auth_step *step, const char **first)
{
    static const struct {
        const char *name;
        enum auth_step step;
        const char *first; /* what we say first */
    } mechanisms[] = {
        {"SCRAM-SHA-256", AUTH_SCRAM_FIRST, ""},
        {"PLAIN", AUTH_PLAIN, ""},
        {"LOGIN", AUTH_LOGIN_NAME, "Username:"},
    };
    for (size_t i = 0; i < sizeof mechanisms / sizeof *mechanisms; i++) {
        *step = mechanisms[i].step;
        *first = mechanisms[i].first;
        if (span_eq_nocase(name, span_str(mechanisms[i].name)))
            return true;
    }
    return false;
}

void auth_command(struct receiver *r, struct span argument)
{
    struct span name = span_take(argument, span_find(argument, ' '));
    struct span initial = span_trim(span_skip(argument, name.n));
    enum auth_step step;
    const char *first;
    if (!r->options->auth)
        receiver_say(r, 502, "5.5.1", "no log-in here");
    else if (!r->extended || r->auth.done)
        receiver_say(r, 503, "5.5.1", r->auth.done ? "you are logged in" : "EHLO first");
    else if (!r->tls)
        receiver_say(r, 538, "5.7.11", "STARTTLS first: passwords go under TLS only");
    else if (!name.n)
        receiver_say(r, 501, "5.5.4", "AUTH mechanism [response]");
    else if (!find_mechanism(name, &step, &first))
        receiver_say(r, 504, "5.5.4", "no such mechanism");
    else if (!initial.n)
        challenge(r, span_str(first), step);
    else {
        r->auth.step = step;
        auth_line(r, span_eq(initial, span_str("=")) ? span_of(NULL, 0) : initial);
    }
}
