/*
 * The registration of FIG. 3 and 4, S3 to S19, as a machine: it says what to ask next and takes
 * the answers; the caller owns the terminal and the tables.
 */
#ifndef POLICY_REGISTER_H
#define POLICY_REGISTER_H

#include "policy/user.h"

enum registration_step {
    REGISTRATION_LOGIN,      /* S3 */
    REGISTRATION_PASSWORD,   /* S4 */
    REGISTRATION_AGAIN,      /* S5 to S7 */
    REGISTRATION_CODE,       /* S8 to S10 */
    REGISTRATION_NAME,       /* S11 */
    REGISTRATION_RECEIVE,    /* S12 */
    REGISTRATION_PRINT,      /* S13, when S12 is on */
    REGISTRATION_DAYS,       /* S14, when S12 is on and S13 off */
    REGISTRATION_CHECK_SENT, /* S15 */
    REGISTRATION_TEXT,       /* S16 */
    REGISTRATION_ENCRYPT,    /* S17 */
    REGISTRATION_ADDRESS,    /* the three that faxpipe.conf may give */
    REGISTRATION_MAILBOX,
    REGISTRATION_SUBMIT,
    REGISTRATION_ANOTHER,    /* S19 */
    REGISTRATION_DONE,
};

enum { REGISTRATION_PASSWORD_MAX = 4096 };

struct registration {
    enum registration_step step;
    struct user user;
    struct buf password;
    const char *message; /* to show before the next question, or NULL */
    char text[256];      /* where message may lie */
    bool ask[3];         /* address, mailbox, submit */
    int differed;
};

enum registration_event {
    REGISTRATION_NEXT,   /* ask the next question (message first) */
    REGISTRATION_CHECK,  /* is r->user still free? tell by registration_checked */
    REGISTRATION_STORE,  /* S18: all is there; r->step is ANOTHER */
    REGISTRATION_FAILED, /* the password differed three times (message) */
};

/* address, mailbox, submit: whether these are to be asked. */
void registration_init(struct registration *r, bool address, bool mailbox, bool submit);
/* Wipes the password. */
void registration_release(struct registration *r);

/* The question, word for word; *secret: its answer must not be echoed. */
const char *registration_prompt(const struct registration *r, bool *secret);

/* Takes the answer to it. After S19's yes the next user starts at S3, after its no the step is
 * REGISTRATION_DONE. */
enum registration_event registration_answer(struct registration *r, struct span answer);

/* After REGISTRATION_CHECK: goes on (NEXT or STORE), or asks the same again. */
enum registration_event registration_checked(struct registration *r, bool is_free);

#endif
