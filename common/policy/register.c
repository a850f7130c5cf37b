#include "policy/register.h"

#include <stdio.h>
#include <string.h>

enum { DIFFERENT_MAX = 3 };

static const struct {
    const char *prompt;
    const char *column; /* that the answer sets; NULL where it is treated apart */
} steps[] = {
    [REGISTRATION_LOGIN] = {"log-in ID: ", "login"},
    [REGISTRATION_PASSWORD] = {"password: ", NULL},
    [REGISTRATION_AGAIN] = {"password again: ", NULL},
    [REGISTRATION_CODE] = {"user code: ", "code"},
    [REGISTRATION_NAME] = {"user name: ", "name"},
    [REGISTRATION_RECEIVE] = {"automatic reception (on/off): ", "auto-receive"},
    [REGISTRATION_PRINT] = {"automatic printing (on/off): ", "auto-print"},
    [REGISTRATION_DAYS] = {"days to be saved (1-31): ", "days"},
    [REGISTRATION_CHECK_SENT] = {"check mail on transmission (on/off): ", "check-on-send"},
    [REGISTRATION_TEXT] = {"text mail reception (on/off): ", "text-mail"},
    [REGISTRATION_ENCRYPT] = {"encryption (on/off): ", "encrypt"},
    [REGISTRATION_ADDRESS] = {"mail address: ", "address"},
    [REGISTRATION_MAILBOX] = {"mailbox URL: ", "mailbox"},
    [REGISTRATION_SUBMIT] = {"submission URL: ", "submit"},
    [REGISTRATION_ANOTHER] = {"another user (y/n): ", NULL},
    [REGISTRATION_DONE] = {"", NULL},
};

static void start(struct registration *r)
{
    r->step = REGISTRATION_LOGIN;
    r->differed = 0;
    user_defaults(&r->user);
    buf_wipe(&r->password);
}

void registration_init(struct registration *r, bool address, bool mailbox, bool submit)
{
    memset(r, 0, sizeof *r);
    buf_init(&r->password, REGISTRATION_PASSWORD_MAX);
    r->ask[0] = address;
    r->ask[1] = mailbox;
    r->ask[2] = submit;
    start(r);
}

void registration_release(struct registration *r)
{
    buf_wipe(&r->password);
}

const char *registration_prompt(const struct registration *r, bool *secret)
{
    *secret = r->step == REGISTRATION_PASSWORD || r->step == REGISTRATION_AGAIN;
    return steps[r->step].prompt;
}

static bool is_asked(const struct registration *r, enum registration_step step)
{
    switch (step) {
    case REGISTRATION_PRINT:
        return r->user.auto_receive;
    case REGISTRATION_DAYS:
        return r->user.auto_receive && !r->user.auto_print;
    case REGISTRATION_ADDRESS:
    case REGISTRATION_MAILBOX:
    case REGISTRATION_SUBMIT:
        return r->ask[step - REGISTRATION_ADDRESS];
    default:
        return true;
    }
}

static enum registration_event go_on(struct registration *r)
{
    do
        r->step = (enum registration_step)(r->step + 1);
    while (!is_asked(r, r->step));
    return r->step == REGISTRATION_ANOTHER ? REGISTRATION_STORE : REGISTRATION_NEXT;
}

static enum registration_event say(struct registration *r, const char *message)
{
    r->message = message;
    return REGISTRATION_NEXT;
}

/* S6 and S7. */
static enum registration_event compare(struct registration *r, struct span answer)
{
    if (span_eq(buf_span(&r->password), answer))
        return go_on(r);
    buf_wipe(&r->password);
    r->step = REGISTRATION_PASSWORD;
    say(r, "invalid password");
    return ++r->differed == DIFFERENT_MAX ? REGISTRATION_FAILED : REGISTRATION_NEXT;
}

static enum registration_event another(struct registration *r, struct span answer)
{
    bool yes;
    if (!user_switch(answer, &yes))
        return say(r, "y or n");
    if (yes)
        start(r);
    else
        r->step = REGISTRATION_DONE;
    return REGISTRATION_NEXT;
}

/* Asked questions must be answered, but for the two URLs. */
static bool may_be_empty(enum registration_step step)
{
    return step == REGISTRATION_MAILBOX || step == REGISTRATION_SUBMIT;
}

static enum registration_event set_column(struct registration *r, struct span answer)
{
    const struct column *c = user_column(span_str(steps[r->step].column));
    struct why why = {""};
    answer = span_trim(answer);
    if (answer.n == 0 && !may_be_empty(r->step)) {
        snprintf(r->text, sizeof r->text, "%s", c->expect);
        return say(r, c->kind == COLUMN_TEXT ? "an answer is needed" : r->text);
    }
    if (user_set(&r->user, c, answer, &why)) {
        snprintf(r->text, sizeof r->text, "not %s", c->expect);
        return say(r, r->text);
    }
    switch (r->step) {
    case REGISTRATION_CODE:
    case REGISTRATION_NAME:
    case REGISTRATION_ADDRESS:
    case REGISTRATION_MAILBOX:
        return REGISTRATION_CHECK;
    default:
        return go_on(r);
    }
}

enum registration_event registration_answer(struct registration *r, struct span answer)
{
    r->message = NULL;
    switch (r->step) {
    case REGISTRATION_PASSWORD:
        if (answer.n == 0)
            return say(r, "an answer is needed");
        buf_wipe(&r->password);
        if (buf_add_span(&r->password, answer))
            return say(r, "too long");
        return go_on(r);
    case REGISTRATION_AGAIN:
        return compare(r, answer);
    case REGISTRATION_ANOTHER:
        return another(r, answer);
    case REGISTRATION_DONE:
        return REGISTRATION_NEXT;
    default:
        return set_column(r, answer);
    }
}

enum registration_event registration_checked(struct registration *r, bool is_free)
{
    r->message = NULL;
    return is_free ? go_on(r) : REGISTRATION_NEXT;
}
